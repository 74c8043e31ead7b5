package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// thingMapping maps a thing to an attribute, or to none where a rule sets it.
func thingMapping(name string, thing record.Thing, attribute string, fixed bool) *reconcile.Mapping {
	return mapped(reconcile.ToXiVO, func(m *reconcile.Mapping) {
		m.Field = record.Field{Name: name, Thing: thing, Clearable: true, Surveyed: true, Fixed: fixed}
		m.Attribute, m.OnClear = attribute, reconcile.OnClearDeactivate
	})
}

// What XiVO cannot change is an immutable conflict that says both values and why,
// and nothing is to be written.
func TestImmutableIsFoundWhileDeciding(t *testing.T) {
	for name, tc := range map[string]struct {
		mapping      *reconcile.Mapping
		bound        bool
		was, is, has string
		words        []string
	}{
		"the number of an agent": {
			thingMapping("agent", record.Agent, "employeeNumber", true), false, "8001", "8002", "8001",
			[]string{"agent", "8002", "8001", "somebody who has one"},
		},
		"the entity once a line exists": {
			thingMapping("entity", record.Entity, "company", false), true, "branch", "works", "branch",
			[]string{"entity", "works", "branch", "somebody who has a line"},
		},
		"the entity that somebody else changed": {
			thingMapping("entity", record.Entity, "company", false), true, "branch", "branch", "works",
			[]string{"entity", "works", "branch", "somebody who has a line"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := ask(tc.mapping, based(tc.mapping, tc.was, tc.was), tc.is, tc.has)
			q.Bound = tc.bound
			a := reconcile.Decide(q)
			if a.Verdict != reconcile.Conflict || a.Kind != record.Immutable || !a.Write.Empty() || a.Thing != "" {
				t.Errorf("%+v", a)
			}
			wantText(t, a.Message, tc.words...)
		})
	}
}

// An entity changes as long as there is no line, and an agent may come and go: of
// them nothing is immutable.
func TestWhatIsNotImmutable(t *testing.T) {
	agent, entity := thingMapping("agent", record.Agent, "employeeNumber", true), thingMapping("entity", record.Entity, "company", false)
	for name, q := range map[string]reconcile.Question{
		"an entity without a line": ask(entity, based(entity, "branch", "branch"), "works", "branch"),
		"a first agent":            ask(agent, based(agent, "", ""), "8001", ""),
		"an agent given up":        ask(agent, based(agent, "8001", "8001"), "", "8001"),
	} {
		if a := reconcile.Decide(q); a.Kind != "" || a.Verdict == reconcile.Conflict {
			t.Errorf("%s: %+v", name, a)
		}
	}
}

// A profile that is taken away in the directory switches the login off, whatever
// on_clear says: the profile itself stays, and nothing is immutable about that.
func TestAnUnsetCTIProfileSwitchesTheLoginOff(t *testing.T) {
	m := thingMapping("cti", record.CTI, "company", false)
	for _, policy := range []reconcile.OnClear{reconcile.OnClearDeactivate, reconcile.OnClearDelete} {
		m.OnClear = policy
		a := reconcile.Decide(ask(m, based(m, "Client", "Client"), "", "Client"))
		if a.Kind != "" || a.Verdict != reconcile.WriteXiVO || !a.Write.Empty() {
			t.Errorf("%s: %+v", policy, a)
		}
	}
}

// The hint of an immutable value names where to correct it: the attribute, or the
// rule where none feeds the field.
func TestTheHintOfWhatIsImmutable(t *testing.T) {
	for attribute, want := range map[string]string{"company": "correct company in the directory", "": "correct the rule that sets the entity"} {
		w := newWorld(t, append(usualFields(), *thingMapping("entity", record.Entity, attribute, true))...)
		set := func(id, entity string) {
			w.ldap.Set(id, "company", entity)
			w.ldap.Set(id, "sn", entity) // else nobody looks at the person again
			w.settings.Rules = reconcile.Rules{{Name: "all", Set: map[string]string{reconcile.SetEntity: entity}}}
		}
		id := w.person("ann")
		set(id, "branch")
		w.run()
		set(id, "works")
		report := w.run()
		if len(report.Found) != 1 {
			t.Fatalf("%q: %v", attribute, report.Found)
		}
		if c := report.Found[0]; c.Kind != record.Immutable || c.Field != "entity" || !strings.Contains(c.Hint, want) {
			t.Errorf("%q: %s %s, hint %q", attribute, c.Kind, c.Field, c.Hint)
		}
	}
}
