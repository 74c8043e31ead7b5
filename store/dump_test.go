package store

import (
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// dump is everything that a store tells.
type dump struct {
	States    []record.State
	NextLink  uint64
	Memory    reconcile.Memory
	Former    map[string]string
	Runs      []record.Run
	Changes   map[uint64][]record.Change
	Recent    []reconcile.RunChange
	History   map[uint64][]record.Change
	Unclosed  []record.Unit
	Conflicts []record.Conflict
	Holds     []record.Hold
	Mails     []record.Mail
}

// fataler is what testing.TB and rapid.T have in common.
type fataler interface{ Fatal(...any) }

func must[T any](t fataler) func(T, error) T {
	return func(v T, err error) T {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func collect[T any](t fataler, items iter.Seq2[T, error]) (list []T) {
	for item, err := range items {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, item)
	}
	return list
}

// dumpStore reads a whole store.
func dumpStore(t fataler, s reconcile.Store, since time.Time) dump {
	d := dump{
		NextLink: must[uint64](t)(s.NextLink()), Memory: must[reconcile.Memory](t)(s.Memory()),
		Former: map[string]string{}, Changes: map[uint64][]record.Change{}, History: map[uint64][]record.Change{},
		Runs: collect(t, s.Runs()), Recent: collect(t, s.Recent(since)),
		Unclosed: must[[]record.Unit](t)(s.Unclosed()), Conflicts: collect(t, s.Conflicts()), Holds: collect(t, s.Holds()), Mails: collect(t, s.Mails()),
	}
	for _, l := range collect(t, s.Links()) {
		d.States = append(d.States, must[record.State](t)(s.State(l.Number)))
	}
	for n := uint64(1); n < 10; n++ {
		user := fmt.Sprintf("user-%d", n)
		d.Former[user] = must[string](t)(s.Former(user))
		d.History[n] = collect(t, s.History(n, fmt.Sprintf("entry-%d", n)))
	}
	for _, r := range d.Runs {
		d.Changes[r.Number] = collect(t, s.Changes(r.Number))
	}
	return d
}

// sameDump fails unless both are equal; null and empty are one.
func sameDump(t fataler, want, got dump) {
	if h, ok := t.(testing.TB); ok {
		h.Helper()
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatal("(-want +got)\n" + diff)
	}
}

// checkStore fails unless the store is sound.
func checkStore(t fataler, db *DB) {
	if problems := must[[]string](t)(db.Check()); len(problems) > 0 {
		t.Fatal(problems)
	}
}
