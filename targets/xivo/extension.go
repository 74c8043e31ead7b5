package xivo

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// extension is an internal number or a DID (resource /extensions). What it
// belongs to is told by one of its references; a queue is not.
type extension struct {
	dialled
	Commented  bool  `json:"commented"`
	Lines      []ref `json:"lines"`
	Incall     *ref  `json:"incall"`
	Group      *ref  `json:"group"`
	Outcall    *ref  `json:"outcall"`
	Conference *ref  `json:"conference"`
}

func extensionPath(id int) string { return fmt.Sprintf("/extensions/%d", id) }

// free tells whether nothing is known to be reached by the number.
func (x *extension) free() bool {
	return len(x.Lines) == 0 && x.Incall == nil && x.Group == nil && x.Outcall == nil && x.Conference == nil
}

// extensionAt looks an extension up by its number; nil for none.
func (c *Client) extensionAt(ctx context.Context, value string) (*extension, error) {
	exten, context := parted(value)
	list, err := listOf[extension](ctx, c, "/extensions", url.Values{"exten": {exten}, "context": {context}})
	if err != nil {
		return nil, err
	}
	return only(list, func(x extension) bool { return x.value() == value })
}

// parking is how a number reads that is out of the way while others change
// hands: a pattern, which no range check stops and, commented, nobody can dial.
const parking = "_"

// renumber lists what changes when a number moves: a parked one is commented,
// and one that comes back from there is not.
func renumber(before, after string) []wish {
	oldNumber, oldContext := parted(before)
	newNumber, newContext := parted(after)
	list := []wish{toText("exten", oldNumber, newNumber)}
	if oldContext != newContext {
		list = append(list, toText("context", oldContext, newContext))
	}
	if away, back := strings.HasPrefix(newNumber, parking), strings.HasPrefix(oldNumber, parking); away || back {
		list = append(list, toFlag("commented", away))
	}
	return list
}

// applyExtension makes, changes or takes down a user's line with its SIP
// endpoint and its number.
func (e *errand) applyExtension(ctx context.Context) error {
	switch e.change.Op {
	case record.Create:
		return e.carryOut(ctx, func(ctx context.Context) error { return e.build(ctx, e.newPhone().parts()) })
	case record.Delete:
		p, err := e.phone(ctx)
		if err != nil {
			return err
		}
		return e.carryOut(ctx, func(ctx context.Context) error { return e.dismantle(ctx, p.teardown()) })
	}
	w, err := e.wiring(ctx)
	if err != nil {
		return err
	}
	return e.carryOut(ctx, func(ctx context.Context) error { return e.editExtension(ctx, w) })
}

// editExtension changes number and endpoint in place, and comments what is
// deactivated.
func (e *errand) editExtension(ctx context.Context, w line) error {
	var list []wish
	switch {
	case e.change.Op == record.Deactivate:
		list = append(list, toFlag("commented", true))
	case e.change.Op == record.Reactivate:
		list = append(list, toFlag("commented", false))
	case e.has("extension"):
		list = renumber(e.before("extension"), e.after("extension"))
	}
	if len(list) > 0 {
		if err := e.edit(ctx, extensionPath(w.Extensions[0].ID), list); err != nil {
			return err
		}
	}
	if w.SIP == nil && (e.has("sip_username") || e.has("sip_secret")) {
		return refused(e.object, fmt.Sprintf("line %d has no SIP endpoint", w.ID))
	}
	if w.SIP == nil {
		return nil
	}
	return e.putSIP(ctx, w.SIP.ID)
}

// wiring reads the line that the change is about: the person's own, with the
// number that the change was decided from.
func (e *errand) wiring(ctx context.Context) (line, error) {
	body, err := e.client.userBody(ctx, e.change.Key)
	if err != nil {
		return line{}, err
	}
	w, err := e.client.wiringOf(ctx, body)
	switch {
	case err != nil:
		return line{}, classified(e.object, err)
	case w.foreign != "":
		return line{}, refused(e.object, w.foreign+": change it by hand")
	case w.line == nil:
		return line{}, stale(e.object, "the user has no line")
	case e.change.Op == record.Delete && w.others > 0:
		return line{}, refused(e.object, fmt.Sprintf("the user has %d lines: take the others away by hand", w.others+1))
	}
	return *w.line, e.holds("extension", w.line.Extensions[0].value())
}

// holds wants XiVO to hold the before-value of a field, where the change tells
// it, or already the after-value.
func (e *errand) holds(name, now string) error {
	d := e.change.Fields[name]
	if d.Before.Empty() || slices.Contains(d.Before, now) || slices.Contains(d.After, now) {
		return nil
	}
	return stale(e.object, fmt.Sprintf("XiVO's %s changed since it was read", name))
}
