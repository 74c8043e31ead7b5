package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// everyGuard lets through what a rollback of many people may trip.
var everyGuard = []string{reconcile.GuardRemovals, reconcile.GuardClears, reconcile.GuardRenumberings, reconcile.GuardCreates,
	reconcile.GuardUpdates, reconcile.GuardWritebacks, reconcile.GuardSource, reconcile.GuardRestored}

// rollback takes a run back, an hour after the last.
func (w *world) rollback(run uint64, change ...func(*reconcile.RollbackOptions)) *reconcile.RollbackReport {
	w.t.Helper()
	opt := reconcile.RollbackOptions{First: run, Trigger: "rollback", Who: "ada"}
	for _, c := range change {
		c(&opt)
	}
	w.Clock = w.Clock.Add(time.Hour)
	var report *reconcile.RollbackReport
	err := w.open(w.log, w.wrap, func(e *reconcile.Engine) (err error) {
		report, err = e.Rollback(context.Background(), opt)
		return err
	})
	if err != nil {
		w.t.Fatalf("roll back run %d: %v", run, err)
	}
	return report
}

func letting(guards ...string) func(*reconcile.RollbackOptions) {
	return func(o *reconcile.RollbackOptions) { o.Allow = append(o.Allow, guards...) }
}

// content is what XiVO holds, but for the counters from which it numbers new
// rows, and what the directory holds, but for versions and times. XiVO cannot
// take away the profile of a CTI login that is off.
func (w *world) content() string { return w.contentOf(func(map[string]any) {}) }

// faceless is the content without the ids that things have when they are made.
func (w *world) faceless() string {
	return w.contentOf(func(object map[string]any) {
		for key := range object {
			if key == "id" || key == "uuid" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_ids") {
				delete(object, key)
			}
		}
	})
}

func (w *world) contentOf(strip func(map[string]any)) string {
	w.t.Helper()
	var b bytes.Buffer
	if err := w.sim.Dump(&b); err != nil {
		w.t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(b.Bytes(), &all); err != nil {
		w.t.Fatal(err)
	}
	for _, counter := range []string{"next_ids", "func_keys", "func_key_templates"} {
		delete(all, counter)
	}
	for _, table := range all {
		rows, ok := table.([]any)
		if !ok {
			continue
		}
		for _, r := range rows {
			if u, ok := r.(map[string]any); ok {
				if u["cti_enabled"] != true {
					delete(u, "cti_profile_id")
				}
				stripped(u, strip)
			}
		}
		// An updated row moves to the end of its table.
		slices.SortFunc(rows, func(a, b any) int { return strings.Compare(string(encode(w.t, a)), string(encode(w.t, b))) })
	}
	for _, e := range w.slapd.Search(ldaptest.Suffix, "(uid=*)", "*") {
		values := map[string][]string{}
		for _, a := range e.Attributes {
			values[a.Name] = slices.Sorted(slices.Values(a.Values))
		}
		all["entry "+e.DN] = values
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// stripped strips an object and those in it.
func stripped(object map[string]any, strip func(map[string]any)) {
	strip(object)
	for _, v := range object {
		if inner, ok := v.(map[string]any); ok {
			stripped(inner, strip)
		}
	}
}

// wantContent compares with an earlier content, line by line.
func (w *world) wantContent(what, want, now string) {
	w.t.Helper()
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(now, "\n")); diff != "" {
		w.t.Errorf("%s (-want +now)\n%s", what, diff)
	}
}

// unchanged fails if a run makes any change.
func (w *world) unchanged(runs int) {
	w.t.Helper()
	for range runs {
		report := w.mustRun(allow(everyGuard...))
		if changes := report.Plan.Changes(); len(changes) > 0 {
			w.t.Errorf("run %d changes what was rolled back: %s %s of %s: %v", report.Number, changes[0].Op, changes[0].Thing, changes[0].Person.Label(), changes[0].Fields)
		}
	}
}

// TestFiveHundredCreatedPeopleAreTakenDown creates 500 people with lines, drawn
// numbers, DIDs and agents, and takes that back: XiVO is byte for byte as before
// in an independent dump, and the directory has no drawn number left.
func TestFiveHundredCreatedPeopleAreTakenDown(t *testing.T) {
	t.Parallel()
	w, _ := inTowns(t)
	before := w.content()
	run := w.mustRun(allow(everyGuard...))
	if run.Counts.Created < 400 {
		t.Fatalf("only %d were created: %v", run.Counts.Created, run.Failures)
	}
	// Removals are not let through: who was created by the run does not count.
	back := w.rollback(run.Number, letting(reconcile.GuardWritebacks))
	if back.Counts.Deleted != run.Counts.Created || len(back.Left)+len(back.Failures) > 0 {
		t.Errorf("%d of %d taken down; left %v; failures %v; guards %v", back.Counts.Deleted, run.Counts.Created, back.Left, back.Failures, back.Guards)
	}
	w.wantContent("after the rollback", before, w.content())
	w.unchanged(1)
	w.wantContent("after another run", before, w.content())
}

// TestPhonesAreRolledBack edits phones, agents and logins at random on both sides,
// takes the run that brings them in step back, and takes that back, too.
func TestPhonesAreRolledBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGame(t, 3*seed) // on_clear = deactivate: nothing is made again under another id
			g.mustRun(allow(everyGuard...))
			for round := range 4 {
				for range 1 + g.r.IntN(4) {
					g.edit()
				}
				g.rolledBack(round)
				if t.Failed() {
					t.Fatalf("after:\n  %s", strings.Join(g.told, "\n  "))
				}
			}
		})
	}
}

// rolledBack makes a run, takes it back, and takes the rollback back.
func (g *game) rolledBack(round int) {
	g.t.Helper()
	before := g.content()
	run := g.mustRun(allow(everyGuard...))
	after := g.faceless()
	g.tell("run %d: %s %+v %v%s", run.Number, run.Outcome, run.Counts, run.Failures, told(run.Found))
	for c := range g.made(run.Number) {
		g.tell("  %s %s %s of %s: %s", c.Side, c.Op, c.Thing, c.Person.Identifier, describe(c))
	}
	back := g.rollback(run.Number, letting(everyGuard...))
	for c := range g.made(back.Number) {
		g.tell("  back: %s %s %s of %s: %s", c.Side, c.Op, c.Thing, c.Person.Identifier, describe(c))
	}
	if len(back.Left)+len(back.Failures) > 0 {
		g.t.Errorf("round %d: left %v, failures %v", round, back.Left, back.Failures)
	}
	g.wantContent("after the rollback", before, g.content())
	if g.t.Failed() {
		return
	}
	again := g.rollback(back.Number, letting(everyGuard...))
	if len(again.Left)+len(again.Failures) > 0 {
		g.t.Errorf("round %d, the rollback taken back: left %v, failures %v", round, again.Left, again.Failures)
	}
	g.wantContent("after the rollback of the rollback", after, g.faceless())
}

// made are the changes of a run that were made.
func (w *world) made(run uint64) func(func(record.Change) bool) {
	var all []record.Change
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		for c, err := range e.Store.Changes(run) {
			if err != nil {
				return err
			}
			if c.Step == record.Done {
				all = append(all, c)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return func(yield func(record.Change) bool) {
		for _, c := range all {
			if !yield(c) {
				return
			}
		}
	}
}

func describe(c record.Change) string {
	var out []string
	for _, name := range c.FieldNames() {
		out = append(out, fmt.Sprintf("%s %q>%q", name, c.Fields[name].Before, c.Fields[name].After))
	}
	return strings.Join(out, " ")
}
