package reconcile

import (
	"encoding/hex"
	"maps"
	"strings"

	"xivosync/reconcile/record"
)

// lostDigest stands for a digest that was made with a key which is lost: nobody can
// say any more of what. It passes for what is there, whatever that is, where
// something would be undone otherwise: a hold goes on, and a drift that is kept.
const lostDigest = digestPrefix

// ForgetDigests marks the digests in a hold as lost, and tells whether there are any.
// A store that goes on with another key does so with all of them.
func ForgetDigests(h *record.Hold) bool {
	switch {
	case h.Side == "" || h.Value.Empty():
		return false
	case h.Field == wholePerson, h.Secret:
		h.Value = record.Text(lostDigest)
		return true
	}
	return false
}

// ForgetDigestsOf is ForgetDigests for what was last known of a field.
func ForgetDigestsOf(b *record.Base) (found bool) {
	for _, v := range []*record.Value{&b.LDAP, &b.XiVO} {
		if text := v.First(); len(*v) == 1 && strings.HasPrefix(text, digestPrefix) {
			if d, err := hex.DecodeString(text[len(digestPrefix):]); err == nil && len(d) == len(record.Digest{}) {
				*v, found = record.Text(lostDigest), true
			}
		}
	}
	return found
}

func isLost(v record.Value) bool { return len(v) == 1 && v[0] == lostDigest }

// anew has a hold whose digests are lost wait for a change of what is there now.
func (p *person) anew(h record.Hold, value record.Value) {
	h.Value = value
	p.reheld = append(p.reheld, h)
	p.holds = maps.Clone(p.holds)
	p.holds[h.Field] = h
}

// lostBase tells, of a secret whose last-known values cannot be compared any more,
// that only the side that does not lead counts as changed, where drift is kept: it
// may be somebody's own password.
func (q *question) lostBase() (lost, ldap, xivo bool) {
	b, m := q.Base, q.Mapping
	if !isLost(b.LDAP) || !isLost(b.XiVO) || !q.ReadLDAP || !q.ReadXiVO || m.Drift != DriftKeep || m.Direction == Both {
		return false, false, false
	}
	return true, m.Direction == ToLDAP || q.Ended == record.LDAP, m.Direction == ToXiVO || q.Ended == record.XiVO
}
