package reconcile

import (
	"context"
	"errors"
	"fmt"

	"xivosync/reconcile/record"
)

// HoldRequest asks to keep somebody, or one of their fields, out of plans until it
// is released.
type HoldRequest struct {
	// ID is an identifier, DN, e-mail or GUID; Field is empty for the whole person.
	ID, Field string
	// Who asks for it, and Why.
	Who, Why string
}

// ErrSeveral is returned when an id names more than one person.
var ErrSeveral = errors.New("it names more than one person: use the GUID or the DN")

// HoldByHand sets a hold that nothing but a release ends.
func (e *Engine) HoldByHand(ctx context.Context, ask HoldRequest) (record.Hold, error) {
	if ask.Field != "" && ask.Field != enabled && e.Settings.Mapping(ask.Field) == nil {
		return record.Hold{}, fmt.Errorf("hold %s: the configuration has no field of that name", Quoted(ask.Field))
	}
	plan, err := e.planFor(ctx, ask.ID)
	if err != nil {
		return record.Hold{}, err
	}
	h := record.Hold{Field: ask.Field, Who: ask.Who, Why: ask.Why, Since: e.now()}
	switch n := len(plan.people); {
	case n > 1:
		return h, fmt.Errorf("%s: %w", Quoted(ask.ID), ErrSeveral)
	case n == 1:
		p := plan.people[0]
		h.Person, h.Link, h.Entry, h.User = p.Who(), p.state.Number, p.entryID(), p.userID()
	case len(plan.Conflicts) == 1:
		c := plan.Conflicts[0]
		h.Person, h.Link, h.Entry, h.User = c.Person, c.Link, c.Entry, c.Person.UUID
	default:
		return h, fmt.Errorf("%s: %w", Quoted(ask.ID), ErrNobody)
	}
	if err := e.Store.Hold(h); err != nil {
		return h, err
	}
	return h, e.lookAgain(h.Link)
}

// lookAgain has the next run look at somebody although nothing changed.
func (e *Engine) lookAgain(link uint64) error {
	if link == 0 {
		return nil
	}
	state, err := e.Store.State(link)
	if err != nil {
		return err
	}
	state.Attention = true
	return e.Store.Touch([]record.Link{state.Link})
}

// Release ends holds, and has the next run look at whoever they were about. Of
// somebody who has no link nothing in the store would remind an incremental run:
// it reads everybody then.
func Release(store Store, holds ...record.Hold) error {
	var numbers []uint64
	linked := map[string]bool{}
	for l, err := range store.Links() {
		if err != nil {
			return fmt.Errorf("read the links: %w", err)
		}
		linked[l.Entry] = true
	}
	everybody := false
	for _, h := range holds {
		numbers = append(numbers, h.Number)
		everybody = everybody || !linked[h.Entry]
	}
	if everybody { // before the release: a crash between them does no harm
		m, err := store.Memory()
		if err != nil {
			return err
		}
		if m.Cursor != nil {
			m.Cursor = nil
			if err := store.Remember(m); err != nil {
				return err
			}
		}
	}
	return store.Release(numbers...)
}
