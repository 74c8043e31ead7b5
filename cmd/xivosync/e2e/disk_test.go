package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"xivosync/store"

	"github.com/google/go-cmp/cmp"
)

// TestDiskReallyFull has the run on a disk of its own, with so much room left and
// no more. What is written there can be read while it is full, and with room again
// the next run ends as one that always had it.
func TestDiskReallyFull(t *testing.T) {
	t.Parallel()
	begun := aDay(t).keep()
	w := begun.world(t)
	w.mustRun(allow(everyGuard...))
	want, done := w.ended(), w.ledger().made(begun)
	full := 0
	for left := 0; left <= 160; left += 16 {
		w := begun.world(t)
		room := w.toSmallDisk(4096)
		room(left)
		killed, err := w.startChild(generous).wait()
		t.Logf("with %d KiB: %v", left, err)
		if killed {
			t.Fatal("killed")
		}
		if err != nil {
			full++
			wantWords(t, err.Error(), w.Path, "make room on its disk", "no space left on device")
		}
		room(0)
		starved := w.ledger()
		room(4096)
		report := w.mustRun(allow(everyGuard...))
		if report.Recovered.Unknown > 0 || len(report.Failures) > 0 {
			t.Errorf("with %d KiB: recovered %+v, failures %v%s", left, report.Recovered, report.Failures, told(report.Found))
		}
		if diff := cmp.Diff(want, w.ended()); diff != "" {
			t.Errorf("with %d KiB (-without +with):\n%s", left, diff)
		}
		now := w.ledger()
		now.keeps(t, starved)
		if diff := cmp.Diff(done, now.made(begun)); diff != "" {
			t.Errorf("with %d KiB the journal tells something else (-without +with):\n%s", left, diff)
		}
		w.quiet()
	}
	if full < 3 {
		t.Errorf("the disk was full only %d times", full)
	}
}

// toSmallDisk moves the store to a disk of so many KiB; what it returns leaves so
// much of them.
func (w *world) toSmallDisk(size int) (room func(left int)) {
	w.t.Helper()
	dir := w.t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=700", size)); err != nil {
		w.t.Skipf("this process may not mount a disk to fill (%v); the other tests of a full disk limit the size of files", err)
	}
	w.t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			w.t.Error(err)
		}
	})
	moved := filepath.Join(dir, "state.db")
	for from, to := range map[string]string{w.Path: moved, store.KeyFile(w.Path): store.KeyFile(moved)} {
		content, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, content, 0o600)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	w.Path = moved
	return func(left int) {
		w.t.Helper()
		filler := filepath.Join(dir, "filler")
		_ = os.Remove(filler)
		var fs syscall.Statfs_t
		if err := syscall.Statfs(dir, &fs); err != nil {
			w.t.Fatal(err)
		}
		if n := int64(fs.Bavail)*fs.Bsize - int64(left)<<10; n > 0 {
			if err := os.WriteFile(filler, make([]byte, n), 0o600); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}
