package ldaptest

import (
	goldap "github.com/go-ldap/ldap/v3"
)

// connect returns the administrator's connection, which is made at first use.
func (s *Server) connect() *goldap.Conn {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin != nil && !s.admin.IsClosing() {
		return s.admin
	}
	s.admin = s.bind(adminDN)
	return s.admin
}

func (s *Server) bind(dn string) *goldap.Conn {
	s.t.Helper()
	conn, err := goldap.DialURL(s.URL)
	if err != nil {
		s.t.Fatalf("dial %s: %v", s.URL, err)
	}
	if err := conn.Bind(dn, adminPassword); err != nil {
		s.t.Fatalf("bind %s: %v", dn, err)
	}
	return conn
}

// Modify replaces an attribute as the administrator; without values it is
// removed.
func (s *Server) Modify(dn, attribute string, values ...string) {
	s.t.Helper()
	req := goldap.NewModifyRequest(dn, nil)
	req.Replace(attribute, values)
	if err := s.connect().Modify(req); err != nil {
		s.t.Fatalf("modify %s of %s: %v", attribute, dn, err)
	}
}

// Add creates an entry as the administrator.
func (s *Server) Add(p Person) {
	s.t.Helper()
	req := goldap.NewAddRequest(p.DN, nil)
	for _, name := range p.attributeNames() {
		if name != "memberOf" { // the overlay's to write
			req.Attribute(name, p.Attributes[name])
		}
	}
	if err := s.connect().Add(req); err != nil {
		s.t.Fatalf("add %s: %v", p.DN, err)
	}
}

// Delete removes an entry as the administrator.
func (s *Server) Delete(dn string) {
	s.t.Helper()
	if err := s.connect().Del(goldap.NewDelRequest(dn, nil)); err != nil {
		s.t.Fatalf("delete %s: %v", dn, err)
	}
}

// Rename gives an entry another RDN and, unless parent is empty, another parent.
func (s *Server) Rename(dn, rdn, parent string) {
	s.t.Helper()
	if err := s.connect().ModifyDN(goldap.NewModifyDNRequest(dn, rdn, true, parent)); err != nil {
		s.t.Fatalf("rename %s: %v", dn, err)
	}
}

// Search returns the entries below base as the administrator sees them, without
// paging and without a limit.
func (s *Server) Search(base, filter string, attributes ...string) []*goldap.Entry {
	s.t.Helper()
	res, err := s.connect().Search(goldap.NewSearchRequest(base, goldap.ScopeWholeSubtree, 0, 0, 0, false, filter, attributes, nil))
	if err != nil {
		s.t.Fatalf("search %s below %s: %v", filter, base, err)
	}
	return res.Entries
}

// Values returns one attribute of one entry; nil when it is absent.
func (s *Server) Values(dn, attribute string) []string {
	s.t.Helper()
	res, err := s.connect().Search(goldap.NewSearchRequest(dn, goldap.ScopeBaseObject, 0, 0, 0, false, "(objectClass=*)", []string{attribute}, nil))
	if err != nil || len(res.Entries) != 1 {
		s.t.Fatalf("read %s of %s: %v", attribute, dn, err)
	}
	if values := res.Entries[0].GetEqualFoldAttributeValues(attribute); len(values) > 0 {
		return values
	}
	return nil
}

// UUID returns the entryUUID of an entry.
func (s *Server) UUID(dn string) string {
	s.t.Helper()
	return s.Values(dn, "entryUUID")[0]
}

// Configure replaces an attribute of the running database's configuration, see
// slapd-config(5); the database is taken from [Suffix].
func (s *Server) Configure(attribute string, values ...string) {
	s.t.Helper()
	conn := s.bind(configDN)
	defer func() { _ = conn.Close() }()
	res, err := conn.Search(goldap.NewSearchRequest(configDN, goldap.ScopeWholeSubtree, 0, 0, 0, false, "(olcSuffix="+Suffix+")", []string{"1.1"}, nil))
	if err != nil || len(res.Entries) != 1 {
		s.t.Fatalf("find the database's configuration: %v", err)
	}
	s.configure(conn, res.Entries[0].DN, attribute, values)
}

// ConfigureGlobal does the same to the server as a whole.
func (s *Server) ConfigureGlobal(attribute string, values ...string) {
	s.t.Helper()
	conn := s.bind(configDN)
	defer func() { _ = conn.Close() }()
	s.configure(conn, configDN, attribute, values)
}

func (s *Server) configure(conn *goldap.Conn, dn, attribute string, values []string) {
	s.t.Helper()
	req := goldap.NewModifyRequest(dn, nil)
	req.Replace(attribute, values)
	if err := conn.Modify(req); err != nil {
		s.t.Fatalf("configure %s of %s: %v", attribute, dn, err)
	}
}
