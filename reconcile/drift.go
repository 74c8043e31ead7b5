package reconcile

import (
	"fmt"
	"slices"
	"time"

	"xivosync/reconcile/record"
)

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
