package store

import (
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// pruneUnits is how many units one transaction of Prune removes.
const pruneUnits = 100

// Prune removes old runs with their changes, oldest first, and tells how many.
// A run stays while it is one of the newest keepRuns, or while it ended no longer
// than keepFor ago; a zero keepRuns or keepFor protects nothing, and with both
// zero nothing is removed. Always kept are the newest run and what something
// still refers to (see [DB.needed]). Closed conflicts go with the run that saw
// them last, mails that are not pending with the run that they are from. It writes
// many small transactions; one that is interrupted is completed by the next.
//
// In any case it erases what mails say that were not sent and that nobody looked
// after for a month.
func (db *DB) Prune(keepRuns int, keepFor time.Duration, now time.Time) (removed int, err error) {
	if err := db.eraseLetters(now); err != nil {
		return 0, err
	}
	if keepRuns <= 0 && keepFor <= 0 {
		return 0, nil
	}
	old, err := db.oldRuns(max(keepRuns, 1), now.Add(-keepFor), now)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	pointed, err := db.pointedRuns()
	if err != nil {
		return 0, err
	}
	for _, run := range old {
		needed, err := db.needed(run, pointed)
		if err != nil {
			return removed, err
		}
		if needed {
			continue
		}
		if err := db.removeRun(run); err != nil {
			return removed, err
		}
		removed++
	}
	if removed == 0 {
		return 0, nil
	}
	if err := db.removeClosed(); err != nil {
		return removed, err
	}
	return removed, db.removeMails(now.Add(-keepFor), now)
}

// oldRuns returns the runs that are old enough to go, oldest first. Runs end in
// the order of their numbers, so that the first young one ends the search; one
// that ended in the future was made under a wrong clock.
func (db *DB) oldRuns(keep int, limit, now time.Time) (old []uint64, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		c := runBucket.in(tx).Cursor()
		newest := 0
		k, _ := c.Last()
		for ; k != nil && newest < keep; k, _ = c.Prev() {
			newest++
		}
		if k == nil {
			return nil
		}
		last := keyNumber(k)
		for k, v := c.First(); k != nil && keyNumber(k) <= last; k, v = c.Next() {
			run, err := decodeRun(k, v)
			if err != nil {
				return err
			}
			end := run.Started
			if run.Finished != nil {
				end = *run.Finished
			}
			if !end.Before(limit) && !end.After(now) {
				return nil
			}
			old = append(old, run.Number)
		}
		return nil
	})
	return old, err
}

// removeRun removes a run, its units first and its row last, so that the next
// Prune completes what is interrupted.
func (db *DB) removeRun(run uint64) error {
	for {
		left := false
		err := db.update(func(tx *bolt.Tx) (err error) {
			left, err = removePart(tx, run)
			return err
		})
		if err != nil || !left {
			return err
		}
	}
}

// removePart removes some units of a run, or the last ones with its row. With the
// first of them the run is gone for readers: nobody may take half of it back.
func removePart(tx *bolt.Tx, run uint64) (left bool, err error) {
	if left, err = removeUnits(tx, run); err != nil {
		return left, err
	}
	if !left {
		return false, removeRunRow(tx, run)
	}
	key := numberKey(run)
	row, err := decodeRunRow(key, runBucket.in(tx).Get(key))
	if err != nil || row.Going {
		return true, err
	}
	row.Going = true
	value, err := encode(key, &row)
	if err != nil {
		return true, err
	}
	return true, runBucket.in(tx).Put(key, value)
}

// removeRunRow removes the row of a run that has no units any longer.
func removeRunRow(tx *bolt.Tx, number uint64) error {
	run, err := decodeRun(numberKey(number), runBucket.in(tx).Get(numberKey(number)))
	if err != nil {
		return err
	}
	for _, undone := range run.RolledBack {
		if err := undoneBucket.in(tx).Delete(pairKey(undone, number)); err != nil {
			return err
		}
	}
	return runBucket.in(tx).Delete(numberKey(number))
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
