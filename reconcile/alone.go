package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"xivosync/reconcile/record"
)

// alone is the reading of one person in place of everybody: of the entry and of the
// user, and of whoever else carries their identifiers. It tells as much of them as
// a listing would, but not who holds a value that only one may have: a plan that
// asks for such a value needs the listing.
type alone struct {
	*Engine
	o    *observation
	link int
	// user is as read in full; the observation has what a survey tells.
	user *record.Record
}

// errNotAlone is returned when a plan turns out to depend on others.
var errNotAlone = errors.New("it depends on others")

// planFor plans for whoever an id names, to be looked at and never carried out. One
// person who is linked is read alone, where nothing about them depends on others.
func (e *Engine) planFor(ctx context.Context, id string) (*Plan, error) {
	opt := Options{Mode: record.Full, Only: []string{id}, glance: true}
	p, err := e.planAlone(ctx, opt, id)
	if errors.Is(err, errNotAlone) {
		return e.plan(ctx, opt)
	}
	return p, err
}

func (e *Engine) planAlone(ctx context.Context, opt Options, id string) (*Plan, error) {
	p, err := e.newPlan(ctx, opt)
	if err != nil {
		return nil, err
	}
	if len(p.Guards) > 0 { // another directory or XiVO: none of its ids is ours
		return nil, errNotAlone
	}
	if p.seen, err = e.newObservation(opt); err != nil {
		return nil, err
	}
	if p.seen.decided, err = e.readDecisions(); err != nil {
		return nil, err
	}
	a := &alone{Engine: e, o: p.seen}
	if err := a.find(id); err != nil {
		return nil, err
	}
	p.seen.alone = a
	if err := a.read(ctx, id); err != nil {
		return nil, err
	}
	return p, e.conclude(ctx, p, opt)
}

// find finds the one link that an id names. An e-mail names whoever has it in any
// field, which only a listing tells; a DN is not kept with the links.
func (a *alone) find(id string) error {
	a.link = -1
	for i, l := range a.o.links {
		if !strings.EqualFold(l.Identifier, id) && !strings.EqualFold(l.Entry, id) && !strings.EqualFold(l.User, id) {
			continue
		}
		if a.link >= 0 {
			return errNotAlone
		}
		a.link = i
	}
	if a.link < 0 || id == "" || strings.Contains(id, "@") {
		return errNotAlone
	}
	for _, c := range a.o.decided { // somebody else may get the user
		if l := a.o.links[a.link]; c.Entry != l.Entry && c.Raw.XiVO.First() == l.User {
			return errNotAlone
		}
	}
	return nil
}

// read reads the person on both sides, and takes everybody else for seen.
func (a *alone) read(ctx context.Context, id string) error {
	for i := range a.o.links {
		a.o.ldap.seen[i], a.o.xivo.seen[i] = i != a.link, i != a.link
	}
	l := a.o.links[a.link]
	a.o.only = []string{l.Entry, l.User}
	if err := a.readEntry(ctx, l, id); err != nil {
		return err
	}
	return a.readUser(ctx, l)
}

// readEntry takes in the entry if a listing would show it.
func (a *alone) readEntry(ctx context.Context, l record.Link, id string) error {
	entry, err := a.LDAP.Read(ctx, l.Entry)
	switch {
	case err != nil && record.ClassOf(err) == record.Missing:
		return nil // as if it had not been listed
	case err != nil:
		return err
	case entry.Identifier == "":
		return errNotAlone
	}
	found, err := a.carriers(ctx, a.LDAP, entry.Identifier, l.Entry)
	if err == nil && found != nil {
		a.noteEntry(a.o)(found)
	}
	if err == nil && strings.EqualFold(l.Identifier, id) && !strings.EqualFold(entry.Identifier, id) {
		_, err = a.carriers(ctx, a.LDAP, l.Identifier, l.Entry) // another entry may be asked for
	}
	return err
}

// readUser takes in the user, as a survey would show them.
func (a *alone) readUser(ctx context.Context, l record.Link) error {
	user, err := a.XiVO.Read(ctx, l.User)
	if err != nil && record.ClassOf(err) == record.Missing {
		return errNotAlone // another user may carry the identifier
	}
	if err != nil {
		return err
	}
	if user.Identifier != "" {
		if _, err := a.carriers(ctx, a.XiVO, user.Identifier, user.ID); err != nil {
			return err
		}
	}
	a.user = &user
	surveyed := user
	surveyed.Values = maps.Clone(user.Values)
	for i := range a.Settings.Fields {
		if f := a.Settings.Fields[i].Field; !f.Surveyed {
			delete(surveyed.Values, f.Name)
		}
	}
	a.noteUser(a.o, record.Survey)(&surveyed)
	return nil
}

// carriers finds the record of that id among those that carry an identifier, and
// wants it to be the only one.
func (a *alone) carriers(ctx context.Context, side Side, identifier, id string) (*record.Record, error) {
	found, err := side.Find(ctx, identifier)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].ID != id {
			return nil, fmt.Errorf("%s carries the identifier %s, too: %w", found[i].ID, Quoted(identifier), errNotAlone)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// suffices tells whether nobody asks for a value that somebody else may hold.
func (a *alone) suffices(people []*person) error {
	if a == nil {
		return nil
	}
	for i := range a.Settings.Fields {
		m := &a.Settings.Fields[i]
		if m.Field.Unique && len(a.claims(nil, m, people).by) > 0 {
			return errNotAlone
		}
	}
	return nil
}
