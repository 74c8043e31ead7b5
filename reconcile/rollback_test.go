package reconcile_test

import (
	"context"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// takeBack are the options of an ordinary rollback of one run.
func takeBack(run uint64, change ...func(*reconcile.RollbackOptions)) reconcile.RollbackOptions {
	opt := reconcile.RollbackOptions{First: run, Trigger: "rollback", Who: "ada"}
	for _, c := range change {
		c(&opt)
	}
	return opt
}

func forced(o *reconcile.RollbackOptions) { o.Force = true }

func onlyField(name string) func(*reconcile.RollbackOptions) {
	return func(o *reconcile.RollbackOptions) { o.Field = name }
}

func onlyPerson(id string) func(*reconcile.RollbackOptions) {
	return func(o *reconcile.RollbackOptions) { o.Only = append(o.Only, id) }
}

func until(last uint64) func(*reconcile.RollbackOptions) {
	return func(o *reconcile.RollbackOptions) { o.Last = last }
}

func letting(guards ...string) func(*reconcile.RollbackOptions) {
	return func(o *reconcile.RollbackOptions) { o.Allow = append(o.Allow, guards...) }
}

// rollback takes a run back, a step after the last.
func (w *world) rollback(opt reconcile.RollbackOptions) *reconcile.RollbackReport {
	w.t.Helper()
	w.clock = w.clock.Add(w.step)
	report, err := w.engine().Rollback(context.Background(), opt)
	if err != nil {
		w.t.Fatalf("roll back run %d: %v", opt.First, err)
	}
	return report
}

// heldFields lists the holds as "person field".
func (w *world) heldFields() []string {
	w.t.Helper()
	out := []string{}
	for h, err := range w.store.Holds() {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, h.Person.Identifier+" "+h.Field)
	}
	return out
}

func (w *world) expect(side interface {
	Get(id, name string) record.Value
}, id, name, want string) {
	w.t.Helper()
	if got := side.Get(id, name); !got.Equal(record.Text(want)) {
		w.t.Errorf("%s of %s is %q, not %q", name, id, got, want)
	}
}

func TestAnUpdateIsTakenBackAndStaysSo(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	w.ldap.Set(ann, "sn", "Garbled")
	run := w.run()
	user := w.user("ann")
	w.expect(w.xivo, user, "lastname", "Garbled")
	report := w.rollback(takeBack(run.Number))
	if report.Outcome != record.OutcomeDone || len(report.Left) > 0 {
		t.Errorf("outcome %s, left %v, failures %v", report.Outcome, report.Left, report.Failures)
	}
	w.expect(w.xivo, user, "lastname", "Parts")
	w.expect(w.ldap, ann, "sn", "Garbled")
	for range 3 {
		w.quiet()
	}
	w.expect(w.xivo, user, "lastname", "Parts")
	w.ldap.Set(ann, "mail", "other@parts.test")
	w.run()
	w.expect(w.xivo, user, "email", "other@parts.test")
	w.expect(w.xivo, user, "lastname", "Parts")
	w.ldap.Set(ann, "sn", "Right")
	w.run()
	w.expect(w.xivo, user, "lastname", "Right")
	if held := w.heldFields(); len(held) > 0 {
		t.Errorf("still held: %v", held)
	}
	w.quiet()
}

func TestAWriteBackToAnEmptyAttributeIsWithdrawn(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	user := w.user("ann")
	w.xivo.Set(user, "music_on_hold", "jazz")
	run := w.run(audit)
	w.expect(w.ldap, ann, "employeeType", "jazz")
	report := w.rollback(takeBack(run.Number))
	if report.Outcome != record.OutcomeDone {
		t.Errorf("outcome %s %v", report.Outcome, report.Failures)
	}
	w.expect(w.ldap, ann, "employeeType", "")
	w.expect(w.xivo, user, "music_on_hold", "jazz")
	for range 3 {
		w.quiet()
	}
	w.writes()
	w.run(audit)
	w.untouched()
	w.xivo.Set(user, "music_on_hold", "rock")
	w.run(audit)
	w.expect(w.ldap, ann, "employeeType", "rock")
}

func TestARolledBackCreationIsNotMadeAgain(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	run := w.run()
	report := w.rollback(takeBack(run.Number))
	if w.user("ann") != "" || report.Counts.Deleted != 1 {
		t.Errorf("user %s, %+v, left %v, failures %v", w.user("ann"), report.Counts, report.Left, report.Failures)
	}
	if l := w.link(ann); l.Number != 0 {
		t.Errorf("linked: %+v", l)
	}
	for range 3 {
		w.quiet()
	}
	w.ldap.Set(ann, "sn", "Right")
	w.run()
	w.expect(w.xivo, w.user("ann"), "lastname", "Right")
	w.quiet()
}

func TestWhatSomebodyChangedSinceIsLeft(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	w.ldap.Set(ann, "sn", "Garbled")
	w.ldap.Set(ann, "givenName", "Odd")
	run := w.run()
	user := w.user("ann")
	w.xivo.Set(user, "lastname", "Mine")
	report := w.rollback(takeBack(run.Number))
	w.expect(w.xivo, user, "lastname", "Mine")
	w.expect(w.xivo, user, "firstname", "Ann")
	if len(report.Left) != 1 || report.Left[0].Field != "lastname" || report.Outcome != record.OutcomePartial {
		t.Errorf("outcome %s, left %+v", report.Outcome, report.Left)
	}
	report = w.rollback(takeBack(run.Number, forced, onlyField("lastname")))
	w.expect(w.xivo, user, "lastname", "Parts")
	if len(report.Left) != 0 {
		t.Errorf("left %+v", report.Left)
	}
	w.quiet()
}

func TestTheRollbackOfARollbackRestoresTheRun(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	w.ldap.Set(ann, "sn", "New")
	run := w.run()
	user := w.user("ann")
	back := w.rollback(takeBack(run.Number))
	w.expect(w.xivo, user, "lastname", "Parts")
	again := w.rollback(takeBack(back.Number))
	w.expect(w.xivo, user, "lastname", "New")
	if held := w.heldFields(); len(held) > 0 || again.Outcome != record.OutcomeDone {
		t.Errorf("outcome %s, held: %v", again.Outcome, held)
	}
	w.quiet()
	w.rollback(takeBack(again.Number))
	w.expect(w.xivo, user, "lastname", "Parts")
	w.quiet()
}

func TestAnAdoptionIsTakenBack(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	user := w.xivo.Put("ann", map[string]string{"firstname": "Anna", "lastname": "Old", "email": "ann@parts.test"})
	run := w.run()
	w.expect(w.xivo, user, "lastname", "Parts")
	w.rollback(takeBack(run.Number))
	w.expect(w.xivo, user, "lastname", "Old")
	if l := w.link(ann); l.Number != 0 {
		t.Errorf("linked: %+v", l)
	}
	for range 3 {
		w.quiet()
	}
	w.ldap.Set(ann, "sn", "Right")
	w.run()
	w.expect(w.xivo, user, "lastname", "Right")
}

func TestADeactivationIsTakenBack(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	user := w.user("ann")
	w.ldap.Disable(ann, true)
	run := w.run()
	if !w.xivo.Disabled(user) {
		t.Fatal("not deactivated")
	}
	w.rollback(takeBack(run.Number))
	if w.xivo.Disabled(user) {
		t.Error("still deactivated")
	}
	for range 3 {
		w.quiet()
	}
	w.ldap.Disable(ann, false)
	w.quiet()
	w.ldap.Disable(ann, true)
	w.run()
	if !w.xivo.Disabled(user) {
		t.Error("a new deactivation is let through")
	}
}

// TestMailsThatWentOutAreListed: what was sent cannot be taken back, what still
// waits is dropped with the user whom it is about.
func TestMailsThatWentOutAreListed(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.person("ann"), w.person("bob")
	run := w.run()
	for entry, state := range map[string]record.MailState{ann: record.MailSent, bob: record.MailWaiting} {
		m := record.Mail{Key: entry, Entry: entry, Run: run.Number, To: entry + "@parts.test", State: state, Created: w.clock}
		if err := w.store.Keep(reconcile.Effect{Mails: []record.Mail{m}}); err != nil {
			t.Fatal(err)
		}
	}
	for m := range w.store.Mails() {
		if m.Entry == ann {
			m.State = record.MailSent
			if err := w.store.UpdateMail(m); err != nil {
				t.Fatal(err)
			}
		}
	}
	report := w.rollback(takeBack(run.Number))
	if n := report.Plan.Notes; len(n) != 1 || n[0].Identifier != "ann" || n[0].Field != "mail" {
		t.Errorf("notes %+v", n)
	}
	for m := range w.store.Mails() {
		if want := map[string]record.MailState{ann: record.MailSent, bob: record.MailDropped}[m.Entry]; m.State != want {
			t.Errorf("the mail to %s is %s, not %s", m.To, m.State, want)
		}
	}
}

// TestARollbackIsGuardedLikeAnyPlan: a person has to let through what is more than
// the guards allow, and then both sides are untouched until then.
func TestARollbackIsGuardedLikeAnyPlan(t *testing.T) {
	w := newWorld(t)
	ids := w.people(60)
	w.run()
	for _, id := range ids {
		w.ldap.Set(id, "sn", "Garbled")
	}
	run := w.run(allow(reconcile.GuardUpdates))
	before := w.dump()
	report := w.rollback(takeBack(run.Number))
	if report.Outcome != record.OutcomeGuarded || len(w.heldFields()) > 0 {
		t.Errorf("outcome %s, held %v", report.Outcome, w.heldFields())
	}
	if w.dump() != before {
		t.Error("something was written")
	}
	report = w.rollback(takeBack(run.Number, letting(reconcile.GuardUpdates)))
	if report.Outcome != record.OutcomeDone || len(w.heldFields()) != 60 {
		t.Errorf("outcome %s, %d held, %v", report.Outcome, len(w.heldFields()), report.Guards)
	}
	w.quiet()
}

// TestARollbackOnAnotherXiVOIsRefused: the journal is about the server that the
// store belongs to.
func TestARollbackOnAnotherXiVOIsRefused(t *testing.T) {
	w := newWorld(t)
	ann := w.person("ann")
	w.run()
	w.ldap.Set(ann, "sn", "New")
	run := w.run()
	w.xivo.Server = "another"
	report := w.rollback(takeBack(run.Number))
	if report.Outcome != record.OutcomeGuarded {
		t.Errorf("outcome %s", report.Outcome)
	}
	w.expect(w.xivo, w.user("ann"), "lastname", "New")
}

// TestARangeOfOnePersonIsTakenBack goes back over two runs for one of two people.
func TestARangeOfOnePersonIsTakenBack(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.person("ann"), w.person("bob")
	w.run()
	var last *reconcile.Report
	for _, text := range []string{"Two", "Three"} {
		w.ldap.Set(ann, "sn", text)
		w.ldap.Set(bob, "sn", text)
		last = w.run()
	}
	report := w.rollback(takeBack(last.Number-1, until(last.Number), onlyPerson("ANN")))
	if n := len(report.Plan.Changes()); n != 1 {
		t.Errorf("%d changes: %s", n, describe(report.Plan.Changes()))
	}
	w.expect(w.xivo, w.user("ann"), "lastname", "Parts")
	w.expect(w.xivo, w.user("bob"), "lastname", "Three")
	w.quiet()
	w.rollback(takeBack(last.Number-1, until(last.Number), onlyPerson("bob@parts.test")))
	w.expect(w.xivo, w.user("bob"), "lastname", "Parts")
	w.quiet()
}
