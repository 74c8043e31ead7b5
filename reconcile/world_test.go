package reconcile_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/reconcile/sidetest"
	"xivosync/store/storetest"
)

// xivoFields are the fields of the XiVO in memory: the kinds that matter to the
// engine, under the names of the real one.
var xivoFields = map[string]record.Field{
	"firstname":           {Name: "firstname", Thing: record.User, MaxLength: 128, Required: true, Surveyed: true},
	"lastname":            {Name: "lastname", Thing: record.User, MaxLength: 128, Clearable: true, Surveyed: true},
	"email":               {Name: "email", Thing: record.User, Clearable: true, Unique: true, FoldCase: true, Surveyed: true},
	"mobile_phone_number": {Name: "mobile_phone_number", Thing: record.User, Clearable: true, Phone: true, Surveyed: true},
	"music_on_hold":       {Name: "music_on_hold", Thing: record.User, Clearable: true},
	"language":            {Name: "language", Thing: record.User, Clearable: true, Surveyed: true},
	"username":            {Name: "username", Thing: record.User, Clearable: true, Unique: true, Surveyed: true},
	"extension":           {Name: "extension", Thing: record.Extension, Clearable: true, Unique: true, Surveyed: true, Numbered: true},
	"voicemail":           {Name: "voicemail", Thing: record.Voicemail, Clearable: true, Unique: true, Surveyed: true, Numbered: true},
	"description":         {Name: "description", Thing: record.User, Clearable: true, Surveyed: true},
	"password":            {Name: "password", Thing: record.User, Clearable: true, Secret: true, Surveyed: true},
	"outgoing_caller_id":  {Name: "outgoing_caller_id", Thing: record.User, Clearable: true, Surveyed: true, AtCreation: "default"},
}

// world is both sides in memory with a store, and what a test wants to change
// about them between two runs.
type world struct {
	t          testing.TB
	ldap, xivo *sidetest.Fake
	store      reconcile.Store
	clock      time.Time
	// step is how much time passes between two runs.
	step     time.Duration
	settings reconcile.Settings
	// wrap, where set, stands between the engine and its parts.
	wrap func(*reconcile.Engine)
}

// field is the mapping of one field, with the defaults of the configuration.
func field(name, attribute string, direction reconcile.Direction, transforms ...reconcile.Transform) reconcile.Mapping {
	f, known := xivoFields[name]
	if !known {
		panic("no field " + name)
	}
	return reconcile.Mapping{Field: f, Attribute: attribute, Direction: direction, Chain: chain(f, transforms...),
		Conflict: reconcile.TakeManual, First: reconcile.TakeLDAP, Drift: reconcile.DriftRestore, Pick: reconcile.PickOnly}
}

// usualFields are what most tests map.
func usualFields() []reconcile.Mapping {
	return []reconcile.Mapping{
		field("email", "mail", reconcile.Both),
		field("firstname", "givenName", reconcile.ToXiVO),
		field("lastname", "sn", reconcile.ToXiVO),
		field("mobile_phone_number", "mobile", reconcile.ToXiVO, reconcile.Transform{Number: reconcile.FormatE164}),
		field("music_on_hold", "employeeType", reconcile.Both),
		field("outgoing_caller_id", "", reconcile.None),
	}
}

func newWorld(t testing.TB, fields ...reconcile.Mapping) *world {
	if len(fields) == 0 {
		fields = usualFields()
	}
	w := &world{t: t, store: storetest.NewMemory(), clock: morning, step: time.Hour}
	w.ldap = sidetest.NewLDAP("uid", attributesOf(fields)...)
	var known []record.Field
	for _, m := range fields {
		known = append(known, m.Field)
	}
	w.xivo = sidetest.NewXiVO("userfield", known)
	w.ldap.Server, w.xivo.Server = "directory", "pbx"
	w.settings = reconcile.Settings{
		Identifier: reconcile.IdentifierMap{LDAP: "uid", XiVO: "userfield"}, Numbering: reconcile.Numbering{Region: "FR"},
		Removal: reconcile.Removal{Policy: reconcile.RemovalDeactivate, OutOfScope: reconcile.RemovalDeactivate, AbsentRuns: 2, AbsentFor: 24 * time.Hour},
		Guards:  reconcile.Guards{Limits: usualLimits()}, Scope: "base",
	}
	w.remap(fields...)
	return w
}

// usualLimits are those of design section 8, which the configuration has as its
// defaults.
func usualLimits() map[string]reconcile.Limit {
	return map[string]reconcile.Limit{
		reconcile.GuardRemovals: {Count: 5, Share: 0.05, Cap: 50}, reconcile.GuardClears: {Count: 20, Share: 0.05, Cap: 50},
		reconcile.GuardRenumberings: {Count: 20, Share: 0.10, Cap: 200}, reconcile.GuardCreates: {Count: 50, Share: 0.30},
		reconcile.GuardUpdates: {Count: 50, Share: 0.30}, reconcile.GuardWritebacks: {Count: 20, Share: 0.02, Cap: 200}, reconcile.GuardMails: {Count: 50},
	}
}

func attributesOf(fields []reconcile.Mapping) (names []string) {
	for _, m := range fields {
		if m.Attribute != "" && !slices.Contains(names, m.Attribute) {
			names = append(names, m.Attribute)
		}
	}
	return names
}

// remap changes the mapping, as another configuration would.
func (w *world) remap(fields ...reconcile.Mapping) {
	slices.SortFunc(fields, func(a, b reconcile.Mapping) int { return strings.Compare(a.Field.Name, b.Field.Name) })
	var fingerprint strings.Builder
	for _, m := range fields {
		fmt.Fprintf(&fingerprint, "%s %s %s;", m.Source(), m.Direction, m.Chain.Fingerprint)
	}
	w.settings.Fields = fields
	w.settings.Mapped, w.settings.Fingerprint = fingerprint.String(), fingerprint.String()
}

func (w *world) engine() *reconcile.Engine {
	e := &reconcile.Engine{LDAP: w.ldap, XiVO: w.xivo, Store: w.store, Settings: w.settings, Random: rand.Reader,
		Now: func() time.Time { return w.clock }, Log: hclog.NewNullLogger()}
	if w.wrap != nil {
		w.wrap(e)
	}
	return e
}

// options are those of an ordinary run in which first-run is let through.
func options(change ...func(*reconcile.Options)) reconcile.Options {
	opt := reconcile.Options{Mode: record.Full, Trigger: "test", Allow: []string{reconcile.GuardFirstRun}}
	for _, c := range change {
		c(&opt)
	}
	return opt
}

func allow(names ...string) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Allow = append(o.Allow, names...) }
}

func only(id string) func(*reconcile.Options) {
	return func(o *reconcile.Options) { o.Only = []string{id} }
}

func audit(o *reconcile.Options) { o.Mode = record.Audit }

func unattended(o *reconcile.Options) { o.Allow = nil }

// try makes a run, a step after the last.
func (w *world) try(change ...func(*reconcile.Options)) (*reconcile.Report, error) {
	w.clock = w.clock.Add(w.step)
	return w.engine().Run(context.Background(), options(change...))
}

// run makes a run that has to come to its end.
func (w *world) run(change ...func(*reconcile.Options)) *reconcile.Report {
	w.t.Helper()
	report, err := w.try(change...)
	if err != nil {
		w.t.Fatalf("run: %v", err)
	}
	return report
}

// plan makes a plan.
func (w *world) plan(change ...func(*reconcile.Options)) *reconcile.Plan {
	w.t.Helper()
	plan, err := w.engine().Plan(context.Background(), options(change...))
	if err != nil {
		w.t.Fatalf("plan: %v", err)
	}
	return plan
}

// writes returns what both sides carried out since the last time.
func (w *world) writes() []record.Change { return append(w.ldap.Writes(), w.xivo.Writes()...) }

// untouched fails if a side carried something out since the last time.
func (w *world) untouched() {
	w.t.Helper()
	if changes := w.writes(); len(changes) > 0 {
		w.t.Errorf("something was written: %s", describe(changes))
	}
}

// quiet fails unless a run plans and writes nothing.
func (w *world) quiet() {
	w.t.Helper()
	w.writes()
	report := w.run()
	if changes := report.Plan.Changes(); len(changes) > 0 {
		w.t.Errorf("a run that should change nothing planned %s", describe(changes))
	}
	w.untouched()
}

// describe tells changes in a line each.
func describe(changes []record.Change) string {
	var out []string
	for _, c := range changes {
		text := fmt.Sprintf("%s %s %s %s:", c.Person.Identifier, c.Side, c.Op, c.Thing)
		for _, name := range c.FieldNames() {
			d := c.Fields[name]
			text += fmt.Sprintf(" %s %q -> %q", name, d.Before, d.After)
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n")
}

// person puts somebody into the directory, and returns the entry's id.
func (w *world) person(uid string, more ...string) string {
	values := map[string]string{"givenName": strings.ToUpper(uid[:1]) + uid[1:], "sn": "Parts", "mail": uid + "@parts.test"}
	for i := 0; i+1 < len(more); i += 2 {
		values[more[i]] = more[i+1]
	}
	return w.ldap.Put(uid, values)
}

// people puts n persons into the directory.
func (w *world) people(n int) (ids []string) {
	for i := range n {
		ids = append(ids, w.person(fmt.Sprintf("p%03d", i)))
	}
	return ids
}

// user is the uuid of the one user with an identifier, or "".
func (w *world) user(uid string) string {
	w.t.Helper()
	found, _ := w.xivo.Find(context.Background(), uid)
	if len(found) > 1 {
		w.t.Fatalf("%d users carry %s", len(found), uid)
	}
	if len(found) == 0 {
		return ""
	}
	return found[0].ID
}

// link is the link of an entry; its number is zero where there is none.
func (w *world) link(entry string) record.Link {
	w.t.Helper()
	for l, err := range w.store.Links() {
		if err != nil {
			w.t.Fatal(err)
		}
		if l.Entry == entry {
			return l
		}
	}
	return record.Link{}
}

// state is the state of an entry's link.
func (w *world) state(entry string) record.State {
	w.t.Helper()
	s, err := w.store.State(w.link(entry).Number)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// open lists the conflicts that are open, as "person field: kind".
func (w *world) open() []string {
	w.t.Helper()
	out := []string{}
	for c, err := range w.store.Conflicts() {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, strings.TrimSpace(c.Person.Identifier+" "+c.Field)+": "+string(c.Kind))
	}
	slices.Sort(out)
	return out
}

// guards are the names of those that tripped.
func tripped(guards []record.Guard) []string {
	out := map[string]bool{}
	for _, g := range guards {
		if g.Tripped {
			out[g.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// noSecret fails if a text is in what is printed of something.
func noSecret(t testing.TB, printed any, secret string) {
	t.Helper()
	text, err := json.Marshal(printed)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), secret) {
		t.Errorf("%q is in %s", secret, text)
	}
}
