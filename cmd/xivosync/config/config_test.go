package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// example is the file that is packaged for people to start from.
const example = "../../../packaging/xivosync.example.toml"

// domainExample is that for Active Directory.
const domainExample = "../../../packaging/active-directory.example.toml"

// minimal is the least that is right.
const minimal = `
[ldap]
url = "ldaps://dc1.example.org"
base = "ou=people,dc=example,dc=org"
[xivo]
url = "https://xivo.example.org:9486"
[identifier]
ldap = "entryUUID"
xivo = "description"
[fields.outgoing_caller_id]
direction = "none"
[fields.firstname]
ldap = "givenName"
`

func TestTheExampleLoads(t *testing.T) {
	for _, path := range []string{example, domainExample} {
		cfg, err := Load(path)
		if err == nil {
			_, err = cfg.Settings(xivo.Fields())
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	text, err := os.ReadFile("testdata/wrong.toml")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse("wrong.toml", text)
	var all Errors
	if !errors.As(err, &all) {
		t.Fatalf("got %v, want Errors", err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a password is shown")
	}
	golden(t, "wrong.golden", err.Error()+"\n")
	if !slices.IsSortedFunc(all, func(a, b Error) int { return a.Line - b.Line }) {
		t.Error("not in order of the lines")
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update rewrites it):\n%s", name, diff)
	}
}

func TestDefaults(t *testing.T) {
	cfg, err := Parse("minimal.toml", []byte(minimal))
	if err != nil {
		t.Fatal(err)
	}
	f := cfg.Fields["firstname"]
	for name, pair := range map[string][2]any{
		"page size":  {500, cfg.LDAP.PageSize},
		"timeout":    {30 * time.Second, cfg.LDAP.Timeout.Std()},
		"keep for":   {400 * 24 * time.Hour, cfg.State.KeepFor.Std()},
		"absent for": {24 * time.Hour, cfg.Removal.AbsentFor.Std()},
		"direction":  {reconcile.ToXiVO, f.Direction},
		"conflict":   {reconcile.TakeManual, f.Conflict},
		"initial":    {reconcile.TakeLDAP, f.Initial},
		"drift":      {reconcile.DriftRestore, f.Drift},
		"pick":       {reconcile.PickOnly, f.Pick},
		"removal":    {reconcile.RemovalDeactivate, cfg.Removal.Policy},
		"level":      {"info", cfg.Log.Level},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %v, want %v", name, pair[1], pair[0])
		}
	}
	design := map[string]reconcile.Limit{ // section 8
		"removals": {Count: 5, Share: 0.05, Cap: 50}, "clears": {Count: 20, Share: 0.05, Cap: 50},
		"renumberings": {Count: 20, Share: 0.10, Cap: 200}, "creates": {Count: 50, Share: 0.30}, "updates": {Count: 50, Share: 0.30},
		"writebacks": {Count: 20, Share: 0.02, Cap: 200}, "mails": {Count: 50},
	}
	if diff := cmp.Diff(design, cfg.guards().Limits); diff != "" {
		t.Errorf("limits (-design +configuration):\n%s", diff)
	}
}

func TestALimitKeepsTheDefaultsThatItDoesNotName(t *testing.T) {
	cfg, err := Parse("", []byte(minimal+"[guard]\nremovals = { count = 7 }\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (Limit{Count: 7, Share: 0.05, Cap: 50}); cfg.Guard.Removals != want {
		t.Errorf("got %+v, want %+v", cfg.Guard.Removals, want)
	}
}

func TestPasswordsAreInitialUnlessToldOtherwise(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want reconcile.Direction
	}{
		"by itself": {"[fields.password]\nldap = \"pin\"\n", reconcile.Initial},
		"told":      {"[fields.password]\nldap = \"pin\"\ndirection = \"to_xivo\"\n", reconcile.ToXiVO},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := Parse("", []byte(minimal+tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Fields["password"].Direction; got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	cfg, err := Load(example)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(s.Fields, func(a, b reconcile.Mapping) int { return strings.Compare(a.Field.Name, b.Field.Name) }) {
		t.Error("fields are not in order of their names")
	}
	if s.Mapping("email").Attribute != "mail" || s.Identifier.XiVO != "description" {
		t.Errorf("got %+v", s)
	}
	for _, print := range []string{s.Fingerprint, s.Scope, s.Mapped} {
		if len(print) != 64 {
			t.Errorf("%q is no fingerprint", print)
		}
	}
}

func TestFingerprintsTellWhatChanged(t *testing.T) {
	before := settingsOf(t, minimal)
	for name, tc := range map[string]struct {
		from, to                   string
		fingerprint, scope, mapped bool
	}{
		"nothing":         {"", "", false, false, false},
		"the log":         {"[ldap]", "[log]\nlevel = \"debug\"\n[ldap]", false, false, false},
		"a secret":        {"[ldap]", "[state]\nkey = \"env:OTHER\"\n[ldap]", false, false, false},
		"the base":        {"ou=people", "ou=staff", true, true, false},
		"a mapping":       {"givenName", "cn", true, false, true},
		"a threshold":     {"[ldap]", "[guard]\ncreates = { count = 1 }\n[ldap]", true, false, false},
		"the region":      {"[ldap]", "[numbering]\nregion = \"FR\"\n[ldap]", true, false, true},
		"the filter":      {"[xivo]", "filter = \"(uid=*)\"\n[xivo]", true, true, false},
		"a spelt default": {"[xivo]", "page_size = 500\n[xivo]", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			after := settingsOf(t, strings.Replace(minimal, tc.from, tc.to, 1))
			for what, changed := range map[string][2]bool{
				"fingerprint": {tc.fingerprint, before.Fingerprint != after.Fingerprint},
				"scope":       {tc.scope, before.Scope != after.Scope},
				"mapped":      {tc.mapped, before.Mapped != after.Mapped},
			} {
				if changed[0] != changed[1] {
					t.Errorf("%s changed: got %v, want %v", what, changed[1], changed[0])
				}
			}
		})
	}
}

func settingsOf(t *testing.T, text string) reconcile.Settings {
	t.Helper()
	cfg, err := Parse("", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	return s
}
