package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
)

// guarding is a side that looks at each change just before it is carried out.
type guarding struct {
	*sidetest.Fake
	look func(record.Change)
}

func (g guarding) Apply(ctx context.Context, c record.Change) (record.Record, error) {
	g.look(c)
	return g.Fake.Apply(ctx, c)
}

// interplay is everything that people, fate and the program do to one another.
type interplay struct {
	*edits
	door string
	// meddled are the values that somebody set in the middle of a run, by user and
	// field.
	meddled map[string]string
	// back tells that the run is a rollback, which asks nobody who holds by hand.
	back bool
	// happened tells what was done, for whoever reads a failure.
	happened []string
}

func newInterplay(outer *testing.T, t *rapid.T) *interplay {
	fields := append(usualFields(), field("username", "uidNumber", reconcile.Both), field("language", "l", reconcile.ToLDAP))
	w := newWorld(outer, fields...)
	openGuards(w)
	w.settings.Removal.AbsentRuns, w.settings.Removal.AbsentFor = 1, 0
	if rapid.Bool().Draw(t, "deletes") {
		w.settings.Removal.DeleteAfter = 3 * time.Hour
	}
	i := &interplay{edits: &edits{world: w, t: t, entries: w.people(4)}, meddled: map[string]string{}}
	i.door = w.xivo.Put("", map[string]string{"firstname": "Door", "email": "door@parts.test"})
	return i
}

func (i *interplay) tell(format string, args ...any) {
	i.happened = append(i.happened, fmt.Sprintf(format, args...))
}

func (i *interplay) fatalf(format string, args ...any) {
	i.t.Helper()
	i.t.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(i.happened, "\n"))
}

// look checks a change that is about to be sent: its intent is in the journal, it
// concerns nobody unowned, and nothing that is held.
func (i *interplay) look(c record.Change) {
	if !i.journaled(c) {
		i.fatalf("no intent in the journal: %s", describe([]record.Change{c}))
	}
	if c.Key == i.door {
		i.fatalf("a user without an entry is touched: %s", describe([]record.Change{c}))
	}
	if !i.back {
		i.notHeld(c)
	}
}

// journaled tells whether the intent of a change is in the journal.
func (w *world) journaled(c record.Change) bool {
	units, err := w.store.Unclosed()
	if err != nil {
		w.t.Fatal(err)
	}
	return slices.ContainsFunc(units, func(u record.Unit) bool {
		return slices.ContainsFunc(u.Changes, func(j record.Change) bool {
			return j.Step == record.Intent && j.Side == c.Side && j.Key == c.Key && slices.Equal(j.FieldNames(), c.FieldNames())
		})
	})
}

// notHeld fails where a field is written that was held when the run began. Who
// comes or goes takes their fields along: that is held by name, or as a whole.
func (i *interplay) notHeld(c record.Change) {
	for _, h := range i.holds() {
		ours := h.Entry != "" && h.Entry == c.Entry || h.Entry == "" && h.User == c.Key
		if ours && (h.Field == "" || c.Has(h.Field) && (c.Op == record.Update || h.Field == "enabled")) {
			i.fatalf("held (%q by %s, %s) and written: %s", h.Field, h.Who, h.Why, describe([]record.Change{c}))
		}
	}
}

// run makes a run of any kind, perhaps with somebody editing in the middle.
func (i *interplay) run(mode func(*reconcile.Options)) *reconcile.Report {
	i.guarded()
	i.tell("run %v", mode != nil)
	r, err := i.try(allow(known...), mode)
	if err != nil {
		i.fatalf("%v", err)
	}
	i.tell("  %d %s: %s; open %v", r.Number, r.Outcome, describe(r.Plan.Changes()), i.world.open())
	i.settled()
	return r
}

func (i *interplay) guarded() {
	i.wrap = func(e *reconcile.Engine) {
		e.LDAP, e.XiVO = guarding{i.ldap, i.look}, guarding{i.xivo, i.look}
	}
}

// settled checks what has to be true after each run that came to its end.
func (i *interplay) settled() {
	i.wrap = nil
	if open, err := i.store.Unclosed(); err != nil || len(open) > 0 {
		i.fatalf("open after a run: %v %v", open, err)
	}
	for where, text := range i.meddled {
		user, name, _ := strings.Cut(where, " ")
		if got := i.xivo.Get(user, name).First(); got != text && slices.Contains(i.xivo.IDs(), user) {
			i.fatalf("somebody set %s to %q in the middle of the run, and it is %q", where, text, got)
		}
	}
	clear(i.meddled)
	seen := map[string]string{}
	for _, id := range i.xivo.IDs() {
		for _, name := range []string{"email", "username"} {
			v := strings.ToLower(i.xivo.Get(id, name).First())
			if other := seen[name+v]; v != "" && other != "" {
				i.fatalf("%s %q twice: %s, %s", name, v, other, id)
			}
			seen[name+v] = id
		}
	}
	linked := map[string]bool{}
	for l, err := range i.store.Links() {
		if err != nil {
			i.t.Fatal(err)
		}
		if linked[l.Entry] || linked[l.User] {
			i.fatalf("linked twice: %+v", l)
		}
		linked[l.Entry], linked[l.User] = true, true
	}
}

// edit makes an edit that XiVO would take: no e-mail twice.
func (i *interplay) edit() {
	switch rapid.SampledFrom([]string{"usual", "usual", "usual", "more"}).Draw(i.t, "which") {
	case "more":
		text := fmt.Sprint(rapid.IntRange(100, 104).Draw(i.t, "number"))
		if rapid.Bool().Draw(i.t, "in xivo") {
			id := i.anybody("user", i.xivo.IDs())
			if name := rapid.SampledFrom([]string{"username", "language"}).Draw(i.t, "field"); !i.taken(name, text) && id != i.door {
				i.xivo.Set(id, name, text)
				i.tell("xivo %s %s=%s", id, name, text)
			}
			return
		}
		id, a := i.anybody("entry", i.entries), rapid.SampledFrom([]string{"uidNumber", "l"}).Draw(i.t, "attribute")
		if slices.Contains(i.ldap.IDs(), id) {
			i.ldap.Set(id, a, text)
			i.tell("ldap %s %s=%s", id, a, text)
		}
	default:
		before := i.dump()
		i.plausible()
		i.tell("edit %s", lineDiff(before, i.dump()))
	}
}

func lineDiff(a, b string) string {
	old, now := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out []string
	for _, l := range now {
		if !slices.Contains(old, l) {
			out = append(out, l)
		}
	}
	return strings.Join(out, " | ")
}

// plausible makes a usual edit, and takes it back where XiVO would have refused it.
func (i *interplay) plausible() {
	mails := map[string]record.Value{}
	for _, id := range i.xivo.IDs() {
		mails[id] = i.xivo.Get(id, "email")
	}
	i.once()
	if i.impossible() {
		for _, id := range i.xivo.IDs() {
			if old, known := mails[id]; known && !i.xivo.Get(id, "email").Equal(old) {
				i.xivo.Set(id, "email", old...)
			} else if !known {
				i.xivo.Set(id, "email")
			}
		}
	}
}

func (i *interplay) taken(name, text string) bool {
	return slices.ContainsFunc(i.xivo.IDs(), func(id string) bool { return i.xivo.Get(id, name).First() == text })
}

// hold holds somebody, or a field, by hand; or releases a hold of any kind.
func (i *interplay) hold() {
	id := i.anybody("entry", i.entries)
	fieldName := rapid.SampledFrom([]string{"", "email", "lastname", "enabled", "language", "username"}).Draw(i.t, "held")
	h, err := i.engine().HoldByHand(context.Background(), reconcile.HoldRequest{ID: id, Field: fieldName, Who: "ann", Why: "so"})
	if err != nil && !errors.Is(err, reconcile.ErrNobody) && !errors.Is(err, reconcile.ErrSeveral) {
		i.fatalf("%v", err)
	}
	i.tell("hold %s %q: %v", h.Person.Identifier, fieldName, err)
}

func (i *interplay) release() {
	if all := i.holds(); len(all) > 0 {
		h := rapid.SampledFrom(all).Draw(i.t, "released")
		i.tell("release %s %q", h.Person.Identifier, h.Field)
		if err := reconcile.Release(i.store, h); err != nil {
			i.fatalf("%v", err)
		}
	}
}

// decideAny decides one of the open conflicts in one of the ways that are offered.
func (i *interplay) decideAny() {
	var all []record.Conflict
	for c, err := range i.store.Conflicts() {
		if err != nil {
			i.t.Fatal(err)
		}
		if len(c.Decisions) > 0 {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return
	}
	c := rapid.SampledFrom(all).Draw(i.t, "conflict")
	take := rapid.SampledFrom(c.Decisions).Draw(i.t, "take")
	if take == record.DecideValue {
		take = "=" + i.text("value")
	}
	d := decision(i.world, take)
	if err := i.settings.CheckDecision(c, d); err != nil {
		return
	}
	i.tell("decide %s %q %s (%s): %s", c.Person.Identifier, c.Field, c.Kind, c.Entry, take)
	i.decideNumber(c.Number, d)
}

// anyRollback takes one of the runs back, and sees that the next three runs leave
// it so.
func (i *interplay) anyRollback() {
	var runs []uint64
	for r, err := range i.store.Runs() {
		if err != nil {
			i.t.Fatal(err)
		}
		runs = append(runs, r.Number)
	}
	if len(runs) == 0 {
		return
	}
	n := rapid.SampledFrom(runs).Draw(i.t, "taken back")
	if rapid.Bool().Draw(i.t, "the last") {
		n = slices.Max(runs)
	}
	waiting := i.waiting()
	i.back = true
	i.guarded()
	i.tell("rollback of %d", n)
	report, err := i.engine().Rollback(context.Background(), takeBack(n, func(o *reconcile.RollbackOptions) { o.Allow = known }))
	if err != nil {
		i.fatalf("rollback: %v", err)
	}
	i.back = false
	i.tell("  %d %s: %s left %v failures %v held %v", report.Number, report.Outcome, describe(report.Plan.Changes()), report.Left, report.Failures, i.heldFields())
	i.settled()
	done := i.touched(report.Number)
	for range 3 {
		r := i.run(i.mode())
		for where := range whereabouts(r.Plan) {
			entry, name, _ := strings.Cut(where, " ")
			if done[where] && !waiting[where] && (name == "" || !waiting[entry+" *"]) {
				i.fatalf("%s was rolled back and is changed again by run %d", where, r.Number)
			}
		}
	}
}

// waiting are the fields that somebody has edited and no run has seen yet: of
// those the next run may carry what a rollback took back. Without a field,
// whoever comes or goes; so does whoever left while they had no user, and any of
// their fields ("*") may have been edited meanwhile.
func (i *interplay) waiting() map[string]bool {
	plan, err := i.engine().Plan(context.Background(), options(audit))
	if err != nil {
		i.fatalf("plan: %v", err)
	}
	out := whereabouts(plan)
	here := map[string]bool{}
	for r, err := range i.ldap.List(context.Background(), record.Survey) {
		if err != nil {
			i.t.Fatal(err)
		}
		here[r.ID] = !r.Disabled
	}
	for _, entry := range i.entries {
		if i.world.link(entry).Number == 0 {
			out[entry+" *"], out[entry+" "] = true, out[entry+" "] || !here[entry]
		}
	}
	return out
}

// whereabouts are what a plan changes, as "ENTRY FIELD"; without a field, whoever
// comes or goes.
func whereabouts(plan *reconcile.Plan) map[string]bool {
	out := map[string]bool{}
	for _, c := range plan.Changes() {
		if c.Op != record.Update {
			out[c.Entry+" "] = true
			continue
		}
		for _, name := range c.FieldNames() {
			out[c.Entry+" "+name] = true
		}
	}
	return out
}

func (i *interplay) mode() func(*reconcile.Options) {
	return rapid.SampledFrom([]func(*reconcile.Options){func(*reconcile.Options) {}, incremental, audit}).Draw(i.t, "mode")
}

// meddle has somebody edit what is about to be written.
func (i *interplay) meddle(c record.Change) error {
	if c.Op != record.Update || rapid.IntRange(0, 5).Draw(i.t, "meddles") > 0 {
		return nil
	}
	for _, name := range []string{"lastname", "music_on_hold", "firstname"} {
		if c.Has(name) {
			text := fmt.Sprintf("meddled %d", len(i.happened))
			i.xivo.Set(c.Key, name, text)
			i.meddled[c.Key+" "+name] = text
			i.tell("meddle %s %s", c.Key, name)
		}
	}
	return nil
}

// TestEverythingTogether lets everything happen in any order, and holds the
// promises against it: no blind write, none without its intent, nobody unowned,
// nothing held, no number twice, no rollback undone, nothing left open, and an end.
func TestEverythingTogether(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		i := newInterplay(outer, t)
		i.run(incremental)
		for range rapid.IntRange(1, 10).Draw(t, "rounds") {
			i.round()
		}
		i.ldap.Thaw()
		i.end()
	})
}

func (i *interplay) round() {
	switch rapid.SampledFrom([]string{"edit", "edit", "edit", "edit", "run", "run", "trouble", "meddle", "crash", "hold", "release", "decide", "decide", "rollback"}).Draw(i.t, "round") {
	case "edit":
		for range rapid.IntRange(1, 3).Draw(i.t, "edits") {
			i.edit()
		}
		i.run(i.mode())
	case "run":
		i.run(i.mode())
	case "trouble":
		i.edit()
		i.ldap.Refuse, i.xivo.Refuse = i.fate(record.LDAP), i.fate(record.XiVO)
		i.run(i.mode())
		i.ldap.Refuse, i.xivo.Refuse = nil, nil
	case "meddle":
		i.edit()
		i.xivo.Refuse = i.meddle
		i.run(i.mode())
		i.xivo.Refuse = nil
	case "crash":
		i.edit()
		at := rapid.IntRange(1, 40).Draw(i.t, "at")
		i.tell("crash at %d: %v", at, i.crashAt(at))
		i.run(i.mode())
	case "hold":
		i.hold()
	case "release":
		i.release()
	case "decide":
		i.decideAny()
	case "rollback":
		i.ldap.Thaw()
		i.anyRollback()
	}
}

// end runs until nothing is written any more, and then looks that no kind of run
// finds more to do than another.
func (i *interplay) end() {
	const enough = 6
	for n := 0; ; n++ {
		r := i.run(audit)
		if changes := r.Plan.Changes(); len(changes) == 0 {
			break
		} else if n == enough {
			i.fatalf("after %d runs there is still something to write: %s", n, describe(changes))
		}
	}
	i.world.step = 0 // or somebody's grace might end just then
	open := i.world.open()
	for _, mode := range []func(*reconcile.Options){incremental, audit, func(*reconcile.Options) {}, incremental} {
		r := i.run(mode)
		if changes := r.Plan.Changes(); len(changes) > 0 {
			i.fatalf("a second run plans %s", describe(changes))
		}
		if now := i.world.open(); !slices.Equal(open, now) {
			i.fatalf("conflicts were %q and are %q", open, now)
		}
	}
	if got := i.xivo.Get(i.door, "email").First(); got != "door@parts.test" && got != "" && !strings.Contains(" one two three Four five@parts.test ", " "+got+" ") {
		i.fatalf("the door holds %q", got)
	}
}
