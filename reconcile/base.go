package reconcile

import (
	"slices"

	"xivosync/reconcile/record"
)

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
	if q.Mapping.Field.Many {
		b.XiVO = slices.Concat(q.XiVO, a.Missing)
		b.GivenUp = slices.Concat(without(q.idle(), a.Revive), a.Retire)
	} else {
		b.Retired = a.Thing == record.Deactivate || a.Thing == "" && q.retired()
	}
	if q.Mapping.Field.Secret {
		q.hide(&b)
	}
	a.Base = b
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
