package store

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// Conflicts yields the conflicts that are open or decided, in order of their
// numbers.
func (db *DB) Conflicts() iter.Seq2[record.Conflict, error] { return db.conflicts(false) }

// AllConflicts yields them with those that are closed.
func (db *DB) AllConflicts() iter.Seq2[record.Conflict, error] { return db.conflicts(true) }

func (db *DB) conflicts(closed bool) iter.Seq2[record.Conflict, error] {
	return walk[record.Conflict]{bucket: conflictBucket, item: func(_ *bolt.Tx, k, v []byte) (record.Conflict, bool, error) {
		c, err := db.seal.decodeConflict(keyNumber(k), v)
		return c, closed || c.State != record.Closed, err
	}}.in(db)
}

// Conflict reads one conflict, also one that is closed. The error wraps
// [ErrNotFound] when there is none of that number.
func (db *DB) Conflict(number uint64) (c record.Conflict, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		c, err = db.conflict(tx, number)
		return err
	})
	return c, err
}

// conflict reads one conflict.
func (db *DB) conflict(tx *bolt.Tx, number uint64) (record.Conflict, error) {
	value := conflictBucket.in(tx).Get(numberKey(number))
	if value == nil {
		return record.Conflict{}, fmt.Errorf("conflict %d: %w", number, ErrNotFound)
	}
	return db.seal.decodeConflict(number, value)
}

// Reconcile makes the queue hold exactly these for the persons that were
// examined. New ones are opened and numbered; known ones keep number, first run,
// since and decision (unless they say why it was not carried out), and take
// everything else; those that were examined and not
// found are closed, and kept as they were last seen. Of two with one key the last
// one counts. It writes batches of 1,000; doing it again completes it.
func (db *DB) Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error {
	byKey := make(map[string]record.Conflict, len(found))
	for _, c := range found {
		byKey[c.Key()] = c
	}
	var gone []uint64
	for c, err := range db.Conflicts() {
		if err != nil {
			return err
		}
		if _, still := byKey[c.Key()]; !still && examined(c) {
			gone = append(gone, c.Number)
		}
	}
	if err := inBatches(db, gone, db.closeConflict); err != nil {
		return err
	}
	sorted := make([]record.Conflict, 0, len(byKey))
	for _, c := range byKey {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b record.Conflict) int { return cmp.Compare(a.Key(), b.Key()) })
	return inBatches(db, sorted, func(tx *bolt.Tx, c record.Conflict) error {
		return db.refresh(tx, run, now, c)
	})
}

// refresh opens a conflict, or brings the one of its key up to date.
func (db *DB) refresh(tx *bolt.Tx, run uint64, now time.Time, c record.Conflict) (err error) {
	keys := byKeyBucket.in(tx)
	if number := keys.Get([]byte(c.Key())); number != nil {
		old, err := db.conflict(tx, keyNumber(number))
		if err != nil {
			return err
		}
		c.Number, c.FirstRun, c.Since = old.Number, old.FirstRun, old.Since
		if c.Reopened == "" || !c.Decision.Is(old.Decision) { // else the run could not carry it out
			c.Decision, c.Reopened = old.Decision, old.Reopened
		} else {
			c.Decision = nil
		}
	} else {
		if c.Number, err = conflictBucket.in(tx).NextSequence(); err != nil {
			return err
		}
		if err := keys.Put([]byte(c.Key()), numberKey(c.Number)); err != nil {
			return err
		}
		c.FirstRun, c.Since = run, now
	}
	c.LastRun = run
	return db.putConflict(tx, c)
}

// putConflict stores a conflict that is not closed.
func (db *DB) putConflict(tx *bolt.Tx, c record.Conflict) error {
	c.State = record.Open
	if c.Decision != nil {
		c.State = record.Decided
	}
	value, err := db.seal.encodeConflict(c)
	if err != nil {
		return err
	}
	return conflictBucket.rising(tx).Put(numberKey(c.Number), value)
}

// closeConflict closes a conflict; its key is free for another one.
func (db *DB) closeConflict(tx *bolt.Tx, number uint64) error {
	c, err := db.conflict(tx, number)
	if err != nil {
		return err
	}
	c.State = record.Closed
	value, err := db.seal.encodeConflict(c)
	if err != nil {
		return err
	}
	if err := byKeyBucket.in(tx).Delete([]byte(c.Key())); err != nil {
		return err
	}
	return conflictBucket.in(tx).Put(numberKey(number), value)
}

// Decide stores what a person decided about a conflict that is not closed; nil
// takes the decision back. The error wraps [ErrNotFound] when there is no such
// conflict, or it is closed.
func (db *DB) Decide(number uint64, decision *record.Decision) error {
	return db.update(func(tx *bolt.Tx) error {
		c, err := db.conflict(tx, number)
		if err != nil {
			return err
		}
		if c.State == record.Closed {
			return fmt.Errorf("open conflict %d (it is closed): %w", number, ErrNotFound)
		}
		c.Decision, c.Reopened = decision, ""
		return db.putConflict(tx, c)
	})
}
