package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Whoever is held as a whole gets no user in place of the one that is gone, and
// none of somebody else's, before the release.
func TestADecisionAboutAHeldPersonsUserWaits(t *testing.T) {
	for name, tc := range map[string]struct {
		happens func(w *world, entry string)
		take    string
		held    string // who is, apart from the entry's own person
	}{
		"a user that is gone":     {func(w *world, _ string) { w.xivo.Remove(w.user("p000")) }, record.DecideNew, ""},
		"another user took over":  {func(w *world, _ string) { w.xivo.Remove(w.user("p000")); w.xivo.Put("p000", nil) }, record.DecideRelink, ""},
		"the user of somebody":    {func(w *world, entry string) { w.ldap.Remove(entry); w.person("p000") }, record.DecideRelink, "p000"},
		"a new user for somebody": {func(w *world, entry string) { w.ldap.Remove(entry); w.person("p000", "mail", "new@parts.test") }, record.DecideNew, "p000"},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := followed(t, 5)
			if tc.held != "" {
				w.holdByHand(tc.held, "")
			}
			tc.happens(w, ids[0])
			w.run()
			if tc.held == "" {
				w.holdByHand("p000", "")
			}
			number := w.conflict("").Number
			w.decideNumber(number, decision(w, tc.take))
			w.writes()
			for _, mode := range []func(*reconcile.Options){incremental, audit, func(*reconcile.Options) {}} {
				w.run(mode)
				w.untouched()
				if c := w.conflict(""); c.Number != number || c.State != record.Decided || c.Reopened != "" {
					t.Fatalf("the conflict is %s, number %d, want %d still decided: %s", c.State, c.Number, number, c.Reopened)
				}
			}
			if err := reconcile.Release(w.store, w.holds()...); err != nil {
				t.Fatal(err)
			}
			w.run()
			w.run()
			if open := w.open(); len(open) > 0 || w.user("p000") == "" {
				t.Errorf("released, and open are %q; the user is %q", open, w.user("p000"))
			}
			w.quiet()
		})
	}
}

// A decision that cannot be carried out puts the very conflict in question again
// that was decided about, and says why: it does not turn into another one and back.
func TestAConflictIsTheSameAfterADecisionInVain(t *testing.T) {
	for _, take := range []string{record.DecideLDAP, "=taken@parts.test"} {
		t.Run(take, func(t *testing.T) {
			w, ids := followed(t, 5)
			w.ldap.Set(ids[1], "mail", "taken@parts.test")
			w.run()
			w.ldap.Set(ids[0], "mail", "taken@parts.test")
			w.xivo.Set(w.user("p000"), "email", "x@parts.test")
			w.run()
			before := w.conflict("email")
			w.decide("email", take)
			w.writes()
			for i, mode := range []func(*reconcile.Options){audit, incremental, func(*reconcile.Options) {}, audit} {
				w.run(mode)
				c := w.conflict("email")
				if c.Number != before.Number || c.Kind != before.Kind || c.Message != before.Message || c.State != record.Open {
					t.Errorf("run %d: conflict %d is %s, %s: %s", i, c.Number, c.State, c.Kind, c.Message)
				}
				if !strings.Contains(c.Reopened, "was not carried out") || !strings.Contains(c.Reopened, "held by another user: p001") {
					t.Errorf("run %d does not say why: %q", i, c.Reopened)
				}
			}
			w.untouched()
		})
	}
}

// What somebody would have given up, and does not since their change is of unknown
// outcome or was refused before, is not asked for: nothing is sent that XiVO has to
// refuse, and the conflict names who has it.
func TestNobodyCountsOnWhatIsNotGivenUp(t *testing.T) {
	for name, class := range map[string]record.Class{"refused before": record.Refused, "of unknown outcome": record.Uncertain} {
		t.Run(name, func(t *testing.T) {
			w, ids := followed(t, 5)
			giver := w.user("p001")
			w.xivo.Refuse = func(c record.Change) error {
				if c.Key == giver {
					return &record.Error{Side: record.XiVO, Class: class, Message: "not today"}
				}
				return nil
			}
			w.ldap.Set(ids[1], "mail", "other@parts.test")
			w.run()
			w.xivo.Refuse = nil
			w.ldap.Set(ids[0], "mail", "p001@parts.test")
			w.writes()
			modes := []func(*reconcile.Options){incremental, func(*reconcile.Options) {}}
			if class == record.Uncertain {
				modes = append(modes, audit) // which tries again what was refused
			}
			for _, mode := range modes {
				w.run(mode)
				w.untouched()
			}
			c := w.conflict("email")
			if c.Kind != record.ResourceExists || c.Entry != ids[0] || !strings.Contains(c.Message, "another user: p001") {
				t.Errorf("%s of %s: %s", c.Kind, c.Entry, c.Message)
			}
		})
	}
}

// A value that was decided for a field that is held does not travel to the
// directory before the release.
func TestADecidedValueOfAHeldFieldWaits(t *testing.T) {
	w, ids := followed(t, 5)
	w.apart(ids[0])
	w.run()
	w.decide("email", "=v@parts.test")
	w.holdByHand("p000", "email")
	w.writes()
	for _, mode := range []func(*reconcile.Options){incremental, audit, func(*reconcile.Options) {}} {
		w.run(mode)
		w.untouched()
	}
	if c := w.conflict("email"); c.State != record.Decided {
		t.Fatalf("the conflict is %s: %s", c.State, c.Reopened)
	}
	if err := reconcile.Release(w.store, w.holds()...); err != nil {
		t.Fatal(err)
	}
	w.run()
	w.expect(w.ldap, ids[0], "mail", "v@parts.test")
	w.expect(w.xivo, w.user("p000"), "email", "v@parts.test")
	w.quiet()
}

// A value that a rollback took back and somebody added again, beside another one
// that feeds the field by now, is theirs.
func TestAnotherOfSeveralValuesIsNotTakenBackAgain(t *testing.T) {
	w, ids := followed(t, 5)
	w.xivo.Set(w.user("p000"), "email", "written@parts.test")
	run := w.run()
	w.rollback(takeBack(run.Number))
	w.ldap.Set(ids[0], "mail", "written@parts.test", "p000@parts.test")
	w.run()
	w.xivo.Set(w.user("p000"), "email", "newer@parts.test")
	w.run()
	report := w.rollback(takeBack(run.Number))
	if len(report.Left) != 1 || report.Left[0].Field != "email" {
		t.Errorf("left: %v", report.Left)
	}
	for range 3 {
		w.quiet()
	}
	same(t, record.Value{"written@parts.test", "newer@parts.test"}, w.ldap.Get(ids[0], "mail"))
}
