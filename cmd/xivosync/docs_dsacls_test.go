package main

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldaptest"
)

// delegations are the lines of docs/accounts.md that a domain administrator runs.
func delegations(t *testing.T) (lines []string) {
	t.Helper()
	for _, p := range pages(t) {
		if p.name != "accounts" {
			continue
		}
		for _, b := range p.blocks {
			for _, line := range b.commands() {
				if strings.HasPrefix(line, "dsacls ") {
					lines = append(lines, line)
				}
			}
		}
	}
	if len(lines) < 4 {
		t.Fatalf("docs/accounts.md has only %d lines of dsacls", len(lines))
	}
	return lines
}

// delegate does on a controller what a line of dsacls does: /G grants, /I:S to
// what is below only, /takeownership makes the administrators owners, who are that
// already here.
func delegate(t *testing.T, dc *ldaptest.DC, line string) {
	t.Helper()
	dn, entry := translate(t, line, func(filter, attribute string) string {
		base := dc.Suffix
		if attribute == schemaID {
			base = "CN=Schema,CN=Configuration," + dc.Suffix
		}
		found := dc.Search(base, filter, attribute)
		if len(found) != 1 {
			t.Fatalf("%s: %d are %s", line, len(found), filter)
		}
		if attribute == schemaID {
			return guidText(found[0].GetRawAttributeValue(attribute))
		}
		return dc.SID(found[0].DN)
	})
	if entry != "" {
		dc.Grant(dn, entry)
	}
}

const schemaID = "schemaIDGUID"

var dsacls = regexp.MustCompile(`^dsacls "([^"]+)"( /I:S)?(?: /G "[A-Z]+\\(\w+):([A-Z]+)(?:;(\w+);(\w+))?"| /takeownership)$`)

// translate turns a line of dsacls into an entry of the security descriptor
// language; find looks up who and what is named.
func translate(t *testing.T, line string, find func(filter, attribute string) string) (dn, entry string) {
	t.Helper()
	m := dsacls.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("what does %s do?", line)
	}
	account, rights, attribute, class := m[3], m[4], m[5], m[6]
	if account == "" {
		return m[1], ""
	}
	sid := find("(sAMAccountName="+goldap.EscapeFilter(account)+")", "objectSid")
	flags := ""
	if m[2] != "" {
		flags = "CIIO" // containers inherit it, the object itself does not have it
	}
	if attribute == "" {
		return m[1], fmt.Sprintf("(A;%s;%s;;;%s)", flags, rights, sid)
	}
	return m[1], fmt.Sprintf("(OA;%s;%s;%s;%s;%s)", flags, rights,
		find("(lDAPDisplayName="+attribute+")", schemaID), find("(lDAPDisplayName="+class+")", schemaID), sid)
}

// guidText writes the bytes of a GUID as text.
func guidText(b []byte) string {
	return fmt.Sprintf("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%x", b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10:])
}

// TestTheDelegation gives a normal account of a domain the page's rights, line by
// line: check names what is missing until then. With all of them what travels back
// is written, deletions show, and nothing else may be written.
func TestTheDelegation(t *testing.T) {
	dc := ldaptest.Samba(t, ldaptest.SambaOptions{Realm: "example.org"})
	bindDN := dc.Account("xivosync")
	for _, name := range []string{"ann", "bob"} {
		dc.Hire(name, "ipPhone", map[string]string{"ann": "1001", "bob": "1002"}[name], "telephoneNumber", map[string]string{"ann": "+33472101001", "bob": "+33472101002"}[name])
	}
	a := newAccount(t, dc.URL, dc.CA, bindDN, "(objectCategory=person)", "objectGUID", `
[fields.firstname]
ldap = "givenName"
[fields.lastname]
ldap = "sn"
[fields.extension]
ldap = "ipPhone"
direction = "both"
[fields.did]
ldap = "telephoneNumber"
direction = "both"
`)
	lines := delegations(t)
	for i, line := range append(lines, "") {
		missing := strings.Join(a.misses(-1), "\n")
		for j, other := range lines {
			names := lacking(other)
			if granted := j < i; names != "" && strings.Contains(missing, names) == granted {
				t.Errorf("after %d lines, check finds: %s\nwhere %s is given: %v", i, missing, other, granted)
			}
		}
		if line != "" {
			delegate(t, dc, line)
		}
	}
	a.run(0, "check")
	a.run(0, "run", "--allow", "first-run")
	a.writesBack("ann@example.org", "changed@example.org", func() []string {
		for _, e := range dc.Search("OU=people,"+dc.Suffix, "(mail=changed@example.org)", "mail") {
			return e.GetAttributeValues("mail")
		}
		return nil
	})

	ann := "CN=ann,OU=people," + dc.Suffix
	for _, attribute := range []string{"givenName", "title", "mobile", "description", "unicodePwd"} {
		a.refused("write "+attribute, a.conn.Modify(replace(ann, attribute, "x")))
	}
	a.refused("write the unit", a.conn.Modify(replace("OU=people,"+dc.Suffix, "description", "x")))
	a.refused("write mail elsewhere", a.conn.Modify(replace("CN=seer,OU=services,"+dc.Suffix, "mail", "x@example.org")))
	a.refused("delete somebody", a.conn.Del(goldap.NewDelRequest(ann, nil)))
	a.refused("rename somebody", a.conn.ModifyDN(goldap.NewModifyDNRequest(ann, "CN=other", true, "")))
}

// lacking is what check says before a line of dsacls was run.
func lacking(line string) string {
	m := dsacls.FindStringSubmatch(line)
	switch {
	case m[5] != "":
		return m[5] + " of CN="
	case m[3] != "":
		return "does not see what is deleted"
	}
	return ""
}
