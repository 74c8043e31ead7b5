package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Kinds of moments at which a process can be killed.
const (
	aRead   = "read"   // a request to XiVO that changes nothing
	aWrite  = "write"  // a request to XiVO that changes something
	aModify = "modify" // a modification of the directory
	aStep   = "step"   // a call that writes to the store
	aMail   = "mail"   // an answer of the mail relay
)

// moment is one at which a process is killed: before or after the nth thing of a
// kind that it does. After a request is when it is carried out and not answered.
type moment struct {
	kind  string
	nth   int
	after bool
}

func (m moment) String() string {
	when := "before"
	if m.after {
		when = "after"
	}
	return fmt.Sprintf("%s %s %d", when, m.kind, m.nth)
}

// hunter sees what a child asks of both systems, and kills it at the moment.
type hunter struct {
	prey chan *child

	mu   sync.Mutex
	hit  func(m moment, r *http.Request) bool
	seen map[moment]int // by kind and after
}

// strike counts a moment, and tells whether it was the last one of the child, who
// is dead by then.
func (h *hunter) strike(kind string, after bool, r *http.Request) bool {
	h.mu.Lock()
	sort := moment{kind: kind, after: after}
	h.seen[sort]++
	now := moment{kind, h.seen[sort], after}
	hit := h.hit != nil && h.hit(now, r)
	if hit {
		h.hit = nil
	}
	h.mu.Unlock()
	if hit {
		c := <-h.prey
		c.kill()
		h.prey <- c
	}
	return hit
}

// count tells how often something of that kind was done.
func (h *hunter) count(kind string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[moment{kind: kind}]
}

func kindOf(r *http.Request) string {
	if r.Method == http.MethodGet || strings.HasPrefix(r.URL.Path, "/0.1/") { // a token is nothing to lose
		return aRead
	}
	return aWrite
}

// hunt starts a child that is killed at the first moment that hits; a request
// comes with those that are about one. Nil hits nothing.
func (w *world) hunt(change func(*job), hit func(m moment, r *http.Request) bool) (*child, *hunter) {
	w.t.Helper()
	h := &hunter{prey: make(chan *child, 1), hit: hit, seen: map[moment]int{}}
	w.sim.OnRequest(func(r *http.Request) {
		if h.strike(kindOf(r), false, r) {
			panic(http.ErrAbortHandler)
		}
	}, func(r *http.Request, _ int) { h.strike(kindOf(r), true, r) })
	direct := w.LDAP.URLs
	g := newGate(w.t, w.slapd.URL)
	g.Watch(func(m *message) {
		switch m.Operation {
		case modifyRequest:
			m.Drop = h.strike(aModify, false, nil)
		case modifyResponse:
			m.Drop = h.strike(aModify, true, nil)
		}
	})
	if w.relay != nil {
		w.relay.OnStep(func(string) { h.strike(aMail, false, nil) })
	}
	w.LDAP.URLs = []string{g.URL}
	c := w.startChild(change)
	w.LDAP.URLs = direct
	h.prey <- c
	return c, h
}

// killed runs a child that has to be killed at the moment.
func (w *world) killed(change func(*job), hit func(m moment, r *http.Request) bool) {
	w.t.Helper()
	c, _ := w.hunt(change, hit)
	w.mustDie(c)
}

func (w *world) mustDie(c *child) {
	w.t.Helper()
	killed, err := c.wait()
	w.sim.OnRequest(nil, nil)
	if !killed {
		w.t.Fatalf("the process was not killed: %v", err)
	}
	if c.asked != nil && !errors.Is(c.asked, errLost) {
		w.t.Errorf("whoever asked the service that was killed was told: %v", c.asked)
	}
}

// killedAt runs a child that has to be killed at just that moment.
func (w *world) killedAt(m moment, change func(*job)) {
	w.t.Helper()
	if killed, err := w.struckAt(m, change); !killed {
		w.t.Fatalf("the process was not killed: %v", err)
	}
}

// struckAt runs a child that is killed at just that moment, if it comes so far, and
// tells how it ended.
func (w *world) struckAt(m moment, change func(*job)) (killed bool, err error) {
	w.t.Helper()
	var c *child
	if m.kind == aStep {
		c = w.startChild(func(j *job) {
			if change != nil {
				change(j)
			}
			j.KillAt, j.KillAfter = m.nth, m.after
		})
	} else {
		c, _ = w.hunt(change, func(now moment, _ *http.Request) bool { return now == m })
	}
	killed, err = c.wait()
	w.sim.OnRequest(nil, nil)
	return killed, err
}

// afterFirst is the moment when the first request of that method was carried out.
func afterFirst(method string) func(m moment, r *http.Request) bool {
	return func(m moment, r *http.Request) bool { return m.after && r != nil && r.Method == method }
}

// moments are all at which a child can be killed, with every nth reading request.
func (h *hunter) moments(steps, reads int) []moment {
	var out []moment
	add := func(kind string, n, each int, both bool) {
		for nth := 1; each > 0 && nth <= n; nth += each {
			out = append(out, moment{kind, nth, false})
			if both {
				out = append(out, moment{kind, nth, true})
			}
		}
	}
	add(aStep, steps, 1, true)
	add(aWrite, h.count(aWrite), 1, true)
	add(aModify, h.count(aModify), 1, true)
	add(aRead, h.count(aRead), reads, false)
	add(aMail, h.count(aMail), 1, false)
	return out
}

// TestAHunterKillsAtTheMoment checks the tool itself: what was carried out is
// there, and what was not is not.
func TestAHunterKillsAtTheMoment(t *testing.T) {
	t.Parallel()
	first := newWorld(t, crowd(2))
	first.settle()
	first.slapd.Modify(dn("a00"), "sn", "Sent")
	first.edit("a01", map[string]any{"email": "back@parts.test"})
	k := first.keep()
	for m, want := range map[moment][2]string{
		{aWrite, 1, false}:  {"a00", "a01@parts.test"},
		{aWrite, 1, true}:   {"Sent", ""},
		{aModify, 1, false}: {"", "a01@parts.test"},
		{aModify, 1, true}:  {"", "back@parts.test"},
		{aRead, 1, false}:   {"a00", "a01@parts.test"},
		{aStep, 1, false}:   {"a00", "a01@parts.test"},
		{aStep, 1, true}:    {"a00", "a01@parts.test"},
	} {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			w := k.world(t)
			w.killedAt(m, nil)
			if want[0] != "" {
				w.wantUser("a00", "lastname", want[0])
			}
			if want[1] != "" {
				w.wantEntry(dn("a01"), "mail", want[1])
			}
			w.mustRun()
			w.wantUser("a00", "lastname", "Sent")
			w.wantEntry(dn("a01"), "mail", "back@parts.test")
		})
	}
}
