package ldap

import (
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// edit is what a change does to one attribute.
//
// Before are the values that must be there, byte for byte, and After those that
// shall be there instead. Values that are in neither stay as they are, so one
// number of several can be replaced. An empty Before demands that the attribute
// is absent; to add to others, name them in Before and in After. After is
// empty in a withdrawal only.
type edit struct {
	attribute     string
	before, after record.Value
}

// editsOf returns the edits of a change in order of their fields. Fields that
// are fed by one attribute may repeat an edit, but not contradict it.
func (l *layout) editsOf(change record.Change) (edits []edit, err error) {
	for _, field := range change.FieldNames() {
		delta := change.Fields[field]
		if blank(delta.After) {
			return nil, fmt.Errorf("%s: %w", delta.Attribute, ErrEmptyValue)
		}
		e := edit{attribute: delta.Attribute, before: delta.Before, after: delta.After}
		if edits, err = l.joined(edits, e); err != nil {
			return nil, err
		}
	}
	return edits, nil
}

// joined adds an edit to others.
func (l *layout) joined(edits []edit, e edit) ([]edit, error) {
	at := slices.IndexFunc(edits, func(o edit) bool { return l.equal(o.attribute, e.attribute) })
	switch {
	case at < 0:
		edits = append(edits, e)
	case !edits[at].before.Equal(e.before) || !edits[at].after.Equal(e.after):
		return nil, fmt.Errorf("%s: two fields want different values in it", e.attribute)
	}
	return edits, nil
}

// blank tells whether a value is empty, or has a text that is or reads as empty.
func blank(v record.Value) bool {
	return v.Empty() || slices.ContainsFunc(v, func(s string) bool { return strings.TrimSpace(s) == "" })
}

// removed and added are what goes over the wire.
func (e edit) removed() []string { return without(e.before, e.after) }
func (e edit) added() []string   { return without(e.after, e.before) }

func without(values, others record.Value) []string {
	return slices.DeleteFunc(slices.Clone(values), func(s string) bool { return slices.Contains(others, s) })
}

// fits tells whether the attribute holds what the decision was made from.
func (e edit) fits(now record.Value) bool {
	if e.before.Empty() {
		return now.Empty()
	}
	return contains(now, e.before)
}

// made tells whether the attribute holds what the edit wants.
func (e edit) made(now record.Value) bool {
	return contains(now, e.after) && !slices.ContainsFunc(e.removed(), func(s string) bool { return slices.Contains(now, s) })
}

func contains(values, wanted record.Value) bool {
	return !slices.ContainsFunc(wanted, func(s string) bool { return !slices.Contains(values, s) })
}

// condition is the filter for what must hold of one attribute.
func (e edit) condition() string {
	if e.before.Empty() {
		return not(present(e.attribute))
	}
	filters := make([]string, len(e.before))
	for i, v := range e.before {
		filters[i] = equals(e.attribute, v)
	}
	return all(filters...)
}
