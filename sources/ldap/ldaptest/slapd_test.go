package ldaptest_test

import (
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldaptest"
)

func TestServer(t *testing.T) {
	t.Parallel()
	people := ldaptest.People(300, 1)
	people = append(people, ldaptest.SameMail(people[0]), ldaptest.Nameless("nameless"), ldaptest.LongName("long"),
		ldaptest.ControlCharacters("control"), ldaptest.InvalidUTF8("invalid"), ldaptest.Blank("blank"))
	s := ldaptest.Slapd(t, ldaptest.Options{People: people})

	t.Run("holds everybody", func(t *testing.T) {
		if got := len(s.Search(ldaptest.PeopleDN, "(uid=*)", "1.1")); got != len(people) {
			t.Errorf("the server holds %d people, want %d", got, len(people))
		}
	})
	t.Run("keeps every value", func(t *testing.T) {
		for _, p := range people {
			for name, want := range p.Attributes {
				if name == "objectClass" || name == "userPassword" {
					continue
				}
				got := s.Values(p.DN, name)
				if len(got) != len(want) || got[0] != want[0] {
					t.Errorf("%s of %s is %q, want %q", name, p.DN, got, want)
				}
			}
		}
	})
	t.Run("the service account may write, the reader may not", func(t *testing.T) {
		for dn, want := range map[string]uint16{s.BindDN: 0, ldaptest.ReaderDN: goldap.LDAPResultInsufficientAccessRights} {
			conn, err := goldap.DialURL(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if err := conn.Bind(dn, s.Password); err != nil {
				t.Fatal(err)
			}
			req := goldap.NewModifyRequest(people[0].DN, nil)
			req.Replace("title", []string{"Chef"})
			err = conn.Modify(req)
			if want == 0 && err != nil || want != 0 && !goldap.IsErrorWithCode(err, want) {
				t.Errorf("modify as %s: %v, want code %d", dn, err, want)
			}
		}
	})
	t.Run("comes back after a crash", func(t *testing.T) {
		s.Kill()
		if conn, err := goldap.DialURL(s.URL); err == nil {
			_ = conn.Close()
			t.Error("a killed server answers")
		}
		s.Start()
		s.Modify(people[0].DN, "title", "Cheffe")
		if got := s.Values(people[0].DN, "title"); len(got) != 1 || got[0] != "Cheffe" {
			t.Errorf("title is %q", got)
		}
		s.Rename(people[0].DN, "uid=moved", "")
		s.Delete("uid=moved," + ldaptest.PeopleDN)
		s.Add(people[0])
		s.SetLimits("size.hard=5")
		s.SetReadOnly(true)
	})
}
