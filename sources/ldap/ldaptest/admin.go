package ldaptest

import (
	"sync"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
)

// Admin edits a directory behind the back of whom is tested. What does not work
// fails the test.
type Admin struct {
	t            testing.TB
	url          string
	dn, password string

	mu   sync.Mutex
	conn *goldap.Conn
}

// NewAdmin edits the directory at an ldap:// URL as this account.
func NewAdmin(t testing.TB, url, dn, password string) *Admin {
	a := &Admin{t: t, url: url, dn: dn, password: password}
	t.Cleanup(a.disconnect)
	return a
}

func (a *Admin) disconnect() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn != nil {
		_ = a.conn.Close()
		a.conn = nil
	}
}

// connect returns the connection, which is made at first use.
func (a *Admin) connect() *goldap.Conn {
	a.t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.conn == nil || a.conn.IsClosing() {
		a.conn = bind(a.t, a.url, a.dn, a.password)
	}
	return a.conn
}

func bind(t testing.TB, url, dn, password string) *goldap.Conn {
	t.Helper()
	conn, err := goldap.DialURL(url)
	if err != nil {
		t.Fatalf("dial %s: %v", url, err)
	}
	if dn == "" { // on a socket of the system itself
		return conn
	}
	if err := conn.Bind(dn, password); err != nil {
		t.Fatalf("bind %s: %v", dn, err)
	}
	return conn
}

// Modify replaces an attribute; without values it is removed.
func (a *Admin) Modify(dn, attribute string, values ...string) {
	a.t.Helper()
	req := goldap.NewModifyRequest(dn, nil)
	req.Replace(attribute, values)
	if err := a.connect().Modify(req); err != nil {
		a.t.Fatalf("modify %s of %s: %v", attribute, dn, err)
	}
}

// Add creates an entry.
func (a *Admin) Add(p Person) {
	a.t.Helper()
	req := goldap.NewAddRequest(p.DN, nil)
	for _, name := range p.attributeNames() {
		if name != "memberOf" { // the overlay's to write
			req.Attribute(name, p.Attributes[name])
		}
	}
	if err := a.connect().Add(req); err != nil {
		a.t.Fatalf("add %s: %v", p.DN, err)
	}
}

// Delete removes an entry.
func (a *Admin) Delete(dn string) {
	a.t.Helper()
	if err := a.connect().Del(goldap.NewDelRequest(dn, nil)); err != nil {
		a.t.Fatalf("delete %s: %v", dn, err)
	}
}

// Rename gives an entry another RDN and, unless parent is empty, another parent.
func (a *Admin) Rename(dn, rdn, parent string) {
	a.t.Helper()
	if err := a.connect().ModifyDN(goldap.NewModifyDNRequest(dn, rdn, true, parent)); err != nil {
		a.t.Fatalf("rename %s: %v", dn, err)
	}
}

// Search returns the entries below base, without paging and without a limit.
func (a *Admin) Search(base, filter string, attributes ...string) []*goldap.Entry {
	a.t.Helper()
	res, err := a.connect().Search(goldap.NewSearchRequest(base, goldap.ScopeWholeSubtree, 0, 0, 0, false, filter, attributes, nil))
	if err != nil {
		a.t.Fatalf("search %s below %s: %v", filter, base, err)
	}
	return res.Entries
}

// Values returns one attribute of one entry; nil when it is absent.
func (a *Admin) Values(dn, attribute string) []string {
	a.t.Helper()
	res, err := a.connect().Search(goldap.NewSearchRequest(dn, goldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", []string{attribute}, nil))
	if err != nil || len(res.Entries) != 1 {
		a.t.Fatalf("read %s of %s: %v", attribute, dn, err)
	}
	if values := res.Entries[0].GetEqualFoldAttributeValues(attribute); len(values) > 0 {
		return values
	}
	return nil
}

// UUID returns the entryUUID of an entry.
func (a *Admin) UUID(dn string) string {
	a.t.Helper()
	return a.Values(dn, "entryUUID")[0]
}
