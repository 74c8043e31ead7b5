package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// matched is what matching makes of an observation.
type matched struct {
	// people are those that the merge has to look at.
	people []*person
	// conflicts are those of records that no person can be made of.
	conflicts []record.Conflict
	// gone are the links whose entry was not listed, lost those whose user was
	// not.
	gone, lost []int
}

// match pairs what was read: linked people who changed, entries that find their
// user by the identifier, and entries that have none yet.
func (e *Engine) match(o *observation) (*matched, error) {
	m := &matched{}
	if err := e.matchLinked(o, m); err != nil {
		return nil, err
	}
	byIdentifier := map[string][]*record.Record{}
	for _, u := range o.xivo.free {
		byIdentifier[u.Identifier] = append(byIdentifier[u.Identifier], u)
	}
	for _, entry := range o.ldap.free {
		if err := e.matchFree(o, m, entry, byIdentifier[entry.Identifier]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// matchLinked collects the links whose person changed, or has to be looked at,
// or is missing on a side.
func (e *Engine) matchLinked(o *observation, m *matched) error {
	unsure := make(map[int]bool, len(o.unsure))
	for _, i := range o.unsure {
		unsure[i] = true
	}
	for i, l := range o.links {
		if unsure[i] {
			continue
		}
		entry, user := o.ldap.changed[i], o.xivo.changed[i]
		if !o.ldap.seen[i] {
			m.gone = append(m.gone, i)
		}
		if !o.xivo.seen[i] {
			m.lost = append(m.lost, i)
		}
		if c, twin := e.twin(o, l, entry, user); twin {
			m.conflicts = append(m.conflicts, c)
			continue
		}
		if !o.ldap.seen[i] || !o.xivo.seen[i] || entry == nil && user == nil {
			continue
		}
		state, err := e.Store.State(l.Number)
		if err != nil {
			return fmt.Errorf("read the state of %s: %w", l.Identifier, err)
		}
		m.people = append(m.people, e.meet(o, &person{state: state, entry: entry, user: user}))
	}
	return nil
}

// twin reports a linked person whose identifier somebody else carries too.
func (e *Engine) twin(o *observation, l record.Link, entry, user *record.Record) (record.Conflict, bool) {
	for _, s := range []struct {
		twins map[string][]string
		kind  string
		now   *record.Record
	}{{o.ldap.twins, "entries", entry}, {o.xivo.twins, "users", user}} {
		identifier := l.Identifier
		if s.now != nil {
			identifier = s.now.Identifier
		}
		if ids := s.twins[identifier]; len(ids) > 0 && identifier != "" {
			p := &person{state: record.State{Link: l}, entry: entry, user: user}
			return e.twinConflict(p.Who(), l.Number, l.Entry, identifier, s.kind, ids), true
		}
	}
	return record.Conflict{}, false
}

func (e *Engine) twinConflict(who record.Person, link uint64, entry, identifier, kind string, ids []string) record.Conflict {
	ids = slices.Sorted(slices.Values(ids)) // whatever order the listing had
	return record.Conflict{
		Kind: record.DuplicateIdentifier, Person: who, Link: link, Entry: entry,
		Message: fmt.Sprintf("%d %s carry the identifier %s: %s; none of them is touched", len(ids), kind, Quoted(identifier), strings.Join(ids, ", ")),
		Hint:    fmt.Sprintf("give each person their own %s", e.Settings.Identifier.LDAP),
		Raw:     record.Pair{LDAP: record.Text(identifier)},
	}
}

// matchFree finds the user of an entry that no link holds.
func (e *Engine) matchFree(o *observation, m *matched, entry *record.Record, users []*record.Record) error {
	p := &person{entry: entry, origin: fromEntry}
	conflict := func(kind record.ConflictKind, user, message, hint string, decisions ...string) {
		m.conflicts = append(m.conflicts, record.Conflict{Kind: kind, Person: p.Who(), Entry: entry.ID, Message: message, Hint: hint,
			Raw: record.Pair{LDAP: record.Text(entry.Identifier), XiVO: record.Text(user)}, Decisions: decisions})
	}
	id := entry.Identifier
	switch {
	case entry.Disabled:
		return nil
	case e.meet(o, p).held: // outranks first sight
		m.people = append(m.people, p)
		return nil
	case id == "":
		conflict(record.RequiredEmpty, "", fmt.Sprintf("the entry has no single %s, by which its user would be found", e.Settings.Identifier.LDAP),
			identifierHint(e.Settings.Identifier.LDAP))
		return nil
	case len(o.ldap.twins[id]) > 0:
		m.conflicts = append(m.conflicts, e.twinConflict(p.Who(), 0, entry.ID, id, "entries", o.ldap.twins[id]))
		return nil
	case len(o.xivo.twins[id]) > 0:
		m.conflicts = append(m.conflicts, e.twinConflict(p.Who(), 0, entry.ID, id, "users", o.xivo.twins[id]))
		return nil
	case len(users) == 0 && o.xivo.identifiers[hashed(id)] != "":
		conflict(record.IdentifierReused, o.xivo.identifiers[hashed(id)], fmt.Sprintf("the user %s with this identifier is linked to another entry", o.xivo.identifiers[hashed(id)]),
			e.reusedHint(), record.DecideNew, record.DecideRelink, record.DecideIgnore)
		return nil
	case len(users) == 1:
		return e.matchAdopt(m, p, users[0], conflict)
	}
	m.people = append(m.people, p)
	return nil
}

// identifierHint says what to do about an entry without an identifier: nobody can
// set what the directory itself numbers its entries with.
func identifierHint(attribute string) string {
	switch strings.ToLower(attribute) {
	case "objectguid", "entryuuid", "nsuniqueid":
		return fmt.Sprintf("the directory gives every entry its id by itself: let the account read %s, or name in [identifier] the one that this directory has (objectGUID on Active Directory, entryUUID on OpenLDAP, nsUniqueId on 389 Directory Server)", attribute)
	}
	return fmt.Sprintf("set %s in the directory", attribute)
}

// matchAdopt pairs the entry with the one user that carries its identifier,
// unless that user belonged to another entry before: a new hire must not
// inherit a leaver's mailbox.
func (e *Engine) matchAdopt(m *matched, p *person, user *record.Record, conflict func(record.ConflictKind, string, string, string, ...string)) error {
	former, err := e.Store.Former(user.ID)
	if err != nil {
		return fmt.Errorf("look up the former entry of user %s: %w", user.ID, err)
	}
	if former != "" && former != p.entry.ID {
		conflict(record.IdentifierReused, user.ID, fmt.Sprintf("the user %s (%s) with this identifier was linked to another entry (%s)", Quoted(user.Name), user.ID, former),
			e.reusedHint(), record.DecideNew, record.DecideRelink, record.DecideIgnore)
		return nil
	}
	p.origin, p.user = fromAdopt, user
	m.people = append(m.people, p)
	return nil
}

// reusedHint says what the decisions about a user of somebody else do.
func (e *Engine) reusedHint() string {
	return fmt.Sprintf("a new person: decide new, which takes the value off that user's %s and creates a user of their own; the same person: decide relink", e.Settings.Identifier.XiVO)
}

// carrier is the one user without a link who carries an identifier, or "".
func (s *sighting) carrier(identifier string) string {
	var found []string
	for _, r := range s.free {
		if r.Identifier == identifier {
			found = append(found, r.ID)
		}
	}
	if len(found) != 1 || identifier == "" {
		return ""
	}
	return found[0]
}
