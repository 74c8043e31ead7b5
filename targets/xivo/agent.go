package xivo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

func userAgentPath(user string) string { return "/users/" + user + "/agents" }

// agentOf returns the id of a user's agent, 0 for none.
func (c *Client) agentOf(ctx context.Context, user string) (int, error) {
	var told struct {
		ID int `json:"agent_id"`
	}
	err := c.ask(ctx, get(userAgentPath(user), nil), &told)
	return told.ID, err
}

// agentsByID returns the agents by their ids; nil, and no error, where XiVO does
// not tell them.
func (c *Client) agentsByID(ctx context.Context) (map[string]agent, error) {
	list, err := c.agents(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	if err != nil {
		c.log.Warn("agents are left alone: their numbers are not to be had", "error", err)
		return nil, nil
	}
	by := map[string]agent{}
	for _, a := range list {
		by[string(a.ID)] = a
	}
	return by, nil
}

// readAgent tells the number of the user's agent, its names, language and group.
func (c *Client) readAgent(ctx context.Context, r resident) (map[string]record.Value, error) {
	id, err := c.agentOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	values := map[string]record.Value{"agent": nil}
	for _, name := range detailsOf(record.Agent) {
		values[name] = nil
	}
	if id == 0 {
		return values, nil
	}
	all, err := c.agentsByID(ctx)
	a, known := all[strconv.Itoa(id)]
	if err != nil || !known {
		return nil, err
	}
	values["agent"] = record.Text(string(a.Number))
	for _, f := range agentFeatures {
		values[f[0]] = record.Text(a.text(f[0]))
	}
	return values, c.readGroup(ctx, id, values)
}

// readGroup tells the agent's group, which only its own page shows.
func (c *Client) readGroup(ctx context.Context, id int, values map[string]record.Value) error {
	delete(values, "agent_group")
	if !slices.Contains(c.detailed, "agent_group") {
		return nil
	}
	features, err := c.features(ctx, id)
	if err != nil {
		c.log.Warn("the group of an agent is left alone: it is not to be had", "agent", id, "error", err)
		return ctx.Err()
	}
	values["agent_group"] = record.Text(string(features["numgroup"]))
	return nil
}

// agentAt returns the id of the agent with that number, 0 for none.
func (c *Client) agentAt(ctx context.Context, number string) (int, error) {
	list, err := c.agents(ctx)
	for _, a := range list {
		if string(a.Number) == number {
			return a.ID.id(), err
		}
	}
	return 0, err
}

// applyAgent makes somebody an agent, changes the agent, or ends it. The number
// of an agent never changes. Deactivating changes nothing: the login ends with
// the person's own, and the agent keeps its queues.
func (e *errand) applyAgent(ctx context.Context) error {
	switch e.change.Op {
	case record.Create:
		return e.newAgent(ctx)
	case record.Update:
		return e.editAgent(ctx)
	case record.Delete:
		return e.endAgent(ctx)
	}
	return nil
}

// unseen refuses what the agent service has to show first, and says what to do.
// That service is no part of confd: while it is down, and confd is not, only the
// agents wait.
func (e *errand) unseen(ctx context.Context, err error, remedy string) error {
	var known *record.Error
	if ctx.Err() != nil || errors.As(err, &known) {
		return classified(e.object, err)
	}
	return refused(e.object, fmt.Sprintf("the agent service does not answer (%s): %s", message(err), remedy))
}

// withoutService refuses what takes the agent service, and says what to do.
func (e *errand) withoutService(err error, remedy string) error {
	var l *lost
	if err == nil || !errors.Is(err, errNoService) && !errors.As(err, &l) {
		return classified(e.object, err)
	}
	if errors.As(err, &l) && l.sent {
		return classified(e.object, err)
	}
	return refused(e.object, fmt.Sprintf("%v: %s", err, remedy))
}

// newAgent takes the agent with that number and gives it the names of the change,
// or makes it; then the user gets it, and it gets its queues.
func (e *errand) newAgent(ctx context.Context) error {
	number := e.after("agent")
	if number == "" {
		return refused(e.object, "agent: want a number")
	}
	id, err := e.client.agentAt(ctx, number)
	if err != nil {
		return e.unseen(ctx, err, "create agent "+number+" by hand in the web interface, and give it to the user there")
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if id == 0 {
			id, err = e.addAgent(ctx, number)
		} else {
			err = e.webEdit(ctx, id, e.agentFeatures(map[string]any{}))
		}
		if err != nil {
			return err
		}
		if err := e.giveAgent(ctx, id); err != nil {
			return err
		}
		return e.seat(ctx, id)
	})
}

// giveAgent associates the user with the agent, unless he is already.
func (e *errand) giveAgent(ctx context.Context, id int) error {
	now, err := e.client.agentOf(ctx, e.change.Key)
	if err != nil || now == id {
		return classified(e.object, err)
	}
	return e.make(ctx, e.userAgent(id))
}

// userAgent is the association of a user and an agent.
func (e *errand) userAgent(id int) part {
	return part{
		what: func() string { return fmt.Sprintf("agent %d of user %s", id, e.change.Key) },
		find: func(ctx context.Context) (bool, error) {
			now, err := e.client.agentOf(ctx, e.change.Key)
			return now == id, err
		},
		create: func() request { return associate(fmt.Sprintf("%s/%d", userAgentPath(e.change.Key), id)) },
		remove: func() string { return userAgentPath(e.change.Key) },
	}
}

// agentFeatures are the fields of a change with the service's names for them.
var agentFeatures = [][2]string{
	{"agent_firstname", "firstname"},
	{"agent_lastname", "lastname"},
	{"agent_language", "language"},
	{"agent_group", "numgroup"},
}

func (e *errand) agentFeatures(features map[string]any) map[string]any {
	for _, f := range agentFeatures {
		if e.has(f[0]) {
			features[f[1]] = e.wanted(f[0])
		}
	}
	return features
}

// addAgent makes an agent and finds out its id.
func (e *errand) addAgent(ctx context.Context, number string) (id int, err error) {
	features := e.agentFeatures(map[string]any{
		"number": number, "firstname": e.change.Person.Label(), "lastname": "", "passwd": "", "context": "default", "language": "",
		"numgroup": "1", "autologoff": "0", "description": "",
	})
	look := func(ctx context.Context) (bool, error) {
		id, err = e.client.agentAt(ctx, number)
		return id != 0, err
	}
	if err := e.webWrite(ctx, http.MethodPost, url.Values{"act": {"add"}}, features, look); err != nil {
		return 0, err
	}
	if id == 0 {
		if there, err := look(ctx); err != nil || !there {
			return 0, uncertain(e.object, "agent "+number+" was made, and is not in the list", err)
		}
	}
	e.remember(fmt.Sprintf("agent %d (%s)", id, number), func(ctx context.Context) error { return e.dropAgent(ctx, id) })
	return id, nil
}

// dropAgent removes an agent.
func (e *errand) dropAgent(ctx context.Context, id int) error {
	return e.webWrite(ctx, http.MethodGet, url.Values{"act": {"delete"}, "id": {strconv.Itoa(id)}}, nil, func(ctx context.Context) (bool, error) {
		list, err := e.client.agents(ctx)
		for _, a := range list {
			if a.ID.id() == id {
				return false, err
			}
		}
		return true, err
	})
}

// webWrite sends one write to the service; when its answer is lost, look tells
// whether it was carried out.
func (e *errand) webWrite(ctx context.Context, method string, query url.Values, features map[string]any, look func(context.Context) (bool, error)) error {
	var body []byte
	if features != nil {
		body, _ = json.Marshal(map[string]any{"agentfeatures": features}) // texts are always written
	}
	_, _, err := e.client.web(ctx, method, query, body)
	if err == nil {
		return nil
	}
	var p *Problem
	if errors.As(err, &p) && p.Status == http.StatusBadRequest {
		return refused(e.object, fmt.Sprintf("the agent service refuses act=%s without saying why (a value it does not take, a group or language it does not have; the server's PHP log tells)", query.Get("act")))
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	happened, lookErr := look(ctx)
	switch {
	case happened && lookErr == nil: // also of a GET that net/http sent twice
		return nil
	case !open500(err):
		return e.withoutService(err, "change the agent by hand in the web interface")
	case lookErr != nil || waiting(err):
		return lookAgain(e.object, "the outcome is not known: "+message(err), err)
	}
	return &record.Error{Side: record.XiVO, Class: undoneClass(err), Object: e.object, Message: message(err) + "; looked up: not carried out", Err: err}
}

// editAgent changes name, language, group and queues of the user's agent.
func (e *errand) editAgent(ctx context.Context) error {
	id, err := e.client.agentOf(ctx, e.change.Key)
	if err != nil {
		return classified(e.object, err)
	}
	if id == 0 {
		return stale(e.object, "the user has no agent")
	}
	if e.has("agent") && e.before("agent") != e.after("agent") {
		return refused(e.object, "XiVO cannot change the number of an agent")
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if err := e.webEdit(ctx, id, e.agentFeatures(map[string]any{})); err != nil {
			return err
		}
		return e.seat(ctx, id)
	})
}

// webEdit writes features over those of the agent, where they differ.
func (e *errand) webEdit(ctx context.Context, id int, features map[string]any) error {
	if len(features) == 0 {
		return nil
	}
	before, err := e.client.features(ctx, id)
	if err != nil {
		return e.unseen(ctx, err, "change the agent by hand in the web interface")
	}
	old := map[string]any{}
	for name := range features {
		old[name] = string(before[name])
	}
	if maps.Equal(old, features) {
		return nil
	}
	query := url.Values{"act": {"edit"}, "id": {strconv.Itoa(id)}}
	err = e.webWrite(ctx, http.MethodPost, query, features, func(ctx context.Context) (bool, error) {
		now, err := e.client.features(ctx, id)
		for name, text := range features {
			if string(now[name]) != text {
				return false, err
			}
		}
		return true, err
	})
	if err == nil {
		e.remember(fmt.Sprintf("what agent %d held", id), func(ctx context.Context) error { return e.webEdit(ctx, id, old) })
	}
	return err
}

// features reads an agent as the service shows it.
func (c *Client) features(ctx context.Context, id int) (map[string]lenient, error) {
	_, b, err := c.web(ctx, http.MethodGet, url.Values{"act": {"view"}, "id": {strconv.Itoa(id)}}, nil)
	if err != nil {
		return nil, err
	}
	var view struct {
		Features map[string]lenient `json:"agentfeatures"`
	}
	if err := json.Unmarshal(b, &view); err != nil {
		return nil, fmt.Errorf("%w: agent %d cannot be read", errNoService, id)
	}
	return view.Features, nil
}

// endAgent takes the agent off the user; the agent itself stays, with its
// queues, unless the change wants it removed.
func (e *errand) endAgent(ctx context.Context) error {
	id, err := e.client.agentOf(ctx, e.change.Key)
	if err != nil {
		return classified(e.object, err)
	}
	if id == 0 {
		return stale(e.object, "the user has no agent")
	}
	if number := e.before("agent"); number != "" {
		known, err := e.client.agentAt(ctx, number)
		if err == nil && known != id {
			return stale(e.object, "XiVO's agent changed since it was read")
		}
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if err := e.unmake(ctx, e.userAgent(id)); err != nil {
			return err
		}
		if e.after("agent_remove") != "true" {
			return nil
		}
		return e.dropAgent(ctx, id)
	})
}

// goOnEnding completes the end of an agent, whom the user may have no more.
func (e *errand) goOnEnding(ctx context.Context) (record.Step, error) {
	now, err := e.client.agentOf(ctx, e.change.Key)
	if err != nil {
		return "", classified(e.object, err)
	}
	if now != 0 {
		return e.again(ctx)
	}
	if e.after("agent_remove") != "true" {
		return record.Done, nil
	}
	id, err := e.client.agentAt(ctx, e.before("agent"))
	if err != nil {
		return "", e.withoutService(err, "remove agent "+e.before("agent")+" by hand in the web interface")
	}
	if id == 0 {
		return record.Done, nil
	}
	e.remember(fmt.Sprintf("agent %d of nobody", id), func(ctx context.Context) error { return e.giveAgent(ctx, id) })
	return e.settled(ctx, func(ctx context.Context) error { return e.dropAgent(ctx, id) })
}
