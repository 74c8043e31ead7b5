package ldapmem_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"xivosync/sources/ldap/ldapmem"
)

const (
	suffix = "dc=parts,dc=example"
	people = "ou=people," + suffix
	zoe    = "uid=zmartin," + people
	editor = "cn=editor," + suffix
)

// serve starts the company and logs the editor in.
func serve(t testing.TB, options ...ldapmem.Option) (*ldapmem.Server, *goldap.Conn) {
	t.Helper()
	srv := load(t, "company.ldif", append(options, ldapmem.Account(editor, "e"), ldapmem.Reader("cn=reader", "r"))...)
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv, dial(t, srv, editor, "e")
}

func dial(t testing.TB, srv *ldapmem.Server, dn, password string) *goldap.Conn {
	t.Helper()
	conn, err := goldap.DialURL(srv.URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if dn != "" {
		if err := conn.Bind(dn, password); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// uids searches and returns who was found, in order.
func uids(t testing.TB, conn *goldap.Conn, base string, scope int, filter string) string {
	t.Helper()
	res, err := conn.Search(goldap.NewSearchRequest(base, scope, 0, 0, 0, false, filter, []string{"uid"}, nil))
	if err != nil {
		t.Fatalf("%s: %v", filter, err)
	}
	var found []string
	for _, e := range res.Entries {
		found = append(found, e.GetAttributeValue("uid"))
	}
	slices.Sort(found)
	return strings.Join(found, " ")
}

func TestFilters(t *testing.T) {
	t.Parallel()
	_, conn := serve(t)
	for filter, want := range map[string]string{
		"(uid=zmartin)":                        "zmartin",
		"(UID=ZMARTIN)":                        "zmartin",
		"(cn=zoé  martin)":                     "zmartin",
		"(telephoneNumber=+33472101001)":       "zmartin",
		"(telephoneNumber=+33-472-101001)":     "zmartin",
		"(telephoneNumber=*202099)":            "mnguyen",
		"(sn=D'A*)":                            "jdalembert",
		"(sn=*a*e*)":                           "jdalembert",
		"(mail=*@parts.example)":               "fleroy jdalembert mnguyen pmoreau smuller zmartin",
		"(mail=zoe*tin*example)":               "zmartin",
		"(ipPhone=*)":                          "jdalembert mnguyen pmoreau smuller zmartin",
		"(&(ipPhone=*)(!(telephoneNumber=*)))": "smuller",
		"(|(uid=zmartin)(uid=pmoreau))":        "pmoreau zmartin",
		"(&)":                                  " fleroy jdalembert mnguyen pmoreau smuller zmartin",
		"(|)":                                  "",
		"(employeeNumber>=1005)":               "fleroy pmoreau",
		"(employeeNumber<=1001)":               "zmartin",
		"(sn>=moreau)":                         "mnguyen pmoreau smuller",
		"(sn~=martin)":                         "zmartin",
		"(memberOf=cn=CallCenter, ou=groups,dc=parts,dc=example)":               "smuller zmartin",
		"(userAccountControl:1.2.840.113556.1.4.803:=2)":                        "pmoreau",
		"(userAccountControl:1.2.840.113556.1.4.803:=3)":                        "",
		"(userAccountControl:1.2.840.113556.1.4.804:=3)":                        "pmoreau",
		"(uid:caseExactMatch:=zmartin)":                                         "zmartin",
		"(&(uid=*)(ou:dn:=people))":                                             "fleroy jdalembert mnguyen pmoreau smuller zmartin",
		`(cn=nguyen\2c minh)`:                                                   "mnguyen",
		"(nonsense=x)":                                                          "",
		"(&(objectClass=inetOrgPerson)(!(|(l=Lyon)(employeeType=contractor))))": "mnguyen pmoreau",
	} {
		base := people
		if got := uids(t, conn, base, goldap.ScopeWholeSubtree, filter); got != want {
			t.Errorf("%s finds %q, want %q", filter, got, want)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	_, conn := serve(t)
	for scope, want := range map[int]int{goldap.ScopeBaseObject: 1, goldap.ScopeSingleLevel: 6, goldap.ScopeWholeSubtree: 7, goldap.ScopeChildren: 6} {
		res, err := conn.Search(goldap.NewSearchRequest("OU=People, DC=parts,DC=example", scope, 0, 0, 0, false, "(objectClass=*)", nil, nil))
		if err != nil || len(res.Entries) != want {
			t.Errorf("scope %d: %v, %d entries, want %d", scope, err, len(res.Entries), want)
		}
	}
	_, err := conn.Search(goldap.NewSearchRequest("ou=nobody,"+suffix, 2, 0, 0, 0, false, "(objectClass=*)", nil, nil))
	wantCode(t, err, 32)
	res, err := conn.Search(goldap.NewSearchRequest(people, 2, 0, 3, 0, false, "(objectClass=*)", nil, nil))
	if wantCode(t, err, 4); len(res.Entries) != 3 {
		t.Errorf("%d entries with a size limit of 3", len(res.Entries))
	}
}

func wantCode(t testing.TB, err error, code uint16) {
	t.Helper()
	if code == 0 && err != nil || code != 0 && !goldap.IsErrorWithCode(err, code) {
		t.Errorf("got %v, want code %d", err, code)
	}
}

func TestAttributesThatAreShown(t *testing.T) {
	t.Parallel()
	_, conn := serve(t)
	for asked, want := range map[string]string{
		"":                    "cn displayName employeeNumber employeeType givenName ipPhone l mail mobile objectClass sn telephoneNumber uid",
		"1.1":                 "",
		"+":                   "createTimestamp entryCSN entryDN entryUUID memberOf modifyTimestamp",
		"UID entryuuid":       "entryUUID uid",
		"userPassword sn":     "sn",
		"memberOf nonsense":   "memberOf",
		"telephoneNumber":     "telephoneNumber",
		"objectClass mail sn": "mail objectClass sn",
	} {
		res, err := conn.Search(goldap.NewSearchRequest(zoe, 0, 0, 0, 0, false, "(objectClass=*)", strings.Fields(asked), nil))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, a := range res.Entries[0].Attributes {
			names = append(names, a.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("asked for %q, got %q, want %q", asked, got, want)
		}
	}
}

func TestModify(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*goldap.ModifyRequest)
		code   uint16
		want   []string
	}{
		"replace":               {func(r *goldap.ModifyRequest) { r.Replace("l", []string{"Paris"}) }, 0, []string{"Paris"}},
		"replace by nothing":    {func(r *goldap.ModifyRequest) { r.Replace("l", nil) }, 0, nil},
		"replace what is not":   {func(r *goldap.ModifyRequest) { r.Replace("pager", nil) }, 0, []string{"Lyon"}},
		"add":                   {func(r *goldap.ModifyRequest) { r.Add("l", []string{"Paris"}) }, 0, []string{"Lyon", "Paris"}},
		"add what is there":     {func(r *goldap.ModifyRequest) { r.Add("l", []string{" LYON "}) }, 20, []string{"Lyon"}},
		"add an empty value":    {func(r *goldap.ModifyRequest) { r.Add("l", []string{""}) }, 21, []string{"Lyon"}},
		"add nothing":           {func(r *goldap.ModifyRequest) { r.Add("l", nil) }, 2, []string{"Lyon"}},
		"delete":                {func(r *goldap.ModifyRequest) { r.Delete("L", []string{"lyon"}) }, 0, nil},
		"delete the attribute":  {func(r *goldap.ModifyRequest) { r.Delete("l", nil) }, 0, nil},
		"delete another value":  {func(r *goldap.ModifyRequest) { r.Delete("l", []string{"Paris"}) }, 16, []string{"Lyon"}},
		"delete what is absent": {func(r *goldap.ModifyRequest) { r.Delete("pager", nil) }, 16, []string{"Lyon"}},
		"reformat": {func(r *goldap.ModifyRequest) {
			r.Delete("l", []string{"Lyon"})
			r.Add("l", []string{"LYON"})
		}, 0, []string{"LYON"}},
		"all or nothing": {func(r *goldap.ModifyRequest) {
			r.Replace("l", []string{"Paris"})
			r.Delete("pager", nil)
		}, 16, []string{"Lyon"}},
		"the name":             {func(r *goldap.ModifyRequest) { r.Replace("uid", []string{"x"}) }, 67, []string{"Lyon"}},
		"a server's attribute": {func(r *goldap.ModifyRequest) { r.Replace("entryUUID", []string{"x"}) }, 19, []string{"Lyon"}},
		"increment":            {func(r *goldap.ModifyRequest) { r.Increment("employeeNumber", "1") }, 2, []string{"Lyon"}},
		"assertion, false": {func(r *goldap.ModifyRequest) {
			r.Replace("l", []string{"Paris"})
			r.Controls = append(r.Controls, assertion(t, "(l=Paris)"))
		}, 122, []string{"Lyon"}},
		"assertion, true": {func(r *goldap.ModifyRequest) {
			r.Replace("l", []string{"Paris"})
			r.Controls = append(r.Controls, assertion(t, "(&(l=lyon)(!(pager=*)))"))
		}, 0, []string{"Paris"}},
		"an unknown control": {func(r *goldap.ModifyRequest) {
			r.Replace("l", []string{"Paris"})
			r.Controls = append(r.Controls, goldap.NewControlString("1.2.3", true, ""))
		}, 12, []string{"Lyon"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, conn := serve(t)
			req := goldap.NewModifyRequest(zoe, nil)
			tc.change(req)
			wantCode(t, conn.Modify(req), tc.code)
			for _, e := range srv.Entries() {
				if e.DN == zoe && !cmp.Equal(tc.want, e.Attributes["l"]) {
					t.Errorf("l is %q, want %q", e.Attributes["l"], tc.want)
				}
			}
		})
	}
}

func assertion(t testing.TB, filter string) goldap.Control {
	p, err := goldap.CompileFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	return goldap.NewControlString("1.3.6.1.1.12", true, string(p.Bytes()))
}

func TestAddRenameDelete(t *testing.T) {
	t.Parallel()
	_, conn := serve(t)
	add := func(dn string) error {
		req := goldap.NewAddRequest(dn, nil)
		req.Attribute("objectClass", []string{"inetOrgPerson"})
		return conn.Add(req)
	}
	idOf := func(dn string) string {
		res, err := conn.Search(goldap.NewSearchRequest(dn, 0, 0, 0, 0, false, "(objectClass=*)", []string{"entryUUID"}, nil))
		if err != nil {
			t.Fatal(err)
		}
		return res.Entries[0].GetAttributeValue("entryUUID")
	}
	wantCode(t, add("uid=new,"+people), 0)
	wantCode(t, add("UID=New,"+people), 68)
	wantCode(t, add("uid=new,ou=nowhere,"+suffix), 32)
	first := idOf("uid=new," + people)
	wantCode(t, conn.Del(goldap.NewDelRequest("uid=new,"+people, nil)), 0)
	wantCode(t, conn.Del(goldap.NewDelRequest("uid=new,"+people, nil)), 32)
	wantCode(t, conn.Del(goldap.NewDelRequest(people, nil)), 66)
	wantCode(t, add("uid=new,"+people), 0)
	if idOf("uid=new,"+people) == first {
		t.Error("an entry that came back has the id of the one that went")
	}

	id := idOf(zoe)
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest(zoe, `cn=Martin\, Zoé`, false, "")), 0)
	moved := `cn=Martin\, Zoé,` + people
	if idOf(moved) != id || uids(t, conn, moved, 0, "(&(uid=zmartin)(cn=Martin, Zoé))") != "zmartin" {
		t.Error("a rename lost the id or the old name")
	}
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest(moved, "uid=zoe", true, suffix)), 0)
	if got := uids(t, conn, "uid=zoe,"+suffix, 0, "(!(cn=Martin, Zoé))"); got != "zmartin" {
		t.Errorf("after a move: %q", got)
	}
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest("uid=zoe,"+suffix, "uid=pmoreau", true, people)), 68)
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest("uid=zoe,"+suffix, "uid=x", true, "ou=nowhere")), 32)
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest(people, "ou=below", true, "uid=new,"+people)), 53)
	wantCode(t, conn.ModifyDN(goldap.NewModifyDNRequest(people, "ou=staff", true, "")), 0)
	if got := uids(t, conn, "ou=staff,"+suffix, 1, `(cn=Nguyen\2c Minh)`); got != "mnguyen" {
		t.Errorf("after the rename of a tree: %q", got)
	}

	for value, want := range map[string]uint16{"Moreau": goldap.LDAPResultCompareTrue, "x": goldap.LDAPResultCompareFalse} {
		same, err := conn.Compare("uid=pmoreau,ou=staff,"+suffix, "sn", value)
		if err != nil || same != (want == goldap.LDAPResultCompareTrue) {
			t.Errorf("compare with %s: %t, %v", value, same, err)
		}
	}
	_, err := conn.Compare("uid=pmoreau,ou=staff,"+suffix, "pager", "x")
	wantCode(t, err, 16)
}

func TestRights(t *testing.T) {
	t.Parallel()
	srv, _ := serve(t)
	anonymous := dial(t, srv, "", "")
	_, err := anonymous.Search(goldap.NewSearchRequest(people, 2, 0, 0, 0, false, "(objectClass=*)", nil, nil))
	wantCode(t, err, 50)
	if _, err := anonymous.Search(goldap.NewSearchRequest("", 0, 0, 0, 0, false, "(objectClass=*)", nil, nil)); err != nil {
		t.Errorf("the root entry: %v", err)
	}
	reader := dial(t, srv, "cn=reader", "r")
	own := dial(t, srv, "cn=xivosync, ou=services, dc=parts, dc=example", "demo")
	for _, conn := range []*goldap.Conn{anonymous, reader, own} {
		req := goldap.NewModifyRequest(zoe, nil)
		req.Replace("l", []string{"x"})
		wantCode(t, conn.Modify(req), 50)
	}
	for dn, password := range map[string]string{editor: "wrong", zoe: "x", "cn=nobody": "x", "cn=reader": "e"} {
		conn := dial(t, srv, "", "")
		wantCode(t, conn.Bind(dn, password), 49)
	}
	wantCode(t, dial(t, srv, "", "").Bind("no dn", "x"), 34)
	_, err = anonymous.WhoAmI(nil)
	wantCode(t, err, 2)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	_, conn := serve(t)
	for size := uint32(1); size < 9; size++ {
		res, err := conn.SearchWithPaging(goldap.NewSearchRequest(people, 1, 0, 0, 0, false, "(uid=*)", []string{"uid"}, nil), size)
		if err != nil || len(res.Entries) != 6 {
			t.Errorf("pages of %d: %v, %d entries", size, err, len(res.Entries))
		}
	}
	bad := &goldap.ControlPaging{PagingSize: 2, Cookie: []byte("old")}
	_, err := conn.Search(goldap.NewSearchRequest(people, 1, 0, 0, 0, false, "(uid=*)", nil, []goldap.Control{bad}))
	wantCode(t, err, 53)
}

func TestIDsComeBack(t *testing.T) {
	t.Parallel()
	ids := func(file string) string {
		srv := load(t, file, ldapmem.Reader("cn=reader", "r"))
		if err := srv.Listen("127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = srv.Close() }()
		res, err := dial(t, srv, "cn=reader", "r").Search(goldap.NewSearchRequest("dc=parts,dc=example", 2, 0, 0, 0, false, "(cn=*)", []string{"entryUUID", "entryCSN"}, nil))
		if err != nil {
			t.Fatal(err)
		}
		out := ""
		for _, e := range res.Entries {
			out += e.GetAttributeValue("entryUUID") + " "
		}
		return out
	}
	if one, two := ids("company.ldif"), ids("company.ldif"); one != two || len(one) < 100 {
		t.Errorf("%s and %s", one, two)
	}
	if got := ids("openldap-export.ldif"); !strings.HasPrefix(got, "a6c140a0-7a46-1041-8c7d-b13eaa088396 ") {
		t.Errorf("ids of an export: %s", got)
	}
	if got := ids("ad-export.ldif"); got != "853e015d-6d0f-4c4e-82b1-fdab27159d37 " {
		t.Errorf("ids of an export of Active Directory: %s", got)
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	srv := load(t, "company.ldif")
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:389", "nonsense", "127.0.0.1:99999"} {
		if err := srv.Listen(address); err == nil {
			t.Errorf("listens at %s", address)
		}
	}
	if err := srv.Close(); err != nil {
		t.Errorf("close before listen: %v", err)
	}
}

func TestManyClients(t *testing.T) {
	t.Parallel()
	srv, _ := serve(t)
	done := make(chan error)
	for i := range 8 {
		conn := dial(t, srv, editor, "e")
		go func() {
			var err error
			for n := range 50 {
				req := goldap.NewModifyRequest(zoe, nil)
				req.Replace(fmt.Sprintf("x-%d", i), []string{fmt.Sprint(n)})
				if e := conn.Modify(req); e != nil {
					err = e
				}
				if _, e := conn.SearchWithPaging(goldap.NewSearchRequest(people, 1, 0, 0, 0, false, "(uid=*)", nil, nil), 2); e != nil {
					err = e
				}
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
