package e2e

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// pagedWorld is one whose listing takes several pages, in step, with an edit on
// each side that waits to travel.
func pagedWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, crowd(60))
	w.LDAP.PageSize = 10
	w.settle()
	w.tempt("a01", "a02")
	return w
}

// tempt makes an edit on each side, and takes somebody away.
func (w *world) tempt(inLDAP, inXiVO string) {
	w.t.Helper()
	w.slapd.Modify(dn(inLDAP), "sn", "Edited "+w.Clock.String())
	w.edit(inXiVO, map[string]any{"email": fmt.Sprintf("edited%d@parts.test", w.Clock.Unix())})
}

// right makes a run that has to serve both edits, and then be quiet.
func (w *world) right(inLDAP, inXiVO string) {
	w.t.Helper()
	report := w.mustRun()
	if report.Outcome != record.OutcomeDone || report.Counts.Updated != 1 || report.Counts.WrittenBack != 1 || len(report.Found) > 0 {
		w.t.Errorf("the run after the failure: %s, %+v, failures %v, conflicts%s", report.Outcome, report.Counts, report.Failures, told(report.Found))
	}
	w.wantUser(inLDAP, "lastname", w.slapd.Values(dn(inLDAP), "sn")[0])
	w.wantEntry(dn(inXiVO), "mail", w.user(inXiVO)["email"].(string))
	if n := len(w.users()); n != 60 {
		w.t.Errorf("XiVO has %d users, want the 60", n)
	}
	for id, u := range w.users() {
		if u["enabled"] != true {
			w.t.Errorf("%s was deactivated", id)
		}
	}
	w.quiet()
}

// TestListingCut cuts the directory's connection after ever more bytes of a run.
func TestListingCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(60))
	w.LDAP.PageSize = 10
	w.settle()
	proxy := ldaptest.NewProxy(t, w.slapd.URL)
	w.LDAP.URLs = []string{proxy.URL()}
	_, from := proxy.Bytes()
	w.quiet()
	_, to := proxy.Bytes()
	whole := to - from
	var cuts []int64
	for i := range int64(4) {
		cuts = append(cuts, whole*(i+1)/6) // the login, and what the server can do
	}
	for i := range int64(10) {
		cuts = append(cuts, whole-1200*(i+1)) // the pages
	}
	failed := 0
	for i, after := range cuts {
		w.tempt("a01", "a02")
		before := w.snapshot()
		w.sim.ResetLog()
		proxy.CutAfter(after)
		report, err := w.run()
		proxy.Heal()
		if err == nil {
			// The connection was made anew where that loses nothing.
			if report.Counts.Updated != 1 || report.Counts.WrittenBack != 1 || report.Counts.Deactivated != 0 {
				t.Errorf("cut %d: %s %+v", i, report.Outcome, report.Counts)
			}
			w.quiet()
			continue
		}
		failed++
		wantWords(t, err.Error(), "ldap")
		if sent := w.writes(); len(sent) > 0 {
			t.Errorf("cut %d: sent %v", i, sent)
		}
		if report != nil && report.Outcome != record.OutcomeFailed {
			t.Errorf("cut %d: outcome %s", i, report.Outcome)
		}
		w.same(before)
		w.right("a01", "a02")
	}
	t.Logf("%d of %d cuts made the run fail", failed, len(cuts))
	if failed < 5 {
		t.Errorf("only %d of %d cuts made the run fail; do they still hit the listing?", failed, len(cuts))
	}
}

// TestListingCutShort ends the listing in the ways in which servers do.
func TestListingCutShort(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fail  func(w *world)
		heal  func(w *world)
		words []string
	}{
		"size limit": {
			fail:  func(w *world) { w.slapd.SetLimits("size.soft=500 size.hard=500 size.pr=1000 size.prtotal=20") },
			heal:  func(w *world) { w.slapd.SetLimits("size.soft=500 size.hard=500 size.pr=1000 size.prtotal=unlimited") },
			words: []string{ldaptest.PeopleDN, "stopped after", "size limit", "prtotal"},
		},
		"page too large": {
			fail:  func(w *world) { w.slapd.SetLimits("size.soft=5 size.hard=5 size.pr=5") },
			heal:  func(w *world) { w.slapd.SetLimits("size.soft=500 size.hard=500 size.pr=1000 size.prtotal=unlimited") },
			words: []string{ldaptest.PeopleDN, "stopped after 0 entries", "page_size"},
		},
		"down": {
			fail: func(w *world) { w.slapd.Kill() }, heal: func(w *world) { w.slapd.Start() },
			words: []string{"connection refused"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pagedWorld(t)
			before := w.snapshot()
			tc.fail(w)
			w.sim.ResetLog()
			report, err := w.run()
			if err == nil {
				t.Fatalf("the run came to its end: %s", report.Outcome)
			}
			wantWords(t, err.Error(), tc.words...)
			if sent := w.writes(); len(sent) > 0 {
				t.Errorf("sent %v", sent)
			}
			tc.heal(w)
			w.same(before)
			w.right("a01", "a02")
		})
	}
}

// TestListingInterrupted acts on the third page.
func TestListingInterrupted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		act   func(w *world, m *message)
		at    int // the operation at which to act
		heal  func(w *world)
		words []string
	}{
		"time limit": {
			at: searchDone, act: func(_ *world, m *message) { m.answer(searchDone, 3, "") },
			words: []string{"time limit", "stopped after"},
		},
		"killed": {
			at: searchRequest, act: func(w *world, m *message) { w.slapd.Kill() },
			heal:  func(w *world) { w.slapd.Start() },
			words: []string{"stopped after"},
		},
		"busy": {
			at: searchDone, act: func(_ *world, m *message) { m.answer(searchDone, 51, "come back later") },
			words: []string{"come back later", "stopped after"},
		},
		"paging control lost": {
			at: searchDone, act: func(_ *world, m *message) { m.answer(searchDone, 0, "") },
			words: []string{"paging control", "stopped after"},
		},
		"dropped": {
			at: searchDone, act: func(_ *world, m *message) { m.Drop = true },
			words: []string{"stopped after"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := pagedWorld(t)
			g := newGate(t, w.slapd.URL)
			w.LDAP.URLs = []string{g.URL}
			var searches atomic.Int64 // the gate calls from its own goroutines
			var acted atomic.Bool
			searches.Store(w.countSearches(g))
			before := w.snapshot()
			w.sim.ResetLog()
			g.Watch(func(m *message) {
				if m.Operation != tc.at {
					return
				}
				if searches.Add(-1) == 2 { // two more pages would have come
					acted.Store(true)
					tc.act(w, m)
				}
			})
			report, err := w.run()
			g.Watch(nil)
			if !acted.Load() {
				t.Fatal("nothing was done to the listing")
			}
			if err == nil {
				t.Fatalf("the run came to its end: %s", report.Outcome)
			}
			wantWords(t, err.Error(), tc.words...)
			if report != nil && report.Outcome != record.OutcomeFailed {
				t.Errorf("outcome %s", report.Outcome)
			}
			if sent := w.writes(); len(sent) > 0 {
				t.Errorf("sent %v", sent)
			}
			if tc.heal != nil {
				tc.heal(w)
			}
			w.same(before)
			w.right("a01", "a02")
		})
	}
}

// countSearches tells how many searches a plan needs, the listing's pages last.
// The listing of the seven pages is the last thing that a plan reads.
func (w *world) countSearches(g *gate) int64 {
	w.t.Helper()
	var n atomic.Int64
	g.Watch(func(m *message) {
		if m.Operation == searchDone {
			n.Add(1)
		}
	})
	w.plan()
	g.Watch(nil)
	return n.Load()
}

// TestDirectoryStalls is a server that stays silent in the middle of the listing.
func TestDirectoryStalls(t *testing.T) {
	t.Parallel()
	w := pagedWorld(t)
	proxy := ldaptest.NewProxy(t, w.slapd.URL)
	w.LDAP.URLs, w.LDAP.Timeout = []string{proxy.URL()}, 3*time.Second
	w.plan()
	_, whole := proxy.Bytes()
	proxy.StallAfter(whole - 3000)
	w.failing("ldap", "stopped after")
	proxy.Heal()
	w.right("a01", "a02")
}

// TestDirectoryRestarts between two runs, in good order and not.
func TestDirectoryRestarts(t *testing.T) {
	t.Parallel()
	w := pagedWorld(t)
	w.slapd.Stop()
	w.slapd.Start()
	w.right("a01", "a02")
	w.slapd.Kill()
	w.slapd.Start()
	w.quiet()
}
