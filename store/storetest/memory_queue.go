package storetest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// Conflicts yields the conflicts that are open or decided.
func (m *Memory) Conflicts() iter.Seq2[record.Conflict, error] {
	return list(m, func() []record.Conflict { return slices.Clone(m.conflicts) })
}

// Reconcile opens, refreshes and closes conflicts.
func (m *Memory) Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error {
	byKey := make(map[string]record.Conflict, len(found))
	for _, c := range found {
		byKey[c.Key()] = c
	}
	return locked(m, func() error {
		m.conflicts = slices.DeleteFunc(m.conflicts, func(c record.Conflict) bool {
			_, still := byKey[c.Key()]
			return !still && examined(c)
		})
		for _, key := range slices.Sorted(maps.Keys(byKey)) {
			m.refresh(run, now, byKey[key])
		}
		return nil
	})
}

// refresh opens a conflict, or brings the one of its key up to date.
func (m *Memory) refresh(run uint64, now time.Time, c record.Conflict) {
	at := slices.IndexFunc(m.conflicts, func(o record.Conflict) bool { return o.Key() == c.Key() })
	if at < 0 {
		m.lastConflict++
		c.Number, c.FirstRun, c.Since = m.lastConflict, run, now
		at = len(m.conflicts)
		m.conflicts = append(m.conflicts, c)
	}
	old := m.conflicts[at]
	c.Number, c.FirstRun, c.Since, c.LastRun, c.State = old.Number, old.FirstRun, old.Since, run, record.Open
	if c.Reopened == "" || !c.Decision.Is(old.Decision) {
		c.Decision, c.Reopened = old.Decision, old.Reopened
	} else {
		c.Decision = nil
	}
	if c.Decision != nil {
		c.State = record.Decided
	}
	m.conflicts[at] = c
}

// Decide stores what a person decided about a conflict; nil takes it back.
func (m *Memory) Decide(number uint64, decision *record.Decision) error {
	return locked(m, func() error {
		at := slices.IndexFunc(m.conflicts, func(c record.Conflict) bool { return c.Number == number })
		if at < 0 {
			return fmt.Errorf("there is no conflict %d", number)
		}
		c := &m.conflicts[at]
		c.Decision, c.Reopened, c.State = decision, "", record.Open
		if decision != nil {
			c.State = record.Decided
		}
		return nil
	})
}
