package reconcile_test

import (
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// absent returns the people whom the plan tells to be missing.
func (w *world) absent() []reconcile.Absence {
	w.t.Helper()
	return w.plan().Absent
}

func TestAPlanTellsWhoIsMissingAndUntilWhen(t *testing.T) {
	w, ids := settledWorld(t, 10)
	w.ldap.Remove(ids[3])
	w.quiet()
	first := w.clock
	w.clock = w.clock.Add(time.Hour)

	got := w.absent()
	if len(got) != 1 || got[0].Identifier != "p003" || got[0].Missed != 2 || !got[0].Since.Equal(first) ||
		!got[0].Due.Equal(first.Add(w.settings.Removal.AbsentFor)) || got[0].Then != record.Deactivate || got[0].Outside {
		t.Fatalf("absent: %+v", got)
	}
	wantText(t, got[0].String(), "not listed any more since", "deactivated by the first complete run from")

	w.settings.Removal.Policy = reconcile.RemovalDelete
	if got := w.absent(); len(got) != 1 || got[0].Then != record.Delete {
		t.Errorf("with policy delete: %+v", got)
	}
	w.settings.Removal.Policy = reconcile.RemovalKeep
	if got := w.absent(); len(got) > 0 {
		t.Errorf("who is kept for ever waits for nothing: %+v", got)
	}
	w.settings.Removal.Policy = reconcile.RemovalDeactivate
	w.clock = first.Add(w.settings.Removal.AbsentFor)
	if plan := w.plan(); len(plan.Absent) > 0 || plan.Counts.Deactivated != 1 {
		t.Errorf("due: %+v, %+v", plan.Absent, plan.Counts)
	}
}
