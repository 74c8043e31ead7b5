package ldap

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

func TestDescriptions(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"givenName": "givenname", "CN;lang-FR": "cn;lang-fr", "cn;x-b;x-a": "cn;x-a;x-b", "member;range=0-1499": "member",
		"member;Range=1500-*;binary": "member;binary",
	} {
		if got := description(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		last int
		more bool
	}{
		"member": {0, false}, "member;range=0-1499": {1499, true}, "member;range=1500-*": {0, false},
		"member;Range=0-9;binary": {9, true}, "member;lang-fr": {0, false}, "member;range=": {0, false},
	} {
		if last, more := rangeEnd(name); last != want.last || more != want.more {
			t.Errorf("%s: %d, %t", name, last, more)
		}
	}
}

func TestNamesFromTheSchema(t *testing.T) {
	t.Parallel()
	known := parseNames([]string{
		"( 2.5.4.4 NAME ( 'sn' 'surname' ) DESC 'x' SUP name )",
		"( 2.5.4.42 NAME ( 'givenName' 'gn' ) SUP name )",
		"( 2.5.4.3  NAME 'cn' )", "( 1.2.3 DESC 'without a name' )", "nonsense",
	})
	l, err := newLayout(Config{Attributes: []string{"surname", "GN", "2.5.4.3", "givenName"}, Identifier: "SN"},
		server{id: entryUUID, version: "entryCSN"}, known)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"surname", "GN", "2.5.4.3", "givenName", "SN"}, l.keys); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"surname", "GN", "2.5.4.3", entryUUID, "entryCSN", "displayName"}, l.request); diff != "" {
		t.Error(diff)
	}
	for asked, keys := range map[string][]int{"sn": {0, 4}, "SURNAME": {0, 4}, "givenname": {1, 3}, "CN": {2}, "mail": nil, "sn;lang-fr": nil} {
		if s := l.find(asked); !cmp.Equal(keys, s.values) {
			t.Errorf("%s goes to %+v", asked, s)
		}
	}
	if l.keyOf("sn") != 0 || l.keyOf("gn") != 1 || l.keyOf("mail") != -1 {
		t.Errorf("keys of sn %d, gn %d, mail %d", l.keyOf("sn"), l.keyOf("gn"), l.keyOf("mail"))
	}
	if _, err := newLayout(Config{Attributes: []string{"surnam"}, Identifier: "sn"}, server{}, known); err == nil {
		t.Error("an unknown attribute is accepted")
	}
}

func TestOutermostBases(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ bases, want []string }{
		{[]string{"dc=x"}, []string{"dc=x"}},
		{[]string{"ou=a,dc=x", "ou=b,dc=x"}, []string{"ou=a,dc=x", "ou=b,dc=x"}},
		{[]string{"ou=a,dc=x", "DC=X"}, []string{"DC=X"}},
		{[]string{"ou=a,dc=x", "OU=A, dc=x"}, []string{"ou=a,dc=x"}},
		{[]string{`ou=a\2cb,dc=x`, `ou=a\,b,dc=x`}, []string{`ou=a\2cb,dc=x`}},
	} {
		if got, err := outermost(tc.bases); err != nil || !cmp.Equal(got, tc.want) {
			t.Errorf("%q: %q, %v", tc.bases, got, err)
		}
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	v := func(s ...string) record.Value { return s }
	for name, tc := range map[string]struct {
		before, after, now record.Value
		fits, made         bool
	}{
		"absent, as expected":        {nil, v("a"), nil, true, false},
		"absent expected, but set":   {nil, v("a"), v("b"), false, false},
		"already there":              {nil, v("a"), v("a"), false, true},
		"one of two":                 {v("a"), v("b"), v("a", "c"), true, false},
		"replaced":                   {v("a"), v("b"), v("b", "c"), false, true},
		"both":                       {v("a"), v("b"), v("a", "b"), true, false},
		"neither":                    {v("a"), v("b"), v("c"), false, false},
		"added to":                   {v("a"), v("a", "b"), v("a"), true, false},
		"added":                      {v("a"), v("a", "b"), v("a", "b"), true, true},
		"byte for byte":              {v("+33 1"), v("b"), v("+331"), false, false},
		"trailing blanks are values": {v("a "), v("a"), v("a"), false, true},
	} {
		e := edit{"x", tc.before, tc.after}
		if e.fits(tc.now) != tc.fits || e.made(tc.now) != tc.made {
			t.Errorf("%s: fits %t, made %t", name, e.fits(tc.now), e.made(tc.now))
		}
	}
}
