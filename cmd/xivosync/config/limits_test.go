package config

import (
	"errors"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

// TestLimits holds the limits of the design's section 5 that concern the
// configuration, and the combinations that cannot be right. Each row adds to
// the minimal file, and wants one error, on that line.
func TestLimits(t *testing.T) {
	for name, tc := range map[string]struct {
		replace, add string // replace, where it is set, by add
		at, want     string // a text of the line, and of the error
	}{
		"the mobile number never goes from XiVO to LDAP: both": {
			add: "[fields.mobile_phone_number]\nldap = \"mobile\"\ndirection = \"both\"\n",
			at:  "direction = \"both\"", want: "the mobile number never goes from XiVO to LDAP",
		},
		"the mobile number never goes from XiVO to LDAP: to_ldap": {
			add: "[fields.mobile_phone_number]\nldap = \"mobile\"\ndirection = \"to_ldap\"\n",
			at:  "direction = \"to_ldap\"", want: "the mobile number never goes from XiVO to LDAP",
		},
		"caller id comes from one source field: list": {
			add: "[fields.caller_id]\nldap = [\"givenName\", \"sn\"]\n",
			at:  "ldap = [", want: "caller id comes from one source field",
		},
		"caller id comes from one source field: template": {
			add: "[fields.caller_id]\nldap = \"{givenName} {sn}\"\n",
			at:  "ldap = \"{", want: "caller id comes from one source field",
		},
		"the identifier is not processed: transform": {
			replace: "xivo = \"description\"", add: "xivo = \"description\"\ntransform = [{ trim = true }]",
			at: "transform", want: "the identifier is not processed",
		},
		"the identifier is not processed: its attribute": {
			replace: "ldap = \"entryUUID\"\nxivo = \"description\"", add: "ldap = \"uid\"\nxivo = \"userfield\"\n[fields.username]\nldap = \"UID\"\ntransform = [{ case = \"lower\" }]\n",
			at: "[fields.username]", want: "the identifier uid is not processed",
		},
		"the identifier is not processed: its field": {
			add: "[fields.description]\nldap = \"description\"\n",
			at:  "[fields.description]", want: "carries the identifier",
		},
		"the identifier is never written to the directory": {
			replace: "ldap = \"entryUUID\"\nxivo = \"description\"", add: "ldap = \"uid\"\nxivo = \"userfield\"\n[fields.username]\nldap = \"uid\"\ndirection = \"both\"\n",
			at: "direction = \"both\"", want: "never written to the directory",
		},
		"a GUID identifier lives in description": {
			replace: "xivo = \"description\"", add: "xivo = \"userfield\"",
			at: "xivo = \"userfield\"", want: "a GUID identifier lives in description",
		},
		"the identifier's field can be looked up": {
			replace: "ldap = \"entryUUID\"\nxivo = \"description\"", add: "ldap = \"uid\"\nxivo = \"language\"",
			at: "xivo = \"language\"", want: "cannot be looked up",
		},
		"call permissions are not managed": {
			add: "[fields.call_permissions]\nldap = \"businessCategory\"\n",
			at:  "[fields.call_permissions]", want: "call permissions are not managed",
		},
		"outgoing_caller_id must be declared": {
			replace: "[fields.outgoing_caller_id]\ndirection = \"none\"\n", add: "\n",
			at: "[fields.firstname]", want: "[fields.outgoing_caller_id]\n    direction = \"none\"",
		},
		"direct numbers need a context of calls from outside": {
			add: strings.Replace(oneSite, "did_context = \"from-extern\"\n", "", 1) + "[fields.did]\nldap = \"telephoneNumber\"\n",
			at:  "[fields.did]", want: "no site has a did_context",
		},
		"two fields that write back to one attribute": {
			add: "[fields.email]\nldap = \"mail\"\ndirection = \"both\"\n[fields.username]\nldap = \"MAIL\"\ndirection = \"to_ldap\"\n",
			at:  "[fields.username]", want: "and so does email",
		},
		"a way back without an inverse": {
			add: "[fields.email]\nldap = \"mail\"\ndirection = \"both\"\ntransform = [{ trim = true },\n{ split = { by = \"@\", part = 1 } }]\n",
			at:  "{ split", want: "split cannot be turned round",
		},
		"a number without a region": {
			add: "[fields.mobile_phone_number]\nldap = \"mobile\"\ntransform = [{ number = \"e164\" }]\n",
			at:  "transform", want: "number needs [numbering] region",
		},
		"an unknown field": {
			add: "[fields.firstnam]\nldap = \"givenName\"\n",
			at:  "[fields.firstnam]\n", want: "did you mean firstname?",
		},
		"a page that is too large": {
			replace: "[xivo]\n", add: "page_size = 10001\n[xivo]\n",
			at: "page_size", want: "not between 1 and 10000",
		},
		"no patience at all": {
			replace: "[xivo]\n", add: "timeout = \"1ms\"\n[xivo]\n",
			at: "timeout", want: "not between 1s and 1h",
		},
		"an empty patience": {
			replace: "[xivo]\n", add: "timeout = \"\"\n[xivo]\n",
			at: "timeout", want: "not between 1s and 1h",
		},
		"a share that is no number": {
			add: "[guard]\ncreates = { share = nan }\n",
			at:  "creates", want: "is not between 0 and 1",
		},
		"fields that are no table": {
			replace: "[fields.outgoing_caller_id]\ndirection = \"none\"\n[fields.firstname]\nldap = \"givenName\"\n", add: "[[fields]]\nldap = \"givenName\"\n",
			at: "[[fields]]", want: "must be a table, not a list",
		},
		"a password in clear on the wire": {
			replace: "ldaps://", add: "ldap://",
			at: "ldap://", want: "would travel in clear",
		},
		"a broken filter": {
			replace: "[xivo]\n", add: "filter = \"(mail=*\"\n[xivo]\n",
			at: "filter", want: "is no LDAP filter",
		},
		"a broken base": {
			replace: "ou=people,dc=example,dc=org", add: "people",
			at: "base", want: "is no distinguished name",
		},
		"base and bases": {
			replace: "[xivo]\n", add: "bases = [\"dc=example\"]\n[xivo]\n",
			at: "bases", want: "there is base, too",
		},
		"a literal password": {
			replace: "[identifier]\n", add: "username = \"xivosync\"\npassword = \"hunter2\"\n[identifier]\n",
			at: "password", want: "a secret must not stand in the configuration",
		},
		"an attribute with a blank": {
			add: "[fields.lastname]\nldap = \"family name\"\n",
			at:  "family name", want: "a field comes from one attribute",
		},
		"a field without an attribute": {
			add: "[fields.lastname]\ndirection = \"both\"\n",
			at:  "[fields.lastname]", want: "name the attribute",
		},
		"a transform of two steps": {
			add: "[fields.lastname]\nldap = \"sn\"\ntransform = [{ trim = true, case = \"upper\" }]\n",
			at:  "transform", want: "a transform has one key, this one has 2",
		},
		"a pattern that nothing uses": {
			add: "[fields.lastname]\nldap = \"sn\"\npick_pattern = \"x\"\n",
			at:  "pick_pattern", want: "has no effect",
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := minimal + tc.add
			if tc.replace != "" {
				text = strings.Replace(minimal, tc.replace, tc.add, 1)
			}
			_, err := Parse("xivosync.toml", []byte(text))
			var all Errors
			if !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("got %v, want one error", err)
			}
			if want := lineWith(text, tc.at); all[0].Line != want {
				t.Errorf("line %d, want %d: %v", all[0].Line, want, err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Error("a password is shown")
			}
		})
	}
}

func lineWith(text, part string) int {
	before, _, _ := strings.Cut(text, part)
	return strings.Count(before, "\n") + 1
}

func TestWhatThisVersionDoesNotDoIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"the login of agents": "",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("xivosync.toml", []byte(strings.Replace(minimal, "[xivo]\n", "[xivo]\nagentd_url = \"https://x.example.org\"\n", 1)+text))
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "this version does not do") {
				t.Errorf("got %v, want %q in it", err, name)
			}
		})
	}
}

// oneSite is the one that the numbers of these tests belong to.
const oneSite = "[[numbering.site]]\nname = \"lyon\"\ncontext = \"default\"\nextensions = \"1000-1999\"\ndid_context = \"from-extern\"\n"

func TestThingsLoad(t *testing.T) {
	text := minimal + "[numbering]\nregion = \"FR\"\n" + oneSite + `
[fields.extension]
ldap = "ipPhone"
direction = "both"
on_clear = "keep"
[fields.did]
ldap = "telephoneNumber"
format = "international"
[fields.voicemail]
ldap = "ipPhone"
when = "(employeeType=internal)"
[fields.cti]
[fields.entity]
[fields.language]
[[rule]]
when = { attribute = "l", equals = "Lyon" }
set = { site = "lyon", entity = "demo", cti = "Client", language = "fr_FR", voicemail = true }
`
	cfg, err := Parse("xivosync.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Mapping("extension"); m.OnClear != reconcile.OnClearKeep || m.Direction != reconcile.Both || s.Mapping("voicemail").When == nil {
		t.Errorf("got %+v", m)
	}
}

func TestDefaultsOfWhatComesLaterMayBeSpelt(t *testing.T) {
	text := minimal + "[removal]\npolicy = \"deactivate\"\nreserve = \"release\"\ndelete_anyway = false\ndelete_after = \"\"\n[report]\ndir = \"\"\n"
	if _, err := Parse("", []byte(text)); err != nil {
		t.Error(err)
	}
}
