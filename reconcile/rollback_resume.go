package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// begunBefore finds the rollbacks of these runs that were begun before, and came to
// their end or not. What they did is taken in with what they took back: walked over
// newest first, the two cancel one another, and only the rest is left to do. A
// rollback of more than these runs is not one of them, nor one that was itself
// taken back since.
func (b *rollback) begunBefore(runs []uint64) (map[uint64]bool, error) {
	out, undone := map[uint64]bool{}, map[uint64]bool{}
	for run, err := range b.Store.Runs() {
		if err != nil {
			return nil, fmt.Errorf("read the runs: %w", err)
		}
		if run.Number == b.self || len(run.RolledBack) == 0 {
			continue
		}
		for _, n := range run.RolledBack {
			undone[n] = true
		}
		within := !slices.ContainsFunc(run.RolledBack, func(n uint64) bool { return !slices.Contains(runs, n) })
		if within && !slices.Contains(runs, run.Number) {
			out[run.Number] = true
		}
	}
	for n := range undone {
		delete(out, n)
	}
	return out, nil
}

// ours tells whether a change is one of an earlier rollback of the same runs: it was made to take
// back what is taken back now, and is no reason for anything itself.
func (b *rollback) ours(c record.Change) bool { return b.earlier[c.Run] }

// made tells whether an earlier rollback made a user: nobody whom the runs that
// are rolled back knew.
func (b *rollback) made(a *arc, uuid string) bool {
	return slices.ContainsFunc(a.changes, func(c record.Change) bool {
		return b.ours(c) && c.Key == uuid && c.Side == record.XiVO && c.Thing == record.User && c.Op == record.Create
	})
}

// unlinked tells whether an earlier rollback had forgotten the link already.
func (b *rollback) unlinked(a *arc) bool {
	return slices.ContainsFunc(a.changes, func(c record.Change) bool { return b.ours(c) && c.Op == record.Unlink })
}

// dropOurs leaves as it is what only the earlier rollback is known to have led
// back: what the runs themselves left was changed since.
func (w *walk) dropOurs() {
	for name, m := range w.marks {
		if m.run == 0 {
			delete(w.marks, name)
			delete(w.fields, name)
			delete(w.attributes, name)
		}
	}
}

// reborn is what an earlier rollback did for the user whom it was bringing back.
type reborn struct {
	// old was deleted by the runs, and made anew as the user who is there now.
	old, now string
	done     []record.Change
}

// rebornIn finds the user in an arc whom an earlier rollback made again.
func (b *rollback) rebornIn(a *arc) *reborn {
	r := &reborn{}
	lives := func(c record.Change, op record.Op) bool {
		return c.Side == record.XiVO && c.Thing == record.User && c.Op == op
	}
	for _, c := range slices.Backward(a.changes) { // oldest first
		switch {
		case !b.ours(c) && lives(c, record.Delete) && r.old == "":
			r.old = c.Key
		case b.ours(c) && lives(c, record.Create):
			r.now, r.done = c.Key, nil
		case b.ours(c) && lives(c, record.Delete) && c.Key == r.now:
			r.now = ""
		case b.ours(c) && c.Side == record.XiVO && c.Key == r.now:
			r.done = append(r.done, c)
		}
	}
	if r.old == "" || r.now == "" {
		return nil
	}
	return r
}

// goOn leaves of the plan to bring a user back what the earlier rollback had not
// come to: the user is there, and has what was given by then.
func (b *rollback) goOn(ctx context.Context, o *observation, p *person, r *reborn) error {
	user, err := b.readIf(ctx, b.XiVO, r.now)
	if err != nil || user == nil || p.origin != fromEntry || p.xivo == nil {
		return err // gone again by now, or left: it is as if there had been none
	}
	p.origin = fromLink
	deactivated, left := p.state.Deactivated, p.state.Left
	p.state = record.State{Person: p.state.Person, Link: record.Link{Entry: p.state.Entry, User: r.now, Identifier: p.state.Identifier}}
	if i, linked := o.byEntry[p.state.Entry]; linked && o.links[i].User == r.now {
		if p.state, err = b.Store.State(o.links[i].Number); err != nil {
			return fmt.Errorf("read the state of %s: %w", p.Who().Label(), err)
		}
	} else {
		p.origin = fromAdopt
	}
	p.state.Deactivated, p.state.Left, p.state.Halfway, p.state.Welcome = deactivated, left, false, false
	p.user, p.detailed, p.xivo = user, true, nil
	done := slices.Clone(r.done)
	var rest []record.Change
	for _, c := range p.things {
		i := slices.IndexFunc(done, func(d record.Change) bool { return sameChange(c, d) })
		if i >= 0 {
			done = slices.Delete(done, i, i+1)
			continue
		}
		c.Key = r.now
		rest = append(rest, c)
	}
	p.things = rest
	for name := range p.undo.bases {
		p.undo.restored[name] = p.undo.restored[name] || !p.changes(name)
	}
	return nil
}

// sameChange tells whether a change does what another one did.
func sameChange(a, b record.Change) bool {
	name := string(a.Thing)
	return a.Thing == b.Thing && a.Op == b.Op && a.Has(name) == b.Has(name) && a.Fields[name].After.Equal(b.Fields[name].After)
}
