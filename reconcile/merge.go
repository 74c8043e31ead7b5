package reconcile

import (
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// Verdict is what the merge decides about one field.
type Verdict int

// The verdicts.
const (
	// Nothing has changed.
	Nothing Verdict = iota
	// Remember: no write, but the last-known values advance.
	Remember
	// WriteXiVO and WriteLDAP carry Answer.Write to that side.
	WriteXiVO
	WriteLDAP
	// Block: an empty value would have to be pushed to LDAP. Nothing is written.
	Block
	// Conflict: a person has to decide. Nothing is written.
	Conflict
)

// Question is one field of one person.
type Question struct {
	Mapping *Mapping
	// Base is nil at first sight.
	Base *record.Base
	// LDAP and XiVO are the raw values now; where one was not read, it counts as
	// unchanged.
	LDAP, XiVO         record.Value
	ReadLDAP, ReadXiVO bool
	// Version is that of the entry.
	Version string
	// Site is where the person's numbers belong; nil where there is none.
	Site *Site
	Now  time.Time
	// Bound tells that XiVO changes the value no more because of something else
	// that the person has: the entity of somebody with a line.
	Bound bool
	// Ended is the side whose change ended a hold of the field; empty where none did.
	Ended record.Side
	// Digest replaces secret values, which are remembered as digests only.
	Digest func(record.Value) record.Value
}

// Answer is the verdict on a question.
type Answer struct {
	Verdict Verdict
	// Write is the raw value for the side that is written, Replaces the one that
	// it replaces there.
	Write, Replaces record.Value
	// Also is what a set shall hold in the directory besides.
	Also record.Value
	// Retire and Revive are the elements of a set that are given up, and taken up
	// again; Missing are those that XiVO has no more while the directory has them.
	Retire, Revive, Missing record.Value
	// Raw are the values that the verdict was made from, Canonical the forms in
	// which they were compared; Last the canonical last-known ones.
	Raw, Canonical, Last record.Pair
	// Kind and Message tell why there is a conflict or a block.
	Kind    record.ConflictKind
	Message string
	// Reason says in a few words why there is a write.
	Reason string
	// Thing is what happens to a thing: create, update, deactivate, reactivate or
	// delete. It is empty for the fields of the user.
	Thing record.Op
	// Drift tells that the side which is not trusted had been edited; Restore
	// that the edit is taken back.
	Drift, Restore bool
	// Echoed tells that the directory still shows the value before our last
	// write-back, Reverted that XiVO does so after our last write.
	Echoed, Reverted bool
	// Unread tells that a secret has to be read before it can be written: only
	// its digest is remembered.
	Unread bool
	// Held tells that the question was not asked: the field is kept out of plans.
	Held bool
	// Note is to be reported once.
	Note string
	// Base is what to remember once the verdict is carried out; the value on the
	// written side then comes from reading it back.
	Base record.Base
}

// question is a Question with everything derived that the matrix asks for.
type question struct {
	Question
	chain      *Chain       // the mapping's, at the person's site
	L, X, l, x record.Value // canonical: now, and last-known
	all        record.Value // every value of the attribute, where it was read
	want       record.Value // LDAP's value in XiVO's form
	lChanged   bool
	xChanged   bool
	echoed     bool
}

// Decide merges one field three ways. L and X are the canonical values now, l
// and x the last-known ones, ∅ is empty:
//
//	L vs l     X vs x    L vs X       both             to_xivo                to_ldap
//	same       same      –            nothing          nothing                nothing
//	any        any       =            remember         remember               remember
//	changed    same      ≠            write XiVO       write XiVO             drift: write LDAP or keep
//	changed ∅  same      ≠            clear XiVO, or   the same               drift; X=∅: keep
//	                                  required_empty
//	same       changed   ≠, X≠∅       write LDAP       drift: write XiVO      write LDAP
//	                                                   or keep
//	same       changed   X=∅          block            drift                  block
//	changed    changed   ≠            policy conflict  write XiVO, drift      write LDAP, X=∅: block
//	no base              =            remember         remember               remember
//	no base              ≠, one ∅     the other wins   L: write XiVO, X: keep X: write LDAP, L: keep
//	no base              ≠            policy initial   write XiVO             write LDAP
func Decide(ask Question) Answer {
	if ask.unchanged() {
		return Answer{Verdict: Nothing, Base: *ask.Base}
	}
	q := question{Question: ask}
	if trouble := q.prepare(); trouble != nil {
		return *trouble
	}
	return q.finish(q.judge())
}

// finish adds to a verdict the values that it was made from, and what to remember.
func (q *question) finish(a Answer) Answer {
	a.Raw = record.Pair{LDAP: q.LDAP, XiVO: q.XiVO}
	a.Canonical = record.Pair{LDAP: q.L, XiVO: q.X}
	a.Last = record.Pair{LDAP: q.l, XiVO: q.x}
	a.Echoed = q.echoed
	a.Reverted = q.Base != nil && q.xChanged && !q.Base.Was.Empty() && q.X.Equal(q.canonical(q.Base.Was))
	if q.Mapping.Field.Secret && (a.Verdict == WriteXiVO && !q.ReadLDAP || a.Verdict == WriteLDAP && !q.ReadXiVO) {
		return Answer{Verdict: Nothing, Unread: true, Base: *q.Base}
	}
	q.remember(&a)
	return a
}

// judge is the matrix above Decide.
func (q *question) judge() Answer {
	switch {
	case q.Mapping.Field.Many:
		return q.judgeSet()
	case q.retired() && q.L.Empty():
		return Answer{Verdict: Remember}
	case q.retired() && !q.X.Empty():
		return Answer{Verdict: WriteXiVO, Write: q.want, Replaces: q.XiVO, Thing: record.Reactivate, Reason: "back in the directory"}
	case q.L.Equal(q.X):
		return Answer{Verdict: Remember}
	case q.Base == nil:
		return q.firstSight()
	case q.lChanged && q.xChanged:
		return q.bothChanged()
	case q.lChanged:
		return q.ldapChanged()
	case q.xChanged:
		return q.xivoChanged()
	}
	return Answer{Verdict: Remember}
}

func (q *question) firstSight() Answer {
	switch {
	case q.Mapping.Direction == ToLDAP && q.X.Empty():
		return q.keep("the directory holds a value that XiVO lacks; it is left alone")
	case q.Mapping.Direction == ToLDAP:
		return q.writeLDAP("first sight: XiVO leads")
	case q.Mapping.Direction == ToXiVO && q.L.Empty():
		return q.keep("XiVO holds a value that the directory lacks; it is left alone")
	case q.Mapping.Direction == ToXiVO:
		return q.writeXiVO("first sight")
	case q.L.Empty():
		return q.writeLDAP("first sight: only XiVO has a value")
	case q.X.Empty():
		return q.writeXiVO("first sight: only the directory has a value")
	case q.Mapping.First == TakeXiVO:
		return q.writeLDAP("first sight: initial = xivo")
	case q.Mapping.First == TakeConflict:
		return Answer{Verdict: Conflict, Kind: record.ConflictField, Message: "both sides hold a value at first sight, and they differ"}
	}
	return q.writeXiVO("first sight: initial = ldap")
}

func (q *question) bothChanged() Answer {
	var a Answer
	switch {
	case q.Mapping.Direction == ToXiVO:
		a = q.writeXiVO("changed in the directory; XiVO's edit is overwritten")
		a.Drift = true
	case q.Mapping.Direction == ToLDAP:
		a = q.writeLDAP("changed in XiVO; the directory's edit is overwritten")
		a.Drift = true
	case q.Mapping.Conflict == TakeLDAP:
		a = q.writeXiVO("changed on both sides: conflict = ldap")
	case q.Mapping.Conflict == TakeXiVO:
		a = q.writeLDAP("changed on both sides: conflict = xivo")
	default:
		a = Answer{Verdict: Conflict, Kind: record.ConflictField, Message: "changed on both sides since the last run"}
	}
	return a
}

func (q *question) ldapChanged() Answer {
	if q.Mapping.Direction != ToLDAP {
		return q.writeXiVO("changed in the directory")
	}
	if q.X.Empty() {
		return q.keep("XiVO has no value to restore; the directory's is left alone")
	}
	return q.drift(q.writeLDAP)
}

func (q *question) xivoChanged() Answer {
	if q.Mapping.Direction != ToXiVO {
		return q.writeLDAP("changed in XiVO")
	}
	if q.L.Empty() {
		return q.keep("the directory has no opinion; XiVO's value is left alone")
	}
	return q.drift(q.writeXiVO)
}

func (q *question) keep(note string) Answer { return Answer{Verdict: Remember, Note: note} }

func (q *question) writeXiVO(reason string) Answer {
	if q.Mapping.Field.IsThing() {
		return q.writeThing(reason)
	}
	if q.want.Empty() && !q.Mapping.Field.Clearable {
		return Answer{Verdict: Conflict, Kind: record.RequiredEmpty,
			Message: fmt.Sprintf("the directory has no %s any more, and XiVO does not do without %s", q.Mapping.Attribute, q.Mapping.Field.Name)}
	}
	return Answer{Verdict: WriteXiVO, Write: q.want, Replaces: q.XiVO, Reason: reason}
}

// writeThing makes, renumbers or gives up a thing. An emptied attribute never
// tears a phone down by itself: on_clear says what it means.
func (q *question) writeThing(reason string) Answer {
	a := Answer{Verdict: WriteXiVO, Write: q.want, Replaces: q.XiVO, Thing: record.Update, Reason: reason}
	switch {
	case !q.want.Empty() && q.Bound:
		return q.immutable()
	case q.X.Empty():
		a.Thing = record.Create
	case !q.want.Empty() && q.Mapping.Field.Fixed:
		return q.immutable()
	case !q.want.Empty():
	case q.Mapping.Field.Thing == record.Entity:
		return q.keep("nothing sets the entity any more; XiVO takes nobody out of theirs")
	case q.Mapping.OnClear == OnClearKeep:
		return q.keep("emptied in the directory; on_clear = keep leaves XiVO's thing alone")
	case q.Mapping.OnClear == OnClearDelete:
		a.Thing = record.Delete
	case q.Mapping.Field.Thing == record.CTI: // a login is switched off, which leaves nothing to give up
	default:
		a.Thing, a.Write = record.Deactivate, q.XiVO
	}
	return a
}

// immutable answers for a value that XiVO cannot change once it is there.
func (q *question) immutable() Answer {
	name := q.Mapping.Field.Name
	if q.Bound {
		return Answer{Verdict: Conflict, Kind: record.Immutable, Message: fmt.Sprintf("the directory and the rules say %s %s, XiVO has %s, and XiVO cannot change the %s of somebody who has a line",
			name, Quoted(q.L.String()), Quoted(q.X.String()), name)}
	}
	return Answer{Verdict: Conflict, Kind: record.Immutable, Message: fmt.Sprintf("the directory says %s %s, XiVO has %s, and XiVO cannot change the %s of somebody who has one",
		name, Quoted(q.L.String()), Quoted(q.X.String()), name)}
}

// retired tells that the thing is there, deactivated by us.
func (q *question) retired() bool { return q.Base != nil && q.Base.Retired }

func (q *question) writeLDAP(reason string) Answer {
	if q.X.Empty() {
		return Answer{Verdict: Block, Kind: record.EmptyBlocked, Message: "emptied in XiVO; an empty value is never pushed to the directory"}
	}
	if q.LDAP.Empty() && !q.all.Empty() { // none of them is the one to replace
		return *q.trouble(&severalError{q.Mapping.Attribute, q.all})
	}
	v, err := q.chain.ToAttribute(q.XiVO)
	if err != nil {
		return *q.trouble(err)
	}
	return Answer{Verdict: WriteLDAP, Write: v, Replaces: q.LDAP, Reason: reason}
}
