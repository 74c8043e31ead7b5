package xivosim

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestMeasuredPace(t *testing.T) {
	for name, tc := range map[string]struct {
		method, path, body string
		want               time.Duration
	}{
		"one object":     {"GET", "/1.1/users/1", "", 15 * time.Millisecond},
		"a user more":    {"POST", "/1.1/users", newUser, 41 * time.Millisecond},
		"a change":       {"PUT", "/1.1/users/1", `{}`, 40 * time.Millisecond},
		"users in full":  {"GET", "/1.1/users", "", 15*time.Millisecond + 100*2700*time.Microsecond},
		"a page of them": {"GET", "/1.1/users?limit=10", "", 15*time.Millisecond + 10*2700*time.Microsecond},
		"the export":     {"GET", "/1.1/users/export", "", 15*time.Millisecond + 100*60*time.Microsecond},
		"the directory":  {"GET", "/1.1/users?view=directory", "", 15*time.Millisecond + 100*150*time.Microsecond},
		"the summary":    {"GET", "/1.1/users?view=summary", "", 15*time.Millisecond + 100*130*time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := newTestSim(Options{Pace: PaceMeasured})
				if err := sim.SeedUsers(100); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				ask(sim.LocalConfd(), tc.method, tc.path, tc.body)
				if got := time.Since(start); got != tc.want {
					t.Errorf("took %v, want %v", got, tc.want)
				}
			})
		})
	}
}

// One core: two requests at once take as long as one after the other.
func TestOneCore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newTestSim(Options{Pace: PaceMeasured})
		start := time.Now()
		var both sync.WaitGroup
		for range 2 {
			both.Go(func() { ask(sim.LocalConfd(), "POST", "/1.1/users", newUser) })
		}
		both.Wait()
		if got := time.Since(start); got != 82*time.Millisecond {
			t.Errorf("took %v, want 82ms", got)
		}
	})
}

// A client that gives up does not keep the core.
func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newTestSim(Options{Pace: PaceMeasured})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "POST", "/1.1/users", nil)
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Error("the handler did not abort")
				}
			}()
			sim.LocalConfd().ServeHTTP(httptest.NewRecorder(), r)
		}()
		start := time.Now()
		want(t, sim.LocalConfd(), 200, "GET", "/1.1/infos", "")
		if got := time.Since(start); got != costRead {
			t.Errorf("took %v, want %v", got, costRead)
		}
	})
}
