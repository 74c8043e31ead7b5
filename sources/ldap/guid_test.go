package ldap

import (
	"strings"
	"testing"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"
)

func TestGUIDs(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ attribute, value, want string }{
		"objectGUID":             {objectGUID, "\x5d\x01\x3e\x85\x0f\x6d\x4e\x4c\x82\xb1\xfd\xab\x27\x15\x9d\x37", "853e015d-6d0f-4c4e-82b1-fdab27159d37"},
		"entryUUID":              {entryUUID, "853E015D-6D0F-4C4E-82B1-FDAB27159D37", "853e015d-6d0f-4c4e-82b1-fdab27159d37"},
		"entryUUID, with braces": {"ENTRYUUID", "{853e015d-6d0f-4c4e-82b1-fdab27159d37}", "853e015d-6d0f-4c4e-82b1-fdab27159d37"},
		"nsUniqueId":             {nsUniqueID, "853e015d-6d0f4c4e-82b1fdab-27159d37", "853e015d-6d0f-4c4e-82b1-fdab27159d37"},
		"too short":              {objectGUID, "123", ""},
		"no digits":              {entryUUID, "853e015d-6d0f-4c4e-82b1-fdab27159d3x", ""},
		"empty":                  {entryUUID, "", ""},
	} {
		got, err := textGUID(tc.attribute, tc.value)
		if (err == nil) != (tc.want != "") || got != tc.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestFiltersForGUIDs(t *testing.T) {
	t.Parallel()
	const id = "853e015d-6d0f-4c4e-82b1-fdab27159d37"
	for attribute, want := range map[string]string{
		objectGUID: "(objectGUID=]\x01>\\85\x0fmNL\\82\\b1\\fd\\ab'\x15\\9d7)",
		entryUUID:  "(entryUUID=" + id + ")",
		nsUniqueID: "(nsUniqueId=853e015d-6d0f4c4e-82b1fdab-27159d37)",
	} {
		if got, err := filterGUID(attribute, strings.ToUpper(id)); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", attribute, got, err, want)
		}
	}
}

// FuzzGUID: whatever a server stores comes back from its text form, and whatever
// is taken for an id finds exactly that id.
func FuzzGUID(f *testing.F) {
	f.Add("\x5d\x01\x3e\x85\x0f\x6d\x4e\x4c\x82\xb1\xfd\xab\x27\x15\x9d\x37")
	f.Add("853e015d-6d0f-4c4e-82b1-fdab27159d37")
	f.Add("{853E015D6D0F4C4E82B1FDAB27159D37}")
	f.Fuzz(func(t *testing.T, value string) {
		for _, attribute := range []string{objectGUID, entryUUID, nsUniqueID} {
			id, err := textGUID(attribute, value)
			if err != nil {
				continue
			}
			if again, err := textGUID(entryUUID, id); err != nil || again != id || len(id) != 36 || !utf8.ValidString(id) {
				t.Errorf("%s %q gives %q, which gives %q, %v", attribute, value, id, again, err)
			}
			filter, err := filterGUID(attribute, id)
			if err != nil {
				t.Fatalf("filter for %q: %v", id, err)
			}
			p, err := goldap.CompileFilter(filter)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			if attribute == objectGUID && p.Children[1].Data.String() != value {
				t.Errorf("%s finds %q, not %q", filter, p.Children[1].Data.Bytes(), value)
			}
		}
	})
}

// FuzzFilter: no value gets out of its place in a filter.
func FuzzFilter(f *testing.F) {
	for _, v := range []string{"", "*", "x)(uid=*", `\`, "\x00", "\xff\xfe", "Zoé", " x "} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		e := edit{attribute: "title", before: []string{value}}
		for _, filter := range []string{equals("title", value), all(equals("title", value)), e.condition()} {
			p, err := goldap.CompileFilter(filter)
			if err != nil {
				t.Fatalf("%s: %v", filter, err)
			}
			if p.Tag != goldap.FilterEqualityMatch || p.Children[0].Data.String() != "title" || p.Children[1].Data.String() != value {
				t.Errorf("%q became %s", value, filter)
			}
		}
	})
}
