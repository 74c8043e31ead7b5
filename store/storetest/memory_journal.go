package storetest

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Begin opens a run and numbers it.
func (m *Memory) Begin(run record.Run) (record.Run, error) {
	return locked(m, func() record.Run {
		run.Number = uint64(len(m.runs)) + 1
		m.runs = append(m.runs, copyRun(run))
		return run
	}), nil
}

// Finish closes it.
func (m *Memory) Finish(run record.Run) error {
	return locked(m, func() error {
		if err := m.needRun(run.Number); err != nil {
			return err
		}
		m.runs[run.Number-1] = copyRun(run)
		return nil
	})
}

// needRun makes sure that a run was begun.
func (m *Memory) needRun(number uint64) error {
	if number == 0 || number > uint64(len(m.runs)) {
		return fmt.Errorf("run %d is not in the store", number)
	}
	return nil
}

// Open commits a unit; its first change has its intent.
func (m *Memory) Open(unit record.Unit) error {
	return locked(m, func() error {
		unit = copyUnit(unit)
		if len(unit.Changes) > 0 {
			unit.Changes[0].Step = record.Intent
		}
		return m.add(unit)
	})
}

// add appends a unit whose numbers are new.
func (m *Memory) add(unit record.Unit) error {
	if err := m.needRun(unit.Run); err != nil {
		return err
	}
	if len(unit.Changes) == 0 {
		return fmt.Errorf("unit %d of run %d has no changes", unit.Number, unit.Run)
	}
	seqs := map[uint64]bool{}
	for _, c := range unit.Changes {
		if seqs[c.Seq] {
			return fmt.Errorf("change %d/%d is there twice", unit.Run, c.Seq)
		}
		seqs[c.Seq] = true
		m.lastLink = max(m.lastLink, c.Link)
	}
	for _, u := range m.units {
		if u.Run != unit.Run {
			continue
		}
		if u.Number == unit.Number || slices.ContainsFunc(u.Changes, func(c record.Change) bool { return seqs[c.Seq] }) {
			return fmt.Errorf("unit %d of run %d is in the journal already", unit.Number, unit.Run)
		}
	}
	m.units = append(m.units, unit)
	return nil
}

// Settle commits the outcome of one change, and the intent of the next.
func (m *Memory) Settle(unit record.Unit, i, next int, effect reconcile.Effect) error {
	if i < 0 || i >= len(unit.Changes) || next < -1 || next >= len(unit.Changes) {
		return fmt.Errorf("settle unit %d of run %d: no change %d or %d", unit.Number, unit.Run, i, next)
	}
	return locked(m, func() error {
		at := slices.IndexFunc(m.units, func(u record.Unit) bool {
			return u.Run == unit.Run && u.Number == unit.Number && !u.Closed
		})
		if at < 0 {
			return fmt.Errorf("unit %d of run %d is not open", unit.Number, unit.Run)
		}
		if err := sound(effect); err != nil {
			return fmt.Errorf("settle unit %d of run %d: %w", unit.Number, unit.Run, err)
		}
		step(&m.units[at].Changes[i], unit.Changes[i], unit.Changes[i].Step)
		if next >= 0 {
			step(&m.units[at].Changes[next], unit.Changes[next], record.Intent)
		}
		m.units[at].Closed = next < 0
		return m.keep(effect)
	})
}

// step takes over what a step changes.
func step(into *record.Change, from record.Change, to record.Step) {
	into.Step, into.Error, into.Key = to, from.Error, from.Key
}

// Adopt commits units that are closed from the start, with their effects.
func (m *Memory) Adopt(units []record.Unit, effect reconcile.Effect) error {
	return locked(m, func() error {
		if err := sound(effect); err != nil {
			return err
		}
		for _, u := range units {
			u = copyUnit(u)
			u.Closed = true
			for i, c := range u.Changes {
				if c.Step == record.Planned || c.Step == record.Intent {
					u.Changes[i].Step = record.Done
				}
			}
			if err := m.add(u); err != nil {
				return err
			}
		}
		return m.keep(effect)
	})
}

// Unclosed returns the units that are open, oldest first.
func (m *Memory) Unclosed() ([]record.Unit, error) {
	return locked(m, func() (open []record.Unit) {
		for _, u := range m.units {
			if !u.Closed {
				open = append(open, copyUnit(u))
			}
		}
		slices.SortFunc(open, func(a, b record.Unit) int {
			return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Number, b.Number))
		})
		return open
	}), nil
}

// changes returns those that match, by run and number.
func (m *Memory) changes(match func(record.Change) bool) (changes []record.Change) {
	for _, u := range m.units {
		for _, c := range copyUnit(u).Changes {
			if match(c) {
				changes = append(changes, c)
			}
		}
	}
	slices.SortFunc(changes, func(a, b record.Change) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Seq, b.Seq))
	})
	return changes
}

// Recent yields the changes that were done since then, with their runs.
func (m *Memory) Recent(since time.Time) iter.Seq2[reconcile.RunChange, error] {
	return list(m, func() (recent []reconcile.RunChange) {
		first := m.firstSince(since)
		for _, c := range m.changes(func(c record.Change) bool { return c.Step == record.Done && c.Run > first }) {
			run := m.runs[c.Run-1]
			recent = append(recent, reconcile.RunChange{Run: &run, Change: c})
		}
		return recent
	})
}

// firstSince returns how many runs ended before then: those that come before the
// last one that did. A run that was killed ended when the next one began.
func (m *Memory) firstSince(since time.Time) uint64 {
	for i := len(m.runs) - 1; i >= 0; i-- {
		end := m.runs[i].Finished
		if end == nil && i+1 < len(m.runs) {
			end = &m.runs[i+1].Started
		}
		if end != nil && end.Before(since) {
			return m.runs[i].Number
		}
	}
	return 0
}

// History yields the changes of one person, newest first.
func (m *Memory) History(link uint64, entry string) iter.Seq2[record.Change, error] {
	return list(m, func() []record.Change {
		changes := m.changes(func(c record.Change) bool {
			return (link != 0 && c.Link == link) || (entry != "" && c.Entry == entry)
		})
		slices.Reverse(changes)
		return changes
	})
}

// Runs yields the runs, newest first.
func (m *Memory) Runs() iter.Seq2[record.Run, error] {
	return list(m, func() []record.Run {
		runs := slices.Clone(m.runs)
		slices.Reverse(runs)
		return runs
	})
}

// Run reads one run.
func (m *Memory) Run(number uint64) (record.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.needRun(number); err != nil {
		return record.Run{}, err
	}
	return copyRun(m.runs[number-1]), nil
}

// ChangesOf yields those of one person in one run in order.
func (m *Memory) ChangesOf(run, link uint64, entry string) iter.Seq2[record.Change, error] {
	return list(m, func() []record.Change {
		return m.changes(func(c record.Change) bool {
			return c.Run == run && ((link != 0 && c.Link == link) || (entry != "" && c.Entry == entry))
		})
	})
}

// Changes yields those of one run in order.
func (m *Memory) Changes(run uint64) iter.Seq2[record.Change, error] {
	return list(m, func() []record.Change {
		return m.changes(func(c record.Change) bool { return c.Run == run })
	})
}
