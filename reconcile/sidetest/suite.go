package sidetest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// World is a side that can be changed behind its back.
type World struct {
	Side reconcile.Side
	Kind record.Side
	// Put adds a record, Set changes one of its values ("" empties it) and Remove
	// takes it away.
	Put    func(identifier string, values map[string]string) (id string)
	Set    func(id, name, text string)
	Remove func(id string)
	// First and Second are two mapped names that hold one text each; First has
	// to be filled at creation, Second may be emptied. IdentifierName holds the
	// identifier.
	First, Second, IdentifierName string
}

// Test is one thing that a side has to do.
type Test struct {
	Name string
	Func func(t *testing.T, w World)
}

// Tests lists everything that a side has to do.
func Tests() []Test {
	return []Test{
		{"a listing shows everybody once", listsEverybody},
		{"a listing that is cut short ends with an error", cutShort},
		{"reading shows what the listing shows", readsTheSame},
		{"whoever is gone is missing", missing},
		{"the identifier finds its record", finds},
		{"an update changes what it names and nothing else", updates},
		{"an update gives back what is held", readsBack},
		{"a stale update writes nothing", stale},
		{"an update of a record that is gone is missing", updateMissing},
		{"an empty value is never pushed to the directory", neverEmpty},
		{"a field of XiVO is emptied", clears},
		{"a created user is found by the identifier", creates},
		{"requests are counted", counts},
	}
}

// Run runs the tests, each on a side of its own.
func Run(t *testing.T, fresh func(t *testing.T) World) {
	for _, test := range Tests() {
		t.Run(test.Name, func(t *testing.T) { test.Func(t, fresh(t)) })
	}
}

// both fills the two names.
func (w World) both(first, second string) map[string]string {
	return map[string]string{w.First: first, w.Second: second}
}

func (w World) list(t *testing.T) map[string]record.Record {
	t.Helper()
	out := map[string]record.Record{}
	for r, err := range w.Side.List(context.Background(), record.Detail) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := out[r.ID]; twice {
			t.Errorf("%s was listed twice", r.ID)
		}
		out[r.ID] = r
	}
	return out
}

// holds fails unless the record holds these two values.
func (w World) holds(t *testing.T, id, first, second string) {
	t.Helper()
	r, err := w.Side.Read(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	w.shows(t, r, first, second)
}

func (w World) shows(t *testing.T, r record.Record, first, second string) {
	t.Helper()
	want := []record.Value{record.Text(first), record.Text(second)}
	got := []record.Value{r.Values[w.First], r.Values[w.Second]}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// update changes one value.
func (w World) update(id, name, before, after string) (record.Record, error) {
	c := record.Change{Run: 1, Seq: 1, Side: w.Kind, Op: record.Update, Thing: record.Entry, Key: id,
		Fields: map[string]record.Delta{name: {Attribute: name, Before: record.Text(before), After: record.Text(after)}}}
	if w.Kind == record.XiVO {
		c.Thing = record.User
	}
	return w.Side.Apply(context.Background(), c)
}

// class fails unless the error is of that class.
func class(t *testing.T, want record.Class, err error) {
	t.Helper()
	if err == nil || record.ClassOf(err) != want {
		t.Errorf("error %v of class %d, want class %d", err, record.ClassOf(err), want)
	}
}

func listsEverybody(t *testing.T, w World) {
	ann, bob := w.Put("ann", w.both("Ann", "One")), w.Put("bob", w.both("Bob", ""))
	all := w.list(t)
	w.shows(t, all[ann], "Ann", "One")
	w.shows(t, all[bob], "Bob", "")
	if _, read := all[bob].Values[w.Second]; !read {
		t.Errorf("%s is empty, and counts as not read", w.Second)
	}
	if got := all[ann].Identifier; got != "ann" {
		t.Errorf("the identifier reads %q", got)
	}
}

func cutShort(t *testing.T, w World) {
	w.Put("ann", w.both("Ann", "One"))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var last error
	for _, err := range w.Side.List(ctx, record.Survey) {
		last = err
	}
	if last == nil {
		t.Error("the listing looks complete")
	}
}

func readsTheSame(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	want := w.list(t)[id]
	got, err := w.Side.Read(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-listed +read)\n%s", diff)
	}
}

func missing(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	w.Put("bob", w.both("Bob", ""))
	w.Remove(id)
	_, err := w.Side.Read(context.Background(), id)
	class(t, record.Missing, err)
	if _, listed := w.list(t)[id]; listed {
		t.Error("the listing still shows the record")
	}
}

func finds(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	w.Put("annie", w.both("Annie", "Two"))
	for identifier, want := range map[string]int{"ann": 1, "nobody": 0} {
		found, err := w.Side.Find(context.Background(), identifier)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != want {
			t.Errorf("%d records carry %q, want %d", len(found), identifier, want)
		}
		if want == 1 && len(found) == 1 && found[0].ID != id {
			t.Errorf("%q found %s, want %s", identifier, found[0].ID, id)
		}
	}
}

func updates(t *testing.T, w World) {
	ann, bob := w.Put("ann", w.both("Ann", "One")), w.Put("bob", w.both("Bob", "Two"))
	if _, err := w.update(ann, w.First, "Ann", "Anne"); err != nil {
		t.Fatal(err)
	}
	w.holds(t, ann, "Anne", "One")
	w.holds(t, bob, "Bob", "Two")
}

func readsBack(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	r, err := w.update(id, w.Second, "One", "Two")
	if err != nil {
		t.Fatal(err)
	}
	if r.ID != id || r.Identifier != "ann" {
		t.Errorf("%s with the identifier %q came back", r.ID, r.Identifier)
	}
	w.shows(t, r, "Ann", "Two")
	if now := w.list(t)[id]; w.Kind == record.LDAP && now.Version != r.Version {
		t.Errorf("version %q came back, the listing says %q", r.Version, now.Version)
	}
}

func stale(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	w.Set(id, w.Second, "Edited")
	_, err := w.update(id, w.Second, "One", "Two")
	class(t, record.Stale, err)
	w.holds(t, id, "Ann", "Edited")
}

func updateMissing(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	w.Remove(id)
	_, err := w.update(id, w.Second, "One", "Two")
	class(t, record.Missing, err)
}

func neverEmpty(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	if w.Kind != record.LDAP {
		return
	}
	_, err := w.update(id, w.Second, "One", "")
	class(t, record.Refused, err)
	w.holds(t, id, "Ann", "One")
}

func clears(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	if w.Kind != record.XiVO {
		return
	}
	r, err := w.update(id, w.Second, "One", "")
	if err != nil {
		t.Fatal(err)
	}
	w.shows(t, r, "Ann", "")
	w.holds(t, id, "Ann", "")
}

func creates(t *testing.T, w World) {
	c := record.Change{Run: 1, Seq: 1, Side: w.Kind, Op: record.Create, Thing: record.User, Key: "cid", Fields: map[string]record.Delta{
		w.First:          {Attribute: w.First, After: record.Text("Cid")},
		w.IdentifierName: {Attribute: w.IdentifierName, After: record.Text("cid")},
	}}
	made, err := w.Side.Apply(context.Background(), c)
	if w.Kind == record.LDAP {
		class(t, record.Refused, err)
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := w.Side.Find(context.Background(), "cid")
	if err != nil || len(found) != 1 || found[0].ID != made.ID {
		t.Fatalf("created %s, found %v, error %v", made.ID, found, err)
	}
	w.shows(t, found[0], "Cid", "")
}

func counts(t *testing.T, w World) {
	id := w.Put("ann", w.both("Ann", "One"))
	before := w.Side.Requests()
	w.list(t)
	listed := w.Side.Requests()
	if listed.Read <= before.Read || listed.Write != before.Write {
		t.Errorf("after a listing %+v, before it %+v", listed, before)
	}
	if _, err := w.update(id, w.Second, "One", "Two"); err != nil {
		t.Fatal(err)
	}
	if now := w.Side.Requests(); now.Write != listed.Write+1 {
		t.Errorf("%d writes after one update, %d before", now.Write, listed.Write)
	}
}
