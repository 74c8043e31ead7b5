package reconcile

import (
	"errors"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

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
	q.X = q.canonical(q.XiVO)
	if err := q.translate(); err != nil {
		return q.trouble(err)
	}
	q.L = q.canonical(q.want)
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
		if lost, l, x := q.lostBase(); lost {
			q.lChanged, q.xChanged = l, x
		}
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
	if q.Base != nil {
		a.Base = *q.Base
	}
	if q.Mapping.Field.Secret {
		a.Message = "the directory's value cannot be used (it is a secret and not shown)"
		return a
	}
	q.L = q.canonical(q.LDAP)
	a.Canonical = record.Pair{LDAP: q.L, XiVO: q.X}
	if q.Base != nil {
		a.Last = record.Pair{LDAP: q.lastL(), XiVO: q.lastX()}
	}
	return a
}
