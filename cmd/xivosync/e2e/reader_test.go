package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldaptest"
)

// snapshot is everything that an independent reader sees of both systems.
type snapshot struct {
	Users   map[string]map[string]any      // by uuid
	Entries map[string]map[string][]string // by entryUUID
}

func (w *world) snapshot() snapshot {
	w.t.Helper()
	s := snapshot{Users: map[string]map[string]any{}, Entries: map[string]map[string][]string{}}
	for _, u := range w.list() {
		s.Users[u["uuid"].(string)] = u
	}
	for _, e := range w.slapd.Search(ldaptest.Suffix, "(uid=*)", "*", "entryUUID", "entryCSN") {
		values := map[string][]string{"dn": {e.DN}}
		for _, a := range e.Attributes {
			values[a.Name] = a.Values
		}
		s.Entries[values["entryUUID"][0]] = values
	}
	return s
}

// same fails where either system is no longer as it was.
func (w *world) same(before snapshot) {
	w.t.Helper()
	if diff := cmp.Diff(before, w.snapshot()); diff != "" {
		w.t.Errorf("what should not be touched changed (-before +now):\n%s", diff)
	}
}

func (w *world) writes() []string {
	var out []string
	for _, r := range w.sim.Log() {
		if r.Method != http.MethodGet && !strings.HasPrefix(r.Path, "/0.1/") {
			out = append(out, r.Method+" "+r.Path)
		}
	}
	return out
}

// users reads XiVO as an independent reader would: plain HTTP, without the
// client under test.
func (w *world) users() map[string]map[string]any {
	w.t.Helper()
	out := map[string]map[string]any{}
	for _, u := range w.list() {
		key, _ := u[w.ID.XiVO].(string)
		if _, twice := out[key]; twice && key != "" {
			w.t.Errorf("XiVO has two users %s", key)
		}
		out[key] = u
	}
	return out
}

func (w *world) list() []map[string]any {
	w.t.Helper()
	var list struct{ Items []map[string]any }
	w.rest(http.MethodGet, "/1.1/users", nil, &list)
	return list.Items
}

// user is one of them.
func (w *world) user(id string) map[string]any {
	w.t.Helper()
	u, ok := w.users()[id]
	if !ok {
		w.t.Fatalf("XiVO has no user %s", id)
	}
	return u
}

// wantUser fails unless the user holds these values, given as pairs.
func (w *world) wantUser(id string, pairs ...any) {
	w.t.Helper()
	u, ok := w.users()[id]
	if !ok {
		w.t.Errorf("XiVO has no user %s", id)
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := u[pairs[i].(string)]; got != pairs[i+1] {
			w.t.Errorf("%s of %s is %#v, want %#v", pairs[i], id, got, pairs[i+1])
		}
	}
}

// wantEntry fails unless the attribute holds exactly these values.
func (w *world) wantEntry(dn, attribute string, values ...string) {
	w.t.Helper()
	if got := w.slapd.Values(dn, attribute); !slices.Equal(got, values) {
		w.t.Errorf("%s of %s is %q, want %q", attribute, dn, got, values)
	}
}

// rest sends one request as the administrator.
func (w *world) rest(method, path string, body, into any) {
	w.t.Helper()
	var rd io.Reader
	if body != nil {
		rd = bytes.NewReader(encode(w.t, body))
	}
	req, err := http.NewRequest(method, "http://admin.test"+path, rd)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	rec := &responder{header: http.Header{}}
	w.sim.LocalConfd().ServeHTTP(rec, req)
	if rec.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, rec.status, rec.body.String())
	}
	if into != nil {
		if err := json.Unmarshal([]byte(rec.body.String()), into); err != nil {
			w.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

// edit changes a user in XiVO behind the synchroniser's back.
func (w *world) edit(userfield string, fields map[string]any) {
	w.t.Helper()
	u := w.user(userfield)
	w.rest(http.MethodPut, "/1.1/users/"+u["uuid"].(string), fields, nil)
}

type responder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *responder) Header() http.Header { return r.header }
func (r *responder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *responder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}
