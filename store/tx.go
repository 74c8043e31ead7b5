package store

import (
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// batchSize is how many keys one transaction writes, and pageSize how many rows
// one reads.
const (
	batchSize = 1000
	pageSize  = 500
)

// view runs fn in a read transaction. It must not call the caller's code.
func (db *DB) view(fn func(*bolt.Tx) error) error {
	if err := db.contain(func() error { return db.bolt.View(fn) }); err != nil {
		return fmt.Errorf("read store %s: %w", db.path, err)
	}
	return nil
}

// update runs fn in a write transaction. When it returns nil, what fn wrote is
// on disk; when not, none of it is.
func (db *DB) update(fn func(*bolt.Tx) error) error {
	err := db.opts.Around(func() error { return db.contain(func() error { return db.bolt.Update(fn) }) })
	if err == nil {
		return nil
	}
	if isFull(err) {
		return fmt.Errorf("write store %s: nothing of this step was kept, %s: %w", db.path, makeRoom, err)
	}
	return fmt.Errorf("write store %s: %w", db.path, err)
}

// makeRoom is what to do about a full disk.
const makeRoom = "make room on its disk"

// sayRoom adds to the error of a full disk what to do, unless it says so already.
func sayRoom(err error) error {
	if err == nil || !isFull(err) || strings.Contains(err.Error(), makeRoom) {
		return err
	}
	return fmt.Errorf("%s: %w", makeRoom, err)
}

// isFull tells whether there was no room. Where bbolt could not make the file
// longer it keeps only the text of the error.
func isFull(err error) bool {
	return slices.ContainsFunc([]error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}, func(full error) bool {
		return errors.Is(err, full) || strings.Contains(err.Error(), full.Error())
	})
}

// contain turns the panics and memory faults by which bbolt answers a damaged
// file into an error. After one, nothing else is tried.
func (db *DB) contain(fn func() error) (err error) {
	if db.broken.Load() {
		return ErrDamaged
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			db.broken.Store(true)
			db.opts.Logger.Error("store is damaged", "path", db.path, "seen", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return fn()
}

// inBatches writes the items, a batch a transaction.
func inBatches[T any](db *DB, items []T, write func(*bolt.Tx, T) error) error {
	for batch := range slices.Chunk(items, batchSize) {
		err := db.update(func(tx *bolt.Tx) error {
			for _, item := range batch {
				if err := write(tx, item); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page is what one read transaction found, and where the next one goes on; nil
// at the end.
type page[T any] struct {
	items []T
	next  []byte
}

// pages yields what read finds, from the start (nil) on. No transaction is open
// while the loop's body runs.
func pages[T any](db *DB, read func(tx *bolt.Tx, from []byte) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var p page[T]
		for {
			err := db.view(func(tx *bolt.Tx) (err error) {
				p, err = read(tx, p.next)
				return err
			})
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, item := range p.items {
				if !yield(item, nil) {
					return
				}
			}
			if p.next == nil {
				return
			}
		}
	}
}
