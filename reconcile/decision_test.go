package reconcile_test

import (
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// conflict is the one conflict of a field, open or decided.
func (w *world) conflict(field string) record.Conflict {
	w.t.Helper()
	for c, err := range w.store.Conflicts() {
		if err != nil {
			w.t.Fatal(err)
		}
		if c.Field == field {
			return c
		}
	}
	w.t.Fatalf("there is no conflict on %q, only %v", field, w.open())
	return record.Conflict{}
}

// decision reads what a test decides: a word, or =VALUE.
func decision(w *world, take string) record.Decision {
	d := record.Decision{Take: take, Who: "ann", Why: "so it is", At: w.clock}
	if value, ok := strings.CutPrefix(take, "="); ok {
		d.Take, d.Value = record.DecideValue, value
	}
	return d
}

// decide stores a decision about the conflict on a field, checked as the command
// checks it.
func (w *world) decide(field, take string) record.Conflict {
	w.t.Helper()
	c, d := w.conflict(field), decision(w, take)
	if err := w.settings.CheckDecision(c, d); err != nil {
		w.t.Fatal(err)
	}
	w.decideNumber(c.Number, d)
	return c
}

// decideNumber stores a decision about the conflict of that number.
func (w *world) decideNumber(number uint64, d record.Decision) {
	w.t.Helper()
	desk := w.store.(interface {
		Decide(uint64, *record.Decision) error
	})
	if err := desk.Decide(number, &d); err != nil {
		w.t.Fatal(err)
	}
}

// TestDecisions makes a conflict of each kind and decides it in every way that is
// offered: both sides end up as decided, the journal says who and why, and the
// run after that does nothing.
func TestDecisions(t *testing.T) {
	edited := func(w *world, entry string) {
		w.ldap.Set(entry, "mail", "l@parts.test")
		w.xivo.Set(w.user("ann"), "email", "x@parts.test")
	}
	// end is what the fields hold after the decision: the directory's, then XiVO's.
	type end map[string][2]string
	for name, tc := range map[string]struct {
		fields []reconcile.Mapping
		put    []string
		make   func(w *world, entry string)
		runs   int
		kind   record.ConflictKind
		field  string
		attr   string
		ends   end
		ignore string // what keeps the conflict where it was, besides the decided
	}{
		"both sides changed": {
			make: edited, kind: record.ConflictField, field: "email", attr: "mail",
			ends: end{"ldap": {"l@parts.test", "l@parts.test"}, "xivo": {"x@parts.test", "x@parts.test"},
				"=v@parts.test": {"v@parts.test", "v@parts.test"}, "=l@parts.test": {"l@parts.test", "l@parts.test"},
				"=x@parts.test": {"x@parts.test", "x@parts.test"}, "=ldap": {"ldap", "ldap"}},
		},
		"both differ at first sight": {
			fields: []reconcile.Mapping{with(field("email", "mail", reconcile.Both), func(m *reconcile.Mapping) { m.First = reconcile.TakeConflict })},
			make: func(w *world, _ string) {
				w.xivo.Put("bob", map[string]string{"email": "x@parts.test"})
				w.ldap.Put("bob", map[string]string{"mail": "l@parts.test"})
			},
			kind: record.ConflictField, field: "email", attr: "mail",
			ends: end{"ldap": {"l@parts.test", "l@parts.test"}, "xivo": {"x@parts.test", "x@parts.test"}, "=v@parts.test": {"v@parts.test", "v@parts.test"}},
		},
		"emptied in XiVO": {
			make: func(w *world, _ string) { w.xivo.Set(w.user("ann"), "email") },
			kind: record.EmptyBlocked, field: "email", attr: "mail",
			ends: end{"ldap": {"ann@parts.test", "ann@parts.test"}, "=v@parts.test": {"v@parts.test", "v@parts.test"}},
		},
		"a required value emptied": {
			make: func(w *world, entry string) { w.ldap.Set(entry, "givenName") },
			kind: record.RequiredEmpty, field: "firstname", attr: "givenName",
			ends: end{"xivo": {"", "Ann"}, "=Anna": {"Anna", "Anna"}},
		},
		"a number that is none": {
			make: func(w *world, entry string) { w.ldap.Set(entry, "mobile", "ask Bob") },
			put:  []string{"mobile", "0612345678"},
			kind: record.NumberInvalid, field: "mobile_phone_number", attr: "mobile",
			ends: end{"xivo": {"ask Bob", "+33612345678"}, "=06 99 99 99 99": {"06 99 99 99 99", "+33699999999"}},
		},
		"a text too long": {
			make: func(w *world, entry string) { w.ldap.Set(entry, "sn", strings.Repeat("x", 200)) },
			kind: record.Rejected, field: "lastname", attr: "sn",
			ends: end{"xivo": {strings.Repeat("x", 200), "Parts"}, "=Short": {"Short", "Short"}},
		},
		"several values": {
			fields: []reconcile.Mapping{field("email", "mail", reconcile.Both)},
			put:    []string{"mail", ""},
			make:   func(w *world, entry string) { w.ldap.Set(entry, "mail", "a@parts.test", "b@parts.test") },
			kind:   record.AmbiguousValue, field: "email", attr: "mail",
			ends: end{"=b@parts.test": {"a@parts.test; b@parts.test", "b@parts.test"}},
		},
		"held by another user": {
			make: func(w *world, entry string) {
				w.xivo.Put("", map[string]string{"email": "taken@parts.test", "firstname": "Door"})
				w.ldap.Set(entry, "mail", "taken@parts.test")
			},
			kind: record.ResourceExists, field: "email", attr: "mail",
			ends: end{"xivo": {"ann@parts.test", "ann@parts.test"}, "=v@parts.test": {"v@parts.test", "v@parts.test"}},
		},
		"edited again and again": {
			make: func(w *world, _ string) {
				for range 4 {
					w.xivo.Set(w.user("ann"), "lastname", "Mine")
					w.run()
				}
			},
			kind: record.Contested, field: "lastname", attr: "sn",
			ends: end{"ldap": {"Parts", "Parts"}, "xivo": {"Parts", "Mine"}, "=Ours": {"Ours", "Ours"}},
		},
		"not stored": {
			make: func(w *world, entry string) {
				w.xivo.Ignores = map[string]bool{"lastname": true}
				w.ldap.Set(entry, "sn", "New")
				w.run()
				w.xivo.Ignores = nil
			},
			kind: record.Rejected, field: "lastname", attr: "sn",
			ends: end{"ldap": {"New", "New"}, "xivo": {"New", "Parts"}, "=Other": {"Other", "Other"}},
		},
	} {
		start := func(t *testing.T) (*world, string) {
			w := newWorld(t, tc.fields...)
			openGuards(w)
			entry := w.person("ann", tc.put...)
			w.run()
			tc.make(w, entry)
			w.run()
			if w.user("bob") != "" {
				ids := w.ldap.IDs()
				entry = ids[len(ids)-1]
			}
			c := w.conflict(tc.field)
			if c.Kind != tc.kind || c.State != record.Open {
				t.Fatalf("the conflict is %+v", c)
			}
			var offered []string
			for take := range tc.ends {
				offered = append(offered, decision(w, take).Take)
			}
			offered = append(offered, record.DecideIgnore)
			for _, take := range []string{"ldap", "xivo", "VALUE", "ignore", "relink", "new", "forget"} {
				if slices.Contains(offered, take) != slices.Contains(c.Decisions, take) {
					t.Errorf("offered are %v, want %v", c.Decisions, offered)
				}
			}
			return w, entry
		}
		for take, want := range tc.ends {
			t.Run(name+"/"+take, func(t *testing.T) {
				w, entry := start(t)
				w.decide(tc.field, take)
				w.writes()
				report := w.run()
				user := w.link(entry).User
				got := [2]string{w.ldap.Get(entry, tc.attr).String(), w.xivo.Get(user, tc.field).String()}
				if got != want {
					t.Errorf("the directory and XiVO hold %q, want %q", got, want)
				}
				for _, c := range w.writes() {
					if !strings.Contains(c.Reason, "decided by ann: so it is") {
						t.Errorf("the journal says %q", c.Reason)
					}
				}
				if left := w.open(); len(left) > 0 {
					t.Errorf("open are %v (%s)", left, w.conflict(tc.field).Reopened)
				}
				if report.Outcome != record.OutcomeDone && report.Outcome != record.OutcomeNothing {
					t.Errorf("the outcome is %s: %v", report.Outcome, report.Failures)
				}
				w.quiet()
				if left := w.open(); len(left) > 0 {
					t.Errorf("open again are %v", left)
				}
			})
		}
		t.Run(name+"/ignore", func(t *testing.T) {
			w, entry := start(t)
			number := w.decide(tc.field, "ignore").Number
			w.quiet()
			w.quiet()
			if c := w.conflict(tc.field); c.State != record.Decided || c.Number != number {
				t.Fatalf("what is ignored is %+v", c)
			}
			w.ldap.Set(entry, tc.attr, "another ask", "for Bob")
			w.run()
			if c := w.conflict(tc.field); c.State != record.Open || c.Reopened == "" {
				t.Errorf("what has changed since is %s (%q)", c.State, c.Reopened)
			}
		})
	}
}

func with(m reconcile.Mapping, change func(*reconcile.Mapping)) reconcile.Mapping {
	change(&m)
	return m
}
