package reconcile_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
)

// dump tells what both sides hold without the ids, the versions and the order, of
// values, too: a directory has none.
func (w *world) dump() string {
	var out []string
	for _, side := range []*sidetest.Fake{w.ldap, w.xivo} {
		for _, id := range side.IDs() {
			r, err := side.Read(context.Background(), id)
			if err != nil {
				w.t.Fatal(err)
			}
			text := fmt.Sprintf("%s %s disabled=%t", side.Kind, r.Identifier, r.Disabled)
			for _, name := range slices.Sorted(maps.Keys(r.Values)) {
				if v := r.Values[name]; !v.Empty() {
					text += fmt.Sprintf(" %s=%q", name, slices.Compact(slices.Sorted(slices.Values(v))))
				}
			}
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n") + "\n"
}

// apart makes an edit that does not make readings lag: a rollback reads what is
// there.
func (e *edits) apart() {
	e.once()
	e.ldap.Thaw()
}

// impossible tells whether an edit behind XiVO's back gave two users one e-mail,
// which a real one refuses.
func (w *world) impossible() bool {
	seen := map[string]bool{}
	for _, id := range w.xivo.IDs() {
		mail := strings.ToLower(w.xivo.Get(id, "email").First())
		if mail != "" && seen[mail] {
			return true
		}
		seen[mail] = true
	}
	return false
}

// touched are the fields that a run changed, as "ENTRY FIELD"; without a field,
// whoever came or went.
func (w *world) touched(run uint64) map[string]bool {
	out := map[string]bool{}
	for c, err := range w.store.Changes(run) {
		if err != nil {
			w.t.Fatal(err)
		}
		whole := c.Op == record.Create || c.Op == record.Delete || c.Op == record.LinkUp
		if whole && c.Step == record.Done {
			out[c.Entry+" "] = true
		}
		for _, name := range c.FieldNames() {
			out[c.Entry+" "+name] = c.Step == record.Done
		}
	}
	return out
}

// rollBack takes a run back with every guard let through.
func (e *edits) rollBack(run uint64, change ...func(*reconcile.RollbackOptions)) *reconcile.RollbackReport {
	e.t.Helper()
	report, err := e.engine().Rollback(context.Background(), takeBack(run, change...))
	if err != nil {
		e.t.Fatal(err)
	}
	return report
}

func (e *edits) step() *reconcile.Report {
	e.t.Helper()
	report, err := e.try(allow(known...))
	if err != nil {
		e.t.Fatal(err)
	}
	return report
}

// TestRollbackAfterARunIsTheIdentity makes random edits and runs, takes the last
// run back, runs three times more, and takes the rollback back.
func TestRollbackAfterARunIsTheIdentity(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(outer)
		openGuards(w)
		e := &edits{world: w, t: t, entries: w.people(4)}
		for range rapid.IntRange(0, 3).Draw(t, "rounds") {
			e.step()
			for range rapid.IntRange(0, 4).Draw(t, "edits") {
				e.apart()
			}
		}
		if w.impossible() {
			t.Skip("two users with one e-mail")
		}
		before := w.dump()
		run := e.step()
		after := w.dump()
		back := e.rollBack(run.Number)
		if diff := cmp.Diff(before, w.dump()); diff != "" || len(back.Left)+len(back.Failures) > 0 {
			t.Fatalf("taken back: left %v, failures %v (-before +now)\n%s", back.Left, back.Failures, diff)
		}
		held := w.touched(run.Number)
		quiet := true
		for range 3 {
			for who := range w.touched(e.step().Number) {
				entry, _, _ := strings.Cut(who, " ")
				if quiet = false; held[who] || held[entry+" "] {
					t.Fatalf("%s was rolled back and is changed again", who)
				}
			}
		}
		if !quiet { // edits that had waited for a value, or for a return
			return
		}
		again := e.rollBack(back.Number)
		if diff := cmp.Diff(after, w.dump()); diff != "" || len(again.Left)+len(again.Failures) > 0 {
			t.Fatalf("the rollback taken back: left %v, failures %v (-run +now)\n%s", again.Left, again.Failures, diff)
		}
	})
}

// TestEditsByOthersSurviveARollback changes values between a run and its
// rollback: they stay and are listed, and nothing else stays.
func TestEditsByOthersSurviveARollback(t *testing.T) {
	outer := t
	fields := map[string]string{"email": "mail", "lastname": "sn", "firstname": "givenName", "music_on_hold": "employeeType"}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(outer)
		openGuards(w)
		e := &edits{world: w, t: t, entries: w.people(3)}
		e.step()
		for _, entry := range e.entries {
			for _, name := range slices.Sorted(maps.Keys(fields)) {
				if rapid.Bool().Draw(t, "edited") {
					w.ldap.Set(entry, fields[name], e.text("text")+name+entry)
				}
			}
		}
		before := w.dump()
		run := e.step()
		theirs, want := map[string]string{}, []string{}
		for c, err := range w.store.Changes(run.Number) {
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range c.FieldNames() {
				if c.Side == record.XiVO && rapid.Bool().Draw(t, "theirs") {
					w.xivo.Set(c.Key, name, "theirs "+c.Person.Identifier)
					theirs[c.Key+" "+name] = "theirs " + c.Person.Identifier
					want = append(want, c.Person.Identifier+" "+name)
				}
			}
		}
		back := e.rollBack(run.Number)
		got := []string{}
		for _, l := range back.Left {
			got = append(got, l.Identifier+" "+l.Field)
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("left (-want +got)\n%s", diff)
		}
		for where, text := range theirs {
			user, name, _ := strings.Cut(where, " ")
			w.expect(w.xivo, user, name, text)
		}
		for where := range theirs { // put back by hand what they had changed
			user, name, _ := strings.Cut(where, " ")
			for c, err := range w.store.Changes(run.Number) {
				if err != nil {
					t.Fatal(err)
				}
				if c.Key == user && c.Has(name) {
					w.xivo.Set(user, name, c.Fields[name].Before...)
				}
			}
		}
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Errorf("everything else is as before (-before +now)\n%s", diff)
		}
	})
}
