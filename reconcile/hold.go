package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// wholePerson stands in a hold for everything about somebody.
const wholePerson = ""

// holdsOf are what is kept out of plans, by the directory's id (or the user's uuid,
// where no entry is known) and field.
type holdsOf map[string]map[string]record.Hold

func (e *Engine) holds() (holdsOf, error) {
	out := holdsOf{}
	for h, err := range e.Store.Holds() {
		if err != nil {
			return nil, fmt.Errorf("read the holds: %w", err)
		}
		who := h.Entry
		if who == "" {
			who = h.User
		}
		if out[who] == nil {
			out[who] = map[string]record.Hold{}
		}
		out[who][h.Field] = h
	}
	return out, nil
}

// of are the holds of one person.
func (h holdsOf) of(p *person) map[string]record.Hold {
	if own := h[p.entryID()]; own != nil {
		return own
	}
	return h[p.userID()]
}

// meet gives a person the holds, and leaves alone who is held as a whole.
func (e *Engine) meet(o *observation, p *person) *person {
	p.holds = o.holds.of(p)
	h, whole := p.holds[wholePerson]
	switch {
	case !whole:
	case isLost(h.Value) && p.entry != nil:
		p.anew(h, e.portrait(p.entry.Values))
		p.held = true
	case e.otherEntry(h, p.entry):
		p.end(h)
	default:
		p.held = true
	}
	return p
}

// end notes that what a hold waited for has happened.
func (p *person) end(h record.Hold) {
	if p.ended == nil {
		p.ended = map[uint64]bool{}
	}
	p.ended[h.Number] = true
}

// holding tells whether a field is held, or the whole person.
func (p *person) holding(field string) bool {
	for _, name := range []string{field, wholePerson} {
		if h, held := p.holds[name]; held && !p.ended[h.Number] {
			return true
		}
	}
	return false
}

// standing are the person's holds that have not ended.
func (p *person) standing() []record.Hold {
	var out []record.Hold
	for _, field := range sortedKeys(p.holds) {
		if h := p.holds[field]; !p.ended[h.Number] {
			h.Person, h.Link = p.Who(), p.state.Number
			out = append(out, h)
		}
	}
	return out
}

// keeps tells whether a field is held: the question is not asked then. A value
// that was not read counts as unchanged.
func (e *Engine) keeps(p *person, m *Mapping, q *Question) bool {
	h, held := p.holds[m.Field.Name]
	switch {
	case !held:
		return false
	case p.ended[h.Number]:
		q.Ended = h.Side
		return false
	case h.Side == record.LDAP && h.Source != "" && !m.from(h.Source):
		if q.ReadLDAP { // another mapping: from now on it waits for that one's value
			h.Source = m.Source()
			p.anew(h, e.asHeld(h, q.LDAP))
		}
	case isLost(h.Value) && h.Secret:
		if h.Side == record.LDAP && q.ReadLDAP {
			p.anew(h, e.asHeld(h, q.LDAP))
		} else if h.Side == record.XiVO && q.ReadXiVO {
			p.anew(h, e.asHeld(h, q.XiVO))
		}
	case h.Side == record.LDAP && q.ReadLDAP && e.differs(m, q, h, q.LDAP),
		h.Side == record.XiVO && q.ReadXiVO && e.differs(m, q, h, q.XiVO):
		p.end(h)
		q.Ended = h.Side
		return false
	}
	return true
}

// asHeld is a value as a hold keeps it.
func (e *Engine) asHeld(h record.Hold, v record.Value) record.Value {
	if h.Secret {
		return e.digestValue(v)
	}
	return v
}

// differs tells whether a side no longer holds the value that caused the hold. A
// value in another spelling is the same; of several values, one counts.
func (e *Engine) differs(m *Mapping, q *Question, h record.Hold, now record.Value) bool {
	if h.Secret {
		return !e.digestValue(now).Equal(h.Value)
	}
	if now.Equal(h.Value) || oneOf(now, h.Value) && !m.Field.Many {
		return false
	}
	if h.Side == record.XiVO {
		return !sameSet(m.Chain.Canonical(now), m.Chain.Canonical(h.Value))
	}
	return !e.meansTheSame(m, q.Site, now, h.Value)
}

// oneOf tells whether a value is one of several.
func oneOf(now, one record.Value) bool {
	return len(now) > 1 && len(one) == 1 && slices.Contains(now, one[0])
}

// meansTheSame compares two values of the directory as XiVO would get them.
func (e *Engine) meansTheSame(m *Mapping, site *Site, a, b record.Value) bool {
	chain := m.chain(site)
	one, err1 := chain.ToField(a)
	other, err2 := chain.ToField(b)
	return err1 == nil && err2 == nil && sameSet(chain.Canonical(one), chain.Canonical(other))
}

// The ways in which an entry can be there, as the hold of a deactivation keeps
// them.
const (
	present  = "present"
	absent   = "absent"
	disabled = "disabled"
)

// presenceOf tells how an entry is there; nil is none.
func presenceOf(entry *record.Record) string {
	switch {
	case entry == nil:
		return absent
	case entry.Disabled:
		return disabled
	}
	return present
}

// stays tells whether coming and going is held for the person.
func (p *person) stays() bool {
	h, held := p.holds[enabled]
	if !held || p.ended[h.Number] {
		return p.held
	}
	entry := p.entry
	if p.missed {
		entry = nil
	}
	if h.Side == record.LDAP && h.Value.First() != presenceOf(entry) {
		p.end(h)
		return p.held
	}
	return true
}

// portrait is what a hold of a whole person keeps of the entry: each mapped
// attribute with a digest of its values.
func (e *Engine) portrait(entry map[string]record.Value) record.Value {
	var out record.Value
	for _, name := range sortedKeys(entry) {
		out = append(out, name+"="+e.print(name, entry[name]))
	}
	return out
}

func (e *Engine) print(name string, v record.Value) string {
	sorted := slices.Sorted(slices.Values(v))
	return hexOf(e.Store.Digest(append([]string{"hold", name}, sorted...)...))
}

// otherEntry tells whether an attribute is no longer what it was when the person
// was held. Those that are not read any more, since the mapping changed, say
// nothing.
func (e *Engine) otherEntry(h record.Hold, entry *record.Record) bool {
	if h.Side != record.LDAP || entry == nil || isLost(h.Value) {
		return false
	}
	kept := map[string]bool{}
	for _, text := range h.Value {
		kept[text] = true
	}
	names := map[string]bool{}
	for _, text := range h.Value {
		if i := len(text) - 2*len(record.Digest{}) - 1; i > 0 {
			names[text[:i]] = true
		}
	}
	for name, v := range entry.Values {
		if names[name] && !kept[name+"="+e.print(name, v)] {
			return true
		}
	}
	return false
}
