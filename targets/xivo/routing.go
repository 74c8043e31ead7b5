package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

// text is what an incall says under the name of a detail.
func (i *incall) text(detail string) string {
	switch detail {
	case "did_destination":
		return i.Destination.Type
	case "did_ring_time":
		if i.Destination.RingTime == nil {
			return ""
		}
		return strconv.FormatFloat(*i.Destination.RingTime, 'f', -1, 64)
	case "did_caller_id_mode":
		return i.CallerIDMode
	case "did_caller_id_name":
		return i.CallerIDName
	}
	return i.Subroutine
}

// routed tells the numbers of incalls, and how they are routed.
func routed(incalls []incall) map[string]record.Value {
	by := map[string]*incall{}
	dids := record.Value{}
	for n := range incalls {
		for _, x := range incalls[n].Extensions {
			by[x.value()] = &incalls[n]
			dids = append(dids, x.value())
		}
	}
	slices.Sort(dids)
	values := map[string]record.Value{"did": dids}
	for _, name := range detailsOf(record.DID) {
		values[name] = record.Spread(dids, func(did string) string { return by[did].text(name) })
	}
	return values
}

// Recall adds to a reading of a user those of the DIDs that lead to his own
// mailbox: the export does not tell them, nor does any filter. How all of his are
// routed is told anew.
func (c *Client) Recall(ctx context.Context, r *record.Record, dids record.Value) error {
	err := c.addToMailbox(ctx, r, dids)
	return classified("direct numbers of "+userObject(r.ID), err)
}

func (c *Client) addToMailbox(ctx context.Context, r *record.Record, dids record.Value) error {
	var found []incall
	for _, value := range dids {
		i, err := c.incallOf(ctx, value)
		if err != nil {
			return err
		}
		if i == nil || i.Destination.Type != "voicemail" {
			continue
		}
		his, err := c.leadsTo(ctx, *i, r.ID, 0)
		if err != nil {
			return err
		}
		if his && !slices.Contains(r.Values["did"], value) {
			found = append(found, *i)
		}
	}
	if found == nil {
		return nil
	}
	hidden := routed(found)["did"]
	r.Hidden = map[string]record.Value{"did": slices.Sorted(slices.Values(slices.Concat(r.Hidden["did"], hidden)))}
	r.Values["did"] = slices.Sorted(slices.Values(slices.Concat(r.Values["did"], hidden)))
	if !slices.ContainsFunc(detailsOf(record.DID), func(name string) bool { _, told := r.Values[name]; return told }) {
		return nil
	}
	return c.reroute(ctx, r)
}

// reroute tells how all direct numbers of a record are routed.
func (c *Client) reroute(ctx context.Context, r *record.Record) error {
	var all []incall
	for _, value := range r.Values["did"] {
		i, err := c.incallOf(ctx, value)
		if err != nil || i == nil {
			return err
		}
		all = append(all, *i)
	}
	for name, v := range c.keep(routed(all)) {
		r.Values[name] = v
	}
	return nil
}

// incallOf looks up the incall that a number is on; nil for none.
func (c *Client) incallOf(ctx context.Context, value string) (*incall, error) {
	x, err := c.extensionAt(ctx, value)
	if err != nil || x == nil || x.Incall == nil {
		return nil, err
	}
	var i incall
	there, err := c.there(ctx, incallPath(x.Incall.ID), &i)
	if err != nil || !there {
		return nil, err
	}
	return &i, nil
}

// reroutes are the details of the change that differ from what the incall says.
// It is stale where one is neither as it was nor as it shall be.
func (e *errand) reroutes(i *incall) ([]string, error) {
	var names []string
	for _, name := range detailsOf(record.DID) {
		if !e.has(name) {
			continue
		}
		switch now := i.text(name); now {
		case e.wanted(name):
		case e.before(name):
			names = append(names, name)
		default:
			return nil, stale(e.object, fmt.Sprintf("XiVO's %s changed since it was read", name))
		}
	}
	return names, nil
}

// wanted is what a detail shall be: emptied, it is XiVO's own default.
func (e *errand) wanted(name string) string {
	f, _ := detailOf(name)
	if text := e.after(name); text != "" {
		return text
	}
	return f.Default
}

// editIncall changes how a number is routed. XiVO wants the whole destination
// whatever is changed.
func (e *errand) editIncall(ctx context.Context, d *did) error {
	names, err := e.reroutes(&d.now)
	if err != nil || len(names) == 0 {
		return err
	}
	to, err := e.newDestination(ctx, d)
	if err != nil {
		return err
	}
	back := map[string]any{"destination": json.RawMessage(d.now.Destination.raw)}
	body := map[string]any{"destination": to}
	for _, name := range names {
		if key := routingKeys[name]; key != "" {
			back[key], body[key] = orNothing(name, d.now.text(name)), orNothing(name, e.after(name))
		}
	}
	return e.putIncall(ctx, d.incall, body, back)
}

// routingKeys are the keys of an incall beside its destination.
var routingKeys = map[string]string{"did_caller_id_mode": "caller_id_mode", "did_caller_id_name": "caller_id_name", "did_subroutine": "preprocess_subroutine"}

// orNothing writes an empty text as XiVO wants it: null, but no null for the
// subroutine.
func orNothing(name, text string) any {
	if text == "" && name != "did_subroutine" {
		return nil
	}
	return text
}

// newDestination is where the number shall lead, with what is not changed as it
// was.
func (e *errand) newDestination(ctx context.Context, d *did) (any, error) {
	kind, ring := d.now.Destination.Type, d.now.text("did_ring_time")
	moves := e.has("did_destination") && e.wanted("did_destination") != kind
	if e.has("did_destination") {
		kind = e.wanted("did_destination")
	}
	if e.has("did_ring_time") {
		ring = e.after("did_ring_time")
	}
	switch {
	case kind == "voicemail" && e.after("did_ring_time") != "":
		return nil, refused(e.object, "a number that leads to the mailbox has no ring time")
	case !moves && !e.has("did_ring_time") || kind == "voicemail" && !moves:
		return json.RawMessage(d.now.Destination.raw), nil
	}
	return e.destinationOf(ctx, d.user, kind, ring)
}

func (e *errand) putIncall(ctx context.Context, id int, body, back map[string]any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return classified(e.object, err)
	}
	q := request{method: http.MethodPut, path: incallPath(id), body: b}
	_, err = e.send(ctx, q, func(ctx context.Context) (verdict, error) { return e.routedAs(ctx, id) })
	if err == nil {
		e.remember(fmt.Sprintf("how incall %d was routed", id), func(ctx context.Context) error { return e.putIncall(ctx, id, back, body) })
	}
	return err
}

// routedAs tells what became of a change whose answer was lost.
func (e *errand) routedAs(ctx context.Context, id int) (verdict, error) {
	var now incall
	if err := e.client.ask(ctx, get(incallPath(id), nil), &now); err != nil {
		return unclear, err
	}
	isDone, isUndone := true, true
	for _, name := range detailsOf(record.DID) {
		if e.has(name) {
			isDone = isDone && now.text(name) == e.wanted(name)
			isUndone = isUndone && now.text(name) == e.before(name)
		}
	}
	switch {
	case isDone:
		return done, nil
	case isUndone:
		return undone, nil
	}
	return unclear, nil
}
