package xivo

import (
	"context"
	"slices"

	"xivosync/reconcile/record"
)

// Resume finds out how far a change of a thing came whose outcome nobody saw,
// and goes on from there: it is completed (Done), or what there is of it is
// taken back (Undone) because it was never begun or XiVO refuses the rest. The
// record is the user's afterwards.
//
// A creation is found by the keys that it sends; a deletion by its
// before-values ([Client.Image]): an extension's needs sip_username and
// provisioning_code beside the number, since nothing else leads to a line that
// is taken apart.
//
// With Unknown the error says why it cannot be told, and what is left. With no
// step XiVO could not be asked (class Down): ask again.
func (c *Client) Resume(ctx context.Context, change record.Change) (record.Step, record.Record, error) {
	e, err := c.errand(change)
	if err != nil {
		return record.Unknown, record.Record{}, err
	}
	release, err := c.takeTurn(ctx)
	if err != nil {
		return "", record.Record{}, classified(e.object, err)
	}
	defer release()
	step, err := e.resume(ctx)
	if err == nil && step != record.Unknown {
		var u record.Record
		u, err = e.readBack(ctx, change.Key)
		if record.ClassOf(err) == record.Uncertain && err != nil { // the user himself is gone
			return step, record.Record{}, nil
		}
		return step, u, err
	}
	if err != nil && record.ClassOf(err) != record.Down {
		return record.Unknown, record.Record{}, err
	}
	return "", record.Record{}, err
}

func (e *errand) resume(ctx context.Context) (record.Step, error) {
	switch e.change.Op {
	case record.Create:
		if parts, err := e.resumedParts(ctx); parts != nil || err != nil {
			return e.goOnMaking(ctx, parts, err)
		}
	case record.Delete:
		if e.change.Thing == record.Agent {
			return e.goOnEnding(ctx)
		}
		if parts, err := e.lostParts(ctx); parts != nil || err != nil {
			return e.goOnRemoving(ctx, parts, err)
		}
	}
	return e.again(ctx)
}

// resumedParts are the parts of a creation; nil for what takes one request.
func (e *errand) resumedParts(ctx context.Context) ([]part, error) {
	switch e.change.Thing {
	case record.Extension:
		return e.newPhone().parts(), nil
	case record.Voicemail:
		return e.newPost().parts(), nil
	case record.DID:
		d, err := e.newDID(ctx)
		if err != nil {
			return nil, err
		}
		return d.parts(), nil
	}
	return nil, nil
}

// lookAt asks which parts are there. A part may be found only when the id of
// another is known: as long as something is found, the rest is looked for anew.
func (e *errand) lookAt(ctx context.Context, parts []part) ([]bool, error) {
	there := make([]bool, len(parts))
	for found := true; found; {
		found = false
		for i, p := range parts {
			if there[i] {
				continue
			}
			var err error
			if there[i], err = p.find(ctx); err != nil {
				return nil, classified(e.object, err)
			}
			found = found || there[i]
		}
	}
	return there, nil
}

// goOnMaking completes a creation. Its parts are made in order and taken back
// in reverse: without the first, nothing is there that is ours.
func (e *errand) goOnMaking(ctx context.Context, parts []part, err error) (record.Step, error) {
	if err != nil {
		return "", err
	}
	there, err := e.lookAt(ctx, parts)
	if err != nil || !there[0] {
		return record.Undone, err
	}
	for i, p := range parts {
		if there[i] {
			e.remember(p.what(), func(ctx context.Context) error { return e.unmake(ctx, p) })
		}
	}
	return e.settled(ctx, func(ctx context.Context) error { return e.build(ctx, without(parts, there, true)) })
}

// goOnRemoving completes a deletion. Without the last part all are gone; with
// every part there, nothing has happened.
func (e *errand) goOnRemoving(ctx context.Context, parts []part, err error) (record.Step, error) {
	if err != nil {
		return "", err
	}
	there, err := e.lookAt(ctx, parts)
	switch {
	case err != nil:
		return "", err
	case !there[len(there)-1]:
		return record.Done, nil
	case !slices.Contains(there, false):
		return record.Undone, nil
	}
	for i, p := range parts {
		if !there[i] {
			e.remember(p.what(), func(ctx context.Context) error { return e.make(ctx, p) })
		}
	}
	return e.settled(ctx, func(ctx context.Context) error { return e.dismantle(ctx, without(parts, there, false)) })
}

// without leaves out the parts that are there, or that are not.
func without(parts []part, there []bool, which bool) []part {
	var rest []part
	for i, p := range parts {
		if there[i] != which {
			rest = append(rest, p)
		}
	}
	return rest
}

// settled carries out the rest: done, or refused and taken back.
func (e *errand) settled(ctx context.Context, do func(context.Context) error) (record.Step, error) {
	err := e.carryOut(ctx, do)
	switch {
	case err == nil:
		return record.Done, nil
	case final(err):
		e.client.log.Info("taken back, since the rest is refused", "change", e.change.ID(), "record", e.change.Person.Label(), "error", err)
		return record.Undone, nil
	}
	return "", err
}

// again carries out a change that does nothing that is done already; when XiVO
// refuses the rest, it is turned round.
func (e *errand) again(ctx context.Context) (record.Step, error) {
	err := crafts[e.change.Thing](e, ctx)
	switch {
	case err == nil:
		return record.Done, nil
	case !final(err):
		return "", err
	case record.ClassOf(err) == record.Missing: // with whom it was about, it went
		return record.Undone, nil
	}
	back := &errand{job: e.job}
	back.change = reversed(e.change)
	if e.change.Op == record.Create || e.change.Op == record.Delete || crafts[e.change.Thing](back, ctx) == nil {
		e.client.log.Info("not carried out", "change", e.change.ID(), "record", e.change.Person.Label(), "error", err)
		return record.Undone, nil
	}
	return record.Unknown, uncertain(e.object, words(err), err)
}

// reversed makes the change that takes a change back.
func reversed(ch record.Change) record.Change {
	fields := map[string]record.Delta{}
	for name, d := range ch.Fields {
		d.Before, d.After = d.After, d.Before
		fields[name] = d
	}
	ch.Fields = fields
	switch ch.Op {
	case record.Deactivate:
		ch.Op = record.Reactivate
	case record.Reactivate:
		ch.Op = record.Deactivate
	}
	return ch
}
