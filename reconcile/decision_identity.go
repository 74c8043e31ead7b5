package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// identities carries out what was decided about whole records: of a user whom
// nobody may inherit, of a user who is gone. What it cannot carry out stays a
// conflict.
func (e *Engine) identities(ctx context.Context, o *observation, m *matched) error {
	var left []record.Conflict
	for _, c := range m.conflicts {
		old, decided := o.decided[c.Key()]
		if !decided || old.Decision.Take == record.DecideIgnore || !e.sameSight(old, c) || !slices.Contains(c.Decisions, old.Decision.Take) {
			left = append(left, c)
			continue
		}
		p, err := e.decidedPerson(ctx, o, old)
		if err == nil && !p.held {
			err = e.settleIdentity(ctx, o, m, p, old)
		}
		switch {
		case err != nil && record.ClassOf(err) != record.Missing:
			return err
		case err != nil: // one of them is gone since the listing
			left = append(left, c)
		case p.held: // what was decided waits for the release
			delete(o.decided, c.Key())
			c.Decision = old.Decision
			left = append(left, c)
		}
	}
	m.conflicts = left
	return nil
}

// decidedPerson is the person of the entry that a decision is about. It is held
// where the entry is, or whoever the user belongs to that would go to it.
func (e *Engine) decidedPerson(ctx context.Context, o *observation, c record.Conflict) (*person, error) {
	entry, err := e.LDAP.Read(ctx, c.Entry)
	if err != nil {
		return nil, err
	}
	p := e.meet(o, &person{entry: &entry, origin: fromEntry})
	if i, linked := o.byUser[c.Raw.XiVO.First()]; linked && !p.held {
		owner := &person{state: record.State{Link: o.links[i]}, entry: o.ldap.changed[i]}
		p.held = e.meet(o, owner).held
	}
	return p, nil
}

// settleIdentity makes people of a conflict about a record.
func (e *Engine) settleIdentity(ctx context.Context, o *observation, m *matched, p *person, c record.Conflict) error {
	r := p.ruled(c)
	r.taken, r.written = true, true
	p.because = r.reason()
	other := c.Raw.XiVO.First()
	switch {
	case c.Decision.Take == record.DecideRelink:
		user, err := e.XiVO.Read(ctx, other)
		if err != nil {
			return err
		}
		p.origin, p.user, p.detailed = fromAdopt, &user, true
		if i, linked := o.byUser[other]; linked {
			if err := e.rebind(ctx, o, m, i, p); err != nil {
				return err
			}
		}
	case other != "":
		p.frees = e.freeing(o, c, other)
	}
	if i, linked := o.byEntry[p.entryID()]; linked { // to a user who is gone
		e.unlink(o, m, i, p)
	}
	m.people = append(m.people, p)
	return nil
}

// rebind gives the link of a user to another entry, with all that is known of the
// user: somebody whom their old entry's absence deactivated is taken up again.
func (e *Engine) rebind(ctx context.Context, o *observation, m *matched, i int, p *person) (err error) {
	number := o.links[i].Number
	if p.state, err = e.Store.State(number); err != nil {
		return fmt.Errorf("read the state of %s: %w", o.links[i].Identifier, err)
	}
	m.people = slices.DeleteFunc(m.people, func(w *person) bool { return w.state.Number == number })
	p.origin, p.rebound, p.state.Entry = fromLink, true, p.entry.ID
	return e.presence(ctx, p)
}

// unlink forgets a link on behalf of somebody, and whatever was to be done for
// it.
func (e *Engine) unlink(o *observation, m *matched, i int, p *person) {
	l := o.links[i]
	m.people = slices.DeleteFunc(m.people, func(w *person) bool { return w.state.Number == l.Number })
	old := &person{state: record.State{Link: l}, forWhom: p}
	old.life = e.unlinking(l.User, p.because)
	if state, err := e.Store.State(l.Number); err == nil { // else the link alone is known
		old.state = state
	}
	m.people = append(m.people, old)
}

func (e *Engine) unlinking(user, reason string) *record.Change {
	return &record.Change{Side: record.XiVO, Op: record.Unlink, Thing: record.User, Key: user, Reason: reason}
}

// freeing takes the identifier off the user that keeps it from somebody new; one
// that is linked gets that of its own entry.
func (e *Engine) freeing(o *observation, c record.Conflict, user string) *record.Change {
	id, own := e.Settings.Identifier.XiVO, record.Value(nil)
	if i, linked := o.byUser[user]; linked && o.ldap.changed[i] != nil && o.ldap.changed[i].Identifier != c.Raw.LDAP.First() {
		own = record.Text(o.ldap.changed[i].Identifier)
	}
	return &record.Change{Side: record.XiVO, Op: record.Update, Thing: record.User, Key: user, Reason: DecidedBy(*c.Decision),
		Fields: map[string]record.Delta{id: {Attribute: id, Before: c.Raw.LDAP, After: own}}}
}

// frees tells whether a unit is the one that takes the identifier off another
// user for somebody new.
func frees(p *person, u *record.Unit) bool {
	return p.frees != nil && u.Changes[0].Op == record.Update && u.Changes[0].Key == p.frees.Key
}

// free carries out the change that takes the identifier off another user. Without
// it nobody is created: there would be two with one identifier.
func (r *runner) free(ctx context.Context, p *person, u *record.Unit) error {
	c := &u.Changes[0]
	p.left--
	if err := r.Store.Open(*u); err != nil {
		return err
	}
	_, err := r.XiVO.Apply(context.WithoutCancel(ctx), *c)
	switch {
	case err != nil && record.ClassOf(err) == record.Down:
		return err
	case err != nil:
		p.barred = true
		r.fail(p, c, err)
	default:
		c.Step = record.Done
		r.wrote++
	}
	return r.Store.Settle(*u, 0, -1, Effect{})
}

// forgets plans to drop the link of somebody whose two sides were decided to be
// different people.
func (e *Engine) forgets(p *person) bool {
	r := p.rulings[identifierField]
	if !r.stands() || r.take() != record.DecideForget || !e.identifierFits(p, r) {
		return false
	}
	p.life, p.because = e.unlinking(p.userID(), r.reason()), r.reason()
	p.conflicts, r.taken, r.written = nil, true, true
	return true
}

// identifierFits tells whether both sides still show the identifiers that were
// decided about.
func (e *Engine) identifierFits(p *person, r *ruling) bool {
	l, x := e.identifiers(p)
	if l != r.conflict.Raw.LDAP.First() || x != r.conflict.Raw.XiVO.First() {
		r.misfit = fmt.Sprintf("the directory says %s now, and XiVO %s", Quoted(l), Quoted(x))
		return false
	}
	return true
}

// identifiers are those of both sides, or the known one where a side was not
// read.
func (e *Engine) identifiers(p *person) (l, x string) {
	l, x = p.state.Identifier, p.state.Identifier
	if p.entry != nil {
		l = p.entry.Identifier
	}
	if p.user != nil {
		x = p.user.Identifier
	}
	return l, x
}

// identifierField is the field under which a changed identifier is reported.
const identifierField = "identifier"

// decidedIdentifier is the change of a user's identifier to the directory's, where
// somebody decided so.
func (e *Engine) decidedIdentifier(p *person) (record.Delta, *ruling) {
	r := p.rulings[identifierField]
	if !r.stands() || r.take() != record.DecideLDAP || !e.identifierFits(p, r) {
		return record.Delta{}, nil
	}
	l, x := e.identifiers(p)
	r.taken, r.written = true, true
	return record.Delta{Attribute: e.Settings.Identifier.XiVO, Before: record.Text(x), After: record.Text(l), Cause: record.Text(l)}, r
}

// tookIdentifier takes in the identifier that XiVO holds after it was rewritten.
func (r *runner) tookIdentifier(p *person, c record.Change, rec record.Record) {
	d := c.Fields[r.Settings.Identifier.XiVO]
	if rec.Identifier == d.After.First() {
		p.next.Identifier = rec.Identifier
		return
	}
	r.refused(p, record.Change{Side: c.Side, Op: c.Op, Thing: c.Thing, Fields: c.Fields, Error: errNotStored.Error()})
}

var errNotStored = errors.New("accepted, and not stored")
