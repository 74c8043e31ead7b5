package storetest

import (
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Test is one thing that a store has to do. Func gets an empty store's open.
type Test struct {
	Name string
	Func func(t *testing.T, open func() reconcile.Store)
}

// Tests lists everything that a store has to do.
func Tests() []Test {
	return slices.Concat(stateTests(), journalTests(), queueTests(), holdTests(), outboxTests())
}

// Run runs the tests, each on a store of its own.
func Run(t *testing.T, fresh func(t *testing.T) (open func() reconcile.Store)) {
	for _, test := range Tests() {
		t.Run(test.Name, func(t *testing.T) { test.Func(t, fresh(t)) })
	}
}

// epoch is when the tests begin.
var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// same fails the test unless both are equal; null and empty are one.
func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// ok fails the test on an error.
func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless there is an error.
func refused(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
}

// all collects what is yielded.
func all[T any](t *testing.T, items iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for item, err := range items {
		ok(t, err)
		list = append(list, item)
	}
	return list
}

// begin opens a run that starts then.
func begin(t *testing.T, s reconcile.Store, started time.Time) record.Run {
	t.Helper()
	run, err := s.Begin(record.Run{Mode: record.Full, Trigger: "test", Started: started})
	ok(t, err)
	return run
}

// finish closes a run.
func finish(t *testing.T, s reconcile.Store, run record.Run, at time.Time) record.Run {
	t.Helper()
	run.Finished, run.Outcome = &at, record.OutcomeDone
	ok(t, s.Finish(run))
	return run
}
