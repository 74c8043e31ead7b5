package xivo

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// The outcome of a write whose answer was lost: what the caller is told, and
// what XiVO holds.
func TestLostAnswers(t *testing.T) {
	users, one := "/1.1/users", "/1.1/users/*"
	for name, tc := range map[string]struct {
		op     record.Op
		faults []xivosim.Fault
		class  record.Class // where it fails
		fails  bool
		words  []string
		done   bool // what XiVO holds afterwards
	}{
		"create: 500 after the commit":           {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.FailAfter}}, done: true},
		"create: 500 instead":                    {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users}}, fails: true, class: record.Refused, words: []string{"sysconfd error", "not carried out"}},
		"create: dropped after":                  {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.DropAfter}}, done: true},
		"create: dropped before":                 {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.DropBefore}}, fails: true, class: record.Down, words: []string{"not carried out"}},
		"create: no way to look":                 {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.DropAfter}, {Method: "GET", Path: users}}, fails: true, class: record.Down, done: true},
		"create: a reading that fails once":      {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.FailAfter}, {Method: "GET", Path: users, Nth: 1}}, done: true},
		"create: not to be read back":            {op: record.Create, faults: []xivosim.Fault{{Method: "GET", Path: one}}, fails: true, class: record.Down, words: []string{"written", "not to be read back"}, done: true},
		"update: 500 after the commit":           {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Effect: xivosim.FailAfter}}, done: true},
		"update: 500 instead":                    {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one}}, fails: true, class: record.Refused, words: []string{"sysconfd error"}},
		"update: dropped after":                  {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Effect: xivosim.DropAfter}}, done: true},
		"update: dropped before, once":           {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Nth: 1, Effect: xivosim.DropBefore}}, done: true},
		"update: dropped before, always":         {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Effect: xivosim.DropBefore}}, fails: true, class: record.Down},
		"update: database out of reach":          {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Body: `["Unexpected error: (OperationalError) could not connect"]`}}, fails: true, class: record.Down, words: []string{"OperationalError"}},
		"update: service unavailable":            {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Status: 503, Body: "<html>"}}, fails: true, class: record.Down},
		"update: gateway gives up":               {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Status: 504, Body: "<html>"}}, fails: true, class: record.Uncertain, words: []string{"still"}},
		"update: precondition not to be read":    {op: record.Update, faults: []xivosim.Fault{{Method: "GET", Path: one}}, fails: true, class: record.Down},
		"update: a reading dropped once":         {op: record.Update, faults: []xivosim.Fault{{Method: "GET", Path: one, Nth: 1, Effect: xivosim.DropBefore}}, done: true},
		"update: no way to look":                 {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Effect: xivosim.DropAfter}, {Method: "GET", Path: one, Nth: 2}, {Method: "GET", Path: one, Nth: 3}, {Method: "GET", Path: one, Nth: 4}}, fails: true, class: record.Down, done: true},
		"delete: 500 after the commit":           {op: record.Delete, faults: []xivosim.Fault{{Method: "DELETE", Path: one, Effect: xivosim.FailAfter}}, done: true},
		"delete: 500 instead":                    {op: record.Delete, faults: []xivosim.Fault{{Method: "DELETE", Path: one}}, fails: true, class: record.Refused},
		"delete: dropped after":                  {op: record.Delete, faults: []xivosim.Fault{{Method: "DELETE", Path: one, Effect: xivosim.DropAfter}}, done: true},
		"delete: dropped before, once":           {op: record.Delete, faults: []xivosim.Fault{{Method: "DELETE", Path: one, Nth: 1, Effect: xivosim.DropBefore}}, done: true},
		"delete: incalls not to be read":         {op: record.Delete, faults: []xivosim.Fault{{Method: "GET", Path: "/1.1/incalls"}}, fails: true, class: record.Down},
		"update: the token revoked on the way":   {op: record.Update, faults: []xivosim.Fault{{Method: "PUT", Path: one, Nth: 1, Effect: xivosim.RevokeTokens}}, done: true},
		"create: the token revoked on the way":   {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Nth: 1, Effect: xivosim.RevokeTokens}}, done: true},
		"create: ignored, as by no confd we saw": {op: record.Create, faults: []xivosim.Fault{{Method: "POST", Path: users, Effect: xivosim.Ignore}}, fails: true, class: record.Uncertain},
	} {
		t.Run(name, func(t *testing.T) {
			h := live(t, xivosim.Options{})
			key, ch := "", change(record.Create, "", "firstname", "New", "description", "guid-new", "password", "hunter2")
			if tc.op != record.Create {
				key = h.create(t, "firstname", "Old", "description", "guid-new").ID
				ch = from(change(tc.op, key, "firstname", "New"), "firstname", "Old")
			}
			if tc.op == record.Delete {
				ch.Fields = nil
			}
			h.sim.Inject(tc.faults...)
			r, err := h.Apply(context.Background(), ch)
			h.sim.ClearFaults()
			switch {
			case tc.fails:
				wantClass(t, err, tc.class, tc.words...)
			case err != nil:
				t.Fatal(err)
			case tc.op != record.Delete && r.Values["firstname"].First() != "New":
				t.Errorf("record %+v", r)
			}
			if got := h.carriedOut(t, tc.op); got != tc.done {
				t.Errorf("carried out: %t, want %t", got, tc.done)
			}
			if found, _ := h.Find(context.Background(), "guid-new"); len(found) > 1 {
				t.Errorf("%d users were made", len(found))
			}
		})
	}
}

// carriedOut looks at what XiVO holds.
func (h *house) carriedOut(t *testing.T, op record.Op) bool {
	t.Helper()
	found, err := h.Find(context.Background(), "guid-new")
	if err != nil {
		t.Fatal(err)
	}
	if op == record.Delete {
		return len(found) == 0
	}
	return len(found) == 1 && found[0].Values["firstname"].First() == "New"
}

func TestLookUpFindsTwo(t *testing.T) {
	h := live(t, xivosim.Options{})
	first := h.create(t, "firstname", "Other", "description", "guid-new")
	h.sim.Inject(xivosim.Fault{Method: "POST", Path: "/1.1/users", Effect: xivosim.DropAfter})
	_, err := h.Apply(context.Background(), change(record.Create, "", "firstname", "New", "description", "guid-new"))
	wantClass(t, err, record.Refused, "several users", first.ID, "Other", "New")
}

func TestLookUpFindsAnother(t *testing.T) {
	h := live(t, xivosim.Options{})
	h.create(t, "firstname", "Other", "description", "guid-new")
	h.sim.Inject(xivosim.Fault{Method: "POST", Path: "/1.1/users"})
	_, err := h.Apply(context.Background(), change(record.Create, "", "firstname", "New", "description", "guid-new"))
	wantClass(t, err, record.Uncertain)
}

func TestCreateWithoutIdentifierCannotBeLookedUp(t *testing.T) {
	h := live(t, xivosim.Options{})
	h.sim.Inject(xivosim.Fault{Method: "POST", Path: "/1.1/users", Effect: xivosim.FailAfter})
	_, err := h.Apply(context.Background(), change(record.Create, "", "firstname", "New"))
	wantClass(t, err, record.Uncertain, "no identifier")
}

// Whoever waits no longer gets the outcome all the same, where it can be told.
func TestTheCallerStopsWaiting(t *testing.T) {
	for name, tc := range map[string]struct {
		late  bool // the write is done only after we have gone
		class record.Class
	}{
		"before the write is done": {late: true, class: record.Uncertain},
		"after it":                 {},
	} {
		t.Run(name, func(t *testing.T) {
			h := live(t, xivosim.Options{})
			made := h.create(t, "firstname", "Old", "description", "g")
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if tc.late {
				h.sim.Inject(xivosim.Fault{Method: "PUT", Path: "/1.1/users/*", Effect: xivosim.Delay, Wait: 200 * time.Millisecond})
				h.cancelOn("PUT", cancel)
			} else {
				h.sim.Inject(xivosim.Fault{Method: "PUT", Path: "/1.1/users/*", Effect: xivosim.FailAfter})
				h.cancelAfter("PUT", cancel)
			}
			r, err := h.Apply(ctx, from(change(record.Update, made.ID, "firstname", "New"), "firstname", "Old"))
			if tc.late {
				wantClass(t, err, tc.class, "canceled")
				return
			}
			if err != nil || r.Values["firstname"].First() != "New" {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}

// cancelOn ends the caller's time when a request of the method comes in,
// cancelAfter when it has been answered.
func (h *house) cancelOn(method string, cancel func()) {
	h.sim.OnRequest(func(r *http.Request) {
		if r.Method == method {
			cancel()
		}
	}, nil)
}

func (h *house) cancelAfter(method string, cancel func()) {
	h.sim.OnRequest(nil, func(r *http.Request, _ int) {
		if r.Method == method {
			cancel()
		}
	})
}

func TestSilenceIsBounded(t *testing.T) {
	h := live(t, xivosim.Options{}, func(c *Config) { c.Timeout = 50 * time.Millisecond })
	h.sim.Inject(xivosim.Fault{Method: "GET", Path: "/1.1/infos", Effect: xivosim.Delay, Wait: time.Hour})
	_, err := h.Identity(context.Background())
	wantClass(t, err, record.Down, "GET /infos", "no answer in time")
	if !errors.Is(err, errSilent) {
		t.Errorf("%v is not errSilent", err)
	}
	if strings.Count(err.Error(), "GET /infos") != 1 {
		t.Errorf("%v names the request twice", err)
	}
}

func TestAReadIsRepeatedThreeTimesAtMost(t *testing.T) {
	h := live(t, xivosim.Options{})
	h.sim.Inject(xivosim.Fault{Method: "GET", Path: "/1.1/infos", Effect: xivosim.DropBefore})
	_, err := h.Identity(context.Background())
	wantClass(t, err, record.Down)
	if n := len(slices.DeleteFunc(h.sim.Log(), func(r xivosim.Request) bool { return r.Path != "/1.1/infos" })); n < tries || n > 2*tries {
		t.Errorf("asked %d times", n) // net/http repeats a GET once by itself
	}
}

func TestAConnectionThatWasClosedWhileIdle(t *testing.T) {
	h := live(t, xivosim.Options{IdleTimeout: time.Millisecond})
	made := h.create(t, "firstname", "Old", "description", "g")
	for range 20 {
		if _, err := h.Read(context.Background(), made.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // as long as the server lets a connection be idle: some are closed, some not
	}
}
