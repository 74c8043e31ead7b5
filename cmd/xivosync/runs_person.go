package main

import (
	"strings"

	"xivosync/reconcile/record"
	"xivosync/store"
)

// runsFor are the runs that had a change for the person with that id. Nobody
// needs to be linked any longer: the journal goes by the directory's id, too.
func runsFor(db *store.DB, id string) (map[uint64]bool, error) {
	people, err := linksOf(db, id)
	if err != nil {
		return nil, err
	}
	runs := map[uint64]bool{}
	for _, l := range append(people, record.Link{Entry: strings.ToLower(id)}, record.Link{Entry: id}) {
		for c, err := range db.History(l.Number, l.Entry) {
			if err != nil {
				return nil, err
			}
			runs[c.Run] = true
		}
	}
	return runs, nil
}

// linksOf are the links of the person with that id. The cheap rows are looked at
// first; only a DN or an e-mail needs the values.
func linksOf(db *store.DB, id string) ([]record.Link, error) {
	named := func(l record.Link) bool { return isOne(id, l.Identifier, l.Entry, l.User) }
	links, err := takeIf(db.Links(), 0, named)
	if err != nil || len(links) > 0 || !strings.ContainsAny(id, "=@") {
		return links, err
	}
	for l, err := range db.Links() {
		if err != nil {
			return nil, err
		}
		s, err := db.State(l.Number)
		if err != nil {
			return nil, err
		}
		if isOne(id, s.Person.DN) || strings.Contains(id, "@") && stateHolds(s, id) {
			links = append(links, l)
		}
	}
	return links, nil
}

func stateHolds(s record.State, text string) bool {
	for _, b := range s.Fields {
		if isOne(text, b.LDAP...) || isOne(text, b.XiVO...) {
			return true
		}
	}
	return false
}

// isAbout tells whether a change was made for the person with that id.
func isAbout(c record.Change, id string) bool {
	if isPerson(c.Person, id) || isOne(id, c.Entry, c.Key) {
		return true
	}
	if !strings.Contains(id, "@") {
		return false
	}
	for _, d := range c.Fields {
		if !d.Secret && (isOne(id, d.Before...) || isOne(id, d.After...)) {
			return true
		}
	}
	return false
}

func isPerson(p record.Person, id string) bool { return isOne(id, p.Identifier, p.DN, p.UUID) }

// isOne tells whether an id is one of the texts, in upper or lower case.
func isOne(id string, texts ...string) bool {
	for _, text := range texts {
		if text != "" && strings.EqualFold(text, id) {
			return true
		}
	}
	return false
}
