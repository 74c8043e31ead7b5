package store

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

func TestDecide(t *testing.T) {
	db := openTest(t, newPath(t), Options{})
	all := func(record.Conflict) bool { return true }
	if err := db.Reconcile(1, epoch, []record.Conflict{storetest.Conflict("entry-1", "mail")}, all); err != nil {
		t.Fatal(err)
	}
	want := must[record.Conflict](t)(db.Conflict(1))
	decision := &record.Decision{Take: "ldap", Who: "zoé", Why: "so", At: epoch}
	for state, d := range map[record.ConflictState]*record.Decision{record.Decided: decision, record.Open: nil} {
		if err := db.Decide(1, d); err != nil {
			t.Fatal(err)
		}
		want.State, want.Decision = state, d
		if diff := cmp.Diff(conflictFields(want), conflictFields(must[record.Conflict](t)(db.Conflict(1)))); diff != "" {
			t.Fatal(diff)
		}
	}
	if err := errors.Join(db.Decide(1, decision), db.Reconcile(2, epoch, nil, all)); err != nil {
		t.Fatal(err)
	}
	closed := must[record.Conflict](t)(db.Conflict(1))
	if closed.State != record.Closed || closed.LastRun != 1 || closed.Decision == nil {
		t.Fatalf("the closed conflict reads %#v", closed)
	}
	if got := collect(t, db.AllConflicts()); len(got) != 1 {
		t.Fatalf("%d conflicts", len(got))
	}
	for _, number := range []uint64{1, 2} {
		if err := db.Decide(number, decision); !errors.Is(err, ErrNotFound) {
			t.Errorf("deciding %d: %v", number, err)
		}
	}
}

func TestInfo(t *testing.T) {
	path := newPath(t)
	db := fullStore(t, path)
	if err := db.Remember(reconcile.Memory{LDAP: "dc=example", XiVO: "uuid"}); err != nil {
		t.Fatal(err)
	}
	run := must[record.Run](t)(db.Run(1))
	got := must[Info](t)(db.Info())
	want := Info{
		Path: path, Size: got.Size, Schema: 2, Program: "xivosync", Links: 2, Runs: 1, Changes: 4, Unclosed: 1, OpenConflicts: 1, Holds: 1,
		FirstRun: &run, LastRun: &run, LDAP: "dc=example", XiVO: "uuid",
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Size == 0 {
		t.Fatal(diff)
	}
}
