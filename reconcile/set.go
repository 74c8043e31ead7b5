package reconcile

import (
	"slices"

	"xivosync/reconcile/record"
)

// judgeSet is the matrix for a field of several values, element by element: what
// was added on one side travels; what was removed from LDAP is removed from XiVO
// as on_clear says; what was removed from XiVO is blocked, since nothing is
// emptied in the directory. An element that only XiVO ever had stays.
func (q *question) judgeSet() Answer {
	come, gone := q.toXiVO()
	wanted := slices.Concat(without(q.X, gone), without(come, q.X))
	back := q.toLDAP()
	switch {
	case len(gone) > 0 && q.Mapping.OnClear == OnClearKeep:
		wanted = slices.Concat(q.X, without(come, q.X))
	case len(gone) > 0 && len(come) == 0 && q.Mapping.OnClear != OnClearDelete:
		return q.retireElements(gone)
	}
	switch {
	case !sameSet(wanted, q.X):
		return Answer{Verdict: WriteXiVO, Write: wanted, Replaces: q.X, Also: q.beside(back), Thing: record.Update, Reason: q.setReason()}
	case len(back) > 0:
		also := q.beside(back)
		if also == nil {
			return *q.trouble(&NumberError{Text: back.String(), Region: q.chain.number.Region})
		}
		return Answer{Verdict: WriteLDAP, Write: also, Replaces: q.LDAP, Reason: q.setReason()}
	case q.Base != nil && q.Mapping.Direction != ToXiVO && len(without(q.x, q.X)) > 0:
		return Answer{Verdict: Block, Kind: record.EmptyBlocked, Message: "taken off in XiVO; nothing is emptied in the directory"}
	}
	return Answer{Verdict: Remember}
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

// toLDAP are the elements that the directory shall get.
func (q *question) toLDAP() record.Value {
	switch {
	case q.Mapping.Direction == ToXiVO:
		return nil
	case q.Base == nil:
		return without(q.X, q.L)
	}
	return without(without(q.X, q.x), q.L)
}

// beside writes elements beside what the attribute holds; nil where there are
// none, or where one has no form in the directory.
func (q *question) beside(back record.Value) record.Value {
	if len(back) == 0 {
		return nil
	}
	v, err := q.chain.ToAttribute(back)
	if err != nil {
		return nil
	}
	return slices.Concat(q.LDAP, v)
}

// retireElements deactivates what the directory has no more.
func (q *question) retireElements(gone record.Value) Answer {
	return Answer{Verdict: WriteXiVO, Write: gone, Replaces: gone, Thing: record.Deactivate, Reason: "removed from the directory"}
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
