package ldap

import (
	"fmt"
	"slices"
	"strings"
	"sync"
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
	// given and sur are indices in keys, or -1.
	given, sur int

	// spellings remembers the server's spellings of descriptions.
	spellings sync.Map
}

// slot is where the values of one attribute go.
type slot struct {
	value           int // index in keys, or -1
	guid            bool
	id, version     bool
	cn, displayName bool
}

// nowhere is the slot of an attribute that nobody asked for.
var nowhere = slot{value: -1}

func newLayout(cfg Config, srv server, known names) (*layout, error) {
	l := &layout{slots: map[string]slot{}}
	for _, attribute := range append(slices.Clone(cfg.Attributes), cfg.Identifier) {
		if err := l.addKey(attribute, known); err != nil {
			return nil, down(attribute, "", err)
		}
	}
	l.identifier = l.keyOf(cfg.Identifier)
	l.given, l.sur = l.keyOf("givenName"), l.keyOf("sn")
	l.add(srv.id, known, func(s *slot) { s.id = true })
	l.add(srv.version, known, func(s *slot) { s.version = true })
	l.add("cn", known, func(s *slot) { s.cn = true })
	l.add("displayName", known, func(s *slot) { s.displayName = true })
	return l, nil
}

// addKey gives an attribute of the configuration its key.
func (l *layout) addKey(attribute string, known names) error {
	if l.keyOf(attribute) >= 0 {
		return nil
	}
	if _, ok := known.same(typeOf(attribute)); !ok && !operational(attribute) {
		return fmt.Errorf("the directory's schema has no attribute of this name: check its spelling in the configuration")
	}
	at := len(l.keys)
	l.keys = append(l.keys, attribute)
	l.add(attribute, known, func(s *slot) { s.value, s.guid = at, holdsGUID(attribute) })
	return nil
}

// operational attributes may be missing from the schema that a server shows.
func operational(attribute string) bool {
	return holdsGUID(attribute) || strings.EqualFold(attribute, "memberOf") || strings.EqualFold(attribute, "nsAccountLock")
}

func (l *layout) keyOf(attribute string) int {
	return slices.IndexFunc(l.keys, func(k string) bool { return description(k) == description(attribute) })
}

// add asks for an attribute and marks the slots of all its names.
func (l *layout) add(attribute string, known names, mark func(*slot)) {
	same, _ := known.same(typeOf(attribute))
	options := strings.TrimPrefix(description(attribute), strings.ToLower(typeOf(attribute)))
	asked := false
	for _, name := range same {
		s, ok := l.slots[name+options]
		if !ok {
			s = nowhere
		}
		asked = asked || ok
		mark(&s)
		l.slots[name+options] = s
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
	s, ok := l.slots[description(name)]
	if !ok {
		s = nowhere
	}
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
