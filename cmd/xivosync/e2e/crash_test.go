package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/store"
)

// crashWorld is one whose next run creates, updates, writes back, adopts,
// deactivates, reactivates, and has a conflict.
func crashWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, crowd(8))
	w.Removal.AbsentRuns, w.Removal.AbsentFor = 1, 0
	w.mustRun()
	w.slapd.Modify(dn("a05"), "employeeType", "disabled")
	w.mustRun()
	w.slapd.Modify(dn("a05"), "employeeType", "internal")
	w.slapd.Add(person("n00"))
	w.slapd.Add(person("n01"))
	w.slapd.Modify(dn("a00"), "sn", "Changed")
	w.slapd.Modify(dn("a01"), "sn", "Changed")
	w.edit("a02", map[string]any{"email": "changed.a02@parts.test"})
	w.edit("a03", map[string]any{"email": "changed.a03@parts.test"})
	w.slapd.Modify(dn("a03"), "sn", "Changed")
	w.slapd.Modify(dn("a04"), "employeeType", "disabled")
	w.slapd.Modify(dn("a06"), "mail", "ldap@parts.test")
	w.edit("a06", map[string]any{"email": "xivo@parts.test"})
	w.slapd.Delete(dn("a07"))
	w.slapd.Add(person("p00"))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Before", "userfield": "p00", "email": "p00@parts.test"}, nil)
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Door", "lastname": "Phone"}, nil)
	w.sim.ResetLog()
	return w
}

// ending is the state of both systems and the open conflicts, without what
// differs from one server to another.
type ending struct {
	Users     map[string]map[string]any
	Entries   map[string]map[string][]string
	Conflicts []string
}

func (w *world) ending() ending {
	w.t.Helper()
	e := ending{Users: w.users(), Entries: map[string]map[string][]string{}}
	for _, u := range e.Users {
		for _, own := range []string{"id", "uuid", "links"} {
			delete(u, own)
		}
	}
	for _, values := range w.snapshot().Entries {
		delete(values, "entryUUID")
		delete(values, "entryCSN")
		e.Entries[values["dn"][0]] = values
	}
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if problems, err := db.Check(); err != nil || len(problems) > 0 {
		w.t.Errorf("the store: %v %v", problems, err)
	}
	for c, err := range db.Conflicts() {
		if err != nil {
			w.t.Fatal(err)
		}
		e.Conflicts = append(e.Conflicts, fmt.Sprintf("%s %s %s", c.Kind, c.Person.Identifier, c.Field))
	}
	return e
}

// TestCrash kills a run at every writing request, before and after it is carried
// out, and around every step of the store. One more run has to end as the run
// does that nobody kills, and the one after has nothing to do.
func TestCrash(t *testing.T) {
	t.Parallel()
	w := crashWorld(t)
	c := w.startChild(func(j *job) { j.Steps = true })
	if killed, err := c.wait(); killed || err != nil {
		t.Fatalf("the run that nobody kills: killed %v, %v", killed, err)
	}
	steps, err := strconv.Atoi(strings.TrimSpace(c.out.String()))
	if err != nil {
		t.Fatal(err)
	}
	requests := len(w.writes())
	want := w.ending()
	w.quiet()
	if steps < 20 || requests < 8 || len(want.Conflicts) != 1 {
		t.Fatalf("the run has %d steps, %d requests, conflicts %v: is it still the one that is wanted?", steps, requests, want.Conflicts)
	}
	t.Logf("%d steps of the store, %d requests", steps, requests)
	check := func(t *testing.T, w *world, c *child) {
		t.Helper()
		if killed, err := c.wait(); !killed {
			t.Fatalf("the run was not killed: %v", err)
		}
		report := w.mustRun()
		if n := report.Recovered.Unknown; n > 0 || len(report.Failures) > 0 {
			t.Errorf("recovered %+v, failures %v", report.Recovered, report.Failures)
		}
		if diff := cmp.Diff(want, w.ending()); diff != "" {
			t.Errorf("the crash made a difference (-without +with):\n%s", diff)
		}
		w.quiet()
	}
	for nth := 1; nth <= requests; nth++ {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d, committed %v", nth, committed), func(t *testing.T) {
				t.Parallel()
				w := crashWorld(t)
				started := make(chan *child, 1)
				n := 0
				strike := func(r *http.Request) bool {
					if r.Method == http.MethodGet {
						return false
					}
					n++
					return n == nth
				}
				kill := func() {
					c := <-started
					c.kill()
					started <- c
				}
				if committed {
					w.sim.OnRequest(nil, func(r *http.Request, _ int) {
						if strike(r) {
							kill()
						}
					})
				} else {
					w.sim.OnRequest(func(r *http.Request) {
						if strike(r) {
							kill()
							panic(http.ErrAbortHandler)
						}
					}, nil)
				}
				c := w.startChild(nil)
				started <- c
				defer w.sim.OnRequest(nil, nil)
				check(t, w, c)
			})
		}
	}
	for nth := 1; nth <= 2; nth++ {
		for _, operation := range []int{modifyRequest, modifyResponse} {
			t.Run(fmt.Sprintf("modification %d, committed %v", nth, operation == modifyResponse), func(t *testing.T) {
				t.Parallel()
				w := crashWorld(t)
				g := newGate(t, w.slapd.URL)
				direct := w.LDAP.URLs
				w.LDAP.URLs = []string{g.URL}
				started := make(chan *child, 1)
				var n atomic.Int64 // the gate calls from its own goroutines
				g.Watch(func(m *message) {
					if m.Operation != operation {
						return
					}
					if n.Add(1) == int64(nth) {
						c := <-started
						c.kill()
						m.Drop = true
					}
				})
				c := w.startChild(nil)
				started <- c
				w.LDAP.URLs = direct
				check(t, w, c)
			})
		}
	}
	for nth := 1; nth <= steps; nth++ {
		t.Run(fmt.Sprintf("step %d", nth), func(t *testing.T) {
			t.Parallel()
			w := crashWorld(t)
			check(t, w, w.startChild(func(j *job) { j.KillAt = nth }))
		})
	}
	t.Run("last step is over", func(t *testing.T) {
		t.Parallel()
		w := crashWorld(t)
		check(t, w, w.startChild(func(j *job) { j.KillAt, j.KillAfter = steps, true }))
	})
}

// TestEditsAfterCrash are made on both sides between a crash and the run that
// recovers it: they travel like any other.
func TestEditsAfterCrash(t *testing.T) {
	t.Parallel()
	for name, method := range map[string]string{"create": http.MethodPost, "update": http.MethodPut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(2))
			id := "a00"
			if method == http.MethodPost {
				id = "n00"
			}
			w.settle()
			if method == http.MethodPost {
				w.slapd.Add(person("n00"))
			} else {
				w.slapd.Modify(dn(id), "sn", "Sent")
			}
			started := make(chan *child, 1)
			w.sim.OnRequest(nil, func(r *http.Request, _ int) {
				if r.Method == method {
					c := <-started
					c.kill()
					started <- c
				}
			})
			c := w.startChild(nil)
			started <- c
			if killed, err := c.wait(); !killed {
				t.Fatalf("the run was not killed: %v", err)
			}
			w.sim.OnRequest(nil, nil)
			w.slapd.Modify(dn(id), "sn", "After the crash")
			w.edit(id, map[string]any{"email": "after.the.crash@parts.test"})
			report := w.mustRun()
			if report.Recovered.Done != 1 || len(report.Found) > 0 || len(report.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
			}
			w.wantUser(id, "lastname", "After the crash", "email", "after.the.crash@parts.test")
			w.wantEntry(dn(id), "mail", "after.the.crash@parts.test")
			w.quiet()
		})
	}
}
