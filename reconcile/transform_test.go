package reconcile_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var france = reconcile.Numbering{Region: "FR"}

func TestTransforms(t *testing.T) {
	trim, lower := reconcile.Transform{Trim: true}, reconcile.Transform{Case: "lower"}
	for name, tc := range map[string]struct {
		chain    []reconcile.Transform
		in, want string
		fails    bool
	}{
		"nothing":                           {nil, " Ann ", " Ann ", false},
		"trim":                              {[]reconcile.Transform{trim}, "\t Ann \u00a0", "Ann", false},
		"lower":                             {[]reconcile.Transform{lower}, "ÉLODIE", "élodie", false},
		"upper":                             {[]reconcile.Transform{{Case: "upper"}}, "zoé", "ZOÉ", false},
		"title":                             {[]reconcile.Transform{{Case: "title"}}, "JEAN-PIERRE d'ARC o’neil", "Jean-Pierre D'arc O’neil", false},
		"replace with a group":              {[]reconcile.Transform{{Replace: &reconcile.Replace{Pattern: `^(\w+), (\w+)$`, With: "$2 $1"}}}, "One, Ann", "Ann One", false},
		"map":                               {[]reconcile.Transform{{Map: map[string]string{"fr": "fr_FR"}}}, "fr", "fr_FR", false},
		"map without the text":              {[]reconcile.Transform{{Map: map[string]string{"fr": "fr_FR"}}}, "de", "", true},
		"default of an empty one":           {[]reconcile.Transform{{Default: "fr_FR"}}, "", "fr_FR", false},
		"default of a filled one":           {[]reconcile.Transform{{Default: "fr_FR"}}, "de_DE", "de_DE", false},
		"default where nothing is left":     {[]reconcile.Transform{trim, {Default: "x"}}, "  ", "x", false},
		"split":                             {[]reconcile.Transform{{Split: &reconcile.Split{By: "@", Part: 1}}}, "ann@parts.test", "ann", false},
		"split from the end":                {[]reconcile.Transform{{Split: &reconcile.Split{By: "@", Part: -1}}}, "ann@parts.test", "parts.test", false},
		"split without that part":           {[]reconcile.Transform{{Split: &reconcile.Split{By: "@", Part: 3}}}, "ann@parts.test", "", true},
		"number":                            {[]reconcile.Transform{{Number: reconcile.FormatE164}}, "01 23 45 67 89", "+33123456789", false},
		"number, national":                  {[]reconcile.Transform{{Number: reconcile.FormatNational}}, "+33123456789", "01 23 45 67 89", false},
		"number, international":             {[]reconcile.Transform{{Number: reconcile.FormatInternational}}, "0123456789", "+33 1 23 45 67 89", false},
		"number, internal":                  {[]reconcile.Transform{{Number: reconcile.FormatInternal}}, "12 045", "12045", false},
		"number that is none":               {[]reconcile.Transform{{Number: reconcile.FormatE164}}, "s1234", "", true},
		"several in order":                  {[]reconcile.Transform{trim, {Split: &reconcile.Split{By: " ", Part: 1}}, lower}, " Ann One ", "ann", false},
		"a text that is not valid UTF-8":    {[]reconcile.Transform{trim}, "\xff", "", true},
		"a transform that leaves no text":   {[]reconcile.Transform{{Replace: &reconcile.Replace{Pattern: ".*"}}}, "Ann", "", false},
		"the empty value stays the empty":   {[]reconcile.Transform{trim, lower}, "", "", false},
		"a map does not see an empty value": {[]reconcile.Transform{{Map: map[string]string{"fr": "fr_FR"}}}, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := reconcile.NewChain(record.Field{Name: "f"}, france, tc.chain, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.ToField(record.Text(tc.in))
			if (err != nil) != tc.fails {
				t.Fatalf("error %v", err)
			}
			same(t, record.Text(tc.want), got)
		})
	}
}

func TestTransformsAreTurnedRound(t *testing.T) {
	names := map[string]string{"fr": "fr_FR", "de": "de_DE"}
	for name, tc := range map[string]struct {
		chain, back []reconcile.Transform
		field       record.Field
		xivo, want  string
		fails       bool
	}{
		"nothing":                              {xivo: " Ann ", want: " Ann "},
		"trim":                                 {chain: []reconcile.Transform{{Trim: true}}, xivo: "Ann", want: "Ann"},
		"trim cannot give blanks back":         {chain: []reconcile.Transform{{Trim: true}}, xivo: " Ann", fails: true},
		"map":                                  {chain: []reconcile.Transform{{Map: names}}, xivo: "de_DE", want: "de"},
		"map without the text":                 {chain: []reconcile.Transform{{Map: names}}, xivo: "en_US", fails: true},
		"default":                              {chain: []reconcile.Transform{{Default: "fr_FR"}}, xivo: "fr_FR", want: "fr_FR"},
		"number":                               {chain: []reconcile.Transform{{Number: reconcile.FormatE164}}, field: record.Field{Phone: true}, xivo: "0123456789", want: "+33 1 23 45 67 89"},
		"an extension":                         {chain: []reconcile.Transform{{Number: reconcile.FormatInternal}}, field: record.Field{Phone: true}, xivo: "12045", want: "12045"},
		"upper case that XiVO does not hold":   {chain: []reconcile.Transform{{Case: "upper"}}, xivo: "ann", fails: true},
		"upper case where case does not count": {chain: []reconcile.Transform{{Case: "upper"}}, field: record.Field{FoldCase: true}, xivo: "ann", want: "ann"},
		"to_ldap in place of the inverse": {chain: []reconcile.Transform{{Split: &reconcile.Split{By: "@", Part: 1}}},
			back: []reconcile.Transform{{Replace: &reconcile.Replace{Pattern: "$", With: "@parts.test"}}}, xivo: "ann", want: "ann@parts.test"},
		"to_ldap that does not lead back": {chain: []reconcile.Transform{{Split: &reconcile.Split{By: "@", Part: 1}}},
			back: []reconcile.Transform{{Replace: &reconcile.Replace{Pattern: "^", With: "x"}}}, xivo: "ann", fails: true},
		"a caller id":                       {field: record.Field{CallerID: true}, xivo: `"Ann O'Neil"`, want: "Ann O'Neil"},
		"a caller id with a number":         {field: record.Field{CallerID: true}, xivo: `"Ann" <1000>`, want: `"Ann" <1000>`},
		"a caller id with quotes inside it": {field: record.Field{CallerID: true}, xivo: `"Ann "One""`, fails: true},
		"to_ldap that leaves nothing": {chain: []reconcile.Transform{{Default: "none"}},
			back: []reconcile.Transform{{Replace: &reconcile.Replace{Pattern: "^none$", With: ""}}}, xivo: "none", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := reconcile.NewChain(tc.field, france, tc.chain, tc.back, true)
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.ToAttribute(record.Text(tc.xivo))
			if (err != nil) != tc.fails {
				t.Fatalf("%q, error %v", got, err)
			}
			same(t, record.Text(tc.want), got)
		})
	}
}

func TestAChainThatIsWrongIsAnErrorWithItsPosition(t *testing.T) {
	for name, tc := range map[string]struct {
		transform  reconcile.Transform
		writesBack bool
		noInverse  bool
	}{
		"replace has no inverse":         {reconcile.Transform{Replace: &reconcile.Replace{Pattern: "a"}}, true, true},
		"split has no inverse":           {reconcile.Transform{Split: &reconcile.Split{By: "@", Part: 1}}, true, true},
		"a map with two ways to a value": {reconcile.Transform{Map: map[string]string{"a": "x", "b": "x"}}, true, true},
		"a pattern that is none":         {reconcile.Transform{Replace: &reconcile.Replace{Pattern: "("}}, false, false},
		"a case that is none":            {reconcile.Transform{Case: "camel"}, false, false},
		"a part that is none":            {reconcile.Transform{Split: &reconcile.Split{By: "@"}}, false, false},
		"a number format that is none":   {reconcile.Transform{Number: "roman"}, false, false},
		"nothing at all":                 {reconcile.Transform{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := reconcile.NewChain(record.Field{}, france, []reconcile.Transform{{Trim: true}, tc.transform}, nil, tc.writesBack)
			if err == nil || !strings.Contains(err.Error(), "transform 2: ") {
				t.Fatalf("error %v", err)
			}
			same(t, tc.noInverse, errors.Is(err, reconcile.ErrNoInverse))
		})
	}
	if _, err := reconcile.NewChain(record.Field{}, reconcile.Numbering{}, []reconcile.Transform{{Number: reconcile.FormatE164}}, nil, false); err == nil {
		t.Error("a number without a region is no error")
	}
}

func TestACallerIDIsANameInDoubleQuotes(t *testing.T) {
	c := chain(record.Field{Name: "caller_id", CallerID: true})
	for in, want := range map[string]string{
		"Ann One":           `"Ann One"`,
		`Ann "the One" One`: `"Ann 'the One' One"`,
		`"Ann One"`:         `"Ann One"`,
		`"Ann One" <1000>`:  `"Ann One" <1000>`,
		`Ann One <1000>`:    `"Ann One <1000>"`,
		"李":                 `"李"`,
	} {
		got, err := c.ToField(record.Text(in))
		if err != nil {
			t.Fatal(err)
		}
		same(t, record.Text(want), got)
	}
}

func TestADefaultHasTheFormOfItsField(t *testing.T) {
	c := chain(record.Field{Name: "caller_id", CallerID: true}, reconcile.Transform{Default: "Nobody"})
	got, err := c.ToField(nil)
	if err != nil {
		t.Fatal(err)
	}
	same(t, record.Text(`"Nobody"`), got)
	b := chain(record.Field{Kind: record.Bool}, reconcile.Transform{Default: "TRUE"})
	got, _ = b.ToField(nil)
	same(t, record.Text("true"), got)
}

func TestAnotherTransformIsAnotherFingerprint(t *testing.T) {
	seen := map[string]bool{}
	for _, transforms := range [][]reconcile.Transform{nil, {{Trim: true}}, {{Case: "upper"}}, {{Trim: true}, {Case: "upper"}}, {{Default: "x"}}} {
		seen[chain(record.Field{}, transforms...).Fingerprint] = true
	}
	other, err := reconcile.NewChain(record.Field{}, reconcile.Numbering{Region: "BE"}, nil, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	seen[other.Fingerprint] = true
	same(t, 6, len(seen))
}

func FuzzChain(f *testing.F) {
	for _, seed := range []string{"", "Ann", " Ann ", `"Ann" <1>`, "01 23 45 67 89", "\xff", "\x00", "İ", "ß"} {
		f.Add(seed)
	}
	var chains []reconcile.Chain
	for _, field := range []record.Field{{}, {CallerID: true}, {FoldCase: true}, {Phone: true}, {Kind: record.Bool}, {Kind: record.Int}} {
		for _, transforms := range [][]reconcile.Transform{nil, {{Trim: true}}, {{Case: "title"}}, {{Number: reconcile.FormatE164}}, {{Default: "x"}}} {
			chains = append(chains, chain(field, transforms...))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range chains {
			v, err := c.ToField(record.Text(text))
			if err != nil {
				continue
			}
			if len(v) > 0 && (v[0] == "" || !utf8.ValidString(v[0])) {
				t.Errorf("%q became %q", text, v)
			}
			if canonical := c.Canonical(v); !c.Canonical(canonical).Equal(canonical) {
				t.Errorf("the canonical form %q of %q has another canonical form", canonical, v)
			}
			back, err := c.ToAttribute(v)
			if err != nil || v.Empty() {
				continue
			}
			again, err := c.ToField(back)
			if err != nil || !c.Canonical(again).Equal(c.Canonical(v)) {
				t.Errorf("%q goes back as %q, which reads as %q, error %v", v, back, again, err)
			}
		}
	})
}
