package xivo

import (
	"io"
	"log"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func TestConfigurationErrors(t *testing.T) {
	good := Config{URL: "https://xivo:9486"}
	for name, tc := range map[string]struct {
		change func(*Config)
		words  string
	}{
		"no address":            {func(c *Config) { c.URL = "" }, "url"},
		"no scheme":             {func(c *Config) { c.URL = "xivo:9486" }, "want https://HOST:PORT"},
		"credentials in it":     {func(c *Config) { c.URL = "https://u:hunter2@xivo" }, "plain address"},
		"query in it":           {func(c *Config) { c.URL = "https://xivo?a=b" }, "plain address"},
		"broken address":        {func(c *Config) { c.URL = "https://xivo:port" }, "no address"},
		"broken auth address":   {func(c *Config) { c.AuthURL = "ldap://xivo" }, "auth_url"},
		"unknown field":         {func(c *Config) { c.Fields = []string{"firstname", "shoe_size"} }, `no field "shoe_size"`},
		"identifier by look":    {func(c *Config) { c.Identifier = "timezone" }, "cannot be looked up"},
		"identifier unknown":    {func(c *Config) { c.Identifier = "guid" }, "cannot be looked up"},
		"no certificate":        {func(c *Config) { c.CA = []byte("x") }, "no certificate"},
		"fingerprint of md5":    {func(c *Config) { c.Fingerprint = "md5:00" }, "sha256:"},
		"short fingerprint":     {func(c *Config) { c.Fingerprint = "sha256:00" }, "64 hexadecimal"},
		"two kinds of trust":    {func(c *Config) { c.CA, c.Fingerprint = []byte("x"), "sha256:00" }, "not both"},
		"fingerprint not a hex": {func(c *Config) { c.Fingerprint = "sha256:" + strings.Repeat("zz", 32) }, "64 hexadecimal"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := good
			tc.change(&conf)
			_, err := New(conf)
			if err == nil || !strings.Contains(err.Error(), tc.words) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %v, want %q", err, tc.words)
			}
		})
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}

func TestAddresses(t *testing.T) {
	for url, want := range map[string][2]string{
		"https://xivo:9486":         {"https://xivo:9486/1.1", "https://xivo:9497/0.1"},
		"https://xivo:9486/":        {"https://xivo:9486/1.1", "https://xivo:9497/0.1"},
		"https://xivo/api/confd":    {"https://xivo/api/confd/1.1", "https://xivo:9497/0.1"},
		"http://[2001:db8::1]:9487": {"http://[2001:db8::1]:9487/1.1", "http://[2001:db8::1]:9497/0.1"},
	} {
		at, err := Config{URL: url}.addresses()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, [2]string{at.confd.String(), at.auth.String()}); diff != "" {
			t.Errorf("%s: %s", url, diff)
		}
	}
	at, err := Config{URL: "https://xivo/api/confd", AuthURL: "https://xivo/api/auth"}.addresses()
	if err != nil || at.auth.String() != "https://xivo/api/auth/0.1" {
		t.Errorf("%v, %v", at.auth, err)
	}
}

func TestACL(t *testing.T) {
	for request, want := range map[string]string{
		"GET /users":                   "confd.users.read",
		"POST /users":                  "confd.users.create",
		"GET /users/export":            "confd.users.export.read",
		"PUT /users/" + annID:          "confd.users.*.update",
		"DELETE /users/12":             "confd.users.*.delete",
		"GET /infos":                   "confd.infos.read",
		"PUT /lines/1/endpoints/sip/2": "confd.lines.*.endpoints.sip.*.update",
		"GET /cti_profiles/a.b":        "confd.cti_profiles.a_b.read",
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := acl(method, path); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
}
