package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// account is somebody who was given the rights that docs/accounts.md shows, and
// the program that works with them.
type account struct {
	t    *testing.T
	sim  *xivosim.Sim
	dir  string
	conn *goldap.Conn
}

// pageConfig maps everything that the page's rights are for.
const pageConfig = `[ldap]
url = %q
start_tls = true
ca = "ca.pem"
bind_dn = %q
password = "env:LDAP_PASSWORD"
base = "ou=people,dc=example,dc=org"
filter = %q
[xivo]
url = %q
auth_url = %q
username = "xivosync"
password = "env:XIVO_PASSWORD"
[state]
path = "state.db"
[identifier]
ldap = %q
xivo = "description"
[numbering]
region = "FR"
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "1000-1999"
did_context = "from-extern"
did_length = 10
[fields.email]
ldap = "mail"
direction = "both"
[fields.outgoing_caller_id]
direction = "none"
`

// newAccount logs in as the account at a directory, and configures the program.
func newAccount(t *testing.T, url string, ca []byte, bindDN, filter, identifier, fields string) *account {
	t.Helper()
	a := &account{t: t, sim: xivosim.New(xivosim.Options{}), dir: t.TempDir()}
	server, err := a.sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	a.sim.PutContext(xivosim.Context{Name: "from-extern", Type: "incall", Enabled: true, Incalls: []xivosim.Range{{Start: "0472101000", End: "0472101099"}}})
	a.keep("xivosync.toml", fmt.Sprintf(pageConfig, url, bindDN, filter, server.URL, server.AuthURL, identifier)+fields)
	a.keep("ca.pem", string(ca))
	a.conn = logIn(t, url, ca, bindDN)
	return a
}

func logIn(t *testing.T, url string, ca []byte, bindDN string) *goldap.Conn {
	t.Helper()
	conn, err := goldap.DialURL(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	trusted := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: "127.0.0.1"}
	trusted.RootCAs.AppendCertsFromPEM(ca)
	if err := conn.StartTLS(trusted); err != nil {
		t.Fatal(err)
	}
	if err := conn.Bind(bindDN, ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	return conn
}

func (a *account) keep(name, text string) {
	a.t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// run carries out a command and wants its exit code.
func (a *account) run(code int, args ...string) string {
	a.t.Helper()
	cmd := exec.Command("xivosync", append([]string{"-c", filepath.Join(a.dir, "xivosync.toml")}, args...)...)
	cmd.Env = append(os.Environ(), "LDAP_PASSWORD="+ldaptest.Password, "XIVO_PASSWORD=secret", "INVOCATION_ID=")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if got := codeOf(a.t, cmd.Run()); got != code && code >= 0 {
		a.t.Errorf("%v: exit code %d, want %d\n%s", args, got, code, out.String())
	}
	return out.String()
}

// misses is what check finds that is not right, with its hints; it ends with that code, or with
// any where it is negative.
func (a *account) misses(code int) (lines []string) {
	a.t.Helper()
	wrong := false
	for line := range strings.Lines(a.run(code, "check")) {
		switch {
		case strings.HasPrefix(line, "  ✗"), strings.HasPrefix(line, "  !"):
			wrong = true
			lines = append(lines, strings.TrimSpace(line))
		case strings.HasPrefix(line, "    ") && wrong: // what to do about it
			lines[len(lines)-1] += ": " + strings.TrimSpace(line)
		default:
			wrong = false
		}
	}
	return lines
}

// writesBack changes an e-mail in XiVO, which has to reach the directory.
func (a *account) writesBack(from, to string, values func() []string) {
	a.t.Helper()
	for _, u := range a.sim.Users() {
		if u.Email != nil && *u.Email == from {
			if answer := askLocally(a.sim, http.MethodPut, "/users/"+u.UUID, fmt.Sprintf(`{"email":%q}`, to)); answer.Code >= 300 {
				a.t.Fatalf("%d %s", answer.Code, answer.Body)
			}
		}
	}
	a.run(0, "run")
	if got := values(); !slices.Equal(got, []string{to}) {
		a.t.Errorf("the directory holds %q, want %q", got, to)
	}
}

// refused wants the directory to refuse something for want of a right.
func (a *account) refused(what string, err error) {
	a.t.Helper()
	if !goldap.IsErrorAnyOf(err, goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultNoSuchObject) {
		a.t.Errorf("%s: %v", what, err)
	}
}

func replace(dn, attribute string, values ...string) *goldap.ModifyRequest {
	req := goldap.NewModifyRequest(dn, nil)
	req.Replace(attribute, values)
	return req
}

// entries counts what the account finds.
func (a *account) entries(base, filter string, attributes ...string) []*goldap.Entry {
	a.t.Helper()
	res, err := a.conn.Search(goldap.NewSearchRequest(base, goldap.ScopeWholeSubtree, 0, 0, 0, false, filter, attributes, nil))
	if err != nil && !goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject) {
		a.t.Fatalf("search %s: %v", base, err)
	}
	return res.Entries
}

// listedACL is the block of docs/accounts.md that ldapmodify loads.
func listedACL(t *testing.T) string {
	t.Helper()
	for _, p := range pages(t) {
		for _, b := range p.blocks {
			if p.name == "accounts" && b.kind == "ldif" {
				return b.text
			}
		}
	}
	t.Fatal("docs/accounts.md has no ldif")
	return ""
}

// closed are the rules of a directory that shows nobody anything.
var closed = []string{`to attrs=userPassword by anonymous auth by * none`, `to * by * none`}

// closedLDAP is such a directory, with a limit that three people exceed, and the
// account without any right.
func closedLDAP(t *testing.T) (*ldaptest.Server, *account) {
	t.Helper()
	people, err := os.ReadFile("testdata/docs/people.ldif")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	s := ldaptest.Slapd(t, ldaptest.Options{Suffix: "dc=example,dc=org", Tree: string(people), Listen: []string{ldapi(socket)}})
	s.Configure("olcAccess", closed...)
	s.Configure("olcSizeLimit", "size.soft=2 size.hard=2 size.prtotal=2")
	for _, name := range []string{"ann", "bob", "zoe"} {
		s.Modify(dnOfPerson(name), "telephoneNumber", map[string]string{"ann": "1001", "bob": "1002", "zoe": "1003"}[name])
		s.Modify(dnOfPerson(name), "displayName", "The "+name)
		s.Modify(dnOfPerson(name), "mobile", "0612345678")
	}
	s.Modify(dnOfPerson("zoe"), "userPassword", "of-zoe")
	a := newAccount(t, s.URL, s.CA, "cn=xivosync,ou=services,dc=example,dc=org", "(objectClass=inetOrgPerson)", "entryUUID", `
[fields.firstname]
ldap = "givenName"
[fields.lastname]
ldap = "sn"
[fields.extension]
ldap = "telephoneNumber"
direction = "both"
[fields.mobile_phone_number]
ldap = "mobile"
[fields.caller_id]
ldap = "displayName"
[fields.username]
ldap = "uid"
[fields.userfield]
ldap = "cn"
`)
	a.keep("acl.ldif", listedACL(t))
	a.keep("socket", socket)
	return s, a
}

func dnOfPerson(name string) string { return "uid=" + name + ",ou=people,dc=example,dc=org" }

func ldapi(socket string) string { return "ldapi://" + strings.ReplaceAll(socket, "/", "%2F") }

// TestTheRightsInOpenLDAP loads the page's rules as they are written, into a
// directory that shows nobody anything: they are enough for check, for a run and a
// write-back, and for nothing else.
func TestTheRightsInOpenLDAP(t *testing.T) {
	s, a := closedLDAP(t)
	if missing := a.misses(1); len(missing) == 0 {
		t.Error("without any right, check finds nothing")
	}
	socket, _ := os.ReadFile(filepath.Join(a.dir, "socket"))
	if out, err := exec.Command("ldapmodify", "-Y", "EXTERNAL", "-H", ldapi(string(socket)), "-f", filepath.Join(a.dir, "acl.ldif")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if missing := a.misses(0); len(missing) > 0 {
		t.Errorf("with the page's rights, check finds %q", missing)
	}
	a.run(0, "run", "--allow", "first-run")
	a.writesBack("ann@example.org", "ann.b@example.org", func() []string { return s.Values(dnOfPerson("ann"), "mail") })
	s.Modify(dnOfPerson("bob"), "sn", "Changed")
	if out := a.run(0, "run", "--incremental"); !strings.Contains(out, "1 changed in XiVO") || !strings.Contains(out, "incremental") {
		t.Errorf("the incremental run: %s", out)
	}

	for _, attribute := range []string{"givenName", "sn", "title", "userPassword", "uid"} {
		a.refused("write "+attribute, a.conn.Modify(replace(dnOfPerson("zoe"), attribute, "x")))
	}
	a.refused("write its own password", a.conn.Modify(replace("cn=xivosync,ou=services,dc=example,dc=org", "userPassword", "x")))
	a.refused("delete somebody", a.conn.Del(goldap.NewDelRequest(dnOfPerson("zoe"), nil)))
	a.refused("rename somebody", a.conn.ModifyDN(goldap.NewModifyDNRequest(dnOfPerson("zoe"), "uid=z", true, "")))
	add := goldap.NewAddRequest(dnOfPerson("new"), nil)
	add.Attribute("objectClass", []string{"inetOrgPerson"})
	add.Attribute("cn", []string{"New"})
	add.Attribute("sn", []string{"New"})
	a.refused("add somebody", a.conn.Add(add))
	for _, e := range a.entries("ou=people,dc=example,dc=org", "(objectClass=*)", "userPassword", "employeeNumber") {
		if len(e.Attributes) > 0 {
			t.Errorf("the account reads %s of %s", e.Attributes[0].Name, e.DN)
		}
	}
	for _, base := range []string{"ou=services,dc=example,dc=org", "ou=groups,dc=example,dc=org"} {
		if found := a.entries(base, "(objectClass=*)"); len(found) > 0 {
			t.Errorf("the account finds %s", found[0].DN)
		}
	}
}

var attrs = regexp.MustCompile(`attrs=(\S+)`)

// TestEachRightInOpenLDAPIsMissed takes one attribute after the other from each of
// the page's rules, then the limits: check names what is missing.
func TestEachRightInOpenLDAPIsMissed(t *testing.T) {
	s, a := closedLDAP(t)
	rules, limits := parseACL(t, listedACL(t))
	with := func(rules []string) []string { return append(slices.Clone(rules), closed...) }
	s.Configure("olcLimits", limits)
	for i, rule := range rules {
		all := strings.Split(attrs.FindStringSubmatch(rule)[1], ",")
		for j, attribute := range all {
			rest := slices.Delete(slices.Clone(all), j, j+1)
			less := slices.Clone(rules)
			less[i] = attrs.ReplaceAllString(rule, "attrs="+strings.Join(rest, ","))
			if len(rest) == 0 {
				less = slices.Delete(less, i, i+1)
			}
			s.Configure("olcAccess", with(less)...)
			missing := strings.Join(a.misses(-1), "\n")
			if !strings.Contains(missing, toldOf(i, attribute)) {
				t.Errorf("without %s in rule %d check does not name it: %s", attribute, i, missing)
			}
		}
	}
	s.Configure("olcAccess", with(rules)...)
	s.Configure("olcLimits")
	if missing := strings.Join(a.misses(-1), "\n"); !strings.Contains(missing, "limit") {
		t.Errorf("without the limits check does not name them: %s", missing)
	}
}

// toldOf is what check says where an attribute cannot be read: itself, but for those
// without which nobody is found.
func toldOf(rule int, attribute string) string {
	switch {
	case rule == 2: // without any of it there is no contextCSN
		return "contextCSN"
	case attribute == "entry":
		return "no such object (code 32): check the DN, and that the account may read it"
	case attribute == "objectClass":
		return "nobody is listed"
	}
	return attribute
}

// parseACL takes the rules, without their places, and the limits from the page's
// LDIF.
func parseACL(t *testing.T, ldif string) (rules []string, limits string) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(ldif, "\n ", "")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "olcAccess":
			rules = append(rules, regexp.MustCompile(`^\{\d+\}`).ReplaceAllString(value, ""))
		case "olcLimits":
			limits = value
		}
	}
	if len(rules) < 2 || limits == "" {
		t.Fatalf("the page's rules: %q, limits: %q", rules, limits)
	}
	return rules, limits
}
