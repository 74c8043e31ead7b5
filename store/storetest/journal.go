package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Change returns a change with every field set, one of its deltas secret.
func Change(run, seq, link uint64) record.Change {
	return record.Change{
		Run: run, Seq: seq, Link: link, Person: State(link).Person, Entry: fmt.Sprintf("entry-%d", link), Unit: 1,
		Side: record.XiVO, Op: record.Update, Thing: record.User, Key: fmt.Sprintf("user-%d", link),
		Fields: map[string]record.Delta{
			"lastname": {Attribute: "lastname", Before: record.Text("\xc3("), After: record.Texts("a", "b")},
			"password": {Attribute: "password", Before: record.Text("old secret"), After: record.Text("new secret"), Secret: true},
		},
		Parks: true, Reason: "changed in LDAP",
	}
}

// Unit returns a unit of changes for a link, numbered from seq on.
func Unit(run uint64, number int, seq, link uint64, changes int) record.Unit {
	u := record.Unit{Run: run, Number: number}
	for i := range changes {
		c := Change(run, seq+uint64(i), link)
		c.Unit = number
		u.Changes = append(u.Changes, c)
	}
	return u
}

// opened returns the unit as it is in the journal once it was opened.
func opened(u record.Unit) record.Unit {
	u.Changes = slices.Clone(u.Changes)
	u.Changes[0].Step = record.Intent
	return u
}

func journalTests() []Test {
	return []Test{
		{"runs are numbered from one, and listed newest first", numberRuns},
		{"a run is read by its number", readRun},
		{"changes of one person in one run come in order, each once", changesOfPerson},
		{"a run that was not begun cannot be finished", unknownRun},
		{"an open unit survives, with the first intent", openUnit},
		{"a unit is settled step by step, with its states", settleUnit},
		{"a unit can end before its last change", endEarly},
		{"settling in vain changes nothing", settleInVain},
		{"numbers are used once", numbersOnce},
		{"adopted units are closed, with their states", adoptUnits},
		{"changes of one run come in order", changesOfRun},
		{"recent changes come with their runs, oldest first", recentChanges},
		{"a killed run counts until the next one began", recentKilled},
		{"history of a link and an entry, newest first, each once", history},
		{"opening does not touch the caller's unit", callersUnit},
	}
}

func numberRuns(t *testing.T, open func() reconcile.Store) {
	at := epoch.Add(time.Minute)
	want := record.Run{
		Mode: record.Audit, Trigger: "timer", Who: "root", Started: epoch, Finished: &at, Outcome: record.OutcomePartial, Fingerprint: "f",
		Allowed: []string{"removals"}, Counts: record.Counts{Created: 1}, Guards: []record.Guard{{Name: "removals", Count: 1, Limit: 2}},
		Recovered: record.Recovered{Done: 1}, Requests: map[record.Side]record.Requests{record.XiVO: {Read: 3}}, Seconds: 1.5, Keys: []string{"fields.email.direction"}, RolledBack: []uint64{1, 2},
		Failures: []record.Failure{{Person: record.Person{Name: "Zoé"}, Error: "no"}}, Error: "x",
	}
	first, err := open().Begin(want)
	ok(t, err)
	want.Number = 1
	same(t, want, first)
	second := begin(t, open(), epoch)
	same(t, uint64(2), second.Number)
	second = finish(t, open(), second, at)
	same(t, []record.Run{second, first}, all(t, open().Runs()))
}

func readRun(t *testing.T, open func() reconcile.Store) {
	begin(t, open(), epoch)
	second := begin(t, open(), epoch)
	want := finish(t, open(), second, epoch.Add(time.Minute))
	got, err := open().Run(2)
	ok(t, err)
	same(t, want, got)
	for _, number := range []uint64{0, 3} {
		_, err := open().Run(number)
		refused(t, err)
	}
}

func unknownRun(t *testing.T, open func() reconcile.Store) {
	s := open()
	refused(t, s.Finish(record.Run{Number: 1}))
	refused(t, s.Open(Unit(1, 1, 1, 1, 1)))
	same(t, 0, len(all(t, s.Runs())))
}

func openUnit(t *testing.T, open func() reconcile.Store) {
	run := begin(t, open(), epoch).Number
	ok(t, open().Open(Unit(run, 2, 5, 1, 3)))
	ok(t, open().Open(Unit(run, 1, 1, 2, 1)))
	got, err := open().Unclosed()
	ok(t, err)
	same(t, []record.Unit{opened(Unit(run, 1, 1, 2, 1)), opened(Unit(run, 2, 5, 1, 3))}, got)
}

func settleUnit(t *testing.T, open func() reconcile.Store) {
	run := begin(t, open(), epoch).Number
	unit := Unit(run, 1, 1, 1, 2)
	ok(t, open().Open(unit))
	unit = opened(unit)
	unit.Changes[0].Step, unit.Changes[0].Key = record.Done, "given by the target"
	ok(t, open().Settle(unit, 0, 1, reconcile.Effect{States: []record.State{State(1)}}))
	unit.Changes[1].Step = record.Intent
	got, err := open().Unclosed()
	ok(t, err)
	same(t, []record.Unit{unit}, got)
	state, err := open().State(1)
	ok(t, err)
	same(t, State(1), state)

	unit.Changes[1].Step, unit.Changes[1].Error = record.Failed, "refused: \xff"
	ok(t, open().Settle(unit, 1, -1, reconcile.Effect{}))
	got, err = open().Unclosed()
	ok(t, err)
	same(t, 0, len(got))
	same(t, unit.Changes, all(t, open().Changes(run)))
}

func endEarly(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	unit := opened(Unit(run, 1, 1, 1, 2))
	ok(t, s.Open(unit))
	unit.Changes[0].Step, unit.Changes[0].Error = record.Failed, "no"
	ok(t, s.Settle(unit, 0, -1, reconcile.Effect{}))
	same(t, unit.Changes, all(t, open().Changes(run)))
}

func settleInVain(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	unit := Unit(run, 1, 1, 1, 2)
	refused(t, s.Settle(unit, 0, 1, reconcile.Effect{}))
	ok(t, s.Open(unit))
	done := opened(unit)
	done.Changes[0].Step = record.Done
	refused(t, s.Settle(done, 0, 2, reconcile.Effect{}))
	refused(t, s.Settle(done, 2, -1, reconcile.Effect{}))
	refused(t, s.Settle(done, 0, 1, reconcile.Effect{States: []record.State{State(1), {}}}))
	got, err := s.Unclosed()
	ok(t, err)
	same(t, []record.Unit{opened(unit)}, got)
	same(t, 0, len(all(t, s.Links())))
	ok(t, s.Settle(done, 0, -1, reconcile.Effect{}))
	refused(t, s.Settle(done, 0, -1, reconcile.Effect{}))
}

func numbersOnce(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	ok(t, s.Open(Unit(run, 1, 1, 1, 2)))
	refused(t, s.Open(Unit(run, 1, 3, 1, 1)))
	refused(t, s.Open(Unit(run, 2, 2, 1, 1)))
	refused(t, s.Open(record.Unit{Run: run, Number: 3}))
	got, err := s.Unclosed()
	ok(t, err)
	same(t, 1, len(got))
	same(t, 2, len(all(t, s.Changes(run))))
}

func adoptUnits(t *testing.T, open func() reconcile.Store) {
	run := begin(t, open(), epoch).Number
	var units []record.Unit
	var states []record.State
	for n := uint64(1); n <= 1100; n++ {
		units = append(units, Unit(run, int(n), n, n, 1))
		states = append(states, State(n))
	}
	ok(t, open().Adopt(units, reconcile.Effect{States: append(states, State(5000))}))
	s := open()
	got, err := s.Unclosed()
	ok(t, err)
	same(t, 0, len(got))
	links := all(t, s.Links())
	same(t, 1101, len(links))
	same(t, Link(5000), links[1100])
	changes := all(t, s.Changes(run))
	same(t, 1100, len(changes))
	want := units[1099].Changes[0]
	want.Step = record.Done
	same(t, want, changes[1099])
	refused(t, s.Adopt(units[:1], reconcile.Effect{}))
}

func changesOfRun(t *testing.T, open func() reconcile.Store) {
	s := open()
	first, second := begin(t, s, epoch).Number, begin(t, s, epoch).Number
	ok(t, s.Open(Unit(second, 1, 1, 1, 1200)))
	ok(t, s.Open(Unit(first, 1, 1, 1, 1)))
	var seqs []uint64
	for _, c := range all(t, open().Changes(second)) {
		same(t, second, c.Run)
		seqs = append(seqs, c.Seq)
	}
	same(t, 1200, len(seqs))
	same(t, true, slices.IsSorted(seqs))
	same(t, 0, len(all(t, open().Changes(99))))
}

func changesOfPerson(t *testing.T, open func() reconcile.Store) {
	s := open()
	for range 3 {
		run := begin(t, s, epoch).Number
		early, late, other := Unit(run, 1, 1, 1, 2), Unit(run, 2, 5, 1, 1), Unit(run, 3, 4, 2, 1)
		early.Changes[0].Link, late.Changes[0].Entry = 0, ""
		ok(t, s.Adopt([]record.Unit{late, other, early}, reconcile.Effect{}))
	}
	for _, tc := range []struct {
		run, link uint64
		entry     string
		want      []string
	}{
		{2, 1, "entry-1", []string{"2/1", "2/2", "2/5"}},
		{3, 1, "", []string{"3/2", "3/5"}},
		{1, 0, "entry-1", []string{"1/1", "1/2"}},
		{2, 2, "entry-2", []string{"2/4"}},
		{2, 0, "", nil},
		{9, 1, "entry-1", nil},
		{2, 7, "entry", nil},
	} {
		var got []string
		for _, c := range all(t, open().ChangesOf(tc.run, tc.link, tc.entry)) {
			got = append(got, c.ID())
		}
		same(t, tc.want, got)
	}
}

// done commits a unit of one change that was carried out, beside one that failed.
func done(t *testing.T, s reconcile.Store, run, seq, link uint64) {
	t.Helper()
	unit := opened(Unit(run, int(seq), seq, link, 2))
	ok(t, s.Open(unit))
	unit.Changes[0].Step, unit.Changes[1].Step = record.Done, record.Failed
	ok(t, s.Settle(unit, 0, 1, reconcile.Effect{}))
	ok(t, s.Settle(unit, 1, -1, reconcile.Effect{}))
}

// ids names changes with the runs they came with.
func ids(recent []reconcile.RunChange) (list []string) {
	for _, r := range recent {
		list = append(list, fmt.Sprintf("%d: %s", r.Run.Number, r.Change.ID()))
	}
	return list
}

func recentChanges(t *testing.T, open func() reconcile.Store) {
	s := open()
	for i := range 3 {
		run := begin(t, s, epoch.Add(time.Duration(i)*time.Hour))
		done(t, s, run.Number, 1, 1)
		done(t, s, run.Number, 3, 2)
		finish(t, s, run, run.Started.Add(10*time.Minute))
	}
	s = open()
	same(t, []string{"2: 2/1", "2: 2/3", "3: 3/1", "3: 3/3"}, ids(all(t, s.Recent(epoch.Add(65*time.Minute)))))
	same(t, []string{"3: 3/1", "3: 3/3"}, ids(all(t, s.Recent(epoch.Add(2*time.Hour)))))
	same(t, 6, len(all(t, s.Recent(time.Time{}))))
	same(t, 0, len(all(t, s.Recent(epoch.Add(9*time.Hour)))))
}

func recentKilled(t *testing.T, open func() reconcile.Store) {
	s := open()
	done(t, s, begin(t, s, epoch).Number, 1, 1)
	same(t, 1, len(all(t, s.Recent(epoch.Add(9*time.Hour)))))
	begin(t, s, epoch.Add(time.Hour))
	same(t, 1, len(all(t, s.Recent(epoch.Add(time.Hour)))))
	same(t, 0, len(all(t, s.Recent(epoch.Add(2*time.Hour)))))
}

func history(t *testing.T, open func() reconcile.Store) {
	s := open()
	var want []string
	for range 3 {
		run := begin(t, s, epoch).Number
		for seq := uint64(1); seq <= 500; seq++ {
			unit := Unit(run, int(seq), seq, 1, 1)
			switch seq % 4 {
			case 1: // only the entry is known yet
				unit.Changes[0].Link = 0
			case 2: // only the link
				unit.Changes[0].Entry = ""
			case 3: // somebody else
				unit = Unit(run, int(seq), seq, 2, 1)
			}
			ok(t, s.Adopt([]record.Unit{unit}, reconcile.Effect{}))
			if seq%4 != 3 {
				want = append(want, unit.Changes[0].ID())
			}
		}
	}
	slices.Reverse(want)
	s = open()
	var got []string
	for _, c := range all(t, s.History(1, "entry-1")) {
		got = append(got, c.ID())
	}
	same(t, want, got)
	same(t, 750, len(all(t, s.History(1, ""))))
	same(t, 750, len(all(t, s.History(0, "entry-1"))))
	same(t, 0, len(all(t, s.History(0, ""))))
}

func callersUnit(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	unit := Unit(run, 1, 1, 1, 1)
	ok(t, s.Open(unit))
	same(t, Unit(run, 1, 1, 1, 1), unit)
	unit.Changes[0].Fields["lastname"] = record.Delta{}
	same(t, opened(Unit(run, 1, 1, 1, 1)).Changes, all(t, s.Changes(run)))
}
