package store

import (
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// pruneUnits is how many units one transaction of Prune removes.
const pruneUnits = 100

// Prune removes old runs with their changes, oldest first, and tells how many.
// A run stays while it is one of the newest keepRuns, or while it ended no longer
// than keepFor ago; a zero keepRuns or keepFor protects nothing, and with both
// zero nothing is removed. Always kept are the newest run, runs with an open
// unit, those in which a conflict that is not closed was first or last seen, and
// the rollbacks that a hold comes from. Closed conflicts go with the run that saw
// them last. It writes many small transactions; one that is interrupted is
// completed by the next.
func (db *DB) Prune(keepRuns int, keepFor time.Duration, now time.Time) (removed int, err error) {
	if keepRuns <= 0 && keepFor <= 0 {
		return 0, nil
	}
	needed, err := db.neededRuns()
	if err != nil {
		return 0, err
	}
	old, err := db.oldRuns(max(keepRuns, 1), now.Add(-keepFor), needed)
	if err != nil {
		return 0, err
	}
	for _, run := range old {
		if err := db.removeRun(run); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, db.removeClosed()
}

// neededRuns returns the runs that something open points to.
func (db *DB) neededRuns() (map[uint64]bool, error) {
	needed := map[uint64]bool{}
	units, err := db.Unclosed()
	if err != nil {
		return nil, err
	}
	for _, u := range units {
		needed[u.Run] = true
	}
	for c, err := range db.Conflicts() {
		if err != nil {
			return nil, err
		}
		needed[c.FirstRun], needed[c.LastRun] = true, true
	}
	for h, err := range db.Holds() {
		if err != nil {
			return nil, err
		}
		needed[h.Run] = true
	}
	return needed, nil
}

// oldRuns returns the runs that may go, oldest first.
func (db *DB) oldRuns(keep int, limit time.Time, needed map[uint64]bool) (old []uint64, err error) {
	newest := 0
	for run, err := range db.Runs() {
		if err != nil {
			return nil, err
		}
		end := run.Started
		if run.Finished != nil {
			end = *run.Finished
		}
		if newest++; newest > keep && end.Before(limit) && !needed[run.Number] {
			old = append(old, run.Number)
		}
	}
	slices.Reverse(old)
	return old, nil
}

// removeRun removes a run, its units first: until the last transaction the
// journal is whole.
func (db *DB) removeRun(run uint64) error {
	for {
		left := false
		err := db.update(func(tx *bolt.Tx) (err error) {
			left, err = removeUnits(tx, run)
			if err != nil || left {
				return err
			}
			return runBucket.in(tx).Delete(numberKey(run))
		})
		if err != nil || !left {
			return err
		}
	}
}

// removeUnits removes some units of a run with their changes, and tells whether
// some are left.
func removeUnits(tx *bolt.Tx, run uint64) (left bool, err error) {
	keys := walk[[]byte]{bucket: unitBucket, prefix: numberKey(run), item: func(_ *bolt.Tx, k, _ []byte) ([]byte, bool, error) {
		return append([]byte(nil), k...), true, nil
	}}
	found, err := keys.page(tx, nil)
	if err != nil {
		return false, err
	}
	units := found.items
	if len(units) > pruneUnits {
		units, left = units[:pruneUnits], true
	}
	for _, key := range units {
		if err := removeUnit(tx, key); err != nil {
			return false, err
		}
	}
	return left, nil
}

// removeUnit removes one unit with its changes and their index rows.
func removeUnit(tx *bolt.Tx, key []byte) error {
	var unit unitRow
	if err := getUnit(tx, key, &unit); err != nil {
		return err
	}
	run, _ := keyPair(key)
	for _, seq := range unit.Seqs {
		var row changeRow
		if err := getChange(tx, pairKey(run, seq), &row); err != nil {
			return err
		}
		rows := append(indexesOf(run, seq, &row), index{changeBucket, pairKey(run, seq)})
		for _, r := range rows {
			if err := r.bucket.in(tx).Delete(r.key); err != nil {
				return err
			}
		}
	}
	return unitBucket.in(tx).Delete(key)
}

// removeClosed removes the closed conflicts that were last seen in a run that is
// no longer there.
func (db *DB) removeClosed() error {
	orphans := walk[uint64]{bucket: conflictBucket, item: func(tx *bolt.Tx, k, v []byte) (uint64, bool, error) {
		c, err := db.seal.decodeConflict(keyNumber(k), v)
		return c.Number, c.State == record.Closed && runBucket.in(tx).Get(numberKey(c.LastRun)) == nil, err
	}}
	var gone []uint64
	for number, err := range orphans.in(db) {
		if err != nil {
			return err
		}
		gone = append(gone, number)
	}
	return inBatches(db, gone, func(tx *bolt.Tx, number uint64) error {
		return conflictBucket.in(tx).Delete(numberKey(number))
	})
}
