package reconcile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var directions = []reconcile.Direction{reconcile.Both, reconcile.ToXiVO, reconcile.ToLDAP}

// randomQuestion draws a question over few values, so that they often agree.
func randomQuestion(t *rapid.T, texts ...string) reconcile.Question {
	text := rapid.SampledFrom(texts)
	m := mapped(rapid.SampledFrom(directions).Draw(t, "direction"), func(m *reconcile.Mapping) {
		m.Conflict = rapid.SampledFrom([]reconcile.Take{reconcile.TakeManual, reconcile.TakeLDAP, reconcile.TakeXiVO}).Draw(t, "conflict")
		m.First = rapid.SampledFrom([]reconcile.Take{reconcile.TakeConflict, reconcile.TakeLDAP, reconcile.TakeXiVO}).Draw(t, "initial")
		m.Drift = rapid.SampledFrom([]reconcile.DriftPolicy{reconcile.DriftKeep, reconcile.DriftRestore}).Draw(t, "drift")
	})
	var base *record.Base
	if rapid.Bool().Draw(t, "known") {
		base = based(m, text.Draw(t, "l"), text.Draw(t, "x"))
	}
	return ask(m, base, text.Draw(t, "L"), text.Draw(t, "X"))
}

// carriedOut is the question that the next run asks once the answer is done.
func carriedOut(q reconcile.Question, a reconcile.Answer) reconcile.Question {
	switch a.Verdict {
	case reconcile.WriteXiVO:
		q.XiVO, a.Base.XiVO = a.Write, a.Write
	case reconcile.WriteLDAP:
		q.LDAP, a.Base.LDAP = a.Write, a.Write
	case reconcile.Block, reconcile.Conflict:
		return q
	}
	q.Base = &a.Base
	return q
}

func TestMergingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := randomQuestion(t, "", "a", "b", "c")
		first := reconcile.Decide(q)
		next := carriedOut(q, first)
		second := reconcile.Decide(next)
		switch second.Verdict {
		case reconcile.WriteXiVO, reconcile.WriteLDAP:
			t.Errorf("after %d, %d is written: %q", first.Verdict, second.Verdict, second.Write)
		case reconcile.Block, reconcile.Conflict:
			if second.Verdict != first.Verdict {
				t.Errorf("after %d, %d", first.Verdict, second.Verdict)
			}
		default:
			if diff := cmp.Diff(*next.Base, second.Base, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("the base changes: %s", diff)
			}
		}
	})
}

// swapped is the same question with the sides changed about.
func swapped(q reconcile.Question) reconcile.Question {
	m := *q.Mapping
	other := map[reconcile.Take]reconcile.Take{reconcile.TakeLDAP: reconcile.TakeXiVO, reconcile.TakeXiVO: reconcile.TakeLDAP}
	m.Direction = map[reconcile.Direction]reconcile.Direction{reconcile.Both: reconcile.Both,
		reconcile.ToXiVO: reconcile.ToLDAP, reconcile.ToLDAP: reconcile.ToXiVO}[m.Direction]
	if take, ok := other[m.Conflict]; ok {
		m.Conflict = take
	}
	if take, ok := other[m.First]; ok {
		m.First = take
	}
	q.Mapping, q.LDAP, q.XiVO = &m, q.XiVO, q.LDAP
	if q.Base != nil {
		b := *q.Base
		b.LDAP, b.XiVO = b.XiVO, b.LDAP
		q.Base = &b
	}
	return q
}

// TestSwappingTheSidesSwapsTheResult holds wherever nothing is empty: an empty
// value travels one way only.
func TestSwappingTheSidesSwapsTheResult(t *testing.T) {
	mirror := map[reconcile.Verdict]reconcile.Verdict{reconcile.WriteLDAP: reconcile.WriteXiVO, reconcile.WriteXiVO: reconcile.WriteLDAP}
	rapid.Check(t, func(t *rapid.T) {
		q := randomQuestion(t, "a", "b", "c")
		a, b := reconcile.Decide(q), reconcile.Decide(swapped(q))
		want := a.Verdict
		if v, ok := mirror[want]; ok {
			want = v
		}
		if b.Verdict != want || !a.Write.Equal(b.Write) || !a.Replaces.Equal(b.Replaces) || a.Drift != b.Drift {
			t.Errorf("%d %q for %q, swapped %d %q for %q", a.Verdict, a.Write, a.Replaces, b.Verdict, b.Write, b.Replaces)
		}
	})
}

func TestAnEmptyValueIsNeverPushedToTheDirectory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := randomQuestion(t, "", "a", "b")
		if a := reconcile.Decide(q); a.Verdict == reconcile.WriteLDAP && a.Write.Empty() {
			t.Errorf("%+v", a)
		}
	})
}

// edits are what people and fate may do to the two systems.
type edits struct {
	*world
	t       *rapid.T
	entries []string
}

func (e *edits) text(label string) string {
	return rapid.SampledFrom([]string{"one", "two", "three", "Four", "five@parts.test"}).Draw(e.t, label)
}

func (e *edits) anybody(side string, ids []string) string {
	return rapid.SampledFrom(ids).Draw(e.t, side)
}

// once makes one edit.
func (e *edits) once() {
	attributes := []string{"mail", "sn", "givenName", "employeeType"}
	fields := []string{"email", "lastname", "firstname", "music_on_hold"}
	text := e.text("text")
	switch rapid.SampledFrom([]string{"ldap", "ldap", "ldap", "xivo", "xivo", "empty ldap", "empty xivo", "several", "disable", "enable", "new", "hire",
		"hide", "show", "fire", "rename", "lag"}).Draw(e.t, "edit") {
	case "ldap":
		e.ldap.Set(e.anybody("entry", e.entries), rapid.SampledFrom(attributes).Draw(e.t, "attribute"), text)
	case "empty ldap":
		e.ldap.Set(e.anybody("entry", e.entries), rapid.SampledFrom(attributes).Draw(e.t, "attribute"))
	case "several":
		id := e.anybody("entry", e.entries)
		e.ldap.Set(id, "mail", append(e.ldap.Get(id, "mail"), text)...)
	case "xivo":
		if ids := e.xivo.IDs(); len(ids) > 0 {
			e.xivo.Set(e.anybody("user", ids), rapid.SampledFrom(fields).Draw(e.t, "field"), text)
		}
	case "empty xivo":
		if ids := e.xivo.IDs(); len(ids) > 0 {
			e.xivo.Set(e.anybody("user", ids), rapid.SampledFrom(fields[:2]).Draw(e.t, "field"))
		}
	case "disable", "enable":
		e.ldap.Disable(e.anybody("entry", e.entries), rapid.Bool().Draw(e.t, "disabled"))
	case "hide", "show":
		e.ldap.Hide(e.anybody("entry", e.entries), rapid.Bool().Draw(e.t, "hidden"))
	case "fire":
		if ids := e.xivo.IDs(); len(ids) > 3 {
			e.xivo.Remove(e.anybody("user", ids[1:]))
		}
	case "rename":
		e.ldap.Set(e.anybody("entry", e.entries), "uid", fmt.Sprintf("p%03d", rapid.IntRange(0, 5).Draw(e.t, "uid")))
	case "lag":
		if rapid.Bool().Draw(e.t, "frozen") {
			e.ldap.Freeze()
		} else {
			e.ldap.Thaw()
		}
	case "new":
		e.entries = append(e.entries, e.person(fmt.Sprintf("n%d", len(e.entries)), "mail", text))
	case "hire":
		uid := fmt.Sprintf("h%d", len(e.entries))
		e.xivo.Put(uid, map[string]string{"firstname": "Hired", "email": e.text("mail")})
		e.entries = append(e.entries, e.person(uid))
	}
}

// fate refuses and loses some of what is sent.
func (e *edits) fate(side record.Side) func(record.Change) error {
	return func(c record.Change) error {
		switch rapid.IntRange(0, 9).Draw(e.t, "fate") {
		case 0:
			return &record.Error{Side: side, Class: record.Stale, Message: "stale"}
		case 1:
			return &record.Error{Side: side, Class: record.Refused, Message: "refused"}
		case 2:
			return &record.Error{Side: side, Class: record.Uncertain, Message: "uncertain"}
		}
		return nil
	}
}

// known are the guards that random edits may well trip.
var known = []string{reconcile.GuardRestored, reconcile.GuardSource}

func openGuards(w *world) {
	for name := range w.settings.Guards.Limits {
		w.settings.Guards.Limits[name] = reconcile.Limit{Count: 1000}
	}
}

// TestARunReachesItsFixedPoint makes random edits on both sides, with random
// refusals, and runs until nothing is written any more.
func TestARunReachesItsFixedPoint(t *testing.T) {
	outer := t
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(outer)
		openGuards(w)
		e := &edits{world: w, t: t, entries: w.people(4)}
		door := w.xivo.Put("", map[string]string{"firstname": "Door", "lastname": "Phone", "email": "door@parts.test"})
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			for range rapid.IntRange(0, 5).Draw(t, "edits") {
				e.once()
			}
			if rapid.Bool().Draw(t, "trouble") {
				w.ldap.Refuse, w.xivo.Refuse = e.fate(record.LDAP), e.fate(record.XiVO)
			}
			if rapid.Bool().Draw(t, "crash") {
				w.crashAt(rapid.IntRange(1, 40).Draw(t, "at"))
			}
			if _, err := w.try(allow(known...)); err != nil {
				t.Fatal(err)
			}
			w.ldap.Refuse, w.xivo.Refuse = nil, nil
		}
		w.ldap.Thaw()
		const enough = 4
		for i := 0; ; i++ {
			w.writes()
			if _, err := w.try(audit, allow(known...)); err != nil {
				t.Fatal(err)
			}
			changes := w.writes()
			if len(changes) == 0 {
				break
			}
			if i == enough {
				t.Fatalf("after %d runs there is still something to write: %s", i, describe(changes))
			}
		}
		agree(t, w)
		if !slices.Contains(w.xivo.IDs(), door) {
			return
		}
		for _, c := range w.history(t) {
			if c.Key == door {
				t.Errorf("a user without an entry was touched: %s", describe([]record.Change{c}))
			}
		}
	})
}

func (w *world) history(t *rapid.T) (all []record.Change) {
	for run, err := range w.store.Runs() {
		if err != nil {
			t.Fatal(err)
		}
		for c, err := range w.store.Changes(run.Number) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
	}
	return all
}

// agree fails where both sides differ and nothing says so.
func agree(t *rapid.T, w *world) {
	told := map[string]bool{}
	for c, err := range w.store.Conflicts() {
		if err != nil {
			t.Fatal(err)
		}
		told[c.Entry+" "+c.Field], told[c.Entry+" "] = true, told[c.Entry+" "] || c.Field == ""
	}
	for l, err := range w.store.Links() {
		if err != nil {
			t.Fatal(err)
		}
		entry, _ := w.ldap.Read(context.Background(), l.Entry)
		user, _ := w.xivo.Read(context.Background(), l.User)
		if l.Deactivated || l.Missed > 0 || told[l.Entry+" "] {
			continue
		}
		for _, m := range w.settings.Fields {
			L, X := entry.Values[m.Attribute], user.Values[m.Field.Name]
			if !m.Compared() || told[l.Entry+" "+m.Field.Name] || m.Direction == reconcile.ToXiVO && L.Empty() {
				continue
			}
			if !slices.ContainsFunc(append(L, ""), func(s string) bool {
				return m.Chain.Canonical(record.Text(s)).Equal(m.Chain.Canonical(X)) && (s != "" || len(L) == 0)
			}) {
				t.Errorf("%s %s: the directory holds %q, XiVO %q, and nothing says why", l.Identifier, m.Field.Name, L, X)
			}
		}
	}
}

// witness is a side that looks into the journal before it writes.
type witness struct {
	reconcile.Side
	store reconcile.Store
	t     testing.TB
}

func (s witness) Apply(ctx context.Context, c record.Change) (record.Record, error) {
	units, err := s.store.Unclosed()
	if err != nil {
		s.t.Error(err)
	}
	var intents []record.Change
	for _, u := range units {
		for _, journaled := range u.Changes {
			if journaled.Step == record.Intent {
				intents = append(intents, journaled)
			}
		}
	}
	c.Step = record.Intent
	same(s.t, []record.Change{c}, intents)
	return s.Side.Apply(ctx, c)
}

func TestNothingIsWrittenWithoutItsIntentInTheJournal(t *testing.T) {
	w := busy(t)
	w.wrap = func(e *reconcile.Engine) {
		e.LDAP, e.XiVO = witness{e.LDAP, w.store, t}, witness{e.XiVO, w.store, t}
	}
	w.writes()
	w.run()
	if n := len(w.writes()); n < 8 {
		t.Errorf("only %d changes were made", n)
	}
}

// shuffled is an order of its own for each seed.
func shuffled(seed uint64) func([]string) {
	return func(ids []string) {
		r := rand.New(rand.NewPCG(seed, seed))
		r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
}

// TestTheSameInputGivesAByteSamePlan lists both sides in random orders.
func TestTheSameInputGivesAByteSamePlan(t *testing.T) {
	outer := t
	var want string
	rapid.Check(t, func(t *rapid.T) {
		w := busy(outer)
		w.person("twin")
		w.person("twin")
		w.person("alone")
		w.xivo.Put("alone", map[string]string{"email": "shared@parts.test"})
		w.xivo.Put("alone", map[string]string{"email": "shared@parts.test"})
		w.person("wants", "mail", "shared@parts.test")
		w.ldap.Order, w.xivo.Order = shuffled(rapid.Uint64().Draw(t, "entries")), shuffled(rapid.Uint64().Draw(t, "users"))
		text, err := w.plan().MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if want == "" {
			want = string(text)
		}
		if diff := cmp.Diff(strings.Split(want, ","), strings.Split(string(text), ",")); diff != "" {
			t.Fatalf("another order gives another plan: %s", diff)
		}
	})
}
