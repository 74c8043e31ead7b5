package ldapmem_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"xivosync/sources/ldap/ldapmem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t testing.TB, file string, options ...ldapmem.Option) *ldapmem.Server {
	t.Helper()
	f, err := os.Open("../../../testdata/ldif/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	srv, err := ldapmem.New(f, options...)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestExports(t *testing.T) {
	t.Parallel()
	entry := func(dn string, pairs ...string) ldapmem.Entry {
		e := ldapmem.Entry{DN: dn, Attributes: map[string][]string{}}
		for i := 0; i < len(pairs); i += 2 {
			e.Attributes[pairs[i]] = append(e.Attributes[pairs[i]], pairs[i+1])
		}
		return e
	}
	for file, want := range map[string][]ldapmem.Entry{
		"openldap-export.ldif": {
			entry("uid=zmartin,ou=people,dc=parts,dc=example", "objectClass", "inetOrgPerson", "uid", "zmartin", "givenName", "Zoé", "sn", "Martin",
				"cn", "Zoé Martin", "description", "a text that is folded over three lines, in the middle of a word and before a blank of its own",
				"structuralObjectClass", "inetOrgPerson", "creatorsName", "cn=admin,dc=parts,dc=example", "userPassword", "{SSHA}xxx"),
			entry("uid=joé,ou=people,dc=parts,dc=example", "objectClass", "inetOrgPerson", "uid", "joé", "givenName", "Joe", "sn;lang-fr", "Dupont",
				"cn", "Joe without a blank"),
			entry("ou=people,dc=parts,dc=example", "objectClass", "top", "ou", "people"),
			entry("dc=parts,dc=example", "objectClass", "top", "dc", "parts"),
		},
		"ad-export.ldif": {
			entry("CN=Zoe Martin,OU=Lyon,DC=parts,DC=example", "objectClass", "top", "objectClass", "person", "objectClass", "user",
				"cn", "Zoe Martin", "givenName", "Zoe", "sn", "Martin", "sAMAccountName", "zmartin", "userAccountControl", "512",
				"objectGUID", "\x5d\x01\x3e\x85\x0f\x6d\x4e\x4c\x82\xb1\xfd\xab\x27\x15\x9d\x37", "uSNChanged", "12345",
				"mail", "zoe.martin@parts.example"),
			entry("OU=Lyon,DC=parts,DC=example", "objectClass", "top", "OU", "Lyon"),
			entry("DC=parts,DC=example", "objectClass", "top", "DC", "parts"),
		},
	} {
		if diff := cmp.Diff(want, load(t, file).Entries()); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func TestFilesThatAreNoExport(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ ldif, want string }{
		"no dn":            {"\n\nuid: x\n", `line 3: an entry begins with "uid" instead of dn`},
		"no colon":         {"dn: uid=x\nuid x\n", `line 2: "uid x" is not NAME: VALUE`},
		"bad base64":       {"dn: uid=x\ncn:: ***\n", "line 2: cn: illegal base64"},
		"a bad DN":         {"dn: people\ncn: x\n", "line 1: DN"},
		"an empty DN":      {"dn:\ncn: x\n", "line 1: an entry without a name"},
		"twice":            {"dn: uid=x,dc=t\nuid: x\n\ndn: UID=X, DC=T\nuid: x\n", "line 4: UID=X, DC=T is there twice"},
		"a change record":  {"dn: uid=x\nchangetype: modify\nreplace: cn\ncn: x\n", "line 2: a change record"},
		"a control":        {"dn: uid=x\ncontrol: 1.2.3 true\n", "line 2: a change record"},
		"a file":           {"dn: uid=x\njpegPhoto:< file:///etc/passwd\n", "line 2: jpegPhoto: values in other files"},
		"no empty line":    {"dn: uid=x\nuid: x\ndn: uid=y\n", "line 3: a second dn"},
		"HTML":             {"<html>\n", `line 1: "<html>" is not`},
		"a deep DN":        {"dn: " + strings.Repeat("ou=x,", 300) + "dc=x\nou: x\n", "line 1: DN"},
		"a line that ends": {"dn: uid=x\ncn: " + strings.Repeat("x", 17<<20), "line 2: "},
	} {
		if _, err := ldapmem.New(strings.NewReader(tc.ldif)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %s", name, err, tc.want)
		}
	}
	srv, err := ldapmem.New(strings.NewReader("\ufeffversion: 1\n# nothing\n"))
	if err != nil || len(srv.Entries()) != 0 {
		t.Errorf("an empty file: %v", err)
	}
}

func FuzzLDIF(f *testing.F) {
	for _, file := range []string{"company.ldif", "openldap-export.ldif", "ad-export.ldif"} {
		b, err := os.ReadFile("../../../testdata/ldif/" + file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, ldif string) {
		srv, err := ldapmem.New(strings.NewReader(ldif))
		if err != nil {
			return
		}
		for _, e := range srv.Entries() {
			if e.DN == "" {
				t.Errorf("an entry without a name: %+v", e)
			}
		}
	})
}
