package reconcile

import (
	"slices"

	"xivosync/reconcile/record"
)

// takenOff is what a block says of an element.
const takenOff = "taken off in XiVO; nothing is emptied in the directory"

// judgeSet is the matrix for a field of several values, element by element: what
// was added on one side travels; what was removed from LDAP is removed from XiVO
// as on_clear says; what was removed from XiVO is blocked, since nothing is
// emptied in the directory. One removed and one added on the same side are a
// replacement, in place. An element that only XiVO ever had stays.
func (q *question) judgeSet() Answer {
	come, gone := q.toXiVO()
	idle := q.idle()
	come, gone = without(come, q.X), without(gone, idle)
	back, lost := q.toLDAP()
	a := Answer{Verdict: WriteXiVO, Replaces: q.X, Thing: record.Update, Revive: intersection(idle, q.L), Reason: q.setReason()}
	taken, surplus := gone, record.Value(nil)
	if len(gone) > len(come) && q.Mapping.OnClear != OnClearDelete {
		taken, surplus = gone[:len(come)], gone[len(come):]
	}
	if q.Mapping.OnClear != OnClearKeep {
		a.Retire = surplus
	}
	a.Write = slices.Concat(without(q.X, taken), come)
	also, err := q.beside(back, lost)
	if err != nil {
		return *q.trouble(err)
	}
	a.Also, a.Missing = also, lost[min(len(back), len(lost)):]
	switch {
	case !sameSet(a.Write, q.X) || len(a.Revive)+len(a.Retire) > 0:
		return a
	case also != nil:
		return Answer{Verdict: WriteLDAP, Write: also, Replaces: q.LDAP, Missing: a.Missing, Reason: "changed in XiVO"}
	case len(lost) > 0:
		return Answer{Verdict: Block, Kind: record.EmptyBlocked, Message: takenOff}
	}
	return Answer{Verdict: Remember}
}

// idle are the elements that were given up before: there, and out of use.
func (q *question) idle() record.Value {
	if q.Base == nil {
		return nil
	}
	return intersection(q.Base.GivenUp, q.X)
}

// toXiVO are the elements that XiVO shall have, and those that it shall lose.
func (q *question) toXiVO() (come, gone record.Value) {
	switch {
	case q.Mapping.Direction == ToLDAP:
		return nil, nil
	case q.Base == nil:
		return q.L, nil
	case q.Mapping.Direction == ToXiVO:
		return q.L, intersection(without(q.l, q.L), q.X)
	}
	return without(q.L, q.l), intersection(without(q.l, q.L), q.X)
}

// toLDAP are the elements that the directory shall get, and those of its own that
// XiVO has no more.
func (q *question) toLDAP() (back, lost record.Value) {
	switch {
	case q.Mapping.Direction == ToXiVO:
		return nil, nil
	case q.Base == nil:
		return without(q.X, q.L), nil
	}
	return without(without(q.X, q.x), q.L), intersection(without(q.x, q.X), q.L)
}

// beside writes elements into what the attribute holds: in place of those that
// were lost, or else at its end. It is nil where there are none.
func (q *question) beside(back, lost record.Value) (record.Value, error) {
	if len(back) == 0 {
		return nil, nil
	}
	all := slices.Clone(q.LDAP)
	for i := range back {
		v, err := q.chain.ToAttribute(back[i : i+1])
		if err != nil {
			return nil, err
		}
		at := -1
		if i < len(lost) {
			at = q.chain.spelled(all, lost[i])
		}
		if at < 0 {
			all = append(all, v...)
			continue
		}
		all[at] = v.First()
	}
	return all, nil
}

// spelled is the place of the value of an attribute that means the element, or -1.
func (c *Chain) spelled(raw record.Value, element string) int {
	return slices.IndexFunc(raw, func(s string) bool {
		v, err := c.ToField(record.Text(s))
		return err == nil && c.Canonical(v).First() == element
	})
}

// takeElementBack advances the base of a set by what the directory got, while
// what XiVO is to get is still on its way.
func (m *Mapping) takeElementBack(b record.Base, a Answer, c *Chain, change record.Change) record.Base {
	d := change.Fields[m.Field.Name]
	b.Mapping, b.Source = a.Base.Mapping, a.Base.Source
	for _, raw := range without(d.Before, d.After) {
		b.LDAP = without(b.LDAP, record.Text(raw))
	}
	for _, raw := range without(d.After, d.Before) {
		b.LDAP = append(slices.Clone(b.LDAP), raw)
	}
	known, _ := c.ToField(b.LDAP)
	b.XiVO = slices.Concat(intersection(a.Replaces, slices.Concat(b.XiVO, c.Canonical(known))), a.Missing)
	return b
}

// takeElement advances the base of a set by what one change did to it: the others
// may still be refused.
func (m *Mapping) takeElement(b record.Base, a Answer, c *Chain, d record.Delta, op record.Op, now record.Value) record.Base {
	b.Mapping, b.Source = a.Base.Mapping, a.Base.Source
	b.XiVO = slices.Concat(now, a.Missing)
	for _, e := range without(d.Before, d.After) {
		if i := c.spelled(b.LDAP, e); i >= 0 {
			b.LDAP = slices.Delete(slices.Clone(b.LDAP), i, i+1)
		}
	}
	switch op {
	case record.Deactivate:
		for _, e := range d.Before {
			if i := c.spelled(b.LDAP, e); i >= 0 {
				b.LDAP = slices.Delete(slices.Clone(b.LDAP), i, i+1)
			}
		}
		b.GivenUp = slices.Concat(without(b.GivenUp, d.After), d.After)
	default:
		b.GivenUp = without(b.GivenUp, d.After)
		for _, e := range d.After {
			if i := c.spelled(a.Raw.LDAP, e); i >= 0 && !slices.Contains(b.LDAP, a.Raw.LDAP[i]) {
				b.LDAP = append(slices.Clone(b.LDAP), a.Raw.LDAP[i])
			}
		}
	}
	b.GivenUp = intersection(b.GivenUp, now)
	b.LDAP = slices.DeleteFunc(slices.Clone(b.LDAP), func(raw string) bool { // gone on both sides
		v, err := c.ToField(record.Text(raw))
		e := c.Canonical(v).First()
		return err == nil && c.spelled(a.Raw.LDAP, e) < 0 && !slices.Contains(now, e)
	})
	return b
}

func (q *question) setReason() string {
	if q.Base == nil {
		return "first sight"
	}
	return "changed in the directory"
}

func intersection(v, other record.Value) record.Value {
	return slices.DeleteFunc(slices.Clone(v), func(s string) bool { return !slices.Contains(other, s) })
}

func sameSet(a, b record.Value) bool { return len(without(a, b)) == 0 && len(without(b, a)) == 0 }
