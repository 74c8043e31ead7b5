package reconcile_test

import (
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Entries that lose their link, or their hold, did not change: an incremental run
// has to find them all the same.
func TestAnIncrementalRunFindsWhoIsNobodysAnyMore(t *testing.T) {
	t.Run("forgotten by decision", func(t *testing.T) {
		w, ids := followed(t, 5)
		w.ldap.Set(ids[0], "uid", "other")
		w.ldap.Set(ids[0], "mail")
		w.follow()
		w.decide("identifier", record.DecideForget)
		w.follow()
		w.run(incremental)
		if w.user("other") == "" {
			t.Errorf("the entry has no user; open: %q", w.open())
		}
		w.quiet()
	})
	t.Run("its user given to another entry", func(t *testing.T) {
		w, ids := followed(t, 5)
		w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
		w.ldap.Hide(ids[0], true)
		w.run()
		w.person("p000")
		w.follow()
		w.decide("", record.DecideRelink)
		w.follow()
		w.ldap.Hide(ids[0], false)
		w.run(incremental)
		open := w.open()
		w.run()
		if again := w.open(); len(open) != len(again) || len(open) == 0 {
			t.Errorf("open after the incremental run: %q, after the full one: %q", open, again)
		}
	})
	t.Run("released after a rollback", func(t *testing.T) {
		w, _ := followed(t, 5)
		w.person("new")
		run := w.follow()
		w.rollback(takeBack(run.Number))
		w.follow()
		if w.user("new") != "" {
			t.Fatal("the rollback was undone")
		}
		if err := reconcile.Release(w.store, w.holds()...); err != nil {
			t.Fatal(err)
		}
		w.run(incremental)
		if w.user("new") == "" {
			t.Error("released, and not created")
		}
		w.quiet()
	})
}

// What a leaver's entry is called by now is in no state, and another may have the
// old identifier since.
func TestAnIncrementalRunDoesNotTakeARenamedLeaverForANamesake(t *testing.T) {
	w, ids := followed(t, 5)
	w.ldap.Set(ids[2], "uid", "p001")
	w.follow()
	w.ldap.Disable(ids[1], true)
	w.ldap.Set(ids[1], "uid", "p002")
	for range 4 {
		w.follow()
		if got := w.open(); len(got) != 1 || got[0] != "p002 identifier: identifier_changed" {
			t.Fatalf("open: %q", got)
		}
	}
	w.writes()
	w.quiet()
}

// holds are all that stand.
func (w *world) holds() (all []record.Hold) {
	w.t.Helper()
	for h, err := range w.store.Holds() {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, h)
	}
	return all
}
