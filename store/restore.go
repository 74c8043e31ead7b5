package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Restore puts a backup in the place of a store. The backup is checked first, and
// its secrets have to be readable with the store's key; an older schema is brought
// up to date by the next run. What was there stays under the name that is
// returned, "" where nothing was. A store that another process has open is left
// alone: the error is a [*Busy].
func Restore(path, backup string, opts Options) (aside string, err error) {
	aside, err = restore(path, backup, opts.withDefaults())
	if err != nil {
		return "", fmt.Errorf("restore store %s from %s: %w", path, backup, sayRoom(err))
	}
	return aside, nil
}

func restore(path, backup string, opts Options) (aside string, err error) {
	if same(path, backup) {
		return "", errors.New("they are one file")
	}
	db, err := openBackup(path, backup, opts)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	unlock, err := lockOut(path, opts.Timeout)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if aside, err = keepAside(path, opts.Clock()); err != nil {
		return "", err
	}
	err = db.view(func(tx *bolt.Tx) error {
		return replaceFile(path, func(w io.Writer) error {
			_, err := tx.WriteTo(w)
			return err
		})
	})
	if err != nil && aside != "" { // a second name of the store that is still in place
		err = errors.Join(err, os.Remove(aside))
	}
	return aside, err
}

// openBackup opens a backup with the key of the store, once it has proved sound.
func openBackup(path, backup string, opts Options) (db *DB, err error) {
	if opts.Key, err = findKey(path, opts); err != nil {
		return nil, err
	}
	if opts.Key == nil {
		return nil, fmt.Errorf("key file %s is missing; put it back first: %w", KeyFile(path), ErrKey)
	}
	db = &DB{path: backup, opts: opts, readOnly: true}
	if err := db.open(); err != nil {
		return nil, err
	}
	if err := db.prove(); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// prove checks a backup as far as this program knows its schema.
func (db *DB) prove() error {
	schema, program, err := db.schema()
	switch known := db.opts.schema(); {
	case err != nil:
		return err
	case schema == 0:
		return fmt.Errorf("it is empty: %w", ErrDamaged)
	case schema > known:
		return &NewerSchema{Schema: schema, Known: known, Program: program}
	}
	if err := db.unlock(); err != nil {
		return err
	}
	c := &checker{db: db}
	if schema == db.opts.schema() {
		c.problems, err = db.Check()
	} else {
		err = checkPages(db.file, c.report)
	}
	if err == nil && len(c.problems) > 0 {
		err = fmt.Errorf("the backup is damaged, too: %s", c.problems[0])
	}
	return err
}

// lockOut keeps other processes from opening a store, if there is one, as bbolt's
// own lock does.
func lockOut(path string, timeout time.Duration) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(timeout); ; time.Sleep(lockPause) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return f.Close, nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return nil, errors.Join(err, f.Close())
		case time.Now().After(deadline):
			return nil, errors.Join(busy(path), f.Close())
		}
	}
}

// lockPause is the time between two tries to get the lock.
const lockPause = 20 * time.Millisecond

// keepAside gives the store that is there a second name, so that the backup can
// take its place in one step; "" where there is none.
func keepAside(path string, now time.Time) (aside string, err error) {
	name := path + ".replaced-" + now.Format("20060102-150405")
	aside = name
	for n := 2; ; n++ {
		err = os.Link(path, aside)
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "", nil
		case !errors.Is(err, os.ErrExist):
			return aside, err
		}
		aside = fmt.Sprintf("%s-%d", name, n) // the second one of that second
	}
}
