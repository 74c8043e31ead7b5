package reconcile_test

import (
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// lost makes a run whose one change of a side is sent, and whose program dies
// before the answer comes; before and after say at which moment.
func (w *world) lost(side record.Side, after bool) {
	w.t.Helper()
	b := &bomb{at: 1}
	if after {
		b.at = 2
	}
	w.wrap = func(e *reconcile.Engine) {
		if side == record.LDAP {
			e.LDAP = bombedSide{e.LDAP, b}
		} else {
			e.XiVO = bombedSide{e.XiVO, b}
		}
	}
	defer func() {
		w.wrap = nil
		if _, ours := recover().(stopped); !ours {
			w.t.Fatal("the run did not come to its write")
		}
	}()
	w.run()
}

func TestAnOpenIntentIsComparedWithTheTarget(t *testing.T) {
	toXiVO := func(w *world, id string) { w.ldap.Set(id, "sn", "Two") }
	toLDAP := func(w *world, _ string) { w.xivo.Set(w.user("ann"), "email", "new@parts.test") }
	for name, tc := range map[string]struct {
		side  record.Side
		edit  func(w *world, id string)
		after bool
		// meanwhile happens between the crash and the recovery.
		meanwhile func(w *world, id string)
		want      record.Recovered
		open      []string
	}{
		"sent to XiVO":          {record.XiVO, toXiVO, true, nil, record.Recovered{Done: 1}, nil},
		"not sent to XiVO":      {record.XiVO, toXiVO, false, nil, record.Recovered{Undone: 1}, nil},
		"sent to the directory": {record.LDAP, toLDAP, true, nil, record.Recovered{Done: 1}, nil},
		"not sent to it":        {record.LDAP, toLDAP, false, nil, record.Recovered{Undone: 1}, nil},
		"the user vanished":     {record.XiVO, toXiVO, true, func(w *world, _ string) { w.xivo.Remove(w.user("ann")) }, record.Recovered{Undone: 1}, []string{"ann: user_missing"}},
		"neither before nor sent": {record.XiVO, toXiVO, true, func(w *world, _ string) { w.xivo.Set(w.user("ann"), "lastname", "Third") },
			record.Recovered{Unknown: 1}, []string{"ann: unknown_outcome"}},
		"neither, in the directory": {record.LDAP, toLDAP, true, func(w *world, id string) { w.ldap.Set(id, "mail", "third@parts.test") },
			record.Recovered{Unknown: 1}, []string{"ann email: field", "ann: unknown_outcome"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.people(4)
			id := w.person("ann")
			w.run()
			w.xivo.Put("later", map[string]string{})
			tc.edit(w, id)
			w.lost(tc.side, tc.after)
			if tc.meanwhile != nil {
				tc.meanwhile(w, id)
			}
			report := w.run()
			same(t, tc.want, report.Recovered)
			w.recoveredAs(report.Number)
			same(t, tc.open, w.open())
			open, err := w.store.Unclosed()
			if err != nil || len(open) > 0 {
				t.Errorf("%d units are still open, error %v", len(open), err)
			}
			w.quiet()
		})
	}
}

// recoveredAs wants the one change that the run before left open in the journal of
// this one, as it ended.
func (w *world) recoveredAs(number uint64) {
	w.t.Helper()
	run, err := w.store.Run(number)
	if err != nil || len(run.Recoveries) != 1 {
		w.t.Fatalf("%d recoveries, error %v", len(run.Recoveries), err)
	}
	for c, err := range w.store.Changes(number - 1) {
		if err != nil {
			w.t.Fatal(err)
		}
		if got := run.Recoveries[0]; c.ID() == got.ID {
			same(w.t, record.NewRecovery(c), got)
			return
		}
	}
	w.t.Fatalf("run %d has no change %s", number-1, run.Recoveries[0].ID)
}

func TestACreateWhoseAnswerWasLostIsFoundAgainAndNotRepeated(t *testing.T) {
	for name, tc := range map[string]struct {
		after bool
		want  record.Recovered
	}{"it was made": {true, record.Recovered{Done: 1}}, "it was not": {false, record.Recovered{Undone: 1}}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person("ann")
			w.lost(record.XiVO, tc.after)
			same(t, tc.want, w.run().Recovered)
			same(t, 1, len(w.xivo.IDs()))
			w.quiet()
		})
	}
}

func TestACreateThatFindsTwoIsUnknown(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	w.lost(record.XiVO, true)
	w.xivo.Put("ann", map[string]string{"firstname": "Other"})
	same(t, record.Recovered{Unknown: 1}, w.run().Recovered)
	same(t, 2, len(w.xivo.IDs()))
}
