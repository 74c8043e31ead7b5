package xivo

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// house is a simulated XiVO with a client of it.
type house struct {
	*Client
	sim *xivosim.Sim
	srv *xivosim.Server
	log *strings.Builder
	// struck tells that a fault has struck that strikes once.
	struck bool
}

// mappedInTests are the fields that the tests map unless they say otherwise.
var mappedInTests = []string{
	"firstname", "lastname", "email", "mobile_phone_number", "caller_id", "outgoing_caller_id", "username", "password",
	"language", "userfield", "ring_seconds", "supervision_enabled", "enabled", "call_permission_password",
}

// live starts a simulated XiVO and a client; what the test changes in conf and
// opt holds.
func live(t testing.TB, opt xivosim.Options, change ...func(*Config)) *house {
	t.Helper()
	h := &house{sim: xivosim.New(opt), log: &strings.Builder{}}
	var err error
	if h.srv, err = h.sim.Listen(xivosim.Addresses{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.srv.Close(); err != nil {
			t.Error(err)
		}
	})
	conf := Config{
		URL: h.srv.URL, AuthURL: h.srv.AuthURL, WebURL: h.srv.WebURL, Username: "xivosync", Password: "secret",
		Fields: mappedInTests, Identifier: "description", Timeout: 10 * time.Second,
		Log: hclog.New(&hclog.LoggerOptions{Level: hclog.Trace, Output: h.log}),
	}
	for _, f := range change {
		f(&conf)
	}
	h.Client = client(t, conf)
	return h
}

// client makes one that hardly pauses between two tries, closed with the test.
func client(t testing.TB, conf Config) *Client {
	t.Helper()
	c, err := New(conf)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// change makes a change of a user from pairs of field and after-value.
func change(op record.Op, key string, fields ...string) record.Change {
	ch := record.Change{Side: record.XiVO, Op: op, Thing: record.User, Key: key, Fields: map[string]record.Delta{}, Person: record.Person{Name: "Test"}}
	for i := 0; i < len(fields); i += 2 {
		ch.Fields[fields[i]] = record.Delta{Attribute: fields[i], After: record.Text(fields[i+1])}
	}
	return ch
}

// from sets the before-values of a change.
func from(ch record.Change, fields ...string) record.Change {
	for i := 0; i < len(fields); i += 2 {
		d := ch.Fields[fields[i]]
		d.Before = record.Text(fields[i+1])
		ch.Fields[fields[i]] = d
	}
	return ch
}

// create makes a user of pairs of field and value.
func (h *house) create(t testing.TB, fields ...string) record.Record {
	t.Helper()
	r, err := h.Apply(context.Background(), change(record.Create, "", fields...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// all lists at the depth, and fails on an error.
func (h *house) all(t testing.TB, depth record.Depth) []record.Record {
	t.Helper()
	list, err := collect(h.List(context.Background(), depth))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func collect(seq func(func(record.Record, error) bool)) (list []record.Record, err error) {
	for r, e := range seq {
		if e != nil {
			return list, e
		}
		list = append(list, r)
	}
	return list, nil
}

// wantClass fails unless err is of the class and tells all the words.
func wantClass(t testing.TB, err error, class record.Class, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want class %d", class)
	}
	if got := record.ClassOf(err); got != class {
		t.Errorf("class %d, want %d: %v", got, class, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not tell %q", err, word)
		}
	}
}
