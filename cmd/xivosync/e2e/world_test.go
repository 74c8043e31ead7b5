// Package e2e holds the tests of the whole: a real slapd, the simulated XiVO
// over HTTP, the real store, and the engine between them.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/store"
	"xivosync/targets/xivo"
	"xivosync/targets/xivo/xivosim"
)

// world is both systems and a store, with what a test wants to change about
// them between two runs.
type world struct {
	t     testing.TB
	slapd *ldaptest.Server
	sim   *xivosim.Sim
	srv   *xivosim.Server
	setup
	// wrap, where set, stands between the engine and its store.
	wrap func(reconcile.Store) reconcile.Store
	// log receives everything that is logged.
	log hclog.Logger
}

// setup is what a process needs for a run. It goes to a child process as JSON.
type setup struct {
	Path    string
	Clock   time.Time
	Specs   []spec
	Removal reconcile.Removal
	Guards  reconcile.Guards
	ID      reconcile.IdentifierMap
	// LDAP is where the engine connects; a test may put a proxy there.
	LDAP ldap.Config
	XiVO xivo.Config `json:"-"`
}

// spec is the configuration's line for a field.
type spec struct {
	Field, Attribute string
	Direction        reconcile.Direction
	Transforms       []reconcile.Transform
	First            reconcile.Take
}

// numbering is that of all tests.
var numbering = reconcile.Numbering{Region: "FR"}

func (s spec) mapping() (reconcile.Mapping, error) {
	for _, f := range xivo.Fields() {
		if f.Name != s.Field {
			continue
		}
		chain, err := reconcile.NewChain(f, numbering, s.Transforms, nil, s.Direction == reconcile.Both)
		m := reconcile.Mapping{Field: f, Attribute: s.Attribute, Direction: s.Direction, Chain: chain,
			Conflict: reconcile.TakeManual, First: reconcile.TakeLDAP, Drift: reconcile.DriftRestore, Pick: reconcile.PickOnly}
		if s.First != "" {
			m.First = s.First
		}
		return m, err
	}
	return reconcile.Mapping{}, fmt.Errorf("XiVO has no field %s", s.Field)
}

// settings are what the configuration would say.
func (s setup) settings() (reconcile.Settings, error) {
	var fields []reconcile.Mapping
	var mapped strings.Builder
	for _, one := range s.Specs {
		m, err := one.mapping()
		if err != nil {
			return reconcile.Settings{}, err
		}
		mapped.WriteString(m.Source() + m.Chain.Fingerprint + string(m.Direction) + " ")
		fields = append(fields, m)
	}
	slices.SortFunc(fields, func(a, b reconcile.Mapping) int { return strings.Compare(a.Field.Name, b.Field.Name) })
	scope := s.ID.LDAP + s.LDAP.Filter + strings.Join(s.LDAP.Bases, ";")
	return reconcile.Settings{Identifier: s.ID, Fields: fields, Numbering: numbering, Removal: s.Removal, Guards: s.Guards,
		Fingerprint: scope + mapped.String(), Scope: scope, Mapped: mapped.String()}, nil
}

// configs are those of both sides, with what the fields need.
func (s setup) configs() (ldap.Config, xivo.Config) {
	l, x := s.LDAP, s.XiVO
	l.Identifier, x.Identifier = s.ID.LDAP, s.ID.XiVO
	for _, one := range s.Specs {
		x.Fields = append(x.Fields, one.Field)
		if one.Attribute != "" && !slices.Contains(l.Attributes, one.Attribute) {
			l.Attributes = append(l.Attributes, one.Attribute)
		}
	}
	x.Clock = func() time.Time { return s.Clock }
	return l, x
}

// open connects everything; do has it for its time.
func (s setup) open(log hclog.Logger, wrap func(reconcile.Store) reconcile.Store, do func(e *reconcile.Engine) error) error {
	ctx := context.Background()
	settings, err := s.settings()
	if err != nil {
		return err
	}
	l, x := s.configs()
	l.Log, x.Log = log, log
	dir, err := ldap.Open(ctx, l)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	client, err := xivo.New(x)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close(ctx) }()
	db, err := store.Open(s.Path, store.Options{NoSync: true, Clock: x.Clock, Logger: log})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var st reconcile.Store = db
	if wrap != nil {
		st = wrap(db)
	}
	return do(&reconcile.Engine{LDAP: dir, XiVO: client, Store: st, Settings: settings, Now: x.Clock, Log: log})
}

// field is the spec of one field.
func field(name, attribute string, direction reconcile.Direction, transforms ...reconcile.Transform) spec {
	return spec{Field: name, Attribute: attribute, Direction: direction, Transforms: transforms}
}

// options change what [newWorld] starts.
type options struct {
	slapd ldaptest.Options
	sim   xivosim.Options
}

// newWorld starts both systems with these people in the directory.
func newWorld(t testing.TB, people []ldaptest.Person, change ...func(*options)) *world {
	t.Helper()
	opt := options{slapd: ldaptest.Options{People: people}}
	for _, c := range change {
		c(&opt)
	}
	w := &world{t: t, slapd: ldaptest.Slapd(t, opt.slapd), sim: xivosim.New(opt.sim), log: hclog.NewNullLogger()}
	srv, err := w.sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	w.srv = srv
	w.setup = setup{
		Path:  filepath.Join(t.TempDir(), "state.db"),
		Clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
		ID:    reconcile.IdentifierMap{LDAP: "uid", XiVO: "userfield"},
		Specs: []spec{
			field("email", "mail", reconcile.Both),
			field("firstname", "givenName", reconcile.ToXiVO),
			field("lastname", "sn", reconcile.ToXiVO),
			field("mobile_phone_number", "mobile", reconcile.ToXiVO, reconcile.Transform{Number: reconcile.FormatE164}),
			field("outgoing_caller_id", "", reconcile.None),
		},
		Removal: reconcile.Removal{Policy: reconcile.RemovalDeactivate, OutOfScope: reconcile.RemovalDeactivate, AbsentRuns: 2, AbsentFor: 24 * time.Hour},
		Guards:  reconcile.Guards{Limits: reconcile.DefaultLimits()},
		LDAP: ldap.Config{URLs: []string{w.slapd.URL}, BindDN: w.slapd.BindDN, Password: w.slapd.Password,
			Bases: []string{ldaptest.PeopleDN}, Filter: "(uid=*)", Disabled: "(employeeType=disabled)"},
		XiVO: xivo.Config{URL: srv.URL, AuthURL: srv.AuthURL, Username: "xivosync", Password: "secret"},
	}
	return w
}

// run makes one run, an hour after the last; first-run is let through.
func (w *world) run(change ...func(*reconcile.Options)) (*reconcile.Report, error) {
	w.t.Helper()
	opt := reconcile.Options{Mode: record.Full, Trigger: "test", Allow: []string{reconcile.GuardFirstRun}}
	for _, c := range change {
		c(&opt)
	}
	w.Clock = w.Clock.Add(time.Hour)
	var report *reconcile.Report
	err := w.open(w.log, w.wrap, func(e *reconcile.Engine) (err error) {
		report, err = e.Run(context.Background(), opt)
		return err
	})
	return report, err
}

// plan makes a plan at the time of the last run.
func (w *world) plan(change ...func(*reconcile.Options)) *reconcile.Plan {
	w.t.Helper()
	opt := reconcile.Options{Mode: record.Full}
	for _, c := range change {
		c(&opt)
	}
	var plan *reconcile.Plan
	err := w.open(w.log, w.wrap, func(e *reconcile.Engine) (err error) {
		plan, err = e.Plan(context.Background(), opt)
		return err
	})
	if err != nil {
		w.t.Fatalf("plan: %v", err)
	}
	return plan
}

// later lets time pass.
func (w *world) later(d time.Duration) { w.Clock = w.Clock.Add(d) }

// allow lets a guard through.
func allow(names ...string) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Allow = append(o.Allow, names...) }
}

// optionsOfRun is short for what a test changes of a run.
type optionsOfRun = reconcile.Options

// reportOfRun is what a run left.
type reportOfRun = reconcile.Report

// refuse lets nothing through, not even the first run.
func refuse(o *reconcile.Options) { o.Allow = nil }

// mustRun is a run that has to come to its end.
func (w *world) mustRun(change ...func(*reconcile.Options)) *reconcile.Report {
	w.t.Helper()
	report, err := w.run(change...)
	if err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return report
}

// settle runs until everything is in step and quiet.
func (w *world) settle() {
	w.t.Helper()
	w.mustRun()
	w.quiet()
}

// failing makes a run that has to fail, saying all the words, without touching
// either system.
func (w *world) failing(words ...string) error {
	w.t.Helper()
	w.sim.ResetLog()
	before := w.snapshot()
	report, err := w.run()
	if err == nil {
		w.t.Fatalf("the run came to its end: outcome %s, counts %+v", report.Outcome, report.Counts)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			w.t.Errorf("the error does not tell %q: %v", word, err)
		}
	}
	if report != nil && report.Outcome != record.OutcomeFailed {
		w.t.Errorf("the outcome is %s, want failed", report.Outcome)
	}
	if sent := w.writes(); len(sent) > 0 {
		w.t.Errorf("a run that failed to read sent %v", sent)
	}
	w.same(before)
	return err
}

// quiet fails unless a run neither plans nor writes anything, on either side.
func (w *world) quiet() {
	w.t.Helper()
	w.sim.ResetLog()
	csn := w.slapd.Values(ldaptest.Suffix, "contextCSN")
	report := w.mustRun()
	if n := w.sim.Counts().Writes; n > 0 {
		w.t.Errorf("a run that should change nothing sent %d writing requests: %v", n, w.writes())
	}
	if now := w.slapd.Values(ldaptest.Suffix, "contextCSN"); !slices.Equal(csn, now) {
		w.t.Errorf("a run that should change nothing modified the directory: %v to %v", csn, now)
	}
	if changes := report.Plan.Changes(); len(changes) > 0 {
		w.t.Errorf("a run that should change nothing planned %d changes, first: %+v", len(changes), changes[0])
	}
}

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

// kinds counts conflicts by kind.
func kinds(found []record.Conflict) map[record.ConflictKind]int {
	out := map[record.ConflictKind]int{}
	for _, c := range found {
		out[c.Kind]++
	}
	return out
}

// find returns the conflict of that person and field, or fails.
func find(t testing.TB, found []record.Conflict, id, field string) record.Conflict {
	t.Helper()
	for _, c := range found {
		if c.Person.Identifier == id && c.Field == field {
			return c
		}
	}
	t.Fatalf("no conflict of %s on %q in %s", id, field, told(found))
	return record.Conflict{}
}

// told lists conflicts for a message.
func told(found []record.Conflict) string {
	var b strings.Builder
	for _, c := range found {
		fmt.Fprintf(&b, "\n  %s %s %s: %s", c.Kind, c.Person.Label(), c.Field, c.Message)
	}
	return b.String()
}

// wantWords fails unless the text has all the words.
func wantWords(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q does not tell %q", text, word)
		}
	}
}

// person is a plain one; mail is there already.
func person(uid string, pairs ...string) ldaptest.Person {
	return ldaptest.Plain(uid, append([]string{"givenName", "Given-" + uid}, pairs...)...)
}

// crowd is n plain people, named a00, a01 and so on.
func crowd(n int) []ldaptest.Person {
	people := make([]ldaptest.Person, n)
	for i := range people {
		people[i] = person(fmt.Sprintf("a%02d", i))
	}
	return people
}

// dn is where a plain person is.
func dn(uid string) string { return "uid=" + uid + "," + ldaptest.PeopleDN }

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
