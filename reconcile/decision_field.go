package reconcile

import (
	"slices"

	"xivosync/reconcile/record"
)

// decided answers as somebody decided. What the matrix would do without a
// question stays where it is the same; a decision outranks every policy, but
// neither XiVO's rules nor the promise that nothing is emptied in the directory.
//
//	take         the matrix says           answer
//	ldap, VALUE  write XiVO                the same
//	ldap, VALUE  anything else             write XiVO; direction to_ldap: both stay as they are
//	xivo         write the directory       the same
//	xivo         anything else             write the directory; direction to_xivo: both stay as they are
//	xivo         XiVO's value is ∅         blocked, as before
//	either, about the whole person, where the matrix has no question: nothing
//
// "Both stay as they are" means that the difference is the new base: the field is
// looked at again when either side changes.
func (e *Engine) decided(ask Question, r *ruling) Answer {
	q := question{Question: ask}
	trouble := q.prepare()
	var a Answer
	switch {
	case trouble != nil && (r.take() != record.DecideXiVO || q.XiVO.Empty()):
		return *trouble
	case trouble != nil:
		q.X = q.canonical(q.XiVO)
		a = q.decideXiVO(Answer{Verdict: Conflict})
	case r.conflict.Field == "" && q.judge().Verdict <= Remember:
		return q.finish(q.judge())
	case r.take() == record.DecideXiVO:
		a = q.decideXiVO(q.judge())
	case r.take() == record.DecideValue && q.Mapping.Direction == ToLDAP:
		a = q.judge() // the value only says which of several is meant
	default:
		a = q.decideLDAP(q.judge())
	}
	a = q.finish(a)
	if a.Verdict != Conflict && a.Verdict != Block {
		a.Reason, a.Drift, a.Restore, a.Note = r.reason(), false, false, ""
		r.taken, r.written = true, r.written || a.Verdict == WriteXiVO || a.Verdict == WriteLDAP
	}
	return a
}

func (q *question) decideLDAP(a Answer) Answer {
	switch {
	case q.Mapping.Field.Many:
		return q.decideSet(a)
	case a.Verdict == WriteXiVO, q.L.Equal(q.X):
		return a
	case q.Mapping.Direction == ToLDAP:
		return Answer{Verdict: Remember}
	}
	return q.writeXiVO("")
}

// decideSet gives XiVO the elements again that were taken off there.
func (q *question) decideSet(a Answer) Answer {
	has := q.X
	if a.Verdict == WriteXiVO {
		has = a.Write
	}
	lost := without(q.L, has)
	if len(lost) == 0 || q.Mapping.Direction == ToLDAP {
		return a
	}
	if a.Verdict == WriteLDAP {
		a.Also = a.Write
	}
	a.Verdict, a.Thing, a.Missing = WriteXiVO, record.Update, nil
	a.Write, a.Replaces = slices.Concat(has, lost), q.X
	return a
}

func (q *question) decideXiVO(a Answer) Answer {
	switch {
	case a.Verdict == WriteLDAP, a.Verdict != Conflict && q.L.Equal(q.X), q.Mapping.Field.Many:
		return a
	case q.X.Empty():
		return Answer{Verdict: Block, Kind: record.EmptyBlocked, Message: "emptied in XiVO; an empty value is never pushed to the directory"}
	case q.Mapping.Direction == ToXiVO:
		return Answer{Verdict: Remember}
	}
	return q.writeLDAP("")
}
