package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	a := q.judge()
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

// Newer tells whether one version of an entry, or one count of a directory's
// changes, is later than another. Where either is unknown, or they come from
// two servers that count apart ("number@server"), it is taken for later.
func Newer(version, than string) bool {
	number, server, counted := strings.Cut(version, "@")
	thanNumber, thanServer, _ := strings.Cut(than, "@")
	if version == "" || than == "" || server != thanServer {
		return true
	}
	if counted && len(number) != len(thanNumber) {
		return len(number) > len(thanNumber)
	}
	return number > thanNumber
}

// unchanged is the short way for nearly everybody: both raw values and the
// mapping are those of last time.
func (q *Question) unchanged() bool {
	return q.Base != nil && !q.Mapping.Field.Secret && q.Base.Echo == nil &&
		q.Base.Mapping == q.Mapping.fingerprint(q.Site) && !q.Base.Retired && q.Mapping.from(q.Base.Source) &&
		(!q.ReadLDAP || len(q.LDAP) < 2 && q.LDAP.Equal(q.Base.LDAP)) && (!q.ReadXiVO || q.XiVO.Equal(q.Base.XiVO))
}

// prepare derives the canonical values, or answers at once where a value cannot
// be understood.
func (q *question) prepare() *Answer {
	m, old := q.Mapping, q.Base
	q.chain = m.chain(q.Site)
	if old != nil && !m.from(old.Source) {
		q.Base = nil
		if !q.ReadLDAP || !q.ReadXiVO {
			return &Answer{Verdict: Nothing, Unread: true, Base: *old}
		}
	}
	q.fillUnread()
	if err := q.translate(); err != nil {
		return q.trouble(err)
	}
	q.L, q.X = q.canonical(q.want), q.canonical(q.XiVO)
	if q.Base != nil {
		q.compare()
	}
	return nil
}

// translate picks LDAP's value and gives it XiVO's form. Of a secret that was not
// read there is only a digest, which has none.
func (q *question) translate() error {
	m := q.Mapping
	if m.Field.Secret && !q.ReadLDAP {
		return nil
	}
	picked, err := pick(m, q.Base, q.LDAP)
	if err != nil {
		return err
	}
	q.all, q.LDAP = q.LDAP, picked
	q.want, err = q.chain.ToField(picked)
	return err
}

// fillUnread takes the last-known value where a side was not read, or where the
// directory shows the very value that our last write-back replaced without a
// newer version: that reading is stale.
func (q *question) fillUnread() {
	if q.Base == nil {
		return
	}
	if e := q.Base.Echo; e != nil && q.ReadLDAP && shows(q.LDAP, e) && !Newer(q.Version, e.Version) {
		q.echoed, q.ReadLDAP = true, false
	}
	if !q.ReadLDAP {
		q.LDAP = q.Base.LDAP
	}
	if !q.ReadXiVO {
		q.XiVO = q.Base.XiVO
	}
}

// shows tells whether an attribute holds what our write-back replaced; among
// several values, that one in place of ours.
func shows(v record.Value, e *record.Echo) bool {
	if len(v) < 2 || len(e.Before) != 1 {
		return v.Equal(e.Before)
	}
	return slices.Contains(v, e.Before[0]) && !slices.Contains(v, e.After.First())
}

// compare finds out which side changed. Secrets are compared raw, since only
// their digests are remembered; after a change of the mapping the raw values
// tell who was edited, and a field edited on neither side counts as changed in
// LDAP.
func (q *question) compare() {
	b, m := q.Base, q.Mapping
	switch {
	case m.Field.Secret:
		q.lChanged = q.ReadLDAP && !q.Digest(q.LDAP).Equal(b.LDAP)
		q.xChanged = q.ReadXiVO && !q.Digest(q.XiVO).Equal(b.XiVO)
		if !q.ReadLDAP || !q.ReadXiVO {
			q.L, q.X = q.known(q.ReadLDAP, q.L, b.LDAP), q.known(q.ReadXiVO, q.X, b.XiVO)
		}
	case b.Mapping != m.fingerprint(q.Site):
		q.l, q.x = q.lastL(), q.lastX()
		q.lChanged, q.xChanged = !q.LDAP.Equal(b.LDAP), !q.X.Equal(q.x)
		q.lChanged = q.lChanged || !q.xChanged
	default:
		q.l, q.x = q.lastL(), q.lastX()
		q.lChanged, q.xChanged = !q.L.Equal(q.l), !q.X.Equal(q.x)
	}
}

// known returns a secret's digest in place of a value that was not read.
func (q *question) known(read bool, now, last record.Value) record.Value {
	if read {
		return q.Digest(now)
	}
	return last
}

// lastL and lastX are the last-known values, which most often are the present
// ones: numbers are dear to parse.
func (q *question) lastL() record.Value {
	if q.LDAP.Equal(q.Base.LDAP) {
		return q.L
	}
	v, err := q.chain.ToField(q.Base.LDAP)
	if err != nil {
		v = q.Base.LDAP
	}
	return q.canonical(v)
}

func (q *question) lastX() record.Value {
	if q.XiVO.Equal(q.Base.XiVO) {
		return q.X
	}
	return q.canonical(q.Base.XiVO)
}

func (q *question) canonical(v record.Value) record.Value { return q.chain.Canonical(v) }

// trouble answers for a value that cannot be read: it is kept, reported, and
// holds only its field.
func (q *question) trouble(err error) *Answer {
	a := &Answer{Verdict: Conflict, Kind: record.Rejected, Message: err.Error(), Raw: record.Pair{LDAP: q.LDAP, XiVO: q.XiVO}}
	var number *NumberError
	var several *severalError
	var outside *RangeError
	switch {
	case errors.As(err, &outside):
		a.Kind = record.OutOfRange
	case errors.As(err, &number):
		a.Kind = record.NumberInvalid
	case errors.As(err, &several):
		a.Kind = record.AmbiguousValue
	}
	if q.Mapping.Field.Secret {
		a.Message = "the directory's value cannot be used (it is a secret and not shown)"
	}
	if q.Base != nil {
		a.Base = *q.Base
	}
	return a
}

// judge is the matrix above Decide.
func (q *question) judge() Answer {
	switch {
	case q.retired() && q.L.Empty():
		return Answer{Verdict: Remember}
	case q.retired():
		return Answer{Verdict: WriteXiVO, Write: q.want, Replaces: q.XiVO, Thing: record.Reactivate, Reason: "back in the directory"}
	case q.L.Equal(q.X):
		return Answer{Verdict: Remember}
	case q.Mapping.Field.Many:
		return q.judgeSet()
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

// drift answers for an edit on the side that is not trusted: it is taken back,
// or kept; and where it has been taken back three times within a week, somebody
// means it.
func (q *question) drift(restore func(string) Answer) Answer {
	if q.Mapping.Drift == DriftKeep {
		return q.keep("edited on the side that does not lead; drift = keep")
	}
	if q.contested() {
		return Answer{Verdict: Conflict, Kind: record.Contested, Drift: true,
			Message: fmt.Sprintf("restored %d times within a week, and edited again to the same value", restoresBeforeContest)}
	}
	a := restore("edited on the side that does not lead: restored")
	a.Drift, a.Restore = true, true
	return a
}

const (
	restoresBeforeContest = 3
	contestWindow         = 7 * 24 * time.Hour
)

// contested tells whether the edit that is seen now has been restored often
// enough. It stays so while the edit stays: time alone does not end it.
func (q *question) contested() bool {
	r := q.Base.Restores
	if len(r) < restoresBeforeContest || !q.edited().Equal(q.Base.Drifted) {
		return false
	}
	return r[len(r)-1].Sub(r[len(r)-restoresBeforeContest]) <= contestWindow
}

// edited is the value on the side that does not lead; of a secret it is the
// digest, since it is remembered.
func (q *question) edited() record.Value {
	v := q.X
	if q.Mapping.Direction == ToLDAP {
		v = q.L
	}
	if q.Mapping.Field.Secret && q.ReadLDAP && q.ReadXiVO { // else it is one already, see compare
		return q.Digest(v)
	}
	return v
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
	case q.X.Empty():
		a.Thing = record.Create
	case !q.want.Empty():
	case q.Mapping.OnClear == OnClearKeep:
		return q.keep("emptied in the directory; on_clear = keep leaves XiVO's thing alone")
	case q.Mapping.OnClear == OnClearDelete:
		a.Thing = record.Delete
	default:
		a.Thing, a.Write = record.Deactivate, q.XiVO
	}
	return a
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

// remember fills in what the state will hold.
func (q *question) remember(a *Answer) {
	switch a.Verdict {
	case Block, Conflict:
		if q.Base != nil {
			a.Base = *q.Base
		}
		return
	}
	b := record.Base{LDAP: q.LDAP, XiVO: q.XiVO, Mapping: q.Mapping.fingerprint(q.Site), Source: q.Mapping.Source()}
	if q.Base != nil {
		b.Restores, b.Drifted, b.Was, b.Noted = q.Base.Restores, q.Base.Drifted, q.Base.Was, q.Base.Noted
		if q.echoed {
			b.Echo = q.Base.Echo
		}
	}
	if a.Restore {
		restored(&b, q.Now, q.edited())
	}
	if a.Note != "" && b.Noted {
		a.Note = ""
	}
	b.Noted = b.Noted || a.Note != ""
	if a.Verdict == WriteXiVO {
		b.Was = q.XiVO
	}
	b.Retired = a.Thing == record.Deactivate || a.Thing == "" && q.retired()
	if q.Mapping.Field.Secret {
		q.hide(&b)
	}
	a.Base = b
}

// restored notes that the edit was taken back, forgetting restores of other
// edits.
func restored(b *record.Base, now time.Time, edited record.Value) {
	if !edited.Equal(b.Drifted) {
		b.Drifted, b.Restores = edited, nil
	}
	b.Restores = append(slices.Clone(b.Restores), now)
	if over := len(b.Restores) - restoresBeforeContest; over > 0 {
		b.Restores = b.Restores[over:]
	}
}

// hide replaces secrets by their digests, unless they are digests already
// because the side was not read.
func (q *question) hide(b *record.Base) {
	b.Was = nil
	if q.ReadLDAP {
		b.LDAP = q.Digest(q.LDAP)
	}
	if q.ReadXiVO {
		b.XiVO = q.Digest(q.XiVO)
	}
}

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
