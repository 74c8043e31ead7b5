package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
)

// busy is a world whose next run has a joiner who draws a number from the pool, a
// joiner with two DIDs, a leaver, a return, a renumbering on each side, a DID
// given up and one replaced.
func busy(t testing.TB) *world {
	t.Helper()
	w := fully(t, hired(2), hired(3), hired(4), hired(5, telephone, outside(5), telephone, outside(55), telephone, outside(65)))
	w.spec("did").Direction = reconcile.Both
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
	w.mustRun()
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(24 * time.Hour)
	w.slapd.Modify(hired(2).DN, "employeeType", "internal")
	w.slapd.Modify(hired(1).DN, "employeeType", "disabled")
	w.slapd.Modify(hired(3).DN, "ipPhone", "1103")
	w.renumber("1004", "default", "1104")
	w.slapd.Modify(hired(5).DN, telephone, outside(5), outside(75))
	w.slapd.Add(hired(6))
	w.slapd.Modify(hired(6).DN, "ipPhone")
	w.slapd.Add(hired(7, telephone, outside(7), telephone, outside(57)))
	w.sim.ResetLog()
	return w
}

// ended is what is left of both systems after a run.
type ended struct {
	XiVO    []string
	Entries map[string]map[string][]string
	Open    []string
}

func (w *world) ended() ended {
	w.t.Helper()
	e := w.ending()
	return ended{w.estate(), e.Entries, e.Conflicts}
}

// TestCrashOfPhones kills a run with every kind of change to phones at every
// writing request, before and after it is carried out, and at every step of the
// store. One more run ends as the one that nobody kills, and then all is quiet.
func TestCrashOfPhones(t *testing.T) {
	t.Parallel()
	everyCrash(t, busy, 40)
}

// leaving is a world whose next run deletes a leaver whose grace is over, has a
// joiner with that number, and one more leaver.
func leaving(t testing.TB) *world {
	t.Helper()
	w := fully(t, hired(2), hired(3, telephone, outside(3), telephone, outside(53)), hired(4), hired(5))
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.mustRun()
	w.slapd.Modify(hired(3).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(31 * 24 * time.Hour)
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.slapd.Add(hired(6, "ipPhone", "1003", telephone, outside(3)))
	w.sim.ResetLog()
	return w
}

// TestCrashOfADeletion does the same to a run that deletes somebody, gives a
// joiner the number, and deactivates the next leaver.
func TestCrashOfADeletion(t *testing.T) {
	t.Parallel()
	everyCrash(t, leaving, 25)
}

// everyCrash kills the run at every request and every step of the store.
func everyCrash(t *testing.T, begin func(testing.TB) *world, least int) {
	w := begin(t)
	c := w.startChild(func(j *job) { j.Steps = true })
	if killed, err := c.wait(); killed || err != nil {
		t.Fatalf("the run that nobody kills: killed %v, %v", killed, err)
	}
	steps, err := strconv.Atoi(strings.TrimSpace(c.out.String()))
	if err != nil {
		t.Fatal(err)
	}
	requests := len(w.writes())
	want := w.ended()
	w.quiet()
	t.Logf("%d steps of the store, %d requests, conflicts %v", steps, requests, want.Open)
	if steps < least || requests < least || len(want.Open) > 0 {
		t.Fatal("is it still the run that is wanted?")
	}
	check := func(t *testing.T, w *world, c *child) {
		t.Helper()
		if killed, err := c.wait(); !killed {
			t.Fatalf("the run was not killed: %v", err)
		}
		report := w.mustRun()
		if report.Recovered.Unknown > 0 || len(report.Failures)+len(report.Found) > 0 {
			t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
		}
		if diff := cmp.Diff(want, w.ended()); diff != "" {
			t.Errorf("the crash made a difference (-without +with):\n%s", diff)
		}
		w.quiet()
	}
	for nth := 1; nth <= requests; nth++ {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d committed %v", nth, committed), func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				check(t, w, w.killedAt(nth, committed))
			})
		}
	}
	for nth := 1; nth <= steps; nth++ {
		t.Run(fmt.Sprintf("step %d", nth), func(t *testing.T) {
			t.Parallel()
			w := begin(t)
			check(t, w, w.startChild(func(j *job) { j.KillAt = nth }))
		})
	}
}

// killedAt starts a child that is killed at its nth writing request.
func (w *world) killedAt(nth int, committed bool) *child {
	started := make(chan *child, 1)
	n := 0
	strike := func(r *http.Request) bool {
		if r.Method == http.MethodGet {
			return false
		}
		n++
		if n != nth {
			return false
		}
		c := <-started
		c.kill()
		started <- c
		return true
	}
	if committed {
		w.sim.OnRequest(nil, func(r *http.Request, _ int) { strike(r) })
	} else {
		w.sim.OnRequest(func(r *http.Request) {
			if strike(r) {
				panic(http.ErrAbortHandler)
			}
		}, nil)
	}
	w.t.Cleanup(func() { w.sim.OnRequest(nil, nil) })
	c := w.startChild(nil)
	started <- c
	return c
}
