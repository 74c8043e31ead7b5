package store

import (
	"bytes"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// pointedRuns returns the runs that something open points to: a unit that a
// crash left, a conflict that is not closed, the rollback that a hold is from.
func (db *DB) pointedRuns() (map[uint64]bool, error) {
	pointed := map[uint64]bool{}
	units, err := db.Unclosed()
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		pointed[u.Run] = true
	}
	for c, err := range db.Conflicts() {
		if err != nil {
			return nil, err
		}
		pointed[c.FirstRun], pointed[c.LastRun] = true, true
	}
	for h, err := range db.Holds() {
		if err != nil {
			return nil, err
		}
		pointed[h.Run] = true
	}
	return pointed, nil
}

// needed tells whether an old run has to stay: something open points to it, a
// rollback that is kept took it back, or it has the only copy of the secret with
// which the phone of somebody who is deactivated used to register.
func (db *DB) needed(run uint64, pointed map[uint64]bool) (needed bool, err error) {
	if pointed[run] {
		return true, nil
	}
	err = db.view(func(tx *bolt.Tx) error {
		if needed = len(rolledBackBy(tx, run)) > 0; needed {
			return nil
		}
		needed, err = keepsSecret(tx, run)
		return err
	})
	return needed, err
}

// keepsSecret tells whether a run deactivated somebody's internal number who was
// not reactivated since.
func keepsSecret(tx *bolt.Tx, run uint64) (bool, error) {
	c := changeBucket.in(tx).Cursor()
	prefix := numberKey(run)
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if !bytes.Contains(v, []byte(`"`+record.Deactivate+`"`)) {
			continue // most changes: not worth decoding
		}
		var row changeRow
		if err := decode(k, v, &row); err != nil {
			return false, err
		}
		if !parksSecret(&row) || linkBucket.in(tx).Get(numberKey(row.Link)) == nil {
			continue
		}
		if back, err := reactivated(tx, &row, k); !back || err != nil {
			return err == nil, err
		}
	}
	return false, nil
}

// parksSecret tells whether a change replaced the secret of a phone.
func parksSecret(row *changeRow) bool {
	return row.Thing == record.Extension && row.Op == record.Deactivate && row.Step == record.Done
}

// reactivated tells whether the internal number of that change was made or
// reactivated after it.
func reactivated(tx *bolt.Tx, row *changeRow, key []byte) (bool, error) {
	for _, i := range []struct {
		bucket bucket
		prefix []byte
	}{{byLinkBucket, numberKey(row.Link)}, {byEntryBucket, entryPrefix(string(row.Entry))}} {
		c := i.bucket.in(tx).Cursor()
		for k, _ := seekBefore(c, after(i.prefix)); bytes.HasPrefix(k, i.prefix) && bytes.Compare(k[len(i.prefix):], key) > 0; k, _ = c.Prev() {
			var later changeRow
			if err := getChange(tx, k[len(i.prefix):], &later); err != nil {
				return false, err
			}
			if later.Thing == record.Extension && later.Step == record.Done && (later.Op == record.Reactivate || later.Op == record.Create) {
				return true, nil
			}
		}
	}
	return false, nil
}
