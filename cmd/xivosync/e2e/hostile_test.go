package e2e

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// hostileWorld maps fields of every kind.
func hostileWorld(t testing.TB, people []ldaptest.Person) *world {
	t.Helper()
	w := newWorld(t, people)
	w.ID = reconcile.IdentifierMap{LDAP: "employeeNumber", XiVO: "description"}
	w.LDAP.Filter = "(objectClass=inetOrgPerson)"
	w.LDAP.Disabled = ""
	w.Specs = append(w.Specs,
		field("caller_id", "cn", reconcile.Both),
		field("userfield", "partsBlob", reconcile.ToXiVO),
		field("username", "uid", reconcile.Both),
		field("timezone", "l", reconcile.ToXiVO, reconcile.Transform{Map: map[string]string{
			"Lyon": "Europe/Paris", "Paris": "Europe/Paris", "Saint-Étienne": "Europe/Paris", "Besançon": "Europe/Zurich"}}),
		field("supervision_enabled", "employeeType", reconcile.ToXiVO, reconcile.Transform{Map: map[string]string{"internal": "true", "contractor": "false"}}),
		field("ring_seconds", "partsCode", reconcile.ToXiVO),
		field("call_record_enabled", "sAMAccountName", reconcile.ToXiVO),
		field("language", "preferredLanguage", reconcile.ToXiVO, reconcile.Transform{Map: map[string]string{"fr": "fr_FR", "en": "en_US", "de": "de_DE", "fr-CA": "fr_CA"}}),
	)
	return w
}

// odd is somebody with an employee number and these values besides.
func odd(uid string, pairs ...string) ldaptest.Person {
	p := person(uid, append([]string{"employeeNumber", "E-" + uid}, pairs...)...)
	for i := 0; i < len(pairs); i += 2 {
		p.Attributes[pairs[i]] = []string{pairs[i+1]}
	}
	return p
}

// TestHostilePeople has one person for everything that goes wrong with people.
// Everybody who may be is created; the rest, and every single value that XiVO
// cannot take, is reported with what it is and where.
func TestHostilePeople(t *testing.T) {
	t.Parallel()
	people := ldaptest.People(60, 7)
	nobody := odd("nobody")
	delete(nobody.Attributes, "givenName")
	anonymous := odd("anonymous")
	delete(anonymous.Attributes, "employeeNumber")
	several := odd("several")
	several.Attributes["mobile"] = []string{"+33 6 12 34 56 78", "+33 6 12 34 56 79"}
	twin := ldaptest.SameMail(people[7])
	people = append(people, twin, nobody, anonymous, several,
		odd("long", "givenName", strings.Repeat("Très long ", 1000)),
		odd("control", "givenName", "Bell\a \x1b[31mred\x1b[0m\r\nnext\tline"),
		odd("nul", "givenName", "a\x00b"),
		odd("quoted", "cn", `The "Quoted" One`, "sn", `O"Neil`),
		odd("filter", "givenName", `*)(uid=*))(|(uid=*`, "sn", `\2a\28`),
		odd("markup", "givenName", `<script>alert(1)</script>`, "sn", `'; DROP TABLE userfeatures; --`),
		odd("cjk", "givenName", "小明", "sn", "王", "cn", "王小明"),
		odd("right", "givenName", "\u202eabc", "sn", "e\u0301"),
		odd("bytes", "partsBlob", "Zo\xe9 \xff\xfe"),
		odd("blank", "sn", " "),
		odd("number", "mobile", "call me"),
		odd("short", "mobile", "12"),
		odd("rings", "partsCode", "45", "sAMAccountName", "true"),
		odd("rings-much", "partsCode", "61"),
		odd("rings-words", "partsCode", "thirty", "sAMAccountName", "yes"),
		odd("nowhere", "l", "Atlantis"),
		odd("same1", "employeeNumber", "E-same"),
		odd("same2", "employeeNumber", "E-same"),
		odd("u", "mail", "one.letter@parts.test"), // too short a username
	)
	w := hostileWorld(t, people)
	report := w.mustRun(allow(reconcile.GuardCreates))
	if len(report.Failures) > 0 {
		t.Errorf("failures, which should have been conflicts of the plan: %v", report.Failures)
	}
	want := []struct {
		id, field string
		kind      record.ConflictKind
		words     []string
	}{
		{twin.First("employeeNumber"), "email", record.ResourceExists, []string{people[7].First("mail"), "several people"}},
		{people[7].First("employeeNumber"), "email", record.ResourceExists, []string{people[7].First("mail"), "several people"}},
		{"E-nobody", "firstname", record.RequiredEmpty, []string{"no givenName", "firstname"}},
		{"", "", record.RequiredEmpty, []string{"no single employeeNumber"}},
		{"E-several", "mobile_phone_number", record.AmbiguousValue, []string{"mobile", "2 values"}},
		{"E-long", "firstname", record.Rejected, []string{"10000 characters", "128"}},
		{"E-nul", "firstname", record.Rejected, []string{"NUL"}},
		{"E-bytes", "userfield", record.Rejected, []string{"UTF-8"}},
		{"E-number", "mobile_phone_number", record.NumberInvalid, []string{"call me"}},
		{"E-rings-much", "ring_seconds", record.OutOfRange, []string{"61", "60"}},
		{"E-rings-words", "ring_seconds", record.Rejected, []string{"thirty", "whole number"}},
		{"E-rings-words", "call_record_enabled", record.Rejected, []string{"yes", "true"}},
		{"E-nowhere", "timezone", record.Rejected, []string{"Atlantis"}},
		{"E-same", "", record.DuplicateIdentifier, []string{"2 entries", "E-same"}},
		{"E-u", "username", record.Rejected, []string{`"u"`, "username"}},
	}
	for _, c := range want {
		found := find(t, report.Found, c.id, c.field)
		if found.Kind != c.kind {
			t.Errorf("%s %s: kind %s, want %s: %s", c.id, c.field, found.Kind, c.kind, found.Message)
		}
		wantWords(t, found.Message, c.words...)
		if found.Person.DN == "" && found.Person.Identifier == "" {
			t.Errorf("%s %s: the conflict names nobody: %+v", c.id, c.field, found)
		}
		for _, r := range found.Message + found.Hint {
			if r < ' ' || r == 0x7f || r == '\u202e' {
				t.Errorf("%s %s: the message holds a control character: %q", c.id, c.field, found.Message)
				break
			}
		}
		if len(found.Message) > 2000 {
			t.Errorf("%s %s: the message has %d bytes", c.id, c.field, len(found.Message))
		}
	}
	for _, c := range report.Found {
		t.Logf("%s %q %s: %.300s", c.Kind, c.Person.Identifier, c.Field, c.Message)
	}
	users := w.users()
	for _, p := range people {
		id := p.First("employeeNumber")
		_, created := users[id]
		switch p.First("uid") {
		case "nobody", "anonymous", "long", "nul", "same1", "same2":
			if created {
				t.Errorf("%s was created", id)
			}
			continue
		}
		if !created {
			t.Errorf("%s was not created", id)
		}
	}
	w.wantUser("E-quoted", "lastname", `O"Neil`)
	w.wantUser("E-filter", "firstname", `*)(uid=*))(|(uid=*`, "lastname", `\2a\28`)
	w.wantUser("E-markup", "firstname", `<script>alert(1)</script>`, "lastname", `'; DROP TABLE userfeatures; --`)
	w.wantUser("E-cjk", "firstname", "小明", "lastname", "王", "caller_id", `"王小明"`)
	w.wantUser("E-rings", "ring_seconds", 45.0, "call_record_enabled", true)
	w.wantUser("E-rings-much", "ring_seconds", 30.0)
	w.wantUser("E-number", "mobile_phone_number", nil)
	for _, p := range people[:60] {
		w.wantUser(p.First("employeeNumber"), "supervision_enabled", p.First("employeeType") == "internal", "firstname", p.First("givenName"),
			"language", map[string]string{"fr": "fr_FR", "en": "en_US", "de": "de_DE", "fr-CA": "fr_CA"}[p.First("preferredLanguage")],
			"timezone", map[bool]string{true: "Europe/Zurich", false: "Europe/Paris"}[p.First("l") == "Besançon"])
		if p.First("uid") != people[7].First("uid") {
			w.wantUser(p.First("employeeNumber"), "email", p.First("mail"))
		}
	}
	w.quiet()

	// The way back of caller_id and username, with awkward values.
	w.edit("E-cjk", map[string]any{"caller_id": `"佐藤 (2)*"`, "username": "sato"})
	w.edit("E-quoted", map[string]any{"caller_id": `"Say \"hi\""`})
	w.edit("E-filter", map[string]any{"caller_id": `"With number" <+33123456789>`})
	report = w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit }) // the survey tells no caller id
	w.wantEntry(dn("cjk"), "cn", "佐藤 (2)*")
	w.wantEntry(dn("cjk"), "uid", "cjk")
	wantWords(t, find(t, report.Found, "E-cjk", "username").Message, "the directory refused", "uid", "naming") // it names the entry
	w.wantEntry(dn("quoted"), "cn", `The "Quoted" One`)
	wantWords(t, find(t, report.Found, "E-quoted", "caller_id").Message, "would read back", "Say")
	t.Logf("the caller id with a number was written to cn as %q", w.slapd.Values(dn("filter"), "cn"))
	w.quiet()

	// Everybody is mended, and nothing is left to report.
	w.slapd.Modify(dn("nobody"), "givenName", "Given-nobody")
	w.slapd.Modify(dn("anonymous"), "employeeNumber", "E-anonymous")
	w.slapd.Modify(dn("several"), "mobile", "+33 6 12 34 56 78")
	w.slapd.Modify(dn("long"), "givenName", "Short")
	w.slapd.Modify(dn("nul"), "givenName", "Nul")
	w.slapd.Modify(dn("bytes"), "partsBlob", "Zoé")
	w.slapd.Modify(dn("number"), "mobile")
	w.slapd.Modify(dn("short"), "mobile")
	w.slapd.Modify(dn("rings-much"), "partsCode", "60")
	w.slapd.Modify(dn("rings-words"), "partsCode", "10")
	w.slapd.Modify(dn("rings-words"), "sAMAccountName", "true")
	w.slapd.Modify(dn("nowhere"), "l", "Lyon")
	w.slapd.Modify(dn("same2"), "employeeNumber", "E-same2")
	w.slapd.Modify(twin.DN, "mail", "twin@parts.test")
	w.slapd.Delete(dn("u"))
	w.rest("DELETE", "/1.1/users/"+w.user("E-u")["uuid"].(string), nil, nil)
	w.edit("E-cjk", map[string]any{"username": "cjk"})
	w.edit("E-quoted", map[string]any{"caller_id": `"The 'Quoted' One"`})
	report = w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit })
	if len(report.Found) > 0 || len(report.Failures) > 0 {
		t.Errorf("everything is mended, and still: %v%s", report.Failures, told(report.Found))
	}
	if n := len(w.list()); n != len(people)-1 {
		t.Errorf("XiVO has %d users, want %d", n, len(people)-1)
	}
	w.quiet()
}
