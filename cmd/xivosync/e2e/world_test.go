// Package e2e holds the tests of the whole: a real slapd, the simulated XiVO
// over HTTP, the real store, and the engine between them.
package e2e

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/mail/mailtest"
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
	// relay takes the mails, in those tests that send some.
	relay *mailtest.Relay
	// wrap, where set, stands between the engine and its store.
	wrap func(reconcile.Store) reconcile.Store
	// log receives everything that is logged.
	log hclog.Logger
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
		Guards:  usualGuards(t),
		LDAP: ldap.Config{URLs: []string{w.slapd.URL}, BindDN: w.slapd.BindDN, Password: w.slapd.Password,
			Bases: []string{ldaptest.PeopleDN}, Filter: "(uid=*)", Disabled: "(employeeType=disabled)"},
		XiVO: xivo.Config{URL: srv.URL, AuthURL: srv.AuthURL, WebURL: srv.WebURL, Username: "xivosync", Password: "secret"},
	}
	return w
}

// usualGuards are those of a configuration that says nothing of them.
func usualGuards(t testing.TB) reconcile.Guards {
	t.Helper()
	settings, err := config.Default().Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	return settings.Guards
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
