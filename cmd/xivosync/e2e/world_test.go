// Package e2e holds the tests of the whole: a real slapd, the simulated XiVO
// over HTTP, the real store, and the engine between them.
package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

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
	t       testing.TB
	slapd   *ldaptest.Server
	sim     *xivosim.Sim
	srv     *xivosim.Server
	path    string
	clock   time.Time
	fields  []reconcile.Mapping
	removal reconcile.Removal
	guards  reconcile.Guards
	id      reconcile.IdentifierMap
	// ldapURL is where the engine connects; a test may put a proxy there.
	ldapURL string
	// fsync is on where a test looks at what survives.
	fsync bool
}

// mapping is the configuration's line for a field.
func mapping(t testing.TB, field, attribute string, direction reconcile.Direction, transforms ...reconcile.Transform) reconcile.Mapping {
	t.Helper()
	numbering := reconcile.Numbering{Region: "FR"}
	for _, f := range xivo.Fields() {
		if f.Name != field {
			continue
		}
		chain, err := reconcile.NewChain(f, numbering, transforms, nil, direction == reconcile.Both)
		if err != nil {
			t.Fatal(err)
		}
		return reconcile.Mapping{Field: f, Attribute: attribute, Direction: direction, Chain: chain,
			Conflict: reconcile.TakeManual, First: reconcile.TakeLDAP, Drift: reconcile.DriftRestore, Pick: reconcile.PickOnly}
	}
	t.Fatalf("XiVO has no field %s", field)
	return reconcile.Mapping{}
}

// newWorld starts both systems with these people in the directory.
func newWorld(t testing.TB, people []ldaptest.Person) *world {
	t.Helper()
	w := &world{t: t, slapd: ldaptest.Slapd(t, ldaptest.Options{People: people}), path: filepath.Join(t.TempDir(), "state.db"),
		clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
	w.ldapURL = w.slapd.URL
	w.sim = xivosim.New(xivosim.Options{})
	srv, err := w.sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	w.srv = srv
	w.id = reconcile.IdentifierMap{LDAP: "uid", XiVO: "userfield"}
	w.fields = []reconcile.Mapping{
		mapping(t, "email", "mail", reconcile.Both),
		mapping(t, "firstname", "givenName", reconcile.ToXiVO),
		mapping(t, "lastname", "sn", reconcile.ToXiVO),
		mapping(t, "mobile_phone_number", "mobile", reconcile.ToXiVO, reconcile.Transform{Number: reconcile.FormatE164}),
		mapping(t, "outgoing_caller_id", "", reconcile.None),
	}
	w.removal = reconcile.Removal{Policy: reconcile.RemovalDeactivate, OutOfScope: reconcile.RemovalDeactivate, AbsentRuns: 2, AbsentFor: 24 * time.Hour}
	w.guards = reconcile.Guards{Limits: reconcile.DefaultLimits()}
	return w
}

// settings are what the configuration would say.
func (w *world) settings() reconcile.Settings {
	var mapped strings.Builder
	for _, m := range w.fields {
		mapped.WriteString(m.Source() + m.Chain.Fingerprint + string(m.Direction) + " ")
	}
	return reconcile.Settings{Identifier: w.id, Fields: w.fields, Numbering: reconcile.Numbering{Region: "FR"},
		Removal: w.removal, Guards: w.guards, Fingerprint: mapped.String(), Scope: w.id.LDAP, Mapped: mapped.String()}
}

func (w *world) attributes() (attributes, fields []string) {
	for _, m := range w.fields {
		fields = append(fields, m.Field.Name)
		if m.Attribute != "" && !slices.Contains(attributes, m.Attribute) {
			attributes = append(attributes, m.Attribute)
		}
	}
	return attributes, fields
}

// open connects everything; the caller's function has it for its time.
func (w *world) open(do func(e *reconcile.Engine, db *store.DB) error) error {
	w.t.Helper()
	ctx := context.Background()
	attributes, fields := w.attributes()
	dir, err := ldap.Open(ctx, ldap.Config{URLs: []string{w.ldapURL}, BindDN: w.slapd.BindDN, Password: w.slapd.Password,
		Bases: []string{ldaptest.PeopleDN}, Filter: "(uid=*)", Disabled: "(employeeType=disabled)", Attributes: attributes, Identifier: w.id.LDAP})
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }()
	client, err := xivo.New(xivo.Config{URL: w.srv.URL, AuthURL: w.srv.AuthURL, Username: "xivosync", Password: "secret",
		Fields: fields, Identifier: w.id.XiVO, Clock: func() time.Time { return w.clock }})
	if err != nil {
		return err
	}
	defer func() { _ = client.Close(ctx) }()
	db, err := store.Open(w.path, store.Options{NoSync: !w.fsync, Clock: func() time.Time { return w.clock }})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return do(&reconcile.Engine{LDAP: dir, XiVO: client, Store: db, Settings: w.settings(),
		Now: func() time.Time { return w.clock }, Log: hclog.NewNullLogger()}, db)
}

// run makes one run, an hour after the last; first-run is let through.
func (w *world) run(options ...func(*reconcile.Options)) (*reconcile.Report, error) {
	w.t.Helper()
	opt := reconcile.Options{Mode: record.Full, Trigger: "test", Allow: []string{reconcile.GuardFirstRun}}
	for _, o := range options {
		o(&opt)
	}
	w.clock = w.clock.Add(time.Hour)
	var report *reconcile.Report
	err := w.open(func(e *reconcile.Engine, _ *store.DB) (err error) {
		report, err = e.Run(context.Background(), opt)
		return err
	})
	return report, err
}

// mustRun is a run that has to come to its end.
func (w *world) mustRun(options ...func(*reconcile.Options)) *reconcile.Report {
	w.t.Helper()
	report, err := w.run(options...)
	if err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return report
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
	var list struct{ Items []map[string]any }
	w.rest(http.MethodGet, "/1.1/users", nil, &list)
	out := map[string]map[string]any{}
	for _, u := range list.Items {
		key, _ := u["userfield"].(string)
		out[key] = u
	}
	return out
}

// rest sends one request as the administrator.
func (w *world) rest(method, path string, body, into any) {
	w.t.Helper()
	var rd io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		rd = strings.NewReader(string(b))
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
	u, ok := w.users()[userfield]
	if !ok {
		w.t.Fatalf("XiVO has no user %s", userfield)
	}
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
