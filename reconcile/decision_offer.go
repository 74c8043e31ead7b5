package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// offer lists what can be decided about each of the conflicts. What concerns a
// whole record was listed where it was found.
func (e *Engine) offer(conflicts []record.Conflict) {
	for i := range conflicts {
		c := &conflicts[i]
		if m := e.Settings.Mapping(c.Field); m != nil {
			c.Decisions = e.Settings.offered(m, *c)
		}
		if len(c.Decisions) == 0 {
			c.Decisions = []string{record.DecideIgnore}
		}
	}
}

// offered lists what can be decided about a field: the sides whose value both can
// hold, and a value where the directory can take one.
func (s *Settings) offered(m *Mapping, c record.Conflict) []string {
	var out []string
	if s.offersLDAP(m, c) {
		out = append(out, record.DecideLDAP)
	}
	if s.offersXiVO(m, c) {
		out = append(out, record.DecideXiVO)
	}
	if s.offersValue(m, c) {
		out = append(out, record.DecideValue)
	}
	return append(out, record.DecideIgnore)
}

// offersLDAP tells whether XiVO could take the directory's value: not where the
// conflict is that it cannot be used.
func (s *Settings) offersLDAP(m *Mapping, c record.Conflict) bool {
	switch c.Kind {
	case record.ConflictField, record.Contested:
		return !c.Raw.LDAP.Empty() || m.Field.Clearable || m.Field.IsThing()
	case record.EmptyBlocked:
		return true
	case record.Rejected:
		return c.Basis != ""
	}
	return false
}

func (s *Settings) offersXiVO(m *Mapping, c record.Conflict) bool {
	if c.Raw.XiVO.Empty() || m.Field.Many || m.Attribute == "" || c.Kind == record.AmbiguousValue || c.Kind == record.NumberTaken {
		return false
	}
	if m.Direction == ToXiVO {
		return true // both stay as they are
	}
	_, err := m.chain(s.Numbering.Site(c.Person.Site)).ToAttribute(c.Raw.XiVO)
	return err == nil && !isDigest(c.Raw.XiVO)
}

func (s *Settings) offersValue(m *Mapping, c record.Conflict) bool {
	switch {
	case m.Field.Many, m.Attribute == "", c.Kind == record.Immutable:
		return false
	case slices.ContainsFunc(s.Rules, func(r Rule) bool { return r.Set[m.Field.Name] != "" }): // the rule outranks the attribute
		return false
	}
	return m.Direction != ToLDAP || c.Kind == record.AmbiguousValue
}

// isDigest tells whether a secret is known by its digest only.
func isDigest(v record.Value) bool { return strings.HasPrefix(v.First(), digestPrefix) }

// CheckDecision says why something cannot be decided about a conflict: it was not
// offered, or the value would not do.
func (s *Settings) CheckDecision(c record.Conflict, d record.Decision) error {
	if !slices.Contains(c.Decisions, d.Take) {
		if d.Take == record.DecideXiVO && c.Field != "" && c.Raw.XiVO.Empty() {
			return fmt.Errorf("conflict %d: %s", c.Number, emptyByHand)
		}
		return fmt.Errorf("conflict %d: %s cannot be decided here, only %s", c.Number, d.Taken(c.Secret), strings.Join(c.Decisions, ", "))
	}
	if d.Take != record.DecideValue {
		return nil
	}
	m := s.Mapping(c.Field)
	if m == nil {
		return fmt.Errorf("conflict %d: %s is not mapped any more", c.Number, Quoted(c.Field))
	}
	if strings.TrimSpace(d.Value) == "" {
		return fmt.Errorf("conflict %d: an empty value is never written into the directory; clear %s there by hand", c.Number, m.Attribute)
	}
	want, err := m.chain(s.Numbering.Site(c.Person.Site)).ToField(record.Text(d.Value))
	if err != nil {
		return fmt.Errorf("conflict %d: %w", c.Number, err)
	}
	if r := validate(m.Field, want); r != nil {
		return fmt.Errorf("conflict %d: %s", c.Number, r.Message)
	}
	if c.Kind == record.AmbiguousValue && m.chain(s.Numbering.Site(c.Person.Site)).spelled(c.Raw.LDAP, m.Chain.Canonical(want).First()) < 0 {
		return fmt.Errorf("conflict %d: %s is none of the directory's values: %s", c.Number, d.Taken(c.Secret), shownText(c.Raw.LDAP, c.Secret))
	}
	return nil
}
