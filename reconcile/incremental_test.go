package reconcile_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func incremental(o *reconcile.Options) { o.Mode = record.Incremental }

// followed is a world in which an incremental run can be made.
func followed(t testing.TB, people int) (*world, []string) {
	w := newWorld(t)
	openGuards(w)
	ids := w.people(people)
	if r := w.run(incremental); r.Mode != record.Full || !strings.Contains(r.FullBecause, "position") {
		t.Fatalf("the first run is %s: %q", r.Mode, r.FullBecause)
	}
	w.writes()
	return w, ids
}

// step makes an incremental run that has to be one.
func (w *world) follow(change ...func(*reconcile.Options)) *reconcile.Report {
	w.t.Helper()
	r := w.run(append(change, incremental)...)
	if r.Mode != record.Incremental || r.FullBecause != "" {
		w.t.Fatalf("a %s run: %s", r.Mode, r.FullBecause)
	}
	return r
}

func TestAnIncrementalRunSeesWhatChanged(t *testing.T) {
	w, ids := followed(t, 20)
	w.follow()
	w.untouched()
	w.ldap.Set(ids[3], "sn", "Changed")
	w.ldap.Set(ids[4], "mail", "new@parts.test")
	w.xivo.Set(w.user("p005"), "email", "back@parts.test")
	w.person("new")
	w.follow()
	if got := w.xivo.Get(w.user("p003"), "lastname").First(); got != "Changed" {
		t.Errorf("lastname %q", got)
	}
	if got := w.ldap.Get(ids[5], "mail").First(); got != "back@parts.test" {
		t.Errorf("mail %q", got)
	}
	if w.user("new") == "" {
		t.Error("the new person has no user")
	}
	w.follow()
	w.writes()
	w.quiet()
	if w.ldap.Following.Listed != 0 {
		t.Errorf("everybody's id was listed %d times though nobody was gone", w.ldap.Following.Listed)
	}
}

func TestWhatForcesAFullRun(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*world)
		words  string
	}{
		"a forgotten position": {func(w *world) { w.ldap.Following.Forgets = true }, "forgotten"},
		"another mapping":      {func(w *world) { w.remap(append(usualFields(), field("language", "l", reconcile.ToXiVO))...) }, "mapping"},
		"another policy":       {func(w *world) { w.settings.Fingerprint += "removal" }, "configuration"},
		"another base":         {func(w *world) { w.settings.Scope = "elsewhere" }, "base"},
		"a side that cannot tell": {func(w *world) {
			w.wrap = func(e *reconcile.Engine) { e.LDAP = struct{ reconcile.Side }{e.LDAP} }
		}, "cannot tell"},
		"an older directory": {func(w *world) {
			m, err := w.store.Memory()
			if err != nil {
				w.t.Fatal(err)
			}
			m.Cursor.Position = []byte("99999")
			if err := w.store.Remember(m); err != nil {
				w.t.Fatal(err)
			}
		}, "forgotten"},
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := followed(t, 5)
			tc.change(w)
			w.ldap.Set(ids[0], "sn", "Changed")
			r := w.run(incremental)
			if r.Mode != record.Full || !strings.Contains(r.FullBecause, tc.words) {
				t.Errorf("a %s run: %q", r.Mode, r.FullBecause)
			}
			if got := w.xivo.Get(w.user("p000"), "lastname").First(); got != "Changed" {
				t.Errorf("lastname %q", got)
			}
			if w.ldap.Following.Forgets = false; w.wrap == nil {
				w.follow()
			}
		})
	}
	t.Run("another server", func(t *testing.T) {
		w, _ := followed(t, 5)
		w.ldap.Server = "another"
		r := w.run(incremental)
		if r.Mode != record.Full || r.Outcome != record.OutcomeGuarded {
			t.Errorf("a %s run, %s: %q", r.Mode, r.Outcome, r.FullBecause)
		}
	})
	t.Run("only one person", func(t *testing.T) {
		w, _ := followed(t, 5)
		if r := w.run(incremental, only("p001")); r.Mode != record.Full {
			t.Errorf("a %s run", r.Mode)
		}
		w.follow()
	})
}

// A suspect is absent only when a listing of ids says so, too, and as often and
// for as long as the policy wants.
func TestAnIncrementalRunConfirmsWhoIsGone(t *testing.T) {
	for name, following := range map[string]func(*world){
		"named":     func(*world) {},
		"blind":     func(w *world) { w.ldap.Following.Blind = true },
		"restarted": func(w *world) { w.ldap.Following.Restarted = true },
	} {
		t.Run(name, func(t *testing.T) {
			w, ids := followed(t, 6)
			following(w)
			w.ldap.Remove(ids[0])
			w.ldap.Hide(ids[1], true)
			w.follow()
			w.untouched()
			for _, id := range ids[:2] {
				if l := w.link(id); l.Missed != 1 {
					t.Errorf("%s: missed %d times", id, l.Missed)
				}
			}
			w.follow()
			w.untouched()
			w.clock = w.clock.Add(25 * time.Hour)
			w.follow()
			for _, uid := range []string{"p000", "p001"} {
				if !w.xivo.Disabled(w.user(uid)) {
					t.Errorf("%s is not deactivated", uid)
				}
			}
			w.follow()
			w.writes()
			w.ldap.Hide(ids[1], false)
			w.follow()
			if w.xivo.Disabled(w.user("p001")) {
				t.Error("who is back is still deactivated")
			}
			w.follow()
			w.writes()
			w.quiet()
		})
	}
}

// Where the changes do not show who is gone, all ids are listed once an hour, not at
// each of the runs; a full run spares it for as long.
func TestWhoIsThereIsListedOnceAnHourWhereDeletionsDoNotShow(t *testing.T) {
	w, ids := followed(t, 6)
	w.ldap.Following.Blind, w.step = true, 5*time.Minute
	listed := func(runs int) int {
		before := w.ldap.Following.Listed
		for range runs {
			w.follow()
		}
		return w.ldap.Following.Listed - before
	}
	if n := listed(11); n != 0 {
		t.Errorf("%d listings in the hour after a full run", n)
	}
	w.ldap.Remove(ids[0])
	if n := listed(1); n != 1 || w.link(ids[0]).Missed != 1 {
		t.Errorf("%d listings when the hour is over, missed %d times", n, w.link(ids[0]).Missed)
	}
	if n := listed(36); n != 3 {
		t.Errorf("%d listings in three hours", n)
	}
	w.run()
	if n := listed(11); n != 0 {
		t.Errorf("%d listings in the hour after a full run", n)
	}
	w.untouched()
	w.clock = w.clock.Add(24 * time.Hour)
	if n := listed(1); n != 1 || !w.xivo.Disabled(w.user("p000")) {
		t.Errorf("%d listings when the absence is ripe, or the leaver is there still", n)
	}
	w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
	w.run()
	if n := listed(3); n != 3 {
		t.Errorf("%d listings in three runs where an absence counts at once", n)
	}
	w.clock = w.clock.Add(-90 * time.Minute)
	w.settings.Removal.AbsentFor = 24 * time.Hour
	if n := listed(1); n != 1 {
		t.Error("no listing after the clock was put back")
	}
}

// What a protocol says of deletions may be wrong: nobody is gone who is listed.
func TestAFalseSuspicionHasNoConsequence(t *testing.T) {
	w, ids := followed(t, 6)
	w.wrap = func(e *reconcile.Engine) { e.LDAP = accuser{w.ldap} }
	for range 3 {
		w.clock = w.clock.Add(25 * time.Hour)
		w.follow()
		w.untouched()
	}
	if l := w.link(ids[0]); l.Missed != 0 || w.ldap.Following.Listed != 3 {
		t.Errorf("missed %d times, %d listings", l.Missed, w.ldap.Following.Listed)
	}
}

// accuser suspects everybody.
type accuser struct{ reconcile.Side }

func (a accuser) f() reconcile.Follower { return a.Side.(reconcile.Follower) }
func (a accuser) Position(ctx context.Context) (record.Cursor, error) {
	return a.f().Position(ctx)
}

func (a accuser) Follow(ctx context.Context, since record.Cursor, ids []string) (record.Increment, error) {
	inc, err := a.f().Follow(ctx, since, ids)
	inc.Suspect = func(string) bool { return true }
	return inc, err
}

func (a accuser) Present(ctx context.Context) iter.Seq2[string, error] {
	return a.f().Present(ctx)
}

// A listing of ids that lost most people stops the run, as any other would.
func TestAnIncrementalRunDoesNotBelieveAnEmptyDirectory(t *testing.T) {
	w, ids := followed(t, 12)
	for _, id := range ids[:9] {
		w.ldap.Hide(id, true)
	}
	r := w.run(incremental)
	if r.Outcome != record.OutcomeGuarded || !slices.Contains(tripped(r.Guards), reconcile.GuardSource) {
		t.Errorf("%s, %v", r.Outcome, tripped(r.Guards))
	}
	w.untouched()
	for _, id := range ids[:9] {
		w.ldap.Hide(id, false)
	}
	w.follow()
	w.writes()
	w.quiet()
}

// The position advances with what it covers: not before, and not without.
func TestThePositionIsStoredWithWhatItCovers(t *testing.T) {
	position := func(w *world) string {
		m, err := w.store.Memory()
		if err != nil {
			t.Fatal(err)
		}
		if m.Cursor == nil {
			return ""
		}
		return string(m.Cursor.Position)
	}
	t.Run("a run that fails", func(t *testing.T) {
		w, ids := followed(t, 6)
		before := position(w)
		w.ldap.Set(ids[0], "sn", "Changed")
		w.xivo.Refuse = func(record.Change) error {
			return &record.Error{Side: record.XiVO, Class: record.Down, Message: "gone"}
		}
		if _, err := w.try(incremental); err == nil || position(w) != before {
			t.Errorf("%v, position %s after %s", err, position(w), before)
		}
		w.xivo.Refuse = nil
		w.follow()
		if got := w.xivo.Get(w.user("p000"), "lastname").First(); got != "Changed" || position(w) == before {
			t.Errorf("lastname %q, position %s", got, position(w))
		}
	})
	t.Run("a guard that stops it", func(t *testing.T) {
		w, ids := followed(t, 6)
		w.settings.Guards.Limits[reconcile.GuardUpdates] = reconcile.Limit{}
		w.ldap.Set(ids[0], "sn", "Changed")
		before := position(w)
		if r := w.follow(); r.Outcome != record.OutcomeGuarded || position(w) != before {
			t.Errorf("%s, position %s after %s", r.Outcome, position(w), before)
		}
		w.follow(allow(reconcile.GuardUpdates))
		if got := w.xivo.Get(w.user("p000"), "lastname").First(); got != "Changed" {
			t.Errorf("lastname %q", got)
		}
	})
	t.Run("somebody new of whom nothing is stored", func(t *testing.T) {
		w, _ := followed(t, 6)
		w.person("new")
		w.xivo.Refuse = func(record.Change) error {
			return &record.Error{Side: record.XiVO, Class: record.Stale, Message: "just now"}
		}
		w.follow()
		w.xivo.Refuse = nil
		w.run(incremental)
		if w.user("new") == "" {
			t.Error("the person whose creation failed was forgotten")
		}
	})
	t.Run("nobody asks for incremental runs", func(t *testing.T) {
		w := newWorld(t)
		w.people(2)
		w.run()
		if at := position(w); at != "" {
			t.Errorf("position %s", at)
		}
	})
}

// People with something open are looked at again though they did not change.
func TestAnIncrementalRunLooksAtWhatIsOpen(t *testing.T) {
	w, ids := followed(t, 6)
	w.ldap.Set(ids[0], "mail", "mine@parts.test")
	w.xivo.Set(w.user("p000"), "email", "yours@parts.test")
	w.person("taker", "mail", "p001@parts.test")
	w.follow()
	want := []string{"p000 email: field", "taker email: resource_exists"}
	if got := w.open(); !slices.Equal(got, want) {
		t.Fatalf("open: %q", got)
	}
	w.follow()
	if got := w.open(); !slices.Equal(got, want) {
		t.Fatalf("open after another run: %q", got)
	}
	w.xivo.Set(w.user("p000"), "email", "mine@parts.test")
	w.xivo.Set(w.user("p001"), "email")
	w.ldap.Set(ids[1], "mail")
	w.follow()
	w.follow()
	if got := w.open(); len(got) != 0 {
		t.Errorf("open: %q", got)
	}
	w.writes()
	w.quiet()
}

// An entry that nobody knows yet may carry the identifier of somebody who did not
// change, and two may carry one.
func TestAnIncrementalRunFindsNamesakes(t *testing.T) {
	w, _ := followed(t, 6)
	idle := w.person("twin")
	w.ldap.Disable(idle, true) // nobody's user, and not told of
	w.follow()
	twin := w.person("twin")
	w.person("p001")
	for range 2 {
		w.follow()
		if got := w.open(); !slices.Equal(got, []string{"p001: duplicate_identifier", "p001: duplicate_identifier", "twin: duplicate_identifier"}) {
			t.Fatalf("open: %q", got)
		}
	}
	w.ldap.Remove(idle)
	w.follow()
	if w.user("twin") == "" {
		t.Errorf("%s has no user; open: %q", twin, w.open())
	}
}

// A right that the account lost shows on whoever changes for another reason, and
// looks like a value that was taken away.
func TestAnIncrementalRunNoticesALostRight(t *testing.T) {
	w, ids := followed(t, 14)
	w.ldap.Conceals = map[string]bool{"mail": true}
	w.ldap.Set(ids[3], "sn", "Changed")
	r := w.run(incremental)
	if r.Outcome != record.OutcomeGuarded || !slices.Contains(tripped(r.Guards), reconcile.GuardSource) {
		t.Errorf("%s, %v", r.Outcome, tripped(r.Guards))
	}
	w.untouched()
	w.ldap.Conceals = nil
	w.ldap.Set(ids[4], "mail") // taken away indeed
	w.follow()
	if got := w.xivo.Get(w.user("p003"), "lastname").First(); got != "Changed" {
		t.Errorf("lastname %q", got)
	}
	if got := w.xivo.Get(w.user("p004"), "email"); !got.Empty() {
		t.Errorf("email %q", got)
	}
}

// Nothing changes about a leaver when the grace ends, and yet there is something to
// do.
func TestAnIncrementalRunEndsGrace(t *testing.T) {
	w := newWorld(t)
	openGuards(w)
	w.settings.Removal = reconcile.Removal{Policy: reconcile.RemovalDeactivate, OutOfScope: reconcile.RemovalDeactivate, AbsentRuns: 1, DeleteAfter: 48 * time.Hour}
	ids := w.people(6)
	w.run(incremental)
	w.ldap.Disable(ids[0], true)
	w.ldap.Remove(ids[1])
	w.follow()
	users := []string{w.user("p000"), w.user("p001")}
	for _, u := range users {
		if !w.xivo.Disabled(u) {
			t.Errorf("%s is not deactivated", u)
		}
	}
	w.follow()
	w.writes()
	w.clock = w.clock.Add(49 * time.Hour)
	w.follow()
	for _, u := range users {
		if slices.Contains(w.xivo.IDs(), u) {
			t.Errorf("%s is not deleted", u)
		}
	}
	w.follow()
	w.writes()
	w.quiet()
}

// TestIncrementalEqualsFull makes random edits on both sides, then runs that only
// follow them, until they find nothing; a full run then has nothing to do.
func TestIncrementalEqualsFull(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(outer)
		openGuards(w)
		w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
		if rapid.Bool().Draw(t, "patient") {
			w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor, w.step = 2, 24*time.Hour, 5*time.Minute
		}
		if rapid.Bool().Draw(t, "deletes") {
			w.settings.Removal.DeleteAfter = 3 * time.Hour
		}
		e := &edits{world: w, t: t, entries: w.people(4)}
		w.run(incremental)
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			w.ldap.Following.Blind = rapid.Bool().Draw(t, "blind")
			w.ldap.Following.Restarted = rapid.Bool().Draw(t, "restarted")
			for range rapid.IntRange(0, 5).Draw(t, "edits") {
				e.once()
			}
			if rapid.Bool().Draw(t, "trouble") {
				w.ldap.Refuse, w.xivo.Refuse = e.fate(record.LDAP), e.fate(record.XiVO)
			}
			if rapid.Bool().Draw(t, "crash") {
				w.crashAt(rapid.IntRange(1, 40).Draw(t, "at"))
			}
			if _, err := w.try(incremental, allow(known...)); err != nil {
				t.Fatal(err)
			}
			w.ldap.Refuse, w.xivo.Refuse = nil, nil
		}
		w.ldap.Thaw()
		const enough = 5
		for i := 0; ; i++ {
			w.writes()
			if _, err := w.try(incremental, allow(known...)); err != nil {
				t.Fatal(err)
			}
			if len(w.writes()) == 0 {
				break
			}
			if i == enough {
				t.Fatalf("%d incremental runs find no end", i)
			}
		}
		before := w.open()
		w.step = 0 // or somebody's grace might end just then
		r, err := w.try(allow(known...))
		if err != nil {
			t.Fatal(err)
		}
		if changes := w.writes(); len(changes) > 0 || len(r.Plan.Changes()) > 0 {
			t.Fatalf("the full run still had to do: %s", describe(r.Plan.Changes()))
		}
		if after := w.open(); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Fatalf("conflicts of the incremental runs %q, of the full one %q", before, after)
		}
	})
}
