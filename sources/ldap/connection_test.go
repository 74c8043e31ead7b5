package ldap_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

func TestEncryption(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(3, 1))
	for name, change := range map[string]func(*ldap.Config){
		"StartTLS": func(*ldap.Config) {},
		"LDAPS":    func(c *ldap.Config) { c.URLs, c.StartTLS = []string{b.slapd.LDAPSURL}, false },
		"LDAPS by name": func(c *ldap.Config) {
			c.URLs, c.StartTLS, c.ServerName = []string{b.slapd.LDAPSURL}, false, "localhost"
		},
		"clear, loopback": func(c *ldap.Config) { c.StartTLS = false },
		"the second URL":  func(c *ldap.Config) { c.URLs = append([]string{"ldap://127.0.0.1:1"}, c.URLs...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := b.open(t, change)
			if got := list(t, dir); len(got) != 3 {
				t.Errorf("%d people", len(got))
			}
			c, err := dir.Capabilities(t.Context())
			if err != nil || (c.TLS == "") != (name == "clear, loopback") {
				t.Errorf("TLS is %q, %v", c.TLS, err)
			}
		})
	}
}

func TestRefusedConnections(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, nil)
	other := ldaptest.NewAuthority(t).PEM
	ldaps := func(c *ldap.Config) { c.URLs, c.StartTLS = []string{b.slapd.LDAPSURL}, false }
	for name, tc := range map[string]struct {
		change func(*ldap.Config)
		words  []string
	}{
		"wrong authority, LDAPS":    {func(c *ldap.Config) { ldaps(c); c.CA = other }, []string{"certificate", "unknown authority", b.slapd.LDAPSURL}},
		"wrong authority, StartTLS": {func(c *ldap.Config) { c.CA = other }, []string{"certificate", "unknown authority"}},
		"system authorities":        {func(c *ldap.Config) { c.CA = nil }, []string{"certificate", "unknown authority"}},
		"wrong name, LDAPS":         {func(c *ldap.Config) { ldaps(c); c.ServerName = "dc1.example.org" }, []string{"certificate", "dc1.example.org"}},
		"wrong name, StartTLS":      {func(c *ldap.Config) { c.ServerName = "dc1.example.org" }, []string{"certificate", "dc1.example.org"}},
		"no authority in the PEM":   {func(c *ldap.Config) { c.CA = []byte("x") }, []string{"no certificate"}},
		"wrong password":            {func(c *ldap.Config) { c.Password = "wrong" }, []string{"wrong DN or password", ldaptest.BindDN}},
		"empty password":            {func(c *ldap.Config) { c.Password = "" }, []string{"password is empty"}},
		"nobody listens":            {func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1"} }, []string{"127.0.0.1:1", "refused"}},
		"nobody listens, twice":     {func(c *ldap.Config) { c.URLs = []string{"ldap://127.0.0.1:1", "ldap://127.0.0.1:2"} }, []string{"127.0.0.1:1", "127.0.0.1:2"}},
		"a password in clear":       {func(c *ldap.Config) { c.URLs, c.StartTLS = []string{"ldap://dc1.example.org"}, false }, []string{"in clear", "start_tls"}},
		"encrypted twice":           {func(c *ldap.Config) { c.URLs = []string{b.slapd.LDAPSURL} }, []string{"encrypted from the start"}},
		"no LDAP URL":               {func(c *ldap.Config) { c.URLs = []string{"https://x"} }, []string{"ldaps://HOST"}},
		"no URL":                    {func(c *ldap.Config) { c.URLs = nil }, []string{"no url"}},
		"no base":                   {func(c *ldap.Config) { c.Bases = nil }, []string{"no base"}},
		"a base that is no DN":      {func(c *ldap.Config) { c.Bases = []string{"people"} }, []string{"people"}},
		"a filter that is none":     {func(c *ldap.Config) { c.Filter = "(mail=*" }, []string{"(mail=*"}},
		"a disabled that is none":   {func(c *ldap.Config) { c.Disabled = "mail" }, []string{"filter mail"}},
		"no identifier":             {func(c *ldap.Config) { c.Identifier = "" }, []string{"identifier"}},
		"an unknown attribute":      {func(c *ldap.Config) { c.Attributes = []string{"telefoneNumber"} }, []string{"telefoneNumber", "schema"}},
		"a page of less than one":   {func(c *ldap.Config) { c.PageSize = -1 }, []string{"page"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := b.config
			tc.change(&cfg)
			_, err := ldap.Open(t.Context(), cfg)
			wantError(t, err, record.Down, tc.words...)
		})
	}
}

// A wrong password locks the account on Active Directory if it is tried again.
func TestWrongPasswordIsTriedOnce(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, nil)
	one, two := ldaptest.NewProxy(t, b.slapd.URL), ldaptest.NewProxy(t, b.slapd.URL)
	cfg := b.config
	cfg.URLs, cfg.Password = []string{one.URL(), two.URL()}, "wrong"
	_, err := ldap.Open(t.Context(), cfg)
	wantError(t, err, record.Down, "wrong DN or password")
	if one.Connections() != 1 || two.Connections() != 0 {
		t.Errorf("%d and %d connections", one.Connections(), two.Connections())
	}
}

func TestActiveDirectorysReasons(t *testing.T) {
	t.Parallel()
	for code, words := range map[string]string{
		"525": "no such account", "52e": "wrong DN or password", "530": "hour", "531": "machine", "532": "expired",
		"533": "disabled", "701": "account has expired", "773": "must change", "775": "locked out", "abc": "reason of its own",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b := inMemory(t, nil, ldapmem.Quirks{
				LoginText: fmt.Sprintf("80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data %s, v3839\x00", code),
			})
			_, err := ldap.Open(t.Context(), b.config)
			wantError(t, err, record.Down, words, "data "+code, ldaptest.BindDN)
		})
	}
}

func TestServerThatSaysNothing(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(300, 1))
	for name, after := range map[string]int64{"before StartTLS": 0, "within the handshake": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := ldaptest.NewProxy(t, b.slapd.URL)
			p.StallAfter(after)
			cfg := b.config
			cfg.URLs, cfg.Timeout = []string{p.URL()}, 300*time.Millisecond
			start := time.Now()
			_, err := ldap.Open(t.Context(), cfg)
			wantError(t, err, record.Down)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestCancelledWhileOpening(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, nil)
	p := ldaptest.NewProxy(t, b.slapd.URL)
	p.StallAfter(0)
	cfg := b.config
	cfg.URLs, cfg.Timeout = []string{p.URL()}, time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := ldap.Open(ctx, cfg)
	wantError(t, err, record.Down, "canceled")
}

func TestReconnects(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(20, 1))
	p := ldaptest.NewProxy(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs = []string{p.URL()} })
	all := list(t, dir)
	some := all["uid=u000001,"+ldaptest.PeopleDN]
	operations := map[string]func() error{
		"list": func() error { _, err := collect(t.Context(), dir); return err },
		"read": func() error { _, err := dir.Read(t.Context(), some.ID); return err },
		"find": func() error { _, err := dir.Find(t.Context(), some.Identifier); return err },
		"apply": func() error {
			now, err := dir.Read(t.Context(), some.ID)
			if err == nil {
				p.KillIdle()
				_, err = dir.Apply(t.Context(), set(some.ID, "title", now.Values["title"], text(now.Version)))
			}
			return err
		},
		"identity": func() error { _, err := dir.Identity(t.Context()); return err },
	}
	for name, operation := range operations {
		p.KillIdle()
		if err := operation(); err != nil {
			t.Errorf("%s after the connection was lost: %v", name, err)
		}
		b.slapd.Kill()
		b.slapd.Start()
		if err := operation(); err != nil {
			t.Errorf("%s after a restart: %v", name, err)
		}
	}
	b.slapd.Kill()
	for name, operation := range operations {
		err := operation()
		wantError(t, err, record.Down)
		t.Logf("%s: %v", name, err)
	}
	if err := dir.Close(); err != nil {
		t.Error(err)
	}
	_, err := dir.Read(t.Context(), some.ID)
	wantError(t, err, record.Down, "closed")
}

func TestIdleConnectionIsKept(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(200, 1))
	p := ldaptest.NewProxy(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs = []string{p.URL()} })
	for _, rec := range list(t, dir) {
		if _, err := dir.Read(t.Context(), rec.ID); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.Connections(); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
}

func TestAnonymous(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(3, 1))
	dir := b.open(t, func(c *ldap.Config) { c.BindDN, c.Password = "", "" })
	_, err := collect(t.Context(), dir)
	wantError(t, err, record.Down, "code 32", "may read it")
}

// A server that answers a plain write with "stronger authentication required".
func TestStrongAuthentication(t *testing.T) {
	t.Parallel()
	srv := ldaptest.Slapd(t, ldaptest.Options{Global: "security simple_bind=64"})
	cfg := baseConfig()
	cfg.URLs = []string{srv.URL}
	_, err := ldap.Open(t.Context(), cfg)
	wantError(t, err, record.Down, "start_tls", fmt.Sprintf("code %d", goldap.LDAPResultConfidentialityRequired))
}
