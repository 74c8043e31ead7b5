package reconcile_test

import (
	"testing"
	"time"
	"xivosync/reconcile"
	"xivosync/reconcile/record"

	"github.com/google/go-cmp/cmp"
)

func TestARunTellsWhichKeysChanged(t *testing.T) {
	w := newWorld(t)
	for _, step := range []struct {
		what      string
		effective map[string]string
		want      []string
	}{
		{"nothing is known before", map[string]string{"ldap.base": "a", "fields.email": "there", "fields.email.ldap": "mail"}, nil},
		{"nothing changed", map[string]string{"ldap.base": "a", "fields.email": "there", "fields.email.ldap": "mail"}, nil},
		{"a value changed", map[string]string{"ldap.base": "b", "fields.email": "there", "fields.email.ldap": "mail"}, []string{"ldap.base"}},
		{"a key went", map[string]string{"fields.email": "there", "fields.email.ldap": "mail"}, []string{"ldap.base"}},
		{"below a table", map[string]string{"fields.email": "there", "fields.email.ldap": "mail", "fields.email.direction": "both"}, []string{"fields.email.direction"}},
		{"a table went", map[string]string{"ldap.base": "b"}, []string{"fields.email", "ldap.base"}},
		{"and stays away", map[string]string{"ldap.base": "b"}, nil},
		{"a table came", map[string]string{"ldap.base": "b", "fields.email": "there", "fields.email.ldap": "mail"}, []string{"fields.email"}},
	} {
		w.settings.Effective = step.effective
		number := w.run().Number
		run, err := w.store.Run(number)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, run.Keys); diff != "" {
			t.Errorf("%s (-want +got)\n%s", step.what, diff)
		}
	}
}

// What the schedule needs to know after a restart is in the journal.
func TestARunIsJournaledWithWhatTheScheduleNeeds(t *testing.T) {
	due := map[record.Mode]time.Time{record.Audit: time.Date(2026, 3, 29, 3, 30, 0, 0, time.FixedZone("", 7200))}
	w := newWorld(t)
	w.run()
	for name, tc := range map[string]struct {
		opt  reconcile.Options
		some bool
	}{
		"for everybody":   {reconcile.Options{Mode: record.Audit, Due: due}, false},
		"for some people": {reconcile.Options{Mode: record.Full, Due: due, Only: []string{"nobody"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			report, _ := w.engine().Run(t.Context(), tc.opt)
			run, err := w.store.Run(report.Number)
			if err != nil {
				t.Fatal(err)
			}
			if run.Some != tc.some || !run.Due[record.Audit].Equal(due[record.Audit]) {
				t.Errorf("some %v, due %v", run.Some, run.Due)
			}
		})
	}
}
