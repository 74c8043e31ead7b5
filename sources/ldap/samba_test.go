package ldap_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// onSamba starts a domain controller with n people, and configures the account.
func onSamba(t *testing.T, n int, account string) (*ldaptest.DC, []string, ldap.Config) {
	t.Helper()
	dc := ldaptest.Samba(t, ldaptest.SambaOptions{})
	people := make([]string, n)
	for i := range people {
		people[i] = dc.Hire(fmt.Sprintf("p%03d", i), "ipPhone", fmt.Sprint(1000+i))
	}
	return dc, people, ldap.Config{
		URLs: []string{dc.URL}, StartTLS: true, CA: dc.CA, BindDN: account, Password: ldaptest.Password,
		Bases: []string{ldaptest.PeopleAD}, Filter: "(&(objectCategory=person)(ipPhone=*))",
		Attributes: []string{"givenName", "sn", "mail", "ipPhone", "telephoneNumber"}, Identifier: "objectGUID", PageSize: 7,
	}
}

func openWith(t *testing.T, cfg ldap.Config) *ldap.Directory {
	t.Helper()
	dir, err := ldap.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

func TestSambaIsListed(t *testing.T) {
	dc, people, cfg := onSamba(t, 20, ldaptest.BindAD)
	dc.Modify(people[3], "userAccountControl", "546")
	dir := openWith(t, cfg)
	all := list(t, dir)
	if len(all) != 20 {
		t.Errorf("%d people on pages of %d", len(all), cfg.PageSize)
	}
	for dn, rec := range all {
		if rec.ID == "" || rec.ID != rec.Identifier || !strings.Contains(rec.Version, "@") || rec.Disabled != (dn == people[3]) {
			t.Errorf("%+v", rec)
		}
		found, err := dir.Find(t.Context(), rec.Identifier)
		if err != nil || len(found) != 1 || found[0].DN != dn {
			t.Errorf("found %v, %v", found, err)
		}
	}
	can, err := dir.Capabilities(t.Context())
	if err != nil || !can.ActiveDirectory || can.ID != "objectGUID" || !can.IDReadable || !strings.HasPrefix(can.TLS, "TLS 1.3") {
		t.Errorf("%+v, %v", can, err)
	}
	first, err := dir.Identity(t.Context())
	if err != nil || !strings.HasPrefix(first, ldaptest.SuffixAD+"/") {
		t.Errorf("identity %q, %v", first, err)
	}
	before, _ := dir.Counter(t.Context())
	dc.Modify(people[1], "sn", "Changed")
	after, err := dir.Counter(t.Context())
	if err != nil || before == after || !strings.Contains(after, "@") {
		t.Errorf("counter %q after %q, %v", after, before, err)
	}
}

// The controller wants encryption, and says so in words that help.
func TestSambaWantsEncryption(t *testing.T) {
	_, _, cfg := onSamba(t, 0, ldaptest.BindAD)
	cfg.StartTLS = false
	_, err := ldap.Open(t.Context(), cfg)
	wantError(t, err, record.Down, "encrypt")
}

func TestSambaLogins(t *testing.T) {
	dc, _, cfg := onSamba(t, 0, ldaptest.BindAD)
	cfg.Password = "wrong"
	_, err := ldap.Open(t.Context(), cfg)
	wantError(t, err, record.Down, "password")
	dc.Modify(ldaptest.BindAD, "userAccountControl", "66050")
	cfg.Password = ldaptest.Password
	_, err = ldap.Open(t.Context(), cfg)
	wantError(t, err, record.Down, "disabled")
}

// The service account writes what it was given, with the values that it read as
// the precondition, and nothing else.
func TestSambaWriteBack(t *testing.T) {
	dc, people, cfg := onSamba(t, 3, ldaptest.BindAD)
	dir := openWith(t, cfg)
	old := list(t, dir)[people[1]]
	got, err := dir.Apply(t.Context(), set(old.ID, "telephoneNumber", nil, text("+33 1")))
	if err != nil || got.Values["telephoneNumber"].First() != "+33 1" || got.Version == old.Version {
		t.Fatalf("%+v, %v", got, err)
	}
	got, err = dir.Apply(t.Context(), set(old.ID, "ipPhone", text("1001"), text("2001")))
	if err != nil || got.Values["ipPhone"].First() != "2001" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = dir.Apply(t.Context(), set(old.ID, "ipPhone", text("1001"), text("3001")))
	wantError(t, err, record.Stale)
	_, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 1"), nil))
	if err == nil {
		t.Error("an empty value was written")
	}
	_, err = dir.Apply(t.Context(), set(old.ID, "sn", text("p001"), text("Other")))
	wantError(t, err, record.Refused, "right")
	dc.Rename(people[1], "CN=renamed", ldaptest.LeaversAD)
	got, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 1"), text("+33 2")))
	wantError(t, err, record.Refused, "right") // outside of where it may write
	if got.ID != "" || !slices.Equal(dc.Values("CN=renamed,"+ldaptest.LeaversAD, "telephoneNumber"), []string{"+33 1"}) {
		t.Errorf("%+v", got)
	}
}

func TestFollowSamba(t *testing.T) {
	for _, account := range []string{ldaptest.SeerAD, ldaptest.BindAD} {
		t.Run(strings.Split(account, ",")[0], func(t *testing.T) {
			dc, people, cfg := onSamba(t, 16, account)
			s := newShadow(t, openWith(t, cfg))
			if s.cursor.Method != "dirsync" {
				t.Fatalf("followed by %s", s.cursor.Method)
			}
			edit := func(what string, do func()) record.Increment {
				t.Helper()
				do()
				inc := s.follow(t)
				if t.Failed() {
					t.Fatalf("after %s", what)
				}
				return inc
			}
			if inc := edit("nothing", func() {}); len(inc.Records) != 0 || inc.Blind != (account == ldaptest.BindAD) {
				t.Errorf("%d records, blind: %v", len(inc.Records), inc.Blind)
			}
			edit("a changed value", func() { dc.Modify(people[1], "sn", "Changed") })
			edit("a removed value", func() { dc.Modify(people[2], "givenName") })
			edit("a disabled account", func() { dc.Modify(people[3], "userAccountControl", "546") })
			edit("an enabled account", func() { dc.Modify(people[3], "userAccountControl", "544") })
			edit("a rename", func() { dc.Rename(people[4], "CN=renamed", "") })
			edit("a move out of the base", func() { dc.Rename(people[5], "CN=left", ldaptest.LeaversAD) })
			edit("a move back", func() { dc.Rename("CN=left,"+ldaptest.LeaversAD, "CN=back", ldaptest.PeopleAD) })
			edit("one who stops to match", func() { dc.Modify(people[6], "ipPhone") })
			edit("one who matches again", func() { dc.Modify(people[6], "ipPhone", "1006") })
			edit("a new one", func() { dc.Hire("new", "ipPhone", "1999") })
			edit("a new one who is gone again", func() { dc.Delete(dc.Hire("brief", "ipPhone", "1998")) })
			edit("a deletion", func() { dc.Delete(people[7]) })
			edit("a change of what is not read", func() { dc.Modify(people[8], "title", "x") })
			edit("a restart", func() { dc.Kill(); dc.Start(); dc.Modify(people[9], "sn", "Restarted") })
		})
	}
}

func TestSambaRefusesCursors(t *testing.T) {
	_, _, cfg := onSamba(t, 4, ldaptest.SeerAD)
	dir := openWith(t, cfg)
	s := newShadow(t, dir)
	for name, cookie := range map[string]string{"garbage": "garbage", "half": "", "none": "-"} {
		change := func(c string) string {
			switch cookie {
			case "":
				return c[:len(c)/2]
			case "-":
				return ""
			}
			return cookie
		}
		inc, err := dir.Follow(t.Context(), edited(t, s.cursor, change), nil)
		if err != nil || inc.Refused == "" {
			t.Errorf("%s: refused %q, %v", name, inc.Refused, err)
		}
	}
	other := s.cursor
	other.Position = []byte(strings.Replace(string(other.Position), `"controller":"`, `"controller":"0`, 1))
	if inc, err := dir.Follow(t.Context(), other, nil); err != nil || !strings.Contains(inc.Refused, "another domain controller") {
		t.Errorf("refused %q, %v", inc.Refused, err)
	}
	s.follow(t)
}

// Without the right to DirSync, which Samba gives to everybody, change numbers do.
func TestFollowSambaByChangeNumbers(t *testing.T) {
	dc := ldaptest.Samba(t, ldaptest.SambaOptions{Unencrypted: true})
	m := ldaptest.NewMeddler(t, dc.URL)
	m.Refuse(ldaptest.SearchRequest, goldap.ControlTypeDirSync, 50)
	dn := dc.Hire("ann", "ipPhone", "1001")
	dir := openWith(t, ldap.Config{URLs: []string{m.URL()}, BindDN: ldaptest.BindAD, Password: ldaptest.Password, Bases: []string{ldaptest.PeopleAD},
		Filter: "(ipPhone=*)", Attributes: []string{"sn", "ipPhone"}, Identifier: "objectGUID"})
	s := newShadow(t, dir)
	if s.cursor.Method != "usn" {
		t.Fatalf("followed by %s", s.cursor.Method)
	}
	dc.Modify(dn, "sn", "Changed")
	if inc := s.follow(t); len(inc.Records) != 1 || !inc.Blind {
		t.Errorf("%+v", inc)
	}
	dc.Rename(dn, "CN=left", ldaptest.LeaversAD)
	s.follow(t)
	dc.Rename("CN=left,"+ldaptest.LeaversAD, "CN=back", ldaptest.PeopleAD)
	s.follow(t)
}
