package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// severalError says that an attribute holds several values where one is wanted.
type severalError struct {
	attribute string
	values    record.Value
}

func (e *severalError) Error() string {
	return fmt.Sprintf("%s holds %d values (%s) where one is wanted; set pick, or leave one", e.attribute, len(e.values), Quoted(e.values.String()))
}

// pick chooses one of several values: the one that was taken last time while it
// is there, else by policy.
func pick(m *Mapping, base *record.Base, v record.Value) (record.Value, error) {
	if len(v) < 2 || m.Field.Many {
		return v, nil
	}
	if base != nil && len(base.LDAP) == 1 && slices.Contains(v, base.LDAP[0]) {
		return base.LDAP, nil
	}
	switch m.Pick {
	case PickFirst:
		return v[:1], nil
	case PickMatches:
		fit := slices.DeleteFunc(slices.Clone(v), func(s string) bool { return !m.PickPattern.MatchString(s) })
		if len(fit) < 2 {
			return fit, nil
		}
		return nil, &severalError{m.Attribute, fit}
	}
	return nil, &severalError{m.Attribute, v}
}
