package config

import (
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

func TestDeletionsReachTheEngine(t *testing.T) {
	cfg, err := Parse("", []byte(minimal+"[removal]\npolicy = \"deactivate\"\ndelete_after = \"30d\"\ndelete_anyway = true\nout_of_scope = \"delete\"\n[[rule]]\nwhen = {}\nset = { removal = \"keep\" }\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	r := s.Removal
	if r.DeleteAfter != 30*24*time.Hour || !r.DeleteAnyway || r.OutOfScope != reconcile.RemovalDelete || s.Rules[0].Set[reconcile.SetRemoval] != "keep" || !s.Deletes() {
		t.Errorf("%+v %+v", r, s.Rules)
	}
}

func TestSettingsOfDeletionsWithoutAnyDeletion(t *testing.T) {
	for name, tc := range map[string]struct {
		text  string
		wrong []string
	}{
		"grace for nobody":       {"[removal]\npolicy = \"keep\"\ndelete_after = \"30d\"\n", []string{"removal.delete_after: has no effect"}},
		"anyway for nobody":      {"[removal]\ndelete_anyway = true\n", []string{"removal.delete_anyway: has no effect"}},
		"grace is a policy":      {"[removal]\ndelete_after = \"30d\"\ndelete_anyway = true\n", nil},
		"a rule deletes":         {"[removal]\npolicy = \"keep\"\ndelete_after = \"30d\"\n[[rule]]\nwhen = {}\nset = { removal = \"delete\" }\n", nil},
		"out of scope deletes":   {"[removal]\npolicy = \"keep\"\nout_of_scope = \"delete\"\ndelete_after = \"30d\"\n", nil},
		"a rule with no policy":  {"[[rule]]\nwhen = {}\nset = { removal = \"destroy\" }\n", []string{"rule[0].set.removal"}},
		"grace without its unit": {"[removal]\ndelete_after = \"30\"\n", []string{"removal.delete_after"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("", []byte(minimal+tc.text))
			if (err == nil) != (tc.wrong == nil) {
				t.Fatalf("%v", err)
			}
			for _, part := range tc.wrong {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v does not say %q", err, part)
				}
			}
		})
	}
}
