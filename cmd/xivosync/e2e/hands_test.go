package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// TestAddressesChangeHands moves e-mail addresses, of which XiVO lets nobody
// share one, along a chain and around a ring.
func TestAddressesChangeHands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(8))
	w.settle()
	// a00 takes a01's, a01 takes a02's, a02 gets a new one.
	w.slapd.Modify(dn("a00"), "mail", "a01@parts.test")
	w.slapd.Modify(dn("a01"), "mail", "a02@parts.test")
	w.slapd.Modify(dn("a02"), "mail", "fresh@parts.test")
	// a03 gives theirs to somebody new, by having none.
	w.slapd.Modify(dn("a03"), "mail")
	w.slapd.Add(ldaptest.Plain("n00", "givenName", "New"))
	w.slapd.Modify(dn("n00"), "mail", "a03@parts.test")
	report := w.mustRun()
	if len(report.Found) > 0 || len(report.Failures) > 0 {
		t.Errorf("failures %v%s", report.Failures, told(report.Found))
	}
	for id, mail := range map[string]any{"a00": "a01@parts.test", "a01": "a02@parts.test", "a02": "fresh@parts.test", "a03": nil, "n00": "a03@parts.test"} {
		w.wantUser(id, "email", mail)
	}
	w.quiet()

	// a04 and a05 swap: either every value arrives, or it is told and stays.
	w.slapd.Modify(dn("a04"), "mail", "a05@parts.test")
	w.slapd.Modify(dn("a05"), "mail", "a04@parts.test")
	w.slapd.Modify(dn("a06"), "sn", "Served")
	report = w.mustRun()
	w.wantUser("a06", "lastname", "Served")
	if w.user("a04")["email"] != "a05@parts.test" || w.user("a05")["email"] != "a04@parts.test" {
		for _, id := range []string{"a04", "a05"} {
			if c := find(t, report.Found, id, "email"); c.Kind != record.ResourceExists {
				t.Errorf("%s: %s", id, c.Kind)
			}
		}
		w.wantUser("a04", "email", "a04@parts.test")
		w.wantUser("a05", "email", "a05@parts.test")
	}
	w.wantEntry(dn("a04"), "mail", "a05@parts.test")
	w.wantEntry(dn("a05"), "mail", "a04@parts.test")
	w.quiet()

	// Only the case differs: the same address.
	w.slapd.Modify(dn("a07"), "mail", "A07@Parts.Test")
	w.quiet()
	w.edit("a07", map[string]any{"email": "a07@PARTS.test"})
	w.quiet()
	w.wantEntry(dn("a07"), "mail", "A07@Parts.Test")
}

// TestAddressOfAnUnownedUser is one that a user without an entry holds: whoever
// asks for it is told who has it.
func TestAddressOfAnUnownedUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(2))
	w.addUser(map[string]any{"firstname": "Door", "lastname": "Phone", "email": "A00@parts.test"})
	report := w.mustRun()
	c := find(t, report.Found, "a00", "email")
	if c.Kind != record.ResourceExists {
		t.Errorf("kind %s", c.Kind)
	}
	wantWords(t, c.Message, "a00@parts.test", "Door Phone")
	w.wantUser("a00", "email", nil, "firstname", "Given-a00")
	w.wantUser("", "email", "A00@parts.test")
	w.quiet()
	w.edit("", map[string]any{"email": nil})
	if report := w.mustRun(); len(report.Found) > 0 {
		t.Errorf("the address is free, and still there is%s", told(report.Found))
	}
	w.wantUser("a00", "email", "a00@parts.test")
	w.quiet()
}

// TestLoginsSwapped has two people take each other's identifier: each stays
// linked to their own user.
func TestLoginsSwapped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(4))
	w.ID.LDAP = "employeeNumber"
	w.slapd.Modify(dn("a00"), "employeeNumber", "0")
	w.slapd.Modify(dn("a01"), "employeeNumber", "1")
	w.settle()
	zero, one := w.user("0")["uuid"], w.user("1")["uuid"]
	w.slapd.Modify(dn("a00"), "employeeNumber", "1")
	w.slapd.Modify(dn("a01"), "employeeNumber", "0")
	w.slapd.Modify(dn("a00"), "sn", "Stays with zero")
	report := w.mustRun()
	for _, id := range []string{"0", "1"} {
		if c := find(t, report.Found, id, "identifier"); c.Kind != record.IdentifierChanged {
			t.Errorf("%s: %s", id, c.Kind)
		}
	}
	w.wantUser("0", "uuid", zero, "lastname", "Stays with zero")
	w.wantUser("1", "uuid", one, "lastname", "a01")
	w.quiet()
}

// TestSeveralAddresses is an attribute with several values: the one that was
// taken stays, and a write-back replaces that one only.
func TestSeveralAddresses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(2))
	w.settle()
	w.slapd.Modify(dn("a00"), "mail", "other@parts.test", "a00@parts.test")
	w.quiet()
	w.edit("a00", map[string]any{"email": "new@parts.test"})
	w.mustRun()
	got := w.slapd.Values(dn("a00"), "mail")
	if len(got) != 2 || fmt.Sprint(got) != "[other@parts.test new@parts.test]" && fmt.Sprint(got) != "[new@parts.test other@parts.test]" {
		t.Errorf("mail is %q", got)
	}
	w.quiet()
}

// TestStopped is a signal in the middle of the writes: what is under way comes
// to its end, nothing more is begun, and the next run does the rest.
func TestStopped(t *testing.T) {
	t.Parallel()
	w := confdWorld(t)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	w.sim.OnRequest(func(r *http.Request) {
		if r.Method != http.MethodGet {
			stop()
		}
	}, nil)
	w.Clock = w.Clock.Add(time.Hour)
	var report *reportOfRun
	err := w.open(w.log, nil, func(e *reconcile.Engine) (err error) {
		report, err = e.Run(ctx, reconcile.Options{Mode: record.Full})
		return err
	})
	w.sim.OnRequest(nil, nil)
	if !errors.Is(err, context.Canceled) || report.Outcome != record.OutcomeStopped {
		t.Errorf("%v, outcome %s", err, report.Outcome)
	}
	if sent := w.writes(); len(sent) != 1 {
		t.Errorf("sent %v, want the one that was under way", sent)
	}
	if next := w.mustRun(); next.Recovered != (record.Recovered{}) {
		t.Errorf("there was something to recover: %+v", next.Recovered)
	}
	w.arrived()
}

// TestStoppedWhileReading leaves everything alone.
func TestStoppedWhileReading(t *testing.T) {
	t.Parallel()
	w := confdWorld(t)
	before := w.snapshot()
	ctx, stop := context.WithCancel(context.Background())
	w.sim.ResetLog()
	w.sim.OnRequest(func(*http.Request) { stop() }, nil)
	var report *reportOfRun
	err := w.open(w.log, nil, func(e *reconcile.Engine) (err error) {
		report, err = e.Run(ctx, reconcile.Options{Mode: record.Full})
		return err
	})
	w.sim.OnRequest(nil, nil)
	stop()
	if err == nil || report.Outcome != record.OutcomeStopped {
		t.Errorf("%v, outcome %s", err, report.Outcome)
	}
	if sent := w.writes(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	w.same(before)
	w.mustRun()
	w.arrived()
}

// TestEntryGoneBeforeRecovery deletes the entry of somebody whose creation a
// crash interrupted: the user is known, and leaves like any other.
func TestEntryGoneBeforeRecovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3))
	w.settle()
	w.slapd.Add(person("n00"))
	w.killed(nil, afterFirst(http.MethodPost))
	w.slapd.Delete(dn("n00"))
	report := w.mustRun()
	if report.Recovered.Done != 1 || len(report.Failures) > 0 || len(report.Found) > 0 {
		t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
	}
	w.mustRun()
	w.later(25 * time.Hour)
	w.mustRun()
	w.wantUser("n00", "enabled", false)
	w.quiet()
}

// TestRestoredBackup puts XiVO, or the directory, back to before our own last
// writes: the guard asks before anything is decided from that.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(12))
	w.settle()
	for i := range 5 {
		w.slapd.Modify(dn(fmt.Sprintf("a%02d", i)), "sn", "Changed")
		w.edit(fmt.Sprintf("a%02d", i+5), map[string]any{"email": fmt.Sprintf("changed%d@parts.test", i)})
	}
	w.mustRun()
	for i := range 5 {
		id := fmt.Sprintf("a%02d", i)
		w.edit(id, map[string]any{"lastname": id})
	}
	w.guarded([]string{reconcile.GuardRestored}, "5 values", "before our own last write", "--allow restored")
	w.mustRun(refuse, allow(reconcile.GuardRestored))
	w.wantUser("a00", "lastname", "Changed")
	w.quiet()
}
