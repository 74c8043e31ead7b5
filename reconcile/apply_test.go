package reconcile_test

import (
	"context"
	"errors"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// refusing refuses changes of a field.
func refusing(side record.Side, class record.Class, field string) func(record.Change) error {
	return func(c record.Change) error {
		if _, named := c.Fields[field]; named {
			return &record.Error{Side: side, Class: class, Object: c.Key, Message: "no " + field + " today"}
		}
		return nil
	}
}

func TestAStaleWriteIsMadeByTheNextRun(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.ldap.Set(id, "sn", "Two")
	w.xivo.Refuse = func(record.Change) error {
		w.xivo.Refuse = nil
		w.xivo.Set(u, "lastname", "Edited meanwhile")
		return nil
	}
	report := w.run()
	same(t, 1, report.Counts.Stale)
	same(t, record.OutcomePartial, report.Outcome)
	same(t, record.Text("Edited meanwhile"), w.xivo.Get(u, "lastname"))
	same(t, true, w.link(id).Stale)
	w.run()
	same(t, record.Text("Two"), w.xivo.Get(u, "lastname"))
	w.quiet()
	same(t, false, w.link(id).Stale)
}

func TestAPersonWhoWasStaleAndNeedsNothingIsNotReadForEver(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.ldap.Set(id, "sn", "Two")
	w.xivo.Refuse = refusing(record.XiVO, record.Stale, "lastname")
	w.run()
	w.xivo.Refuse = nil
	w.xivo.Set(u, "lastname", "Two")
	w.run()
	before := w.xivo.Requests().Read
	w.run()
	same(t, before+1, w.xivo.Requests().Read)
}

func TestARefusedChangeIsAConflictAndNotSentAgainUntilItChanges(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.person("bob")
	w.run()
	sent := 0
	w.xivo.Refuse = func(c record.Change) error {
		sent++
		return refusing(record.XiVO, record.Refused, "lastname")(c)
	}
	w.ldap.Set(id, "sn", "Two")
	report := w.run()
	same(t, []string{"ann: rejected"}, w.open())
	same(t, 1, report.Counts.Failed)
	w.quiet()
	same(t, 1, sent)
	w.run(only("ann"))
	same(t, 2, sent)
	w.run(audit)
	same(t, 3, sent)
	w.ldap.Set(id, "sn", "Three")
	w.run()
	same(t, 4, sent)
	w.ldap.Set(id, "sn", "Parts")
	w.run()
	same(t, []string{}, w.open())
	same(t, 4, sent)
}

func TestARefusedWriteBackIsNotSentAgainUntilItChanges(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	w.run()
	u := w.user("ann")
	sent := 0
	w.ldap.Refuse = func(c record.Change) error {
		sent++
		return refusing(record.LDAP, record.Refused, "email")(c)
	}
	w.xivo.Set(u, "email", "new@parts.test")
	w.run()
	same(t, []string{"ann email: rejected"}, w.open())
	w.quiet()
	same(t, 1, sent)
	w.xivo.Set(u, "email", "ann@parts.test")
	w.run()
	same(t, []string{}, w.open())
}

func TestARefusedCreateIsNotSentAgainUntilItChanges(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.person("bob")
	sent := 0
	w.xivo.Refuse = func(c record.Change) error {
		if c.Person.Identifier != "ann" {
			return nil
		}
		sent++
		return &record.Error{Side: record.XiVO, Class: record.Refused, Message: "no"}
	}
	w.run()
	same(t, []string{"ann: rejected"}, w.open())
	w.quiet()
	same(t, 1, sent)
	w.ldap.Set(id, "sn", "Two")
	w.run()
	same(t, 2, sent)
}

func TestAValueThatIsNotStoredIsRejectedAndNotSentAgain(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.xivo.Ignores = map[string]bool{"lastname": true}
	w.ldap.Set(id, "sn", "Two")
	w.ldap.Set(id, "givenName", "Anne")
	w.run()
	same(t, []string{"ann lastname: rejected"}, w.open())
	same(t, record.Text("Parts"), w.state(id).Fields["lastname"].LDAP)
	same(t, record.Text("Anne"), w.state(id).Fields["firstname"].LDAP)
	w.quiet()
	w.quiet()
	same(t, []string{"ann lastname: rejected"}, w.open())
	w.xivo.Ignores = nil
	w.ldap.Set(id, "sn", "Three")
	w.run()
	same(t, record.Text("Three"), w.xivo.Get(w.user("ann"), "lastname"))
	same(t, []string{}, w.open())
}

func TestAValueThatIsNotStoredAtCreationIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.person("ann")
	w.xivo.Ignores = map[string]bool{"lastname": true}
	w.run()
	same(t, []string{"ann lastname: rejected"}, w.open())
	w.quiet()
	same(t, []string{"ann lastname: rejected"}, w.open())
}

// TestAValueThatIsStoredDifferently is about a XiVO that cuts what it stores.
func TestAValueThatIsStoredDifferentlyIsRejectedAndNotSentAgain(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	cut := func() { w.xivo.Set(u, "lastname", "Tw") }
	w.wrap = func(e *reconcile.Engine) { e.XiVO = afterwards{e.XiVO, cut} }
	w.ldap.Set(id, "sn", "Two")
	w.run()
	same(t, []string{"ann lastname: rejected"}, w.open())
	w.quiet()
	same(t, []string{"ann lastname: rejected"}, w.open())
}

// afterwards does something to a side after each change, before it is read back.
type afterwards struct {
	reconcile.Side
	do func()
}

func (a afterwards) Apply(ctx context.Context, c record.Change) (record.Record, error) {
	if _, err := a.Side.Apply(ctx, c); err != nil {
		return record.Record{}, err
	}
	a.do()
	return a.Side.Read(ctx, c.Key)
}

func TestAnEditOfAnotherFieldDuringTheWriteIsNotLost(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.wrap = func(e *reconcile.Engine) {
		e.XiVO = afterwards{e.XiVO, func() { w.xivo.Set(u, "email", "meanwhile@parts.test") }}
	}
	w.ldap.Set(id, "sn", "Two")
	w.run()
	w.wrap = nil
	w.run()
	same(t, record.Text("meanwhile@parts.test"), w.ldap.Get(id, "mail"))

	w.wrap = func(e *reconcile.Engine) {
		e.LDAP = afterwards{e.LDAP, func() { w.ldap.Set(id, "sn", "Three") }}
	}
	w.xivo.Set(u, "email", "again@parts.test")
	w.run()
	w.wrap = nil
	w.run()
	same(t, record.Text("Three"), w.xivo.Get(u, "lastname"))
	w.quiet()
}

func TestAnUnknownOutcomeHoldsThePersonAndClosesByItself(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	bob := w.person("bob")
	w.run()
	u := w.user("ann")
	w.xivo.Refuse = refusing(record.XiVO, record.Uncertain, "lastname")
	w.ldap.Set(id, "sn", "Two")
	w.run()
	w.xivo.Refuse = nil
	same(t, []string{"ann: unknown_outcome"}, w.open())
	w.ldap.Set(id, "givenName", "Anne")
	w.ldap.Set(bob, "givenName", "Served")
	report := w.run()
	same(t, 1, report.Counts.Held)
	same(t, record.Text("Ann"), w.xivo.Get(u, "firstname"))
	same(t, record.Text("Served"), w.xivo.Get(w.user("bob"), "firstname"))
	same(t, []string{"ann: unknown_outcome"}, w.open())
	w.xivo.Set(u, "lastname", "Two")
	w.xivo.Set(u, "firstname", "Anne")
	w.run()
	same(t, []string{}, w.open())
	w.quiet()
}

func TestASideThatIsDownEndsTheRunAndTheNextOneIsRight(t *testing.T) {
	w := newWorld(t)
	ids := w.people(3)
	w.run()
	for _, id := range ids {
		w.ldap.Set(id, "sn", "Two")
	}
	n := 0
	w.xivo.Refuse = func(record.Change) error {
		if n++; n == 2 {
			return &record.Error{Side: record.XiVO, Class: record.Down, Message: "gone away"}
		}
		return nil
	}
	report, err := w.try()
	if err == nil || report.Outcome != record.OutcomeFailed {
		t.Fatalf("outcome %s, error %v", report.Outcome, err)
	}
	w.xivo.Refuse = nil
	report = w.run()
	same(t, record.Recovered{Undone: 1}, report.Recovered)
	same(t, 2, report.Counts.Updated)
	w.quiet()
}

func TestAnIncompleteListingIsAnErrorAndNothingElse(t *testing.T) {
	for name, side := range map[string]func(w *world) *error{
		"directory": func(w *world) *error { return &w.ldap.Down },
		"XiVO":      func(w *world) *error { return &w.xivo.Down },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ids := w.people(3)
			w.run()
			w.ldap.Remove(ids[0])
			w.ldap.Set(ids[1], "sn", "Two")
			w.writes()
			cut := errors.New("the connection was cut")
			*side(w) = cut
			if _, err := w.try(); !errors.Is(err, cut) {
				t.Errorf("error %v", err)
			}
			w.untouched()
			same(t, 0, w.link(ids[0]).Missed)
		})
	}
}

func TestAStoppedRunSaysSoAndLeavesNothingHalfDone(t *testing.T) {
	w := newWorld(t)
	ids := w.people(3)
	w.run()
	for _, id := range ids {
		w.ldap.Set(id, "sn", "Two")
	}
	ctx, stop := context.WithCancel(context.Background())
	w.xivo.After = func(record.Change) error { stop(); return nil }
	w.writes()
	report, err := w.engine().Run(ctx, options())
	if !errors.Is(err, context.Canceled) || report.Outcome != record.OutcomeStopped {
		t.Fatalf("outcome %s, error %v", report.Outcome, err)
	}
	same(t, 1, len(w.writes()))
	open, err := w.store.Unclosed()
	if err != nil || len(open) > 0 {
		t.Errorf("%d units are open, error %v", len(open), err)
	}
	w.xivo.After = nil
	same(t, 2, w.run().Counts.Updated)
	w.quiet()
}

// extension are two fields that one attribute feeds; the first one writes back.
func extension(second ...reconcile.Transform) []reconcile.Mapping {
	return []reconcile.Mapping{
		field("description", "ipPhone", reconcile.Both), field("firstname", "givenName", reconcile.ToXiVO),
		field("language", "mail", reconcile.Both), field("music_on_hold", "ipPhone", reconcile.ToXiVO, second...),
	}
}

func TestADecidedWriteBackIsFedIntoTheOtherFieldsOfItsAttribute(t *testing.T) {
	for name, other := range map[string]bool{"alone": false, "beside another write-back": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, extension()...)
			id := w.person("ann", "ipPhone", "1000")
			w.run()
			u := w.user("ann")
			w.xivo.Set(u, "description", "2000")
			if other {
				w.xivo.Set(u, "language", "de_DE")
			}
			report := w.run()
			same(t, record.Text("2000"), w.ldap.Get(id, "ipPhone"))
			same(t, record.Text("2000"), w.xivo.Get(u, "music_on_hold"))
			for _, unit := range report.Plan.Units {
				if c := unit.Changes[len(unit.Changes)-1]; c.Side == record.XiVO && len(unit.Changes) < 2 {
					t.Errorf("the field is not in one unit with the write-back that feeds it: %s", describe(unit.Changes))
				}
			}
			w.quiet()
		})
	}
}

func TestAFedFieldWaitsForTheWriteBackThatFeedsIt(t *testing.T) {
	w := newWorld(t, extension()...)
	id := w.person("ann", "ipPhone", "1000")
	w.run()
	u := w.user("ann")
	w.xivo.Set(u, "description", "2000")
	w.ldap.Refuse = refusing(record.LDAP, record.Refused, "description")
	for range 3 {
		w.run()
		same(t, record.Text("1000"), w.ldap.Get(id, "ipPhone"))
		same(t, record.Text("1000"), w.xivo.Get(u, "music_on_hold"))
	}
	w.ldap.Set(id, "givenName", "Anne")
	w.run()
	same(t, record.Text("Anne"), w.xivo.Get(u, "firstname"))
}

func TestOneOfSeveralValuesIsReplacedAlone(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.ldap.Set(id, "mail", "other@parts.test", "ann@parts.test", "third@parts.test")
	w.quiet()
	w.xivo.Set(w.user("ann"), "email", "new@parts.test")
	w.run()
	same(t, record.Texts("other@parts.test", "third@parts.test", "new@parts.test"), w.ldap.Get(id, "mail"))
	w.quiet()
}

func TestAReplicaThatLagsBehindIsNotTakenForAnEdit(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	w.xivo.Set(u, "email", "new@parts.test")
	w.ldap.Freeze()
	w.run()
	same(t, record.Text("new@parts.test"), w.ldap.Get(id, "mail"))
	w.quiet()
	w.quiet()
	same(t, record.Text("new@parts.test"), w.xivo.Get(u, "email"))
	w.ldap.Thaw()
	w.quiet()
	w.ldap.Set(id, "mail", "ann@parts.test")
	w.run()
	same(t, record.Text("ann@parts.test"), w.xivo.Get(u, "email"))
}

func TestAFieldThatNoSurveyTellsIsReadBeforeItIsWritten(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann", "employeeType", "jazz")
	w.run()
	u := w.user("ann")
	w.xivo.Set(u, "music_on_hold", "rock")
	w.quiet()
	w.ldap.Set(id, "employeeType", "folk")
	w.run()
	same(t, []string{"ann music_on_hold: field"}, w.open())
	same(t, record.Text("rock"), w.xivo.Get(u, "music_on_hold"))
}

func TestAnAuditSeesWhatNoSurveyTells(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann", "employeeType", "jazz")
	w.run()
	w.xivo.Set(w.user("ann"), "music_on_hold", "rock")
	w.run(audit)
	same(t, record.Text("rock"), w.ldap.Get(id, "employeeType"))
	w.run(audit)
	w.quiet()
}

func TestSecretsAreInNoPlanNoStateAndNoConflict(t *testing.T) {
	w := newWorld(t, field("firstname", "givenName", reconcile.ToXiVO), field("password", "userPassword", reconcile.ToXiVO))
	id := w.person("ann", "userPassword", "hunter2")
	report := w.run()
	noSecret(t, report.Plan, "hunter2")
	for _, b := range w.state(id).Fields {
		noSecret(t, b, "hunter2")
	}
	u := w.user("ann")
	same(t, record.Text("hunter2"), w.xivo.Get(u, "password"))
	w.quiet()
	w.ldap.Set(id, "userPassword", "hunter3")
	noSecret(t, w.run().Plan, "hunter")
	same(t, record.Text("hunter3"), w.xivo.Get(u, "password"))
	w.xivo.Set(u, "password", "hunter4")
	noSecret(t, w.run().Plan, "hunter")
	same(t, record.Text("hunter3"), w.xivo.Get(u, "password"))
	w.quiet()
	w.xivo.Ignores = map[string]bool{"password": true}
	w.ldap.Set(id, "userPassword", "hunter5")
	report = w.run()
	noSecret(t, report.Found, "hunter")
	noSecret(t, report, "hunter")
	w.quiet()
}

func TestAnInitialFieldIsSentAtCreationAndNeverCompared(t *testing.T) {
	w := newWorld(t, field("firstname", "givenName", reconcile.ToXiVO), field("language", "preferredLanguage", reconcile.Initial))
	id := w.person("ann", "preferredLanguage", "fr_FR")
	w.run()
	u := w.user("ann")
	same(t, record.Text("fr_FR"), w.xivo.Get(u, "language"))
	w.xivo.Set(u, "language", "de_DE")
	w.ldap.Set(id, "preferredLanguage", "en_US")
	w.quiet()
	same(t, record.Text("de_DE"), w.xivo.Get(u, "language"))
}

func TestWhatNoSurveyTellsStaysOpenUntilItIsSettled(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann", "employeeType", "jazz")
	w.run()
	u := w.user("ann")
	w.xivo.Set(u, "music_on_hold")
	w.run(audit)
	same(t, []string{"ann music_on_hold: empty_blocked"}, w.open())
	w.quiet()
	same(t, []string{"ann music_on_hold: empty_blocked"}, w.open())
	w.xivo.Set(u, "music_on_hold", "rock")
	w.ldap.Refuse = refusing(record.LDAP, record.Stale, "music_on_hold")
	w.ldap.Set(id, "sn", "Two")
	w.run()
	w.ldap.Refuse = nil
	w.run()
	same(t, record.Text("rock"), w.ldap.Get(id, "employeeType"))
	same(t, []string{}, w.open())
	w.quiet()
}

func TestAValueThatTheDirectorySpellsDifferentlyIsStored(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.xivo.Set(w.user("ann"), "email", "new@parts.test")
	w.wrap = func(e *reconcile.Engine) {
		e.LDAP = afterwards{e.LDAP, func() { w.ldap.Set(id, "mail", "NEW@parts.test") }}
	}
	w.run()
	w.wrap = nil
	same(t, []string{}, w.open())
	same(t, record.Text("NEW@parts.test"), w.state(id).Fields["email"].LDAP)
	w.quiet()
}

func TestAWriteBackThatTheDirectoryDoesNotStoreIsRejectedAndNotSentAgain(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	w.ldap.Ignores = map[string]bool{"mail": true}
	w.xivo.Set(w.user("ann"), "email", "new@parts.test")
	w.run()
	same(t, []string{"ann email: rejected"}, w.open())
	same(t, record.Text("ann@parts.test"), w.state(id).Fields["email"].XiVO)
	w.quiet()
	same(t, []string{"ann email: rejected"}, w.open())
}

func TestAUserWhomTheListingForgotIsReadBeforeItCountsAsGone(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.people(3)
	w.run()
	u := w.user("ann")
	w.xivo.Hide(u, true)
	w.ldap.Set(id, "sn", "Two")
	w.run()
	same(t, []string{}, w.open())
	same(t, record.Text("Two"), w.xivo.Get(u, "lastname"))
}

func TestAUserWhoVanishesWhileThePlanIsMadeHoldsOnlyThatPerson(t *testing.T) {
	w := newWorld(t)
	ids := w.people(3)
	w.run()
	for _, id := range ids {
		w.ldap.Set(id, "sn", "Two")
	}
	gone := w.user("p001")
	w.wrap = func(e *reconcile.Engine) { e.XiVO = vanishing{e.XiVO, gone} }
	report := w.run()
	same(t, 2, report.Counts.Updated)
	same(t, []string{"p001: user_missing"}, w.open())
	w.wrap = nil
	same(t, 1, w.run().Counts.Updated)
	same(t, []string{}, w.open())
}

// vanishing lists a user whom nobody can read.
type vanishing struct {
	reconcile.Side
	id string
}

func (v vanishing) Read(ctx context.Context, id string) (record.Record, error) {
	if id == v.id {
		return record.Record{}, &record.Error{Side: record.XiVO, Class: record.Missing, Object: id}
	}
	return v.Side.Read(ctx, id)
}
