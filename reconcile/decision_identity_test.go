package reconcile_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// identified is a user's identifier and e-mail.
func (w *world) identified(user string) string {
	return w.xivo.Get(user, "userfield").String() + " " + w.xivo.Get(user, "email").String()
}

// decidedQuietly carries a decision out and wants nothing to be left.
func (w *world) decidedQuietly(field, take string) {
	w.t.Helper()
	w.decide(field, take)
	report := w.run()
	if left := w.open(); len(left) > 0 {
		w.t.Errorf("open are %v; the run failed for %v", left, report.Failures)
	}
	w.quiet()
	if left := w.open(); len(left) > 0 {
		w.t.Errorf("open again are %v", left)
	}
}

func TestDecideIdentifierChanged(t *testing.T) {
	start := func(t *testing.T) (w *world, entry, user string) {
		w = newWorld(t)
		openGuards(w)
		entry = w.person("ann")
		w.run()
		user = w.user("ann")
		w.ldap.Set(entry, "uid", "anna")
		w.run()
		if c := w.conflict("identifier"); !slices.Equal(c.Decisions, []string{"ldap", "forget", "ignore"}) {
			t.Fatalf("offered are %v", c.Decisions)
		}
		return w, entry, user
	}
	t.Run("ldap", func(t *testing.T) {
		w, entry, user := start(t)
		w.decidedQuietly("identifier", "ldap")
		if got := w.identified(user); got != "anna ann@parts.test" || w.link(entry).Identifier != "anna" || w.link(entry).User != user {
			t.Errorf("the user is %q, the link %+v", got, w.link(entry))
		}
	})
	t.Run("ldap, with another edit", func(t *testing.T) {
		w, entry, user := start(t)
		w.ldap.Set(entry, "mail", "anna@parts.test")
		w.decidedQuietly("identifier", "ldap")
		if got := w.identified(user); got != "anna anna@parts.test" {
			t.Errorf("the user is %q", got)
		}
	})
	t.Run("forget", func(t *testing.T) {
		w, entry, user := start(t)
		w.decide("identifier", "forget")
		w.run()
		if w.link(entry).Number != 0 || w.identified(user) != "ann ann@parts.test" {
			t.Errorf("the link is %+v, the user %q", w.link(entry), w.identified(user))
		}
	})
	t.Run("ignore, and changed again", func(t *testing.T) {
		w, entry, _ := start(t)
		w.decide("identifier", "ignore")
		w.quiet()
		w.ldap.Set(entry, "uid", "annie")
		w.run()
		if c := w.conflict("identifier"); c.State != record.Open || c.Reopened == "" {
			t.Errorf("the conflict is %s", c.State)
		}
	})
	t.Run("two people swap, both decided", func(t *testing.T) {
		w := newWorld(t)
		openGuards(w)
		a, b := w.person("ann"), w.person("bob")
		w.run()
		ann, bob := w.user("ann"), w.user("bob")
		w.ldap.Set(a, "uid", "bob")
		w.ldap.Set(b, "uid", "ann")
		w.run()
		for c := range w.store.Conflicts() {
			w.decideNumber(c.Number, decision(w, "ldap"))
		}
		w.run()
		if w.identified(ann) != "bob ann@parts.test" || w.identified(bob) != "ann bob@parts.test" || len(w.open()) > 0 {
			t.Errorf("the users are %q and %q; open %v", w.identified(ann), w.identified(bob), w.open())
		}
		w.quiet()
	})
}

func TestDecideIdentifierReused(t *testing.T) {
	linked := func(t *testing.T) (w *world, old, entry, user string) {
		w = newWorld(t)
		openGuards(w)
		old = w.person("ann")
		w.run()
		user = w.user("ann")
		w.ldap.Remove(old)
		entry = w.ldap.Put("ann", map[string]string{"givenName": "New", "sn": "Hire", "mail": "new@parts.test"})
		w.run()
		if c := w.conflict(""); c.Kind != record.IdentifierReused || !slices.Equal(c.Decisions, []string{"new", "relink", "ignore"}) {
			t.Fatalf("the conflict is %+v", c)
		}
		return w, old, entry, user
	}
	t.Run("new", func(t *testing.T) {
		w, old, entry, user := linked(t)
		w.decide("", "new")
		w.run()
		made := w.user("ann")
		if made == "" || made == user || w.link(entry).User != made || w.identified(user) != " ann@parts.test" || w.link(old).User != user {
			t.Errorf("the new user is %q, the old %q; links %+v, %+v", made, w.identified(user), w.link(entry), w.link(old))
		}
		if left := w.open(); len(left) > 0 {
			t.Errorf("open are %v", left)
		}
		w.quiet()
	})
	t.Run("new, and refused", func(t *testing.T) {
		w, _, entry, _ := linked(t)
		w.decide("", "new")
		w.xivo.Refuse = func(c record.Change) error {
			if c.Has("userfield") && c.Op == record.Update {
				return &record.Error{Side: record.XiVO, Class: record.Refused, Message: "no"}
			}
			return nil
		}
		w.run()
		w.xivo.Refuse = nil
		if w.link(entry).Number != 0 || len(w.xivo.IDs()) != 1 {
			t.Errorf("somebody was made all the same: %v", w.xivo.IDs())
		}
		if c := w.conflict(""); c.State != record.Open || !strings.Contains(c.Reopened, "was not carried out") {
			t.Errorf("the conflict is %s: %q", c.State, c.Reopened)
		}
	})
	t.Run("relink", func(t *testing.T) {
		w, old, entry, user := linked(t)
		w.decide("", "relink")
		w.run()
		if w.link(entry).User != user || w.link(old).Number != 0 || w.identified(user) != "ann new@parts.test" || len(w.open()) > 0 {
			t.Errorf("the user is %q; links %+v, %+v; open %v", w.identified(user), w.link(entry), w.link(old), w.open())
		}
		w.quiet()
	})
	for take, want := range map[string]string{"relink": "ann", "new": ""} {
		t.Run(take+", of somebody whose link was forgotten", func(t *testing.T) {
			w := newWorld(t)
			openGuards(w)
			old := w.person("ann")
			w.run()
			user := w.user("ann")
			w.ldap.Set(old, "uid", "anna")
			w.run()
			w.decide("identifier", "forget")
			w.run()
			entry := w.ldap.Put("ann", map[string]string{"givenName": "New", "sn": "Hire", "mail": "new@parts.test"})
			w.ldap.Remove(old)
			w.run()
			w.decidedQuietly("", take)
			if linked := w.link(entry).User == user; linked != (take == "relink") || w.xivo.Get(user, "userfield").String() != want {
				t.Errorf("the link is %+v, the user %q", w.link(entry), w.identified(user))
			}
		})
	}
	t.Run("relink, after the leaver was deactivated", func(t *testing.T) {
		w, _, entry, user := linked(t)
		w.clock = w.clock.Add(48 * time.Hour)
		w.run()
		if !w.xivo.Disabled(user) {
			t.Fatal("the leaver is not deactivated")
		}
		w.decidedQuietly("", "relink")
		if l := w.link(entry); l.User != user || l.Deactivated || w.xivo.Disabled(user) || w.identified(user) != "ann new@parts.test" {
			t.Errorf("the link is %+v, the user %q", l, w.identified(user))
		}
	})
	t.Run("relink, for them alone", func(t *testing.T) {
		w, old, entry, user := linked(t)
		w.decide("", "relink")
		w.run(only(entry))
		if w.link(entry).User != user || w.link(old).Number != 0 {
			t.Errorf("links %+v, %+v", w.link(entry), w.link(old))
		}
	})
	t.Run("ignore", func(t *testing.T) {
		w, _, _, _ := linked(t)
		w.decide("", "ignore")
		w.quiet()
		if c := w.conflict(""); c.State != record.Decided {
			t.Errorf("the conflict is %s", c.State)
		}
	})
}

func TestDecideUserMissing(t *testing.T) {
	start := func(t *testing.T) (*world, string) {
		w := newWorld(t)
		openGuards(w)
		entry := w.person("ann")
		w.people(3)
		w.run()
		w.xivo.Remove(w.user("ann"))
		w.run()
		return w, entry
	}
	t.Run("new", func(t *testing.T) {
		w, entry := start(t)
		if c := w.conflict(""); !slices.Equal(c.Decisions, []string{"new", "ignore"}) {
			t.Fatalf("offered are %v", c.Decisions)
		}
		w.decidedQuietly("", "new")
		if user := w.user("ann"); user == "" || w.link(entry).User != user {
			t.Errorf("the user is %q, the link %+v", user, w.link(entry))
		}
	})
	t.Run("relink", func(t *testing.T) {
		w, entry := start(t)
		other := w.xivo.Put("ann", map[string]string{"firstname": "Ann", "lastname": "Parts"})
		w.run()
		if c := w.conflict(""); !slices.Equal(c.Decisions, []string{"relink", "ignore"}) {
			t.Fatalf("offered are %v", c.Decisions)
		}
		w.decidedQuietly("", "relink")
		if w.link(entry).User != other || w.identified(other) != "ann ann@parts.test" {
			t.Errorf("the link is %+v, the user %q", w.link(entry), w.identified(other))
		}
	})
}

func TestDecideToTryAgain(t *testing.T) {
	w := newWorld(t)
	openGuards(w)
	entry := w.person("ann")
	w.run()
	no := func(record.Change) error {
		return &record.Error{Side: record.XiVO, Class: record.Refused, Message: "not today"}
	}
	w.xivo.Refuse = no
	w.ldap.Set(entry, "sn", "New")
	w.run()
	w.quiet()
	w.decide("", "ldap")
	w.run()
	if c := w.conflict(""); c.State != record.Open || !strings.Contains(c.Reopened, "not today") {
		t.Fatalf("refused again, it is %s: %q", c.State, c.Reopened)
	}
	w.xivo.Refuse = nil
	w.quiet()
	w.decidedQuietly("", "ldap")
	if got := w.xivo.Get(w.user("ann"), "lastname").String(); got != "New" {
		t.Errorf("XiVO holds %q", got)
	}
}

func TestDecideUnknownOutcome(t *testing.T) {
	for take, want := range map[string]string{"ldap": "New", "xivo": "Parts"} {
		t.Run(take, func(t *testing.T) {
			w := newWorld(t)
			openGuards(w)
			entry := w.person("ann")
			w.run()
			w.xivo.Refuse = func(record.Change) error {
				return &record.Error{Side: record.XiVO, Class: record.Uncertain, Message: "no answer"}
			}
			w.ldap.Set(entry, "sn", "New")
			w.run()
			w.xivo.Refuse = nil
			w.quiet()
			w.decidedQuietly("", take)
			if got := w.xivo.Get(w.user("ann"), "lastname").String(); got != want {
				t.Errorf("XiVO holds %q, want %q", got, want)
			}
		})
	}
}

// A decision that no longer fits what both sides hold is refused, and shown again
// with what they hold now.
func TestDecisionNoLongerFits(t *testing.T) {
	for _, take := range []string{"ldap", "xivo", "=v@parts.test", "ignore"} {
		t.Run(take, func(t *testing.T) {
			w := newWorld(t)
			openGuards(w)
			entry := w.person("ann")
			w.run()
			w.ldap.Set(entry, "mail", "l@parts.test")
			w.xivo.Set(w.user("ann"), "email", "x@parts.test")
			w.run()
			number := w.decide("email", take).Number
			w.xivo.Set(w.user("ann"), "email", "y@parts.test")
			w.quiet()
			c := w.conflict("email")
			if c.Number != number || c.State != record.Open || c.Decision != nil || c.Raw.XiVO.String() != "y@parts.test" || c.Reopened == "" {
				t.Fatalf("the conflict is %+v", c)
			}
			w.quiet() // and says so until it is decided again
			if c := w.conflict("email"); c.Reopened == "" {
				t.Error("the reason is forgotten")
			}
			w.decidedQuietly("email", "xivo")
			if got := w.ldap.Get(entry, "mail").String(); got != "y@parts.test" {
				t.Errorf("the directory holds %q", got)
			}
		})
	}
}

// A decision whose cause is gone leaves the conflict to close by itself.
func TestDecisionOvertaken(t *testing.T) {
	w := newWorld(t)
	openGuards(w)
	entry := w.person("ann")
	w.run()
	w.ldap.Set(entry, "mail", "l@parts.test")
	w.xivo.Set(w.user("ann"), "email", "x@parts.test")
	w.run()
	w.decide("email", "xivo")
	w.xivo.Set(w.user("ann"), "email", "l@parts.test")
	w.quiet()
	if left := w.open(); len(left) > 0 {
		t.Errorf("open are %v", left)
	}
}

// Guards count decisions like any other change; what they stop stays decided.
func TestGuardStopsDecision(t *testing.T) {
	w := newWorld(t)
	entry := w.person("ann")
	w.run()
	w.ldap.Set(entry, "mail", "l@parts.test")
	w.xivo.Set(w.user("ann"), "email", "x@parts.test")
	w.run()
	w.decide("email", "xivo")
	w.settings.Guards.Limits = map[string]reconcile.Limit{reconcile.GuardWritebacks: {}}
	if report := w.run(); report.Outcome != record.OutcomeGuarded {
		t.Fatalf("the outcome is %s", report.Outcome)
	}
	if c := w.conflict("email"); c.State != record.Decided || w.ldap.Get(entry, "mail").String() != "l@parts.test" {
		t.Fatalf("the conflict is %+v", c)
	}
	w.run(allow(reconcile.GuardWritebacks))
	if got := w.ldap.Get(entry, "mail").String(); got != "x@parts.test" || len(w.open()) > 0 {
		t.Errorf("the directory holds %q; open %v", got, w.open())
	}
}

// A decided value that XiVO refuses after the directory has it is shown again, and
// can be decided once more.
func TestDecidedValueRefused(t *testing.T) {
	w := newWorld(t)
	openGuards(w)
	entry := w.person("ann")
	w.run()
	w.ldap.Set(entry, "mail", "l@parts.test")
	w.xivo.Set(w.user("ann"), "email", "x@parts.test")
	w.run()
	w.decide("email", "=v@parts.test")
	w.xivo.Refuse = func(record.Change) error {
		return &record.Error{Side: record.XiVO, Class: record.Refused, Message: "not today"}
	}
	w.run()
	w.xivo.Refuse = nil
	if l, x := w.ldap.Get(entry, "mail").String(), w.xivo.Get(w.user("ann"), "email").String(); l != "v@parts.test" || x != "x@parts.test" {
		t.Fatalf("the directory holds %q, XiVO %q", l, x)
	}
	w.quiet()
	if c := w.conflict("email"); c.State != record.Open {
		t.Fatalf("the conflict is %+v", c)
	}
	w.decidedQuietly("email", "ldap")
	if x := w.xivo.Get(w.user("ann"), "email").String(); x != "v@parts.test" {
		t.Errorf("XiVO holds %q", x)
	}
}

// A person who is not there yet is created with the decided value.
func TestDecideForSomebodyNew(t *testing.T) {
	w := newWorld(t)
	openGuards(w)
	entry := w.ldap.Put("ann", map[string]string{"sn": "One", "mobile": "ask Bob"})
	w.run()
	w.decide("firstname", "=Ann")
	w.run()
	user := w.user("ann")
	if user == "" || w.ldap.Get(entry, "givenName").String() != "Ann" || w.xivo.Get(user, "firstname").String() != "Ann" {
		t.Fatalf("the user is %q, the entry holds %q", user, w.ldap.Get(entry, "givenName"))
	}
	w.decidedQuietly("mobile_phone_number", "=0612345678")
	if got := w.xivo.Get(user, "mobile_phone_number").String(); got != "+33612345678" {
		t.Errorf("XiVO holds %q", got)
	}
}
