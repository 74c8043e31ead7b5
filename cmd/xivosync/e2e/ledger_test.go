package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/store"
)

// ledger is what the journal tells of all runs.
type ledger struct {
	runs     []record.Run // oldest first
	changes  map[uint64][]record.Change
	unclosed []record.Unit
}

// ledger reads it as another process would.
func (w *world) ledger() ledger {
	w.t.Helper()
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	l := ledger{changes: map[uint64][]record.Change{}}
	for run, err := range db.Runs() {
		if err != nil {
			w.t.Fatal(err)
		}
		l.runs = append(l.runs, run)
		for c, err := range db.Changes(run.Number) {
			if err != nil {
				w.t.Fatal(err)
			}
			l.changes[run.Number] = append(l.changes[run.Number], c)
		}
	}
	slices.Reverse(l.runs)
	if l.unclosed, err = db.Unclosed(); err != nil {
		w.t.Fatal(err)
	}
	return l
}

// made are the changes that were carried out since a world was kept, by whom they
// are about, in order: the same whether one run or two made them. What is set to a
// value may be set to it once more after a crash; nothing is made, deleted or
// linked twice.
func (l ledger) made(since *kept) []string {
	var once, often []string
	for _, run := range l.runs {
		for _, c := range l.changes[run.Number] {
			if !run.Started.After(since.Clock) || c.Step != record.Done {
				continue
			}
			line := fmt.Sprintf("%s: %s %s on %s: %s", c.Person.Identifier, c.Op, c.Thing, c.Side, outcome(c))
			switch c.Op {
			case record.Update, record.Deactivate, record.Reactivate:
				often = append(often, line)
			default:
				once = append(once, line)
			}
		}
	}
	slices.Sort(often)
	return slices.Sorted(slices.Values(slices.Concat(once, slices.Compact(often))))
}

// incidental are the fields that are drawn by lot, named after the run, or say how
// a thing was found.
var incidental = []string{"sip_username", "sip_secret", "provisioning_code", "voicemail_password", "cti_username", "cti_password", "incall_description", "agent_id"}

// outcome is what there is after a change.
func outcome(c record.Change) string {
	var out []string
	for _, name := range c.FieldNames() {
		if !slices.Contains(incidental, name) {
			out = append(out, fmt.Sprintf("%s %q", name, c.Fields[name].After))
		}
	}
	return strings.Join(out, " ")
}

// keeps fails where a line of the journal that a crash left is lost or was altered,
// or still has no outcome.
func (l ledger) keeps(t testing.TB, crashed ledger) {
	t.Helper()
	if len(l.unclosed) > 0 {
		t.Errorf("%d units are open, the first: %+v", len(l.unclosed), l.unclosed[0])
	}
	for _, was := range crashed.runs {
		now := l.changes[was.Number]
		if len(now) < len(crashed.changes[was.Number]) {
			t.Errorf("run %d had %d lines in the journal, and has %d", was.Number, len(crashed.changes[was.Number]), len(now))
		}
		for _, line := range crashed.changes[was.Number] {
			i := slices.IndexFunc(now, func(c record.Change) bool { return c.Seq == line.Seq })
			if i < 0 {
				t.Errorf("the journal lost %s: %s %s of %s", line.ID(), line.Op, line.Thing, line.Person.Identifier)
				continue
			}
			if line.Step != record.Intent && line.Step != record.Planned && line.Step != now[i].Step {
				t.Errorf("%s was %s, and is %q", line.ID(), line.Step, now[i].Step)
			}
		}
	}
	for _, run := range l.runs {
		for _, c := range l.changes[run.Number] {
			if c.Step == record.Intent || c.Step == record.Unknown {
				t.Errorf("%s is %s: %s %s of %s: %s", c.ID(), c.Step, c.Op, c.Thing, c.Person.Identifier, c.Error)
			}
		}
	}
}
