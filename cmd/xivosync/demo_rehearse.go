package main

import (
	"errors"
	"fmt"
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
	if err := s.configure(base, "(|(givenName=*)(sn=*)(mail=*))", id.ldap, id.xivo, demoFields); err != nil {
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
