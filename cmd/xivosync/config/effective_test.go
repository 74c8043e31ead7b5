package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEffectiveTellsWhichKeyChanged(t *testing.T) {
	const site = "[[numbering.site]]\nname = \"lyon\"\ncontext = \"default\"\n"
	for name, tc := range map[string]struct {
		before, after string
		want          []string
	}{
		"nothing":         {"", "", nil},
		"the log":         {"", "[log]\nlevel = \"debug\"\n", nil},
		"a spelt default": {"", "[removal]\nabsent_runs = 2\n", nil},
		"a threshold":     {"", "[guard]\nremovals = { count = 6 }\n", []string{"guard.removals.count"}},
		"a duration":      {"", "[removal]\nabsent_for = \"2d\"\n", []string{"removal.absent_for"}},
		"a secret":        {"", "[state]\nkey = \"env:OTHER\"\n", []string{"state.key"}},
		"a new field":     {"", "[fields.email]\nldap = \"mail\"\n", []string{"fields.email", "fields.email.conflict", "fields.email.direction", "fields.email.drift", "fields.email.initial", "fields.email.ldap", "fields.email.on_clear", "fields.email.pick"}},
		"a step":          {"[fields.email]\nldap = \"mail\"\ntransform = [{ trim = true }]\n", "[fields.email]\nldap = \"mail\"\ntransform = [{ case = \"lower\" }]\n", []string{"fields.email.transform[0].case", "fields.email.transform[0].trim"}},
		"another site": {site, "[[numbering.site]]\nname = \"paris\"\ncontext = \"paris\"\n" + site,
			[]string{"numbering.site[paris]", "numbering.site[paris].context", "numbering.site[paris].did_format", "numbering.site[paris].name"}},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := effectiveOf(t, minimal+tc.before), effectiveOf(t, minimal+tc.after)
			var got []string
			for _, key := range slices.Sorted(maps.Keys(after)) {
				if before[key] != after[key] {
					got = append(got, key)
				}
			}
			for key := range before {
				if _, still := after[key]; !still {
					got = append(got, key)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestOffAndNoneAreNotNothing compares rules that set something to nothing with
// rules that leave it alone.
func TestOffAndNoneAreNotNothing(t *testing.T) {
	off := false
	set := &Config{Rules: []Rule{{Set: Set{Voicemail: &off, Queues: []Queue{}}}}}
	want := map[string]string{"rule[0]": "there", "rule[0].set.voicemail": "false", "rule[0].set.queues": "[]"}
	if diff := cmp.Diff(want, set.Effective()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"rule[0]": "there"}, (&Config{Rules: []Rule{{}}}).Effective()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func effectiveOf(t *testing.T, text string) map[string]string {
	t.Helper()
	cfg, err := Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg.Effective()
}

func TestEffectiveTellsASecretByItsReference(t *testing.T) {
	t.Setenv("LDAP_PASSWORD", "hunter2")
	values := effectiveOf(t, strings.Replace(minimal, "[ldap]", "[ldap]\nbind_dn = \"cn=sync\"\npassword = \"env:LDAP_PASSWORD\"", 1))
	if got := values["ldap.password"]; got != "env:LDAP_PASSWORD" {
		t.Errorf("the password is told as %q", got)
	}
}
