package store

import (
	"bytes"
	"fmt"
	"iter"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// Begin opens a run and numbers it: 1, 2, 3…, never one number twice. A run that
// has no start starts now.
func (db *DB) Begin(run record.Run) (record.Run, error) {
	if run.Started.IsZero() {
		run.Started = db.opts.Clock()
	}
	err := db.update(func(tx *bolt.Tx) (err error) {
		if run.Number, err = runBucket.in(tx).NextSequence(); err != nil {
			return err
		}
		return putRun(tx, run)
	})
	return run, err
}

// Finish closes a run with its outcome and counts. The error wraps [ErrNotFound]
// when it was never begun.
func (db *DB) Finish(run record.Run) error {
	return db.update(func(tx *bolt.Tx) error {
		if err := needRun(tx, run.Number); err != nil {
			return err
		}
		return putRun(tx, run)
	})
}

// putRun stores a run.
func putRun(tx *bolt.Tx, run record.Run) error {
	value, err := encode(numberKey(run.Number), &runRow{Run: run})
	if err != nil {
		return fmt.Errorf("run %d: %w", run.Number, err)
	}
	for _, number := range run.RolledBack {
		if err := undoneBucket.in(tx).Put(pairKey(number, run.Number), nil); err != nil {
			return err
		}
	}
	return runBucket.rising(tx).Put(numberKey(run.Number), value)
}

// RolledBackBy returns the rollbacks that took a run back, or a part of it,
// oldest first.
func (db *DB) RolledBackBy(run uint64) (rollbacks []uint64, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		rollbacks = rolledBackBy(tx, run)
		return nil
	})
	return rollbacks, err
}

func rolledBackBy(tx *bolt.Tx, run uint64) (rollbacks []uint64) {
	c := undoneBucket.in(tx).Cursor()
	prefix := numberKey(run)
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		rollbacks = append(rollbacks, keyNumber(k))
	}
	return rollbacks
}

// needRun makes sure that a run is in the journal.
func needRun(tx *bolt.Tx, run uint64) error {
	if runBucket.in(tx).Get(numberKey(run)) == nil {
		return fmt.Errorf("run %d: %w", run, ErrNotFound)
	}
	return nil
}

// decodeRun reads a stored run.
func decodeRun(key, value []byte) (record.Run, error) {
	row, err := decodeRunRow(key, value)
	return row.Run, err
}

func decodeRunRow(key, value []byte) (row runRow, err error) {
	if err := decode(key, value, &row); err != nil {
		return row, fmt.Errorf("run %d: %w", keyNumber(key), err)
	}
	return row, nil
}

// Run reads one run. The error wraps [ErrNotFound] when there is none of that
// number.
func (db *DB) Run(number uint64) (run record.Run, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		if err := needRun(tx, number); err != nil {
			return err
		}
		row, err := decodeRunRow(numberKey(number), runBucket.in(tx).Get(numberKey(number)))
		if err == nil && row.Going {
			return fmt.Errorf("run %d, which is being forgotten: %w", number, ErrNotFound)
		}
		run = row.Run
		return err
	})
	return run, err
}

// Runs yields the runs, newest first.
func (db *DB) Runs() iter.Seq2[record.Run, error] {
	return walk[record.Run]{bucket: runBucket, backwards: true, item: func(_ *bolt.Tx, k, v []byte) (record.Run, bool, error) {
		row, err := decodeRunRow(k, v)
		return row.Run, !row.Going, err
	}}.in(db)
}
