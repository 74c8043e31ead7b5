package e2e

import (
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// successor is the joiner who gets the numbers of w01.
func successor(w *world) {
	w.slapd.Add(worker(6))
	w.slapd.Modify(worker(6).DN, "ipPhone", "1001")
	w.slapd.Modify(worker(6).DN, "telephoneNumber", "+33 4 72 10 10 01")
}

// away makes w01 leave, by a disabled account that has no numbers any more.
func away(w *world) {
	w.slapd.Modify(worker(1).DN, "employeeType", "disabled")
	w.slapd.Modify(worker(1).DN, "ipPhone")
	w.slapd.Modify(worker(1).DN, "telephoneNumber")
}

// served fails unless the run did everything it was to do.
func (w *world) served(report *reconcile.Report) {
	w.t.Helper()
	if report.Outcome != record.OutcomeDone || len(report.Found)+len(report.Failures) > 0 {
		w.t.Errorf("%s: %v%s", report.Outcome, report.Failures, told(report.Found))
	}
}

// TestALeaversNumberIsGivenToAJoiner in the run in which one leaves and the other
// comes, in a later one, and after the entry is gone.
func TestALeaversNumberIsGivenToAJoiner(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *world){
		"in the same run": away,
		"later":           func(w *world) { away(w); w.mustRun(); w.quiet() },
		"entry gone": func(w *world) {
			w.slapd.Delete(worker(1).DN)
			w.mustRun()
			w.later(25 * time.Hour)
			w.mustRun()
			w.quiet()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1), worker(2))
			w.settle()
			leave(w)
			successor(w)
			w.served(w.mustRun())
			w.wantPhone("w06", "1001", "1001", "1001")
			w.wantPhone("w01", "_#1001", "91001", "_#1001")
			w.wantUser("w01", "enabled", false)
			w.quiet()
		})
	}
}

// TestWhoeverIsBackIsToldThatTheNumberIsTaken and gets it again once it is free,
// or another one.
func TestWhoeverIsBackIsToldThatTheNumberIsTaken(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.settle()
	secret := w.secretOf("w01")
	away(w)
	successor(w)
	w.mustRun()
	w.slapd.Modify(worker(1).DN, "employeeType", "internal")
	w.slapd.Modify(worker(1).DN, "ipPhone", "1001")
	w.slapd.Modify(worker(1).DN, "telephoneNumber", "+33 4 72 10 10 01")
	report := w.mustRun()
	for _, thing := range []string{"extension", "voicemail", "did"} {
		if c := find(t, report.Found, "w01", thing); c.Kind != record.NumberTaken {
			t.Errorf("%s: %s: %s", thing, c.Kind, c.Message)
		}
	}
	w.wantUser("w01", "enabled", true)
	w.wantPhone("w06", "1001", "1001", "1001")
	w.wantPhone("w01", "_#1001", "91001", "_#1001")
	w.wantEntry(worker(1).DN, "ipPhone", "1001")
	w.quiet()
	if w.secretOf("w01") != secret {
		t.Error("the phone did not get its secret back")
	}
	// The external number becomes free, the internal one another.
	w.slapd.Modify(worker(6).DN, "telephoneNumber", "+33 4 72 10 10 66")
	w.slapd.Modify(worker(1).DN, "ipPhone", "1007")
	w.served(w.mustRun())
	w.wantPhone("w06", "1001", "1001", "1066")
	w.wantPhone("w01", "1007", "1007", "1001")
	w.quiet()
}

// TestAReservedNumberIsRefused where the configuration wants that, and where the
// leaver's own entry still asks for it.
func TestAReservedNumberIsRefused(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(w *world){
		"strict": func(w *world) {
			w.Removal.Reserve = reconcile.ReserveStrict
			away(w)
		},
		"still in the entry": func(w *world) { w.slapd.Modify(worker(1).DN, "employeeType", "disabled") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1), worker(2))
			w.settle()
			prepare(w)
			successor(w)
			report := w.mustRun()
			if c := find(t, report.Found, "w06", "extension"); c.Kind != record.ResourceExists {
				t.Errorf("%s: %s", c.Kind, c.Message)
			}
			w.wantPhone("w01", "1001", "1001", "1001")
			w.quiet()
		})
	}
}

// TestCrashWhileANumberIsGivenOn kills the run in which one leaves and the other
// comes.
func TestCrashWhileANumberIsGivenOn(t *testing.T) {
	t.Parallel()
	arrived := func(w *world) { w.wantPhone("w06", "1001", "1001", "1001") }
	killing{arrived: arrived, least: 60, begin: func(t testing.TB) *world {
		w := phones(t, worker(1), worker(2))
		w.settle()
		away(w)
		successor(w)
		return w
	}}.everywhere(t)
}

// TestWhatALeaverKeeps is the e-mail and the username of somebody who is
// deactivated: whoever asks for them is told whose they are, while planning, and
// gets everything else.
func TestWhatALeaverKeeps(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.Specs = append(w.Specs, field("username", "title", reconcile.ToXiVO))
	w.slapd.Modify(worker(1).DN, "title", "ann.one")
	w.good()
	w.slapd.Modify(worker(1).DN, "employeeType", "disabled")
	w.good()
	w.slapd.Modify(worker(1).DN, "mail", "gone@parts.test") // the entry has let go of it, XiVO's user has not
	w.slapd.Modify(worker(2).DN, "mail", "w01@parts.test")
	w.slapd.Add(worker(3, "title", "ann.one"))
	w.slapd.Modify(worker(2).DN, "sn", "Newname")
	w.sim.ResetLog()
	plan := w.plan()
	if n := len(w.writes()); n > 0 || len(plan.Conflicts) != 2 {
		t.Errorf("the plan finds%s", told(plan.Conflicts))
	}
	report := w.mustRun()
	if len(report.Failures) > 0 {
		t.Errorf("XiVO refused: %v", report.Failures)
	}
	for _, c := range report.Found {
		wantWords(t, c.Message, "Worker w01")
	}
	c := find(t, report.Found, "w02", "email")
	wantWords(t, c.Message, "w01@parts.test", "deactivated", "keeps it for a return")
	wantWords(t, c.Hint, "another mail", "by hand")
	if c.Kind != record.ResourceExists || c.Owner == "" {
		t.Errorf("the conflict is %s, owned by %q", c.Kind, c.Owner)
	}
	if w.user("w02")["lastname"] != "Newname" {
		t.Error("w02 is not renamed")
	}
	w.wantPhone("w03", "1003", "1003", "1003")
	w.quiet()
}
