package storetest

import (
	"fmt"
	"iter"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Holds yields the holds, in order of their numbers.
func (m *Memory) Holds() iter.Seq2[record.Hold, error] {
	return list(m, func() []record.Hold { return slices.Clone(m.held) })
}

// Hold sets holds.
func (m *Memory) Hold(holds ...record.Hold) error {
	return m.Keep(reconcile.Effect{Holds: holds})
}

// Release ends holds.
func (m *Memory) Release(numbers ...uint64) error {
	return m.Keep(reconcile.Effect{Released: numbers})
}

// Keep stores an effect that belongs to no change.
func (m *Memory) Keep(effect reconcile.Effect) error {
	return locked(m, func() error {
		if err := sound(effect); err != nil {
			return err
		}
		return m.keep(effect)
	})
}

// sound refuses what no store can keep.
func sound(effect reconcile.Effect) error {
	for _, s := range effect.States {
		if s.Number == 0 {
			return fmt.Errorf("link of entry %q and user %q has no number", s.Entry, s.User)
		}
	}
	for _, h := range effect.Holds {
		if h.Entry == "" && h.User == "" {
			return fmt.Errorf("hold of %s: neither the entry nor the user is named", h.Person.Label())
		}
	}
	for _, m := range effect.Mails {
		if m.Key == "" {
			return fmt.Errorf("mail to %s has no key", m.Person.Label())
		}
	}
	return nil
}

// keep stores a sound effect.
func (m *Memory) keep(effect reconcile.Effect) error {
	if err := m.save(effect.States); err != nil {
		return err
	}
	for _, h := range effect.Holds {
		m.hold(h)
	}
	for _, mail := range effect.Mails {
		m.post(mail)
	}
	m.held = slices.DeleteFunc(m.held, func(h record.Hold) bool { return slices.Contains(effect.Released, h.Number) })
	return nil
}

func (m *Memory) hold(h record.Hold) {
	at := slices.IndexFunc(m.held, func(o record.Hold) bool { return o.Key() == h.Key() })
	if at >= 0 {
		h.Number = m.held[at].Number
		m.held[at] = h
		return
	}
	m.lastHold++
	h.Number = m.lastHold
	m.held = append(m.held, h)
}
