package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/targets/xivo"
)

const lyon = `[numbering]
region = "FR"
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "1000-1999"
pool = "1500-1999"
did_context = "from-extern"
did_block = "+33 4 72 10 10 00-99"
did_length = 10
`

const paris = `[[numbering.site]]
name = "paris"
context = "paris"
extensions = "0000-0999"
did_context = "from-paris"
did_block = "01 40 00 00 00-99"
did_length = 4
did_format = "national"
ldap_format = "national"
`

const rule = `[[rule]]
when = { attribute = "l", equals = "Lyon" }
set = { site = "lyon" }
`

func TestSitesAndRulesReachTheEngine(t *testing.T) {
	const more = `[[rule]]
name = "the others"
[rule.when]
attribute = "GivenName"
matches = "A.*"
filter = "(&(L=*)(memberof=cn=x,dc=org))"
[rule.set]
site = "paris"
`
	cfg, err := Parse("", []byte(minimal+lyon+paris+rule+more))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	at := s.Numbering.Site("paris")
	if at == nil || at.LDAP != reconcile.FormatNational || at.DIDLength != 4 || at.Block.First != "+33140000000" {
		t.Errorf("got %+v", at)
	}
	if got, err := s.Numbering.ExtensionOf("+33 4 72 10 10 23", s.Numbering.Site("lyon")); got != "1023@default" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if diff := cmp.Diff([]string{"l", "givenName", "memberOf"}, s.Rules.Attributes()); diff != "" {
		t.Errorf("attributes, each in its first spelling (-want +got):\n%s", diff)
	}
	entry := map[string]record.Value{"l": {"LYON"}, "givenName": {"Ann"}, "memberOf": {"CN=x, DC=org"}}
	got := s.Rules.Resolve(func(a string) record.Value { return entry[a] }, "uid=ann,dc=org")
	if want := (reconcile.Setting{Value: "lyon", Rule: "rule 1"}); got.Set["site"] != want {
		t.Errorf("got %+v", got)
	}
	entry["l"] = record.Value{"Nice"}
	got = s.Rules.Resolve(func(a string) record.Value { return entry[a] }, "uid=ann,dc=org")
	if want := (reconcile.Setting{Value: "paris", Rule: "the others"}); got.Set["site"] != want {
		t.Errorf("got %+v", got)
	}
}

func TestASitesFingerprintTellsHowNumbersAreRead(t *testing.T) {
	of := func(old, new string) string {
		t.Helper()
		text := strings.Replace(minimal+lyon, old, new, 1)
		cfg, err := Parse("", []byte(text))
		if err != nil || text == minimal+lyon && old != "" {
			t.Fatal(err, old)
		}
		s, err := cfg.Settings(xivo.Fields())
		if err != nil {
			t.Fatal(err)
		}
		return s.Numbering.Site("lyon").Fingerprint
	}
	plain := of("", "")
	if of("1500-1999", "1200-1299") != plain {
		t.Error("another pool reads numbers in another way")
	}
	for old, new := range map[string]string{"did_length = 10": "did_length = 9", `"default"`: `"other"`, "10 00-99": "11 00-99"} {
		if of(old, new) == plain {
			t.Errorf("%s reads as %s", new, old)
		}
	}
}

func TestSettingsRefuseWhatWasNotChecked(t *testing.T) {
	for name, cfg := range map[string]*Config{
		"a site": {Numbering: Numbering{Sites: []Site{{Extensions: "x"}}}},
		"a rule": {Rules: []Rule{{When: When{Filter: "("}}}},
	} {
		if _, err := cfg.Settings(xivo.Fields()); err == nil {
			t.Errorf("%s that cannot be read is taken", name)
		}
	}
}

func TestWhatARuleSets(t *testing.T) {
	no := false
	s := Set{
		Site: "lyon", Context: "c", DIDContext: "d", Entity: "e", CTI: "p", Language: "fr_FR", Voicemail: &no,
		Queues: []Queue{{Name: "support", Penalty: 3}}, Removal: "keep", MailTemplate: "m",
	}
	want := map[string]string{
		"site": "lyon", "context": "c", "did_context": "d", "entity": "e", "cti": "p", "language": "fr_FR",
		"voicemail": "false", "removal": "keep", "mail_template": "m",
	}
	if diff := cmp.Diff(want, s.texts()); diff != "" {
		t.Error(diff)
	}
	named := &Config{XiVO: XiVO{Queues: map[string]int{"support": 7}}}
	if diff := cmp.Diff([]reconcile.AgentQueue{{ID: 7, Name: "support", Penalty: 3}}, named.queues(s)); diff != "" {
		t.Error(diff)
	}
	if Default().queues(Set{}) != nil || Default().queues(Set{Queues: []Queue{}}) == nil {
		t.Error("no queues and no setting are one")
	}
}

func TestFieldsThatAreThings(t *testing.T) {
	m := reconcile.Mapping{Field: record.Field{Name: "did", Thing: record.DID}}
	f := Field{Format: reconcile.FormatE164, OnClear: reconcile.OnClearKeep, When: "(employeeType=internal)"}
	if err := f.thing(&m); err != nil || m.Format != f.Format || m.OnClear != f.OnClear || m.When.String() != f.When {
		t.Errorf("got %+v, %v", m, err)
	}
	m = reconcile.Mapping{Field: record.Field{Name: "email", Thing: record.User}}
	if err := f.thing(&m); err != nil || m.OnClear != "" || m.When != nil {
		t.Errorf("a field of the user has %+v, %v", m, err)
	}
}

// TestSitesAndRulesThatCannotBe wants one error for each row, on the line that
// holds the text.
func TestSitesAndRulesThatCannotBe(t *testing.T) {
	for name, tc := range map[string]struct {
		from, to string // what of the right text is replaced by what
		at, want string
	}{
		"no name":                       {`name = "paris"`, ``, `[[numbering.site]]` + "\n\n", "is missing: what rules"},
		"no context":                    {`context = "paris"`, ``, "[[numbering.site]]\nname = \"paris\"", "is missing: XiVO's context"},
		"a name twice":                  {`name = "paris"`, `name = "lyon"`, "name = \"lyon\"\ncontext = \"paris\"", `"lyon" is the name of the site in line 16, too`},
		"a context with an @":           {`context = "paris"`, `context = "a@b"`, `"a@b"`, "is no name of a context"},
		"a DID context with a blank":    {`"from-paris"`, `"from paris"`, `"from paris"`, "is no name of a context"},
		"extensions that are no range":  {`"0000-0999"`, `"0000-999"`, `"0000-999"`, "do not have the same length"},
		"extensions twice":              {`"0000-0999"`, `"0000-0999, 0500-0600"`, "0500-0600", "overlap"},
		"a pool that is no range":       {`pool = "1500-1999"`, `pool = "some"`, "some", "is no range of numbers"},
		"a pool outside extensions":     {`pool = "1500-1999"`, `pool = "1500-2999"`, "1500-2999", "lies outside extensions (1000-1999)"},
		"a block that is none":          {`"01 40 00 00 00-99"`, `"01 40"`, `"01 40"`, "is no block"},
		"a block of no country":         {`"01 40 00 00 00-99"`, `"09 99 00-99"`, `"09 99`, "is no phone number"},
		"a block that does not match":   {`"01 40 00 00 00-99"`, `"01 40 00 00 00-19 99"`, `00-19 99`, "its size does not match: it would derive 0000-1999"},
		"a block without a DID context": {`did_context = "from-paris"`, ``, "[[numbering.site]]\nname = \"paris\"", "did_block needs it"},
		"a block without extensions":    {`extensions = "0000-0999"`, ``, `did_block = "01`, "needs extensions"},
		"too short a DID":               {`did_length = 4`, `did_length = 1`, "did_length = 1\n", "do not tell the numbers of did_block apart"},
		"too long a DID":                {`did_length = 4`, `did_length = 12`, "did_length = 12", "do not have 12 digits"},
		"an impossible length":          {`did_length = 4`, `did_length = 21`, "did_length = 21", "not between 0 and 20"},
		"another format":                {`did_format = "national"`, `did_format = "internal"`, `did_format = "i`, "is not one of national, e164"},
		"a prefix with letters":         {`did_length = 4`, "did_length = 4\nprefix = \"x\"", `prefix = "x"`, "more than digits"},
		"a prefix without a block":      {`did_block = "01 40 00 00 00-99"` + "\ndid_length = 4", `prefix = "12"`, `prefix`, "has no effect"},
		"a short DID without a block":   {`did_block = "01 40 00 00 00-99"`, ``, "did_length = 4", "alone do not tell a number"},
		"one context for both":          {`"from-paris"`, `"paris"`, `did_context = "paris"`, "is the context of the internal numbers, too"},
		"ranges that overlap": {
			`context = "paris"` + "\n" + `extensions = "0000-0999"` + "\n" + `did_context = "from-paris"` + "\n" + `did_block = "01 40 00 00 00-99"` + "\ndid_length = 4",
			`context = "default"` + "\n" + `extensions = "1900-2999"`, "1900-2999", "1900-2999 overlaps 1000-1999 of site lyon in context default",
		},
		"blocks that overlap":           {`extensions = "0000-0999"` + "\n" + `did_context = "from-paris"` + "\n" + `did_block = "01 40 00 00 00-99"`, `extensions = "1000-1999"` + "\n" + `did_context = "from-paris"` + "\n" + `did_block = "+33 4 72 10 10 90-99"`, "10 90-99", "overlaps +33472101000-99 of site lyon"},
		"calls that cannot be told":     {`did_length = 10`, "did_length = 4\n[[numbering.site]]\nname = \"nice\"\ncontext = \"nice\"\nextensions = \"1000-1999\"\ndid_context = \"from-extern\"\ndid_block = \"04 93 00 10 00-99\"\ndid_length = 4 # here", "did_length = 4 # here", "calls to 1000-1099 could not be told from those of site lyon"},
		"a rule without a condition":    {`when = { attribute = "l", equals = "Lyon" }`, ``, "[[rule]]", "when = {} is everybody"},
		"a rule that sets nothing":      {`set = { site = "lyon" }`, `set = {}`, "set = {}", "sets nothing"},
		"a rule without set":            {`set = { site = "lyon" }`, ``, "[[rule]]", "sets nothing"},
		"a site that is not there":      {`site = "lyon"`, `site = "lyn"`, `site = "lyn"`, "there is no site \"lyn\"; did you mean lyon?"},
		"a setting that is not there":   {`site = "lyon"`, `site = "lyon", sit = "lyon"`, `sit = "lyon"`, "unknown key; did you mean site?"},
		"an attribute without a test":   {`, equals = "Lyon"`, ``, `attribute = "l"`, "has no effect; add equals or matches"},
		"a test without an attribute":   {`attribute = "l", `, ``, `equals = "Lyon"`, "equals and matches look at an attribute"},
		"a test of nothing":             {`equals = "Lyon"`, `equals = ""`, `equals = ""`, "is empty"},
		"an attribute that is none":     {`attribute = "l"`, `attribute = "a b"`, `"a b"`, "is no LDAP attribute"},
		"a pattern that is none":        {`equals = "Lyon"`, `matches = "L("`, `"L("`, "missing closing )"},
		"a group that is no DN":         {`equals = "Lyon"`, `equals = "Lyon", group = "support"`, `"support"`, "is no distinguished name"},
		"a place that is no DN":         {`attribute = "l", equals = "Lyon"`, `under = "people"`, `"people"`, "is no distinguished name"},
		"a bad filter":                  {`attribute = "l", equals = "Lyon"`, `filter = "(l=Lyon"`, `(l=Lyon"`, "\")\" is missing at character 8"},
		"a filter that cannot be asked": {`attribute = "l", equals = "Lyon"`, `filter = "(n>=5)"`, `(n>=5)`, "only = can be used"},
		"rules of one name":             {rule, strings.Replace(rule, "[[rule]]", "[[rule]]\nname = \"a\"", 1) + strings.Replace(rule, "[[rule]]", "[[rule]]\nname = \"a\" # again", 1), "# again", "is the name of the rule in line"},
	} {
		t.Run(name, func(t *testing.T) {
			right := minimal + lyon + paris + rule
			text := strings.Replace(right, tc.from, tc.to, 1)
			if text == right {
				t.Fatal("nothing was replaced")
			}
			_, err := Parse("xivosync.toml", []byte(text))
			var all Errors
			if !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("got %v, want one error", err)
			}
			if want := lineWith(text, tc.at); all[0].Line != want {
				t.Errorf("line %d, want %d: %v", all[0].Line, want, err)
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want %q in it", err, tc.want)
			}
		})
	}
}

// TestThings checks what is refused as a whole while this version does no
// things, without that refusal.
func TestThings(t *testing.T) {
	for name, tc := range map[string]struct{ text, at, want string }{
		"right":                         {"[fields.extension]\nldap = \"ipPhone\"\nformat = \"e164\"\nwhen = \"(l=*)\"\non_clear = \"keep\"\n", "", ""},
		"a bad condition":               {"[fields.agent]\nldap = \"employeeNumber\"\nwhen = \"(l=\"\n", "fields.agent.when", "cannot be used as a filter"},
		"a condition of a user's field": {"[fields.lastname]\nldap = \"sn\"\nwhen = \"(l=*)\"\n", "fields.lastname.when", "is a field of the user"},
		"clearing of a user's field":    {"[fields.lastname]\nldap = \"sn\"\non_clear = \"keep\"\n", "fields.lastname.on_clear", "is a field of the user"},
		"a format of what is no number": {"[fields.agent]\nldap = \"employeeNumber\"\nformat = \"e164\"\n", "fields.agent.format", "is not one of extension, did, voicemail"},
		"a format that nothing derives": {"-[fields.extension]\nldap = \"ipPhone\"\nformat = \"e164\"\n", "fields.extension.format", "only where it derives from a block"},
		"a DID that nothing derives":    {"-[fields.did]\nldap = \"ipPhone\"\nformat = \"internal\"\n", "fields.did.format", "only where it derives from a block"},
		"a DID as a public number":      {"-[fields.did]\nldap = \"ipPhone\"\nformat = \"national\"\n", "", ""},
		"a DID in no context":           {"=[fields.did]\nldap = \"ipPhone\"\n", "fields.did", "no site has a did_context"},
		"a DID in a rule's context":     {"=[fields.did]\nldap = \"ipPhone\"\n[[rule]]\nwhen = {}\nset = { did_context = \"from-extern\" }\n", "", ""},
		"a DID that is left alone":      {"=[fields.did]\ndirection = \"none\"\n", "", ""},
		"numbers without a site":        {"--[fields.voicemail]\nldap = \"ipPhone\"\n", "fields.voicemail", "there is no site"},
		"an agent that needs none":      {"--[fields.agent]\nldap = \"employeeNumber\"\n", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			sites := lyon
			if strings.HasPrefix(tc.text, "-") {
				sites = strings.Replace(lyon, "did_block", "# did_block", 1)
			}
			if strings.HasPrefix(tc.text, "--") {
				sites = ""
			}
			if strings.HasPrefix(tc.text, "=") {
				sites = "[[numbering.site]]\nname = \"lyon\"\ncontext = \"default\"\n"
			}
			doc, err := newDocument("", []byte(minimal+sites+strings.TrimLeft(tc.text, "-=")))
			if err != nil {
				t.Fatal(err)
			}
			cfg := Default()
			found := &findings{doc: doc}
			decoder{found}.table("", reflect.ValueOf(cfg).Elem(), doc.tree)
			(&checker{found, cfg, xivo.Fields()}).things()
			switch {
			case tc.want == "" && len(found.list) == 0:
			case tc.want == "" || len(found.list) != 1 || found.list[0].Key != tc.at || !strings.Contains(found.list[0].Message, tc.want):
				t.Errorf("got %v, want %s: %s", found.list, tc.at, tc.want)
			}
		})
	}
}
