package config

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryKeyIsDocumented(t *testing.T) {
	for _, k := range Reference() {
		if k.Doc == "" || k.Type == "" {
			t.Errorf("%s has no doc or type: %+v", k.Key, k)
		}
		if k.Choices != "" && k.Default != "" && !slices.Contains(strings.Split(k.Choices, "|"), strings.Trim(k.Default, "'")) {
			t.Errorf("%s: its default %s is none of its choices", k.Key, k.Default)
		}
	}
}

// TestTheReferenceHasEveryKeyOfTheDesign names the keys of the design's
// example (section 12).
func TestTheReferenceHasEveryKeyOfTheDesign(t *testing.T) {
	keys := map[string]bool{}
	for _, k := range Reference() {
		keys[k.Key] = true
	}
	for table, names := range map[string]string{
		"ldap":                    "url start_tls bind_dn password base bases filter disabled ca page_size timeout",
		"xivo":                    "url auth_url web_url agentd_url queues username password ca fingerprint writers",
		"state":                   "path key keep_runs keep_for",
		"identifier":              "ldap xivo",
		"numbering":               "region site",
		"numbering.site[]":        "name context extensions pool did_context did_block did_format did_length prefix ldap_format",
		"fields.NAME":             "ldap direction conflict initial drift pick transform to_ldap on_clear format when",
		"fields.NAME.transform[]": "trim case replace map default split number",
		"rule[].when":             "attribute equals matches group under filter",
		"rule[].set":              "site context did_context entity cti language voicemail queues removal mail_template",
		"rule[].set.queues[]":     "name penalty",
		"removal":                 "policy delete_after out_of_scope absent_runs absent_for reserve delete_anyway",
		"guard":                   "removals clears renumberings creates updates writebacks mails canaries on_trip",
		"guard.removals":          "count share cap",
		"report":                  "dir",
		"mail":                    "host port security ca server_name username password from reply_to templates language credentials admins digest",
		"schedule":                "incremental full audit time_zone jitter",
		"metrics":                 "listen textfile",
		"log":                     "level format",
	} {
		for name := range strings.FieldsSeq(names) {
			if key := table + "." + name; !keys[key] {
				t.Errorf("%s is not in the reference", key)
			}
		}
	}
}

// TestTheExampleShowsTheDefaults compares what is commented out in the example,
// each with its default, to the reference.
func TestTheExampleShowsTheDefaults(t *testing.T) {
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	defaults := map[string]string{}
	for _, k := range Reference() {
		defaults[k.Key] = strings.ReplaceAll(k.Default, "'", `"`)
	}
	table, commented := "", regexp.MustCompile(`^# ([a-z_]+) = ("[^"]*"|\S+)`)
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "[") {
			table = strings.Trim(line, "[] \n")
		}
		m := commented.FindStringSubmatch(line)
		if m == nil || m[1] == "auth_url" { // its default depends on url
			continue
		}
		want, known := defaults[table+"."+m[1]]
		if !known {
			t.Errorf("%s.%s is no key", table, m[1])
		}
		if none := m[2] == `""` || m[2] == "[]"; m[2] != want && !(none && want == "") {
			t.Errorf("%s.%s: the example shows %s, the default is %s", table, m[1], m[2], want)
		}
	}
}

func TestDefaultsSurviveTheirOwnChecks(t *testing.T) {
	if got := Default(); !reflect.DeepEqual(got, Default()) || got.LDAP.PageSize == 0 {
		t.Errorf("got %+v", got)
	}
}
