package reconcile_test

import (
	"context"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// leadTo makes something of somebody else's lead to a user; no text takes it away.
func (w *world) leadTo(id string, texts ...string) {
	var pointers []record.Pointer
	for _, text := range texts {
		pointers = append(pointers, record.Pointer{Place: "at " + text, Text: text})
	}
	w.xivo.Estate = map[string]record.Estate{id: {Pointers: pointers}}
}

// wantSearches tells how often it was looked for pointers since the last time.
func (w *world) wantSearches(want int, when string) {
	w.t.Helper()
	if w.xivo.Searches != want {
		w.t.Errorf("%s: %d searches, want %d", when, w.xivo.Searches, want)
	}
	w.xivo.Searches = 0
}

// What leads to leavers is looked for once a run, for all of them, and only when
// a deletion is due; while it is known, the known places are looked at.
func TestPointersAreLookedForOnceWhenADeletionIsDue(t *testing.T) {
	w, ids := settledWorld(t, 20)
	w.settings.Removal.Policy = reconcile.RemovalDelete
	w.run()
	w.wantSearches(0, "nobody leaves")
	w.leadTo("p000", "a key", "a group")
	w.ldap.Disable(ids[0], true)
	w.ldap.Disable(ids[1], true)
	if report := w.run(); report.Counts.Deleted != 1 || report.Counts.Deactivated != 1 || len(report.Found) != 1 {
		t.Fatalf("%+v %v", report.Counts, report.Found)
	}
	w.wantSearches(1, "two leave")
	w.leadTo("p000", "a group")
	report := w.run()
	if len(report.Found) != 1 || !strings.Contains(report.Found[0].Message, "a group") || strings.Contains(report.Found[0].Message, "a key") {
		t.Errorf("%+v", report.Found)
	}
	w.wantSearches(0, "one of two pointers is there")
	if _, err := w.engine().Why(context.Background(), "p000"); err != nil {
		t.Fatal(err)
	}
	w.wantSearches(0, "somebody asks why")
	w.leadTo("p000")
	if report := w.run(); report.Counts.Deleted != 1 || len(report.Found) > 0 {
		t.Errorf("%+v %v", report.Counts, report.Found)
	}
	w.wantSearches(1, "the pointers are gone")
	w.quiet()
	w.wantSearches(0, "all is done")
}

// A run that the guard stops looks for nothing, plan by plan; what is let through
// is looked at before.
func TestNothingIsLookedForWhileTheGuardStopsDeletions(t *testing.T) {
	for name, hold := range map[string]reconcile.OnTrip{"stop": reconcile.OnTripStop, "hold": reconcile.OnTripHold} {
		t.Run(name, func(t *testing.T) {
			w, ids := settledWorld(t, 20)
			w.settings.Removal.Policy = reconcile.RemovalDelete
			w.limit(reconcile.GuardRemovals, reconcile.Limit{Count: 1})
			w.settings.Guards.OnTrip = hold
			w.leadTo("p000", "a key")
			for _, id := range ids[:3] {
				w.ldap.Disable(id, true)
			}
			for range 3 {
				report := w.run()
				if report.Outcome != record.OutcomeGuarded || report.Counts.Deleted > 0 || w.xivo.Searches > 0 {
					t.Fatalf("%s %+v, %d searches", report.Outcome, report.Counts, w.xivo.Searches)
				}
				if !strings.Contains(textOfNotes(report.Plan.Notes), "once the guard removals is let through") {
					t.Errorf("%+v", report.Plan.Notes)
				}
			}
			report := w.run(allow(reconcile.GuardRemovals))
			if report.Counts.Deleted != 2 || report.Counts.Deactivated != 1 || len(report.Found) != 1 {
				t.Errorf("%+v %v", report.Counts, report.Found)
			}
			w.wantSearches(1, "let through")
		})
	}
}

func textOfNotes(notes []reconcile.Note) string {
	var texts []string
	for _, n := range notes {
		texts = append(texts, n.Text)
	}
	return strings.Join(texts, "\n")
}
