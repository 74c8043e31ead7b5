package main

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func golden(t *testing.T, name string, show func(*program, *bytes.Buffer) error) {
	t.Helper()
	var out bytes.Buffer
	if err := show(newProgram(&out, &out), &out); err != nil {
		t.Fatal(err)
	}
	path := "testdata/" + name + ".golden"
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("%s (-want +got; go test -update rewrites it):\n%s", path, diff)
	}
}

var (
	zoe = record.Person{Identifier: "e1", DN: "uid=zoe,ou=people,dc=example,dc=org", UUID: "u1", Name: "Zoé Trois"}
	ann = record.Person{Identifier: "e2", DN: "uid=ann,ou=people,dc=example,dc=org", UUID: "u2", Name: "Ann One"}
	eve = record.Person{Identifier: "e3", DN: "uid=eve\x1b[2J,ou=people", Name: "Eve\x1b[2J\u202e"}
)

// samplePlan has one of each kind, with hostile values and secrets.
func samplePlan() *reconcile.Plan {
	change := func(who record.Person, side record.Side, op record.Op, reason string, fields map[string]record.Delta) record.Unit {
		thing := record.User
		if side == record.LDAP {
			thing = record.Entry
		}
		return record.Unit{Changes: []record.Change{{Person: who, Entry: who.Identifier, Side: side, Op: op, Thing: thing, Reason: reason, Fields: fields}}}
	}
	return &reconcile.Plan{
		Mode: record.Full,
		Units: []record.Unit{
			change(zoe, record.XiVO, record.Update, "changed in the directory", map[string]record.Delta{
				"email":    {Before: record.Text("a@example.org"), After: record.Text("zoe@example.org")},
				"lastname": {Before: record.Text("Two"), After: record.Text("Trois")},
				"password": {Before: record.Text("hunter1"), After: record.Text("hunter2"), Secret: true},
			}),
			change(zoe, record.LDAP, record.Update, "changed in XiVO", map[string]record.Delta{
				"mobile": {Before: nil, After: record.Text("+33 6 12 34 56 78")},
			}),
			change(eve, record.XiVO, record.Create, "new in the directory", map[string]record.Delta{
				"firstname": {After: record.Text("Eve\x1b[2J")}, "password": {After: record.Text("hunter2"), Secret: true},
			}),
			change(ann, record.XiVO, record.Deactivate, "the entry is gone", nil),
		},
		Conflicts: []record.Conflict{{
			Number: 7, Kind: record.ConflictField, Person: ann, Field: "language", State: record.Open,
			Base:    record.Pair{LDAP: record.Text("fr_FR"), XiVO: record.Text("fr_FR")},
			Now:     record.Pair{LDAP: record.Text("de_DE"), XiVO: record.Text("en_US")},
			Message: "changed on both sides since the last run", Hint: "make both sides agree", Owner: "",
		}, {
			Number: 8, Kind: record.DuplicateIdentifier, Person: eve, Message: "two entries carry \"e3\x1b[2J\"", Hint: "give one of them another",
		}},
		Guards: []record.Guard{
			{Name: "removals", Count: 6, Limit: 5, Tripped: true, Message: "6 people in the last 24 hours and this plan, 5 are allowed"},
			{Name: "creates", Count: 1, Limit: 50}, {Name: "mails", Limit: 50},
		},
		Counts: record.Counts{Created: 1, Updated: 1, WrittenBack: 1, Deactivated: 1, Conflicts: 2},
		Notes:  []reconcile.Note{{Person: zoe, Field: "userfield", Text: "the directory has no opinion: XiVO's value is kept"}},
		Stale:  []record.Change{{Person: ann, Side: record.XiVO, Op: record.Update, Reason: "no longer what would be done"}},
		Linked: 3, Unmanaged: 2, Open: 1,
	}
}

func TestShowPlan(t *testing.T) {
	golden(t, "plan", func(p *program, out *bytes.Buffer) error { return p.showPlan(out, samplePlan(), planning{}) })
	golden(t, "plan-saved", func(p *program, out *bytes.Buffer) error {
		return p.showPlan(out, &reconcile.Plan{Units: samplePlan().Units[:1], Counts: record.Counts{Updated: 1}, Linked: 3}, planning{output: "my.plan"})
	})
	golden(t, "plan-nothing", func(p *program, out *bytes.Buffer) error {
		return p.showPlan(out, &reconcile.Plan{Linked: 3, Mode: record.Audit}, planning{})
	})
}

func TestShowReport(t *testing.T) {
	plan := samplePlan()
	for i, step := range []record.Step{record.Done, record.Failed, record.Unknown, record.Planned} {
		plan.Units[i].Changes[0].Step = step
	}
	plan.Units[1].Changes[0].Error = "the entry is\x1b locked"
	start := time.Date(2026, 11, 21, 7, 0, 0, 0, time.Local)
	end := start.Add(1500 * time.Millisecond)
	plan.Conflicts[0].FirstRun, plan.Conflicts[1].FirstRun = 12, 3
	report := &reconcile.Report{Plan: plan, Run: record.Run{
		Number: 12, Mode: record.Full, Trigger: "timer", Who: "xivosync", Started: start, Finished: &end, Seconds: 1.5,
		Outcome: record.OutcomePartial, Counts: record.Counts{Updated: 1, Failed: 1, Conflicts: 2}, Allowed: []string{"removals"},
		Recovered: record.Recovered{Done: 1}, Requests: map[record.Side]record.Requests{record.LDAP: {Read: 3, Write: 1}, record.XiVO: {Read: 5, Write: 2}},
		Failures: []record.Failure{{Person: zoe, Error: "update entry: the entry is\x1b locked"}},
	}}
	golden(t, "report", func(p *program, out *bytes.Buffer) error { return p.showReport(out, report, plan.Conflicts) })
}

func TestShowRun(t *testing.T) {
	start := time.Date(2026, 11, 21, 7, 0, 0, 0, time.Local)
	end := start.Add(1500 * time.Millisecond)
	recovery := func(who record.Person, id string, op record.Op, step record.Step, problem string) record.Recovery {
		return record.Recovery{ID: id, Person: who, Side: record.XiVO, Op: op, Thing: record.User, Step: step, Error: problem}
	}
	run := listedRun{RolledBackBy: []uint64{14, 15}, Run: record.Run{
		Number: 12, Mode: record.Full, Trigger: "timer", Who: "xivosync", Started: start, Finished: &end, Seconds: 1.5,
		Outcome: record.OutcomeDone, Counts: record.Counts{Updated: 1}, Fingerprint: "0123456789abcdef", Keys: []string{"fields.email.direction", "ldap.base"},
		RolledBack: []uint64{9}, Recovered: record.Recovered{Done: 1, Undone: 1, Unknown: 1},
		Recoveries: []record.Recovery{
			recovery(zoe, "11/4", record.Create, record.Done, ""),
			recovery(ann, "11/5", record.Update, record.Undone, ""),
			recovery(eve, "11/6", record.Update, record.Unknown, "the object holds neither\x1b"),
		},
	}}
	golden(t, "run", func(p *program, out *bytes.Buffer) error { return p.showRun(out, run.Run, provenance(run)...) })
}
