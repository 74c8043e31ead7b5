package reconcile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// entry returns what an entry holds of an attribute.
func entry(values map[string]record.Value) func(string) record.Value {
	return func(attribute string) record.Value { return values[attribute] }
}

var ann = entry(map[string]record.Value{
	"l": {"Lyon"}, "employeeType": {"internal"}, "ou": {"Sales", "Support  Team"}, "cn": {"Ann (One) *star*"},
	"memberOf": {"CN=CallCenter, OU=Groups,DC=example,DC=org", `cn=Doe\, John,ou=groups,dc=example,dc=org`},
})

const annDN = "uid=ann,ou=Lyon,ou=people,dc=example,dc=org"

func TestFilters(t *testing.T) {
	for text, want := range map[string]bool{
		"(employeeType=internal)":               true,
		"(employeeType=INTERNAL)":               true,
		"(employeeType=external)":               false,
		"(ou=support team)":                     true,
		"(title=*)":                             false,
		"(title=boss)":                          false,
		"(!(title=boss))":                       true,
		"(l=*)":                                 true,
		"(&(employeeType=internal)(!(l=Lyon)))": false,
		"(|(l=Paris)(l=Lyon))":                  true,
		"(&(l=Lyon)(|(ou=x)(ou=sales)))":        true,
		" ( & (l=Lyon) (ou=sales) ) ":           true,
		"(l=L*n)":                               true,
		"(l=*yo*)":                              true,
		"(l=l*y*o*n)":                           true,
		"(l=ly*yon)":                            false,
		"(l=*on)":                               true,
		"(l=**)":                                true,
		`(cn=ann \28one\29 \2astar\2a)`:         true,
		`(cn=*\2astar*)`:                        true,
		"(memberOf=cn=callcenter,ou=groups,dc=example,dc=org)":   true,
		`(memberOf=cn=doe\5c, john,ou=groups,dc=example,dc=org)`: true,
		"(memberOf=cn=other,ou=groups,dc=example,dc=org)":        false,
		"(memberOf=*ou=groups*)":                                 true,
	} {
		f, err := reconcile.ParseFilter(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.Match(ann); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestFiltersThatCannotBeUsed(t *testing.T) {
	for text, want := range map[string]string{
		"":                   `"(" is missing at character 1`,
		"l=Lyon":             `"(" is missing`,
		"(l=Lyon":            `")" is missing`,
		"(l=Lyon))":          "more after",
		"(l=Lyon)(l=Paris)":  "more after",
		"(l)":                `"=" is missing`,
		"()":                 `"=" is missing`,
		"(&)":                `"&" has 0 filters`,
		"(!)":                `"!" has 0 filters`,
		"(!(a=1)(b=1))":      `"!" has 2 filters`,
		"(l=)":               "(l=*) is whether there is a value",
		"(l>=5)":             "only = can be used, not >=",
		"(l~=Lyon)":          "not ~=",
		"(l:2.5.13.5:=Lyon)": "not :=",
		"(a b=c)":            `"a b" is no attribute`,
		"(=c)":               `"" is no attribute`,
		`(l=\zz)`:            "two hexadecimal digits",
		`(l=\4)`:             "two hexadecimal digits",
		strings.Repeat("(!", 60) + "(a=1)" + strings.Repeat(")", 60): "too many parentheses",
	} {
		if _, err := reconcile.ParseFilter(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: got %v, want %q", text, err, want)
		}
	}
}

func TestNoFilterMeansEverybody(t *testing.T) {
	var f *reconcile.Filter
	if !f.Match(ann) || f.Attributes() != nil || f.String() != "" || f.Spelt(strings.ToUpper) != nil {
		t.Error("it does not")
	}
}

func TestFilterAttributes(t *testing.T) {
	f, err := reconcile.ParseFilter("(&(Mail=*)(!(mail=x))(l=a*))")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Mail", "l"}, f.Attributes()); diff != "" {
		t.Error(diff)
	}
	lower := f.Spelt(strings.ToUpper)
	if diff := cmp.Diff([]string{"MAIL", "L"}, lower.Attributes()); diff != "" {
		t.Error(diff)
	}
	if f.Attributes()[0] != "Mail" || lower.String() != f.String() {
		t.Error("the first filter changed with the second")
	}
}

func TestNamesAreComparedAsNames(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"cn=a,dc=org", "CN=A , DC=ORG", true},
		{"cn=a,dc=org", "cn=a;dc=org", true},
		{`cn=Doe\, John,dc=org`, `cn="Doe, John",dc=org`, true},
		{`cn=Doe\2c John,dc=org`, `cn=Doe\, john,dc=org`, true},
		{`cn=Zo\c3\a9,dc=org`, "cn=zoé,dc=org", true},
		{"cn=a+sn=b,dc=org", "sn=b+cn=a,dc=org", true},
		{`cn=a\+sn\=b,dc=org`, "cn=a+sn=b,dc=org", false},
		{"cn=a  b,dc=org", "cn=A b,dc=org", true},
		{"cn=a,dc=org", "cn=b,dc=org", false},
		{"cn=a,dc=org", "cn=a", false},
		{"people", "people", false},
		{"", "", false},
	} {
		if got := reconcile.SameDN(tc.a, tc.b); got != tc.same {
			t.Errorf("%s and %s: %v", tc.a, tc.b, got)
		}
	}
	for _, tc := range []struct {
		name, base string
		under      bool
	}{
		{annDN, "OU=People, dc=example,dc=org", true},
		{annDN, annDN, true},
		{annDN, "ou=ople,dc=example,dc=org", false},
		{annDN, "ou=paris,ou=people,dc=example,dc=org", false},
		{"dc=org", annDN, false},
		{"", "dc=org", false},
	} {
		if got := reconcile.UnderDN(tc.name, tc.base); got != tc.under {
			t.Errorf("%s under %s: %v", tc.name, tc.base, got)
		}
	}
}

func TestConditions(t *testing.T) {
	matches := func(pattern string) reconcile.Condition {
		re, err := reconcile.WholeMatch(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return reconcile.Condition{Attribute: "l", Matches: re}
	}
	filter, err := reconcile.ParseFilter("(l=Lyon)")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		when  reconcile.Condition
		want  bool
		words string
	}{
		"nothing":            {reconcile.Condition{}, true, "everybody"},
		"equals":             {reconcile.Condition{Attribute: "l", Equals: "lyon"}, true, "l is lyon"},
		"equals one of many": {reconcile.Condition{Attribute: "ou", Equals: "Support Team"}, true, "ou is Support Team"},
		"equals nothing":     {reconcile.Condition{Attribute: "title", Equals: "x"}, false, "title is x"},
		"matches":            {matches("L.on"), true, "l matches L.on"},
		"matches a part":     {matches("Ly"), false, "l matches Ly"},
		"matches this or":    {matches("Paris|Lyon"), true, "l matches Paris|Lyon"},
		"group":              {reconcile.Condition{Group: "cn=callcenter,ou=groups,dc=example,dc=org"}, true, "member of cn=callcenter,ou=groups,dc=example,dc=org"},
		"another group":      {reconcile.Condition{Group: "cn=boss,ou=groups,dc=example,dc=org"}, false, "member of cn=boss,ou=groups,dc=example,dc=org"},
		"under":              {reconcile.Condition{Under: "ou=lyon,ou=people,dc=example,dc=org"}, true, "under ou=lyon,ou=people,dc=example,dc=org"},
		"filter":             {reconcile.Condition{Filter: filter}, true, "(l=Lyon)"},
		"all of them":        {reconcile.Condition{Attribute: "l", Equals: "lyon", Under: "dc=org", Filter: filter}, true, "l is lyon and under dc=org and (l=Lyon)"},
		"all but one":        {reconcile.Condition{Attribute: "l", Equals: "lyon", Under: "dc=com"}, false, "l is lyon and under dc=com"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.when.Match(ann, annDN); got != tc.want {
				t.Errorf("got %v", got)
			}
			if got := tc.when.String(); got != tc.words {
				t.Errorf("got %q, want %q", got, tc.words)
			}
		})
	}
	if _, err := reconcile.WholeMatch("a)(b"); err == nil {
		t.Error("a)(b is a pattern")
	}
}

func TestTheFirstRuleDecidesEachSetting(t *testing.T) {
	rules := reconcile.Rules{
		{Name: "paris", When: reconcile.Condition{Attribute: "l", Equals: "Paris"}, Set: map[string]string{reconcile.SetSite: "paris"}},
		{Name: "call center", When: reconcile.Condition{Group: "cn=callcenter,ou=groups,dc=example,dc=org"},
			Set: map[string]string{reconcile.SetVoicemail: "false"}, Queues: []reconcile.AgentQueue{{Name: "support", Penalty: 1}, {Name: "sales"}}},
		{Name: "lyon", When: reconcile.Condition{Attribute: "L", Equals: "Lyon"}, Set: map[string]string{reconcile.SetSite: "lyon"}},
		{Name: "lyon again", When: reconcile.Condition{Attribute: "l", Equals: "Lyon"},
			Set: map[string]string{reconcile.SetSite: "elsewhere", reconcile.SetLanguage: "fr_FR"}, Queues: []reconcile.AgentQueue{}},
		{Name: "all", Set: map[string]string{reconcile.SetVoicemail: "true", reconcile.SetEntity: "demo"}},
	}
	if diff := cmp.Diff([]string{"l", "memberOf"}, rules.Attributes()); diff != "" {
		t.Error(diff)
	}
	got := rules.Spelt(strings.ToLower).Resolve(ann, annDN)
	want := reconcile.Resolved{
		Set: map[string]reconcile.Setting{
			"site": {Value: "lyon", Rule: "lyon"}, "language": {Value: "fr_FR", Rule: "lyon again"}, "entity": {Value: "demo", Rule: "all"},
			"voicemail": {Value: "false", Rule: "call center"}, "queues": {Value: "support (penalty 1), sales (penalty 0)", Rule: "call center"},
		},
		Queues: []reconcile.AgentQueue{{Name: "support", Penalty: 1}, {Name: "sales"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if rules[2].When.Attribute != "L" {
		t.Error("the rules changed with their other spelling")
	}
	if got := rules[:0].Resolve(ann, annDN); len(got.Set) != 0 || got.Value("site") != "" {
		t.Errorf("no rules set %v", got)
	}
}

func TestNoQueuesAtAllIsASetting(t *testing.T) {
	rules := reconcile.Rules{
		{Name: "none", Queues: []reconcile.AgentQueue{}},
		{Name: "some", Queues: []reconcile.AgentQueue{{Name: "support"}}},
	}
	got := rules.Resolve(ann, annDN)
	if got.Set["queues"] != (reconcile.Setting{Value: "none", Rule: "none"}) || len(got.Queues) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestNotIsTheOppositeInFilters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawFilter(t, 3)
		f, err := reconcile.ParseFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		not, err := reconcile.ParseFilter("(!" + text + ")")
		if err != nil || f.Match(ann) == not.Match(ann) {
			t.Fatalf("%s and its opposite are both %v, %v", text, f.Match(ann), err)
		}
		double, err := reconcile.ParseFilter("(|" + text + "(!(&" + text + text + ")))")
		if err != nil || !double.Match(ann) {
			t.Fatalf("%s: either it holds or not, %v", text, err)
		}
	})
}

func drawFilter(t *rapid.T, depth int) string {
	if depth > 0 && rapid.Bool().Draw(t, "combined") {
		op := rapid.SampledFrom([]string{"&", "|", "!"}).Draw(t, "op")
		text := drawFilter(t, depth-1)
		if op != "!" {
			text += drawFilter(t, depth-1)
		}
		return "(" + op + text + ")"
	}
	return "(" + rapid.SampledFrom([]string{"l", "ou", "memberOf", "title"}).Draw(t, "attribute") + "=" +
		rapid.SampledFrom([]string{"*", "Lyon", "*o*", "sales", `\2a`, "cn=callcenter,ou=groups,dc=example,dc=org"}).Draw(t, "value") + ")"
}

func FuzzFilters(f *testing.F) {
	for _, seed := range []string{"(&(a=b)(!(c=*d*)))", `(cn=\28\2a)`, "(a:=b)", "((((", "(memberOf=cn=a,dc=b)", "(!", "(a=\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := reconcile.ParseFilter(text)
		if err != nil {
			return
		}
		got := filter.Match(ann)
		again, err := reconcile.ParseFilter(filter.String())
		if err != nil || again.Match(ann) != got {
			t.Errorf("%q reads another way the second time: %v", text, err)
		}
		if len(filter.Attributes()) == 0 {
			t.Errorf("%q looks at nothing", text)
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add(`cn=Doe\, John,dc=org`, `cn="Doe, John";dc=org`)
	f.Add(`cn=a+sn=b`, `cn=\`)
	f.Add("CN=A b,OU=c,DC=org", "ou=C,dc=org")
	f.Add("cn=a,,dc=org", "cn=,dc=org")
	f.Fuzz(func(t *testing.T, a, b string) {
		if reconcile.SameDN(a, b) != reconcile.SameDN(b, a) {
			t.Errorf("%q and %q are the same only one way round", a, b)
		}
		if reconcile.UnderDN(a, b) && reconcile.UnderDN(b, a) && !reconcile.SameDN(a, b) {
			t.Errorf("%q and %q are under one another", a, b)
		}
		if reconcile.SameDN(a, b) && !reconcile.SameDN(a, a) {
			t.Errorf("%q is not itself", a)
		}
		if spelt := " " + b; reconcile.SameDN(a, b) != reconcile.SameDN(a, spelt) || reconcile.UnderDN(a, b) != reconcile.UnderDN(a, spelt) {
			t.Errorf("%q and %q: the short way and the long one differ", a, b)
		}
	})
}

func BenchmarkRules(b *testing.B) {
	rules := reconcile.Rules{{Name: "site", When: reconcile.Condition{Attribute: "l", Equals: "Nice"}, Set: map[string]string{"site": "nice"}}}
	groups := record.Value{}
	for i := range 10 {
		name := string(rune('a'+i)) + "-group"
		groups = append(groups, "CN="+name+",OU=Groups,DC=example,DC=org")
		rules = append(rules, reconcile.Rule{Name: name, When: reconcile.Condition{Group: "cn=other " + name + ",ou=groups,dc=example,dc=org"}})
	}
	values := entry(map[string]record.Value{"l": {"Lyon"}, "memberOf": groups})
	for b.Loop() {
		rules.Resolve(values, annDN)
	}
}
