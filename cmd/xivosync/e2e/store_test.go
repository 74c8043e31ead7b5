package e2e

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// TestDiskFull lets the store grow to a limit only. The run ends with an error,
// and with room again the next ones complete the work: nobody twice, nothing
// lost.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	const people = 120
	full := 0
	for _, limit := range []uint64{16 << 10, 40 << 10, 64 << 10, 100 << 10, 128 << 10, 200 << 10, 256 << 10, 400 << 10} {
		w := newWorld(t, crowd(10))
		if limit > 16<<10 {
			w.settle()
		}
		for i := range people {
			w.slapd.Add(person(fmt.Sprintf("n%03d", i)))
		}
		info, err := os.Stat(w.Path)
		if err == nil && uint64(info.Size()) > limit {
			continue // it is that large already
		}
		c := w.startChild(func(j *job) {
			j.FileLimit = limit
			j.Allow = append(j.Allow, reconcile.GuardCreates)
		})
		killed, err := c.wait()
		if killed {
			t.Fatal("killed")
		}
		made := len(w.list())
		if err != nil {
			full++
			wantWords(t, err.Error(), "file too large")
		}
		t.Logf("limit %d: %d users, %v", limit, made, err)
		report := w.mustRun(allow(reconcile.GuardCreates))
		if report.Recovered.Unknown > 0 || len(report.Found) > 0 || len(report.Failures) > 0 {
			t.Errorf("limit %d: recovered %+v, failures %v%s", limit, report.Recovered, report.Failures, told(report.Found))
		}
		if n := len(w.users()); n != people+10 {
			t.Errorf("limit %d: XiVO has %d users, want %d", limit, n, people+10)
		}
		w.quiet()
	}
	if full < 3 {
		t.Errorf("the disk was full only %d times", full)
	}
}

// TestSecondProcess on the same store is told who holds it, and does nothing.
func TestSecondProcess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(3))
	w.settle()
	before := w.snapshot()
	w.sim.ResetLog()
	db, err := store.Open(w.Path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err = w.run()
	var busy *store.Busy
	if !errors.As(err, &busy) || busy.Holder == nil || busy.Holder.PID != os.Getpid() {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	_, err = w.startChild(nil).wait()
	if err == nil {
		t.Error("the child ran")
	} else {
		wantWords(t, err.Error(), w.Path, "in use", fmt.Sprint(os.Getpid()))
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if sent := w.writes(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	w.same(before)
	w.quiet()
}

// TestStoreLost deletes the store between two runs: everybody is found again by
// their identifier, and nothing is written.
func TestStoreLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(20))
	w.settle()
	for _, file := range []string{w.Path, w.Path + ".key"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	before := w.snapshot()
	w.sim.ResetLog()
	report := w.mustRun(refuse)
	if report.Counts.Adopted == 0 {
		// An adoption without a write is let through or asked about like a first run.
		if report.Outcome != record.OutcomeGuarded {
			t.Errorf("outcome %s", report.Outcome)
		}
		report = w.mustRun()
	}
	if report.Counts.Adopted != 20 || report.Counts.Created+report.Counts.Updated+report.Counts.WrittenBack > 0 {
		t.Errorf("%+v", report.Counts)
	}
	if sent := w.writes(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	w.same(before)
	w.quiet()
	w.edit("a01", map[string]any{"email": "new@parts.test"})
	w.mustRun()
	w.wantEntry(dn("a01"), "mail", "new@parts.test")
}
