package ldaptest

import goldap "github.com/go-ldap/ldap/v3"

// Configure replaces an attribute of the running database's configuration, see
// slapd-config(5); the database is the one of the suffix.
func (s *Server) Configure(attribute string, values ...string) {
	s.t.Helper()
	conn := bind(s.t, s.URL, configDN, s.secret)
	defer func() { _ = conn.Close() }()
	res, err := conn.Search(goldap.NewSearchRequest(configDN, goldap.ScopeWholeSubtree, 0, 0, 0, false, "(olcSuffix="+s.suffix+")", []string{"1.1"}, nil))
	if err != nil || len(res.Entries) != 1 {
		s.t.Fatalf("find the database's configuration: %v", err)
	}
	s.configure(conn, res.Entries[0].DN, attribute, values)
}

// ConfigureGlobal does the same to the server as a whole.
func (s *Server) ConfigureGlobal(attribute string, values ...string) {
	s.t.Helper()
	conn := bind(s.t, s.URL, configDN, s.secret)
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
