package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// The journal of the benchmark: what a directory of that many people comes to in
// a few years.
const (
	journalPeople  = 10_000
	journalRuns    = 1_000
	journalChanges = 1_000 // of each run, a unit each
)

// BenchmarkJournal asks a store with 1,000,000 changes what an administrator asks
// at eight in the morning. Each answer is that of the whole program. What needs
// both sides (why, rollback) reads them from a directory and a XiVO that answer at
// once, so that the time is ours.
func BenchmarkJournal(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := newWorkplace(b, journalPeople, false)
		if got := w.program(b, "run", "--json", "--audit", "--allow", "first-run").report.Counts.Adopted; got != journalPeople {
			b.Fatalf("%d people linked", got)
		}
		somebody := staff(1, false)[0]
		id := somebody.First("uid")
		b.ReportMetric(w.invoke(b, "why", "--json", id).took.Seconds(), "why-without-journal-s")
		w.fillJournal(b)
		last := w.recentRun(b)
		b.StartTimer()
		// By DN everybody is read: whoever is asked for by identifier is read alone.
		whole := w.invoke(b, "why", "--json", somebody.DN).took
		alone := w.invoke(b, "why", "--json", id).took
		b.ReportMetric(whole.Seconds(), "why-by-DN-s")
		b.ReportMetric(alone.Seconds(), "why-s")
		b.ReportMetric(alone.Seconds()/whole.Seconds(), "why-to-why-by-DN")
		for name, args := range map[string][]string{
			"runs":        {"runs", "--json"},
			"runs-all":    {"runs", "--json", "--last", "0"},
			"runs-failed": {"runs", "--json", "--failed"},
			"runs-only":   {"runs", "--json", "--only", id},
			"runs-RUN":    {"runs", "--json", "500"},
			"conflicts":   {"conflicts", "list", "--json"},
			"rollback":    {"rollback", fmt.Sprint(last), "--dry-run", "--json"},
		} {
			b.ReportMetric(w.invoke(b, args...).took.Seconds(), name+"-s")
		}
	}
}

// fillJournal adds the runs of the past to the store.
func (w *workplace) fillJournal(b *testing.B) {
	b.Helper()
	db, err := store.Open(filepath.Join(w.dir, "state.db"), store.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	var people []record.State
	for l, err := range db.Links() {
		if err != nil {
			b.Fatal(err)
		}
		s, err := db.State(l.Number)
		if err != nil {
			b.Fatal(err)
		}
		people = append(people, s)
	}
	began := time.Now()
	for n := range journalRuns {
		w.pastRun(b, db, n, people)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(w.dir, "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d changes in %v, %d MB", journalRuns*journalChanges, time.Since(began).Round(time.Second), info.Size()>>20)
}

// pastRun is one run that ended a while ago, with an update of each of some people.
func (w *workplace) pastRun(b *testing.B, db *store.DB, n int, people []record.State) {
	b.Helper()
	at := time.Now().Add(time.Duration(n-journalRuns-48) * time.Hour)
	run, err := db.Begin(record.Run{Mode: record.Full, Trigger: "timer", Who: "xivosync", Started: at, Fingerprint: "f",
		Finished: &at, Outcome: record.OutcomeDone, Counts: record.Counts{Updated: journalChanges}})
	if err != nil {
		b.Fatal(err)
	}
	units := make([]record.Unit, journalChanges)
	for i := range units {
		p := people[(n*journalChanges+i)%len(people)]
		units[i] = record.Unit{Run: run.Number, Number: i + 1, Changes: []record.Change{{
			Seq: uint64(i) + 1, Link: p.Number, Person: p.Person, Entry: p.Entry, Side: record.XiVO, Op: record.Update, Thing: record.User,
			Key: p.User, Reason: "changed in the directory", Step: record.Done, Fields: map[string]record.Delta{
				"lastname": {Attribute: "lastname", Before: record.Text(fmt.Sprint("Name ", n)), After: record.Text(fmt.Sprint("Name ", n+1)), Cause: record.Text(fmt.Sprint("Name ", n+1))},
			},
		}}}
	}
	if err := db.Adopt(units, reconcile.Effect{}); err != nil {
		b.Fatal(err)
	}
}

// recentRun changes some people of the directory and carries it out.
func (w *workplace) recentRun(b *testing.B) (number uint64) {
	b.Helper()
	const people = 20
	for _, p := range staff(people, false) {
		w.slapd.Modify(p.DN, "sn", "Mistake")
	}
	o := w.program(b, "run", "--json")
	if o.report.Counts.Updated != people {
		b.Fatalf("%d people were changed: %s", o.report.Counts.Updated, o.out)
	}
	return o.report.Run
}
