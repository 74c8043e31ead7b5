package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Named is whom an id names, as far as the store knows them, so that a command need
// ask neither side: by the identifier, the DN, the GUID of the entry, the uuid of
// the user, or an e-mail that either side last held. Of somebody who has no link
// the journal tells what their e-mail was.
type Named struct {
	// Links are those of the people named.
	Links []record.Link

	id      string
	entries map[string]bool
	users   map[string]bool
}

// NamedBy looks through the links. The cheap rows are looked at first; only a DN or
// an e-mail needs the values.
func NamedBy(store States, id string) (*Named, error) {
	n := &Named{id: id, entries: map[string]bool{}, users: map[string]bool{}}
	if id == "" {
		return n, nil
	}
	for _, is := range []func(record.Link) (bool, error){
		func(l record.Link) (bool, error) { return n.one(l.Identifier, l.Entry, l.User), nil },
		func(l record.Link) (bool, error) { return n.last(store, l) },
	} {
		for l, err := range store.Links() {
			if err != nil {
				return nil, fmt.Errorf("read the links: %w", err)
			}
			found, err := is(l)
			if err != nil {
				return nil, err
			}
			if found {
				n.Links = append(n.Links, l)
				n.entries[l.Entry], n.users[l.User] = true, true
			}
		}
		if len(n.Links) > 0 || !strings.ContainsAny(id, "=@") {
			break
		}
	}
	return n, nil
}

// last tells whether a link's last-known values name its person so.
func (n *Named) last(store States, l record.Link) (bool, error) {
	s, err := store.State(l.Number)
	if err != nil {
		return false, fmt.Errorf("read the state of %s: %w", l.Identifier, err)
	}
	return n.one(s.Person.DN) || n.email() && n.in(s), nil
}

// email tells whether the id may be one.
func (n *Named) email() bool { return strings.Contains(n.id, "@") }

// in tells whether either side last held the id as a value.
func (n *Named) in(s record.State) bool {
	for _, b := range s.Fields {
		if n.one(b.LDAP...) || n.one(b.XiVO...) {
			return true
		}
	}
	return false
}

// one tells whether the id is one of the texts, in upper or lower case.
func (n *Named) one(texts ...string) bool {
	return slices.ContainsFunc(texts, func(s string) bool { return s != "" && strings.EqualFold(s, n.id) })
}

// Is tells whether a person is meant, who may be known by further ids: those of the
// entry and of the user. A nil Named means nobody.
func (n *Named) Is(who record.Person, ids ...string) bool {
	if n == nil {
		return false
	}
	return n.one(who.Identifier, who.DN, who.UUID) || n.one(ids...) ||
		slices.ContainsFunc(append(ids, who.UUID), func(id string) bool { return id != "" && (n.entries[id] || n.users[id]) })
}

// Made tells whether a change was made for somebody who is meant. An e-mail that
// nobody who is linked has is looked for in the change itself.
func (n *Named) Made(c record.Change) bool {
	if n.Is(c.Person, c.Entry, c.Key) || len(n.Links) > 0 || !n.email() {
		return n.Is(c.Person, c.Entry, c.Key)
	}
	for _, d := range c.Fields {
		if !d.Secret && (n.one(d.Before...) || n.one(d.After...)) {
			return true
		}
	}
	return false
}

// Held tells whether a hold is about somebody who is meant.
func (n *Named) Held(journal Journal, h record.Hold) (bool, error) {
	if n.Is(h.Person, h.Entry, h.User) || !n.email() {
		return n.Is(h.Person, h.Entry, h.User), nil
	}
	for c, err := range journal.History(h.Link, h.Entry) {
		if err != nil {
			return false, fmt.Errorf("read the journal of %s: %w", h.Person.Label(), err)
		}
		if n.Made(c) {
			return true, nil
		}
	}
	return false, nil
}
