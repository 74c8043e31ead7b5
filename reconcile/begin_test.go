package reconcile_test

import (
	"testing"

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
