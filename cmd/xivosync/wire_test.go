package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/targets/xivo"
)

// wired is a configuration that is right, with what a test adds to it.
func wired(t *testing.T, xivoKeys, rest string) *config.Config {
	t.Helper()
	cfg, err := config.Parse("test.toml", []byte(`
[ldap]
url = "ldap://127.0.0.1:1"
base = "dc=test"
[xivo]
url = "http://127.0.0.1:1"
`+xivoKeys+`
[identifier]
ldap = "uid"
xivo = "userfield"
[fields.firstname]
ldap = "givenName"
[fields.username]
ldap = "MAIL"
[fields.email]
ldap = "mail"
[fields.outgoing_caller_id]
direction = "none"
`+rest))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestWhatIsReadIsWhatIsMapped(t *testing.T) {
	settings, err := wired(t, "", "").Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"mail", "givenName"}, attributes(settings)); diff != "" {
		t.Errorf("attributes (each once, in one spelling):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"email", "firstname", "username"}, fieldNames(settings)); diff != "" {
		t.Errorf("fields (none that is left alone):\n%s", diff)
	}
}

func TestWhatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(noPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XIVOSYNC_TEST_SHORT", "hunter2")
	for name, tc := range map[string]struct{ keys, rest, want string }{
		"no secret":    {"username = \"u\"\npassword = \"file:" + dir + "/none\"", "", "xivo.password: "},
		"no authority": {"ca = \"" + dir + "/none.pem\"", "", "xivo.ca: "},
		"no PEM":       {"ca = \"" + noPEM + "\"", "", "no certificate"},
		"a short key":  {"", "[state]\nkey = \"env:XIVOSYNC_TEST_SHORT\"", "openssl rand -hex 32"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := wired(t, tc.keys, tc.rest)
			settings, err := cfg.Settings(xivo.Fields())
			if err != nil {
				t.Fatal(err)
			}
			_, err = newPBX(cfg, settings, hclog.NewNullLogger(), nil)
			if err == nil {
				_, err = storeOptions(cfg, hclog.NewNullLogger())
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q in it", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Error("a secret is shown")
			}
		})
	}
}

func TestTheKeyOfTheConfigurationSealsTheStore(t *testing.T) {
	t.Setenv("XIVOSYNC_TEST_KEY", strings.Repeat("k", shortestKey))
	opts, err := storeOptions(wired(t, "", "[state]\nkey = \"env:XIVOSYNC_TEST_KEY\""), hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	if len(opts.Key) != 32 {
		t.Errorf("a key of %d bytes", len(opts.Key))
	}
}
