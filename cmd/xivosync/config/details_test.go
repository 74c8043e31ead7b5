package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

// details is a file in which things are set up from attributes and by a rule.
const details = minimal + `
[[numbering.site]]
name = "lyon"
context = "default"
did_context = "from-extern"
[fields.did]
ldap = "telephoneNumber"
[fields.did_destination]
[fields.did_ring_time]
[fields.voicemail]
ldap = "ipPhone"
[fields.voicemail_email]
ldap = "mail"
[fields.voicemail_password]
ldap = "pin"
[fields.voicemail_ask_password]
[[rule]]
when = {}
set = { did_destination = "voicemail", did_ring_time = 20, voicemail_ask_password = false }
`

func TestDetailsAreTaken(t *testing.T) {
	cfg, err := Parse("xivosync.toml", []byte(details))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"did_destination": "voicemail", "did_ring_time": "20", "voicemail_ask_password": "false"}
	if diff := cmp.Diff(want, s.Rules[0].Set); diff != "" {
		t.Error(diff)
	}
	if m := s.Mapping("voicemail_password"); m.Direction != reconcile.Initial || !m.Field.Detail {
		t.Errorf("the PIN is %+v, want sent once", m)
	}
	if m := s.Mapping("voicemail_email"); m.Attribute != "mail" || m.Direction != reconcile.ToXiVO {
		t.Errorf("got %+v", m)
	}
}

func TestWrongDetailsAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ replace, with, want string }{
		"of no thing":             {"[fields.voicemail]\nldap = \"ipPhone\"\n", "", "voicemail is not among the fields"},
		"of a thing left alone":   {"[fields.voicemail]\nldap = \"ipPhone\"", "[fields.voicemail]\ndirection = \"none\"", "voicemail is not among the fields"},
		"of a thing made once":    {"ldap = \"ipPhone\"", "ldap = \"ipPhone\"\ndirection = \"initial\"", "voicemail is not looked at after its creation"},
		"routing to LDAP":         {"[fields.did_destination]", "[fields.did_destination]\nldap = \"l\"\ndirection = \"both\"", "never goes from XiVO to LDAP"},
		"from nowhere":            {"[fields.voicemail_email]\nldap = \"mail\"", "[fields.voicemail_email]", "is missing"},
		"a rule of no field":      {"[fields.did_ring_time]\n", "", "did_ring_time is not among the fields"},
		"an unknown destination":  {`did_destination = "voicemail"`, `did_destination = "moon"`, "voicemail"},
		"no time":                 {"did_ring_time = 20", "did_ring_time = 0", "between 1 and 3600"},
		"a flag as a text":        {"voicemail_ask_password = false", `voicemail_ask_password = "no"`, "true or false"},
		"a subroutine too long":   {"did_ring_time = 20", `did_ring_time = 20, did_subroutine = "` + strings.Repeat("x", 40) + `"`, "1 to 39 characters"},
		"a language of no form":   {"did_ring_time = 20", `did_ring_time = 20, voicemail_language = "French"`, "does not have the form"},
		"a condition of its own":  {"ldap = \"mail\"", "ldap = \"mail\"\nwhen = \"(l=Lyon)\"", "has no effect"},
		"the same attribute back": {"ldap = \"mail\"", "ldap = \"mail\"\ndirection = \"both\"\n[fields.email]\nldap = \"mail\"\ndirection = \"both\"", "writes back to mail"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(details, tc.replace) {
				t.Fatalf("the file has no %q", tc.replace)
			}
			_, err := Parse("xivosync.toml", []byte(strings.Replace(details, tc.replace, tc.with, 1)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
