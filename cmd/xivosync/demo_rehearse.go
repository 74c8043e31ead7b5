package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldapmem"
)

// identifiers are what a rehearsal pairs people by: the first that everybody
// has, with the field of XiVO that carries it.
var identifiers = []struct{ ldap, xivo string }{
	{"uid", "userfield"}, {"sAMAccountName", "userfield"}, {"employeeNumber", "userfield"}, {"mail", "userfield"}, {"entryUUID", "description"},
}

// rehearse is the first run with the operator's own people.
func (s *stage) rehearse() error {
	people := s.people()
	if len(people) == 0 {
		return errors.New("the export holds nobody with a givenName, sn or mail: is it an export of people?")
	}
	id := identifiers[len(identifiers)-1]
	for _, candidate := range identifiers {
		if everybodyHas(people, candidate.ldap) {
			id = candidate
			break
		}
	}
	base, err := commonBase(people)
	if err != nil {
		return err
	}
	phones, err := s.phones(people)
	if err != nil {
		return err
	}
	if err := s.configure(base, "(|(givenName=*)(sn=*)(mail=*))", id.ldap, id.xivo, phones+demoFields); err != nil {
		return err
	}
	fmt.Fprintf(s.p.out, "A rehearsal with %s below %s, paired by %s, and an empty simulated XiVO.\n", count(len(people), "person"), base, id.ldap)
	s.say("The plan.")
	if err := s.do(exitDone, "plan"); err != nil {
		return err
	}
	s.say("The first run.")
	if err := s.do(exitDone, "run", "--allow", "first-run"); err != nil {
		return err
	}
	s.say("A second run finds nothing to do.")
	return s.do(exitDone, "run")
}

// rehearsalSite takes every number: where the real ones belong, a rehearsal
// cannot know.
const rehearsalSite = `
[[numbering.site]]
name = "rehearsal"
context = "default"
extensions = "10-99, 100-999, 1000-9999, 10000-99999, 100000-999999"
did_context = "from-extern"
`

// rehearsalPhones are the fields of a phone, by the attribute that feeds them.
var rehearsalPhones = []struct{ attribute, fields string }{
	{"ipPhone", "\n[fields.extension]\nldap = \"ipPhone\"\n\n[fields.voicemail]\nldap = \"ipPhone\"\n"},
	{"telephoneNumber", "\n[fields.did]\nldap = \"telephoneNumber\"\n"},
}

// phones is what the configuration says of them, for the attributes that somebody
// has; the simulated XiVO lets go of its ranges.
func (s *stage) phones(people []ldapmem.Entry) (text string, err error) {
	for _, f := range rehearsalPhones {
		if slices.ContainsFunc(people, func(e ldapmem.Entry) bool { return has(e, f.attribute) }) {
			text += f.fields
		}
	}
	if text == "" {
		return "", nil
	}
	return rehearsalSite + text, s.widen()
}

// widen lets the simulated XiVO's contexts take every number.
func (s *stage) widen() error {
	for context, ranges := range map[string]map[string]any{
		"default":     {"user_ranges": []any{map[string]any{"start": "10", "end": "999999"}}},
		"from-extern": {"incall_ranges": []any{map[string]any{"start": "0", "end": "999999999999999", "did_length": 15}}},
	} {
		var found struct{ Items []struct{ ID int } }
		if err := s.inXiVO(http.MethodGet, "/1.1/contexts?name="+context, nil, &found); err != nil {
			return err
		}
		for _, c := range found.Items {
			if err := s.inXiVO(http.MethodPut, fmt.Sprintf("/1.1/contexts/%d", c.ID), ranges, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// people are the entries that look like persons.
func (s *stage) people() []ldapmem.Entry {
	var out []ldapmem.Entry
	for _, e := range s.directory.Entries() {
		if has(e, "givenName") || has(e, "sn") || has(e, "mail") {
			out = append(out, e)
		}
	}
	return out
}

func has(e ldapmem.Entry, attribute string) bool {
	for name, values := range e.Attributes {
		name, _, _ = strings.Cut(name, ";") // sn;lang-fr is an sn, for a filter, too
		if strings.EqualFold(name, attribute) && len(values) > 0 {
			return true
		}
	}
	return false
}

func everybodyHas(people []ldapmem.Entry, attribute string) bool {
	for _, e := range people {
		if !has(e, attribute) {
			return false
		}
	}
	return true
}

// commonBase is the longest name that all entries are below.
func commonBase(people []ldapmem.Entry) (string, error) {
	var base []*goldap.RelativeDN
	for i, e := range people {
		dn, err := goldap.ParseDN(e.DN)
		if err != nil {
			return "", fmt.Errorf("%s: %w", e.DN, err)
		}
		above := dn.RDNs[1:]
		if i == 0 {
			base = above
			continue
		}
		for len(base) > 0 && !endsIn(above, base) {
			base = base[1:]
		}
	}
	return (&goldap.DN{RDNs: base}).String(), nil
}

func endsIn(name, base []*goldap.RelativeDN) bool {
	return len(name) >= len(base) && (&goldap.DN{RDNs: name[len(name)-len(base):]}).EqualFold(&goldap.DN{RDNs: base})
}
