package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo"
)

const withContacts = `
[ldap]
url = "ldaps://dc1.example.org"
base = "dc=example,dc=org"
[xivo]
url = "https://xivo.example.org:9486"
[identifier]
ldap = "uid"
xivo = "userfield"
[numbering]
region = "FR"
[fields.lastname]
ldap = "sn"
[fields.mobile_phone_number]
ldap = "mobile"
[fields.outgoing_caller_id]
direction = "none"
[contacts]
`

func TestContactColumns(t *testing.T) {
	cfg, err := Parse("x.toml", []byte(withContacts+`
file = "contacts.csv"
allow = ["192.0.2.10", "10.1.2.3/8", "fd00::/8"]
[[contacts.field]]
label = "name"
ldap = "cn"
[[contacts.field]]
label = "team"
ldap = "ou"
transform = [{ trim = true }, { case = "upper" }]
search = false
`))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	columns, err := cfg.ContactColumns(settings)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range columns {
		v, err := c.Shape(record.Texts(" a ", "+33 6 12 34 56 78", "1023"))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s of %s, searched %v, number %v: %q", c.Label, c.Attribute, c.Searched, c.Number, []string(v)))
	}
	want := []string{
		`name of cn, searched true, number false: [" a " "+33 6 12 34 56 78" "1023"]`,
		`team of ou, searched false, number false: ["A" "+33 6 12 34 56 78" "1023"]`,
		`mobile_phone_number of mobile, searched false, number true: ["a" "0612345678" "1023"]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	networks, err := cfg.Contacts.Networks()
	if err != nil || fmt.Sprint(networks) != "[192.0.2.10/32 10.0.0.0/8 fd00::/8]" {
		t.Errorf("%v %v", networks, err)
	}
}

func TestWrongContacts(t *testing.T) {
	field := "[[contacts.field]]\nlabel = %q\nldap = %q\n"
	for name, tc := range map[string]struct{ text, want string }{
		"nowhere to go":        {fmt.Sprintf(field, "name", "cn"), "has columns, but neither a file nor an address"},
		"no port":              {"listen = \"192.0.2.5\"\n", `"192.0.2.5" is no address`},
		"no network":           {"file = \"f\"\nallow = [\"xivo\"]\n", `"xivo" is no address and no network`},
		"a name alone":         {"file = \"f\"\nusername = \"xivo\"\n", "username and password go together"},
		"a label with a bar":   {"file = \"f\"\n" + fmt.Sprintf(field, "na|me", "cn"), "a label is of letters"},
		"a label twice":        {"file = \"f\"\n" + fmt.Sprintf(field, "a", "cn") + fmt.Sprintf(field, "a", "sn"), "there is a column a already"},
		"a label of a number":  {"file = \"f\"\n" + fmt.Sprintf(field, "did", "cn"), "there is a column did already"},
		"no attribute":         {"file = \"f\"\n" + fmt.Sprintf(field, "a", "c n"), `"c n" is no LDAP attribute`},
		"too many columns":     {"file = \"f\"\n" + many(15), "has 15 columns"},
		"two steps in one":     {"file = \"f\"\n" + fmt.Sprintf(field, "a", "cn") + "transform = [{ trim = true, case = \"upper\" }]\n", "a transform has one key"},
		"an unknown transform": {"file = \"f\"\n" + fmt.Sprintf(field, "a", "cn") + "transform = [{ case = \"mixed\" }]\n", "mixed"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("x.toml", []byte(withContacts+tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "x.toml:") {
				t.Errorf("%v, want %s", err, tc.want)
			}
		})
	}
}

func many(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "[[contacts.field]]\nlabel = \"c%d\"\nldap = \"cn\"\n", i)
	}
	return out.String()
}
