package reconcile_test

import "testing"

// Somebody who is out of the listing's sight may be disabled there besides: what
// the run saw is that they were not listed, and that is what keeps them held.
func TestARolledBackLeaverWhoIsDisabledOutOfSightStaysSo(t *testing.T) {
	w := newWorld(t)
	w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
	openGuards(w)
	ids := w.people(4)
	w.run()
	w.ldap.Hide(ids[0], true)
	run := w.run()
	user := w.user("p000")
	if !w.xivo.Disabled(user) {
		t.Fatal("who is out of sight is not deactivated")
	}
	w.ldap.Disable(ids[0], true)
	w.rollback(takeBack(run.Number))
	for range 3 {
		w.quiet()
	}
	if w.xivo.Disabled(user) {
		t.Error("the rollback was undone")
	}
	w.ldap.Hide(ids[0], false)
	w.run()
	if !w.xivo.Disabled(user) {
		t.Error("the account is listed and disabled, and nothing happens")
	}
}
