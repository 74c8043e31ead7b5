package ldap

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"xivosync/reconcile"
)

// layout says which attributes are asked for and where each goes in a record.
type layout struct {
	// keys are the keys of a record's values, in the configuration's spelling.
	keys []string
	// request is what is asked of the server.
	request []string
	// identifier is the index of the identifier in keys.
	identifier int
	// slots maps attribute descriptions in lower case to their places.
	slots map[string]slot
	// given, sur, memberOf and nested are indices in keys, or -1.
	given, sur, memberOf, nested int
	// known are the schema's names, by which "surname" is "sn".
	known names

	// spellings remembers the server's spellings of descriptions.
	spellings sync.Map
}

// slot is where the values of one attribute go.
type slot struct {
	values          []int // indices in keys: one, unless it is mapped by two names
	guid            bool
	id, version     bool
	cn, displayName bool
	uid             bool
}

func newLayout(cfg Config, srv server, known names) (*layout, error) {
	l := &layout{slots: map[string]slot{}, known: known, nested: -1}
	for _, attribute := range append(slices.Clone(cfg.Attributes), cfg.Identifier) {
		if err := l.addKey(attribute); err != nil {
			return nil, down(attribute, "", err)
		}
	}
	l.identifier = l.keyOf(cfg.Identifier)
	l.given, l.sur = l.keyOf("givenName"), l.keyOf("sn")
	l.memberOf = l.keyOf(memberOf)
	if l.memberOf >= 0 || l.nested >= 0 {
		l.add("uid", func(s *slot) { s.uid = true }) // by which POSIX groups name their members
	}
	l.add(srv.id, func(s *slot) { s.id = true })
	l.add(srv.version, func(s *slot) { s.version = true })
	l.add("cn", func(s *slot) { s.cn = true })
	l.add("displayName", func(s *slot) { s.displayName = true })
	return l, nil
}

// addKey gives an attribute of the configuration its key.
func (l *layout) addKey(attribute string) error {
	spelled := func(k string) bool { return description(k) == description(attribute) }
	if slices.ContainsFunc(l.keys, spelled) {
		return nil
	}
	if strings.EqualFold(attribute, reconcile.NestedMemberOf) { // never asked for as such
		l.nested, l.keys = len(l.keys), append(l.keys, attribute)
		return nil
	}
	if _, ok := l.known.same(typeOf(attribute)); !ok && !operational(attribute) {
		return errors.New("the directory's schema has no attribute of this name: check its spelling in the configuration")
	}
	at := len(l.keys)
	l.keys = append(l.keys, attribute)
	l.add(attribute, func(s *slot) {
		s.values, s.guid = append(s.values[:len(s.values):len(s.values)], at), holdsGUID(attribute)
	})
	return nil
}

// operational attributes may be missing from the schema that a server shows.
func operational(attribute string) bool {
	return holdsGUID(attribute) || strings.EqualFold(attribute, memberOf) || strings.EqualFold(attribute, "nsAccountLock")
}

// keyOf returns the index of the first key that names this attribute, or -1.
func (l *layout) keyOf(attribute string) int {
	return slices.IndexFunc(l.keys, func(k string) bool { return l.equal(k, attribute) })
}

// equal tells whether two descriptions name the same attribute, by any of its
// names.
func (l *layout) equal(a, b string) bool { return l.canonical(a) == l.canonical(b) }

func (l *layout) canonical(attribute string) string {
	same, _ := l.known.same(typeOf(attribute))
	return same[0] + options(attribute)
}

// options returns the options of a description, with their separators.
func options(attribute string) string {
	return strings.TrimPrefix(description(attribute), strings.ToLower(typeOf(attribute)))
}

// add asks for an attribute and marks the slots of all its names.
func (l *layout) add(attribute string, mark func(*slot)) {
	same, _ := l.known.same(typeOf(attribute))
	asked := false
	for _, name := range same {
		s, ok := l.slots[name+options(attribute)]
		asked = asked || ok
		mark(&s)
		l.slots[name+options(attribute)] = s
	}
	if !asked {
		l.request = append(l.request, attribute)
	}
}

// find returns the place of an attribute as the server names it.
func (l *layout) find(name string) slot {
	if s, ok := l.spellings.Load(name); ok {
		return s.(slot)
	}
	s := l.slots[description(name)]
	l.spellings.Store(strings.Clone(name), s)
	return s
}

// typeOf returns the attribute type of a description, without its options.
func typeOf(attribute string) string {
	t, _, _ := strings.Cut(attribute, ";")
	return t
}

// description brings an attribute description to the form in which two of the
// same attribute are equal: lower case, options in order, without a range.
func description(attribute string) string {
	lower := strings.ToLower(attribute)
	if !strings.Contains(lower, ";") {
		return lower
	}
	parts := strings.Split(lower, ";")
	options := slices.DeleteFunc(parts[1:], func(o string) bool { return strings.HasPrefix(o, "range=") })
	slices.Sort(options)
	return strings.Join(append(parts[:1:1], options...), ";")
}
