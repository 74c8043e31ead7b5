package storetest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Memory is a store that forgets everything when the program ends: for tests of
// the engine, and the model that real stores are held against. It keeps copies,
// never the caller's slices and maps.
type Memory struct {
	mu           sync.Mutex
	states       map[uint64]record.State
	lastLink     uint64
	former       map[string]string
	memory       reconcile.Memory
	runs         []record.Run
	units        []record.Unit
	conflicts    []record.Conflict
	lastConflict uint64
}

var _ reconcile.Store = (*Memory)(nil)

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{states: map[uint64]record.State{}, former: map[string]string{}}
}

// locked runs fn while nobody else uses the store.
func locked[T any](m *Memory, fn func() T) T {
	m.mu.Lock()
	defer m.mu.Unlock()
	return fn()
}

// list yields copies that fn makes once the loop begins.
func list[T any](m *Memory, fn func() []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range locked(m, fn) {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// Links lists all links, in order of their numbers.
func (m *Memory) Links() iter.Seq2[record.Link, error] {
	return list(m, func() (links []record.Link) {
		for _, number := range slices.Sorted(maps.Keys(m.states)) {
			links = append(links, m.states[number].Link)
		}
		return links
	})
}

// State reads one link with its values.
func (m *Memory) State(link uint64) (record.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.states[link]
	if !ok {
		return s, fmt.Errorf("link %d is not in the store", link)
	}
	return copyState(s), nil
}

// Save stores states.
func (m *Memory) Save(states []record.State) error {
	return locked(m, func() error { return m.save(states) })
}

func (m *Memory) save(states []record.State) error {
	for _, s := range slices.SortedStableFunc(slices.Values(states), func(a, b record.State) int { return cmp.Compare(a.Number, b.Number) }) {
		if err := m.touch(s.Link); err != nil {
			return err
		}
		m.states[s.Number] = copyState(s)
	}
	return nil
}

// Touch stores only the link rows.
func (m *Memory) Touch(links []record.Link) error {
	return locked(m, func() error {
		for _, l := range links {
			if err := m.touch(l); err != nil {
				return err
			}
		}
		return nil
	})
}

func (m *Memory) touch(l record.Link) error {
	if l.Number == 0 {
		return fmt.Errorf("link of entry %q and user %q has no number", l.Entry, l.User)
	}
	s := m.states[l.Number]
	m.keepFormer(s.Link, l)
	m.lastLink = max(m.lastLink, l.Number)
	s.Link = l
	m.states[l.Number] = s
	return nil
}

// keepFormer remembers the pairing that another one replaces.
func (m *Memory) keepFormer(old, l record.Link) {
	if old.User != "" && old.Entry != "" && (old.User != l.User || old.Entry != l.Entry) {
		m.former[old.User] = old.Entry
	}
}

// Former returns the directory id that the XiVO user was linked to before.
func (m *Memory) Former(user string) (string, error) {
	return locked(m, func() string { return m.former[user] }), nil
}

// Memory reads what the last complete run left.
func (m *Memory) Memory() (reconcile.Memory, error) {
	return locked(m, func() reconcile.Memory { return copyMemory(m.memory) }), nil
}

// Remember replaces it.
func (m *Memory) Remember(memory reconcile.Memory) error {
	return locked(m, func() error { m.memory = copyMemory(memory); return nil })
}

// NextLink returns one more than the highest link number ever stored.
func (m *Memory) NextLink() (uint64, error) {
	return locked(m, func() uint64 { return m.lastLink + 1 }), nil
}

// Forget removes links and their values.
func (m *Memory) Forget(links []uint64) error {
	return locked(m, func() error {
		for _, number := range slices.Sorted(slices.Values(links)) {
			m.keepFormer(m.states[number].Link, record.Link{})
			delete(m.states, number)
		}
		return nil
	})
}

// Digest returns the digest of the texts, keyed by nothing.
func (m *Memory) Digest(texts ...string) (d record.Digest) {
	var b bytes.Buffer
	for _, t := range texts {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(t))))
		b.WriteString(t)
	}
	sum := sha256.Sum256(b.Bytes())
	copy(d[:], sum[:])
	return d
}

// Begin opens a run and numbers it.
func (m *Memory) Begin(run record.Run) (record.Run, error) {
	return locked(m, func() record.Run {
		run.Number = uint64(len(m.runs)) + 1
		m.runs = append(m.runs, run)
		return run
	}), nil
}

// Finish closes it.
func (m *Memory) Finish(run record.Run) error {
	return locked(m, func() error {
		if err := m.needRun(run.Number); err != nil {
			return err
		}
		m.runs[run.Number-1] = run
		return nil
	})
}

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
func (m *Memory) Settle(unit record.Unit, i, next int, states ...record.State) error {
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
		if slices.ContainsFunc(states, func(s record.State) bool { return s.Number == 0 }) {
			return fmt.Errorf("settle unit %d of run %d: a link has no number", unit.Number, unit.Run)
		}
		step(&m.units[at].Changes[i], unit.Changes[i], unit.Changes[i].Step)
		if next >= 0 {
			step(&m.units[at].Changes[next], unit.Changes[next], record.Intent)
		}
		m.units[at].Closed = next < 0
		return m.save(states)
	})
}

// step takes over what a step changes.
func step(into *record.Change, from record.Change, to record.Step) {
	into.Step, into.Error, into.Key = to, from.Error, from.Key
}

// Adopt commits units that are closed from the start, with their states.
func (m *Memory) Adopt(units []record.Unit, states []record.State) error {
	return locked(m, func() error {
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
		return m.save(states)
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

// Changes yields those of one run in order.
func (m *Memory) Changes(run uint64) iter.Seq2[record.Change, error] {
	return list(m, func() []record.Change {
		return m.changes(func(c record.Change) bool { return c.Run == run })
	})
}

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
	c.Number, c.FirstRun, c.Since, c.Decision, c.LastRun, c.State = old.Number, old.FirstRun, old.Since, old.Decision, run, record.Open
	if c.Decision != nil {
		c.State = record.Decided
	}
	m.conflicts[at] = c
}

func copyState(s record.State) record.State {
	s.Fields = maps.Clone(s.Fields)
	return s
}

func copyMemory(m reconcile.Memory) reconcile.Memory {
	m.Filled = maps.Clone(m.Filled)
	return m
}

// copyUnit copies a unit; its changes take run and unit number from it.
func copyUnit(u record.Unit) record.Unit {
	u.Changes = slices.Clone(u.Changes)
	for i := range u.Changes {
		c := &u.Changes[i]
		c.Run, c.Unit, c.Fields = u.Run, u.Number, maps.Clone(c.Fields)
	}
	return u
}
