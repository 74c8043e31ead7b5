package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"xivosync/reconcile"
)

// ErrNotFound is returned when the store holds no such link, run, unit or
// conflict.
var ErrNotFound = errors.New("not in the store")

// Options say how a store is opened. The zero value is for production.
type Options struct {
	// Key seals secrets and keys digests; 32 bytes. Where it is nil, [KeyFile]
	// holds one, made at first use.
	Key []byte
	// NewKey makes a store whose key is lost take another one: what was sealed
	// with the old one stays unreadable, and every digest changes.
	NewKey bool
	// Random is where keys and nonces come from; crypto/rand where it is nil.
	Random io.Reader
	// Clock tells the time; time.Now where it is nil.
	Clock func() time.Time
	// Timeout is how long to wait for another process; a second where it is zero.
	Timeout time.Duration
	// NoSync leaves out fsync: for tests only.
	NoSync bool
	// Program is the program's name and version. It is kept in the file, so that
	// an older program can say which one is needed.
	Program string
	// Logger may be nil.
	Logger hclog.Logger
	// Around, where set, carries out each write transaction, which it is given:
	// whoever tests crashes ends the process before or after it.
	Around func(commit func() error) error

	// migrations stand in for the real ones in tests.
	migrations []migration
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Timeout <= 0 {
		o.Timeout = time.Second
	}
	if o.Program == "" {
		o.Program = "xivosync"
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Around == nil {
		o.Around = func(commit func() error) error { return commit() }
	}
	if o.migrations == nil {
		o.migrations = migrations()
	}
	o.Logger = o.Logger.Named("store")
	return o
}

// DB is an open store. Its methods may be called by several goroutines.
type DB struct {
	path     string
	opts     Options
	bolt     *bolt.DB
	file     *os.File
	seal     *sealer
	keyErr   error
	readOnly bool
	// empty tells that there was nothing in the file yet when it was opened.
	empty bool
	// broken is set when bbolt panicked: its locks can no longer be trusted.
	broken atomic.Bool
}

var _ reconcile.Store = (*DB)(nil)

// Open opens the store for writing, and makes it where there is none. The error
// is a [*Busy] when another process has it open, a [*NewerSchema] when a newer
// program wrote it, or wraps [ErrKey] or [ErrDamaged].
func Open(path string, opts Options) (*DB, error) {
	db := &DB{path: path, opts: opts.withDefaults()}
	if err := db.open(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(sayRoom(err), db.unmake(err)))
	}
	if err := db.settleIn(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(sayRoom(err), db.Close()))
	}
	return db, nil
}

// unmake empties a new store of which only a part found room, so that it does not
// pass for one that was cut off. Nothing was ever in it.
func (db *DB) unmake(err error) error {
	if !db.empty || !isFull(err) {
		return nil
	}
	unlock, err := lockOut(db.path, db.opts.Timeout)
	if err != nil {
		return err
	}
	return errors.Join(os.Truncate(db.path, 0), unlock())
}

// settleIn does what a writer does first: say who it is, bring the schema up to
// date, find the key.
func (db *DB) settleIn() error {
	if err := sign(db.path, db.opts.Clock()); err != nil {
		return err
	}
	if err := db.prepare(); err != nil {
		return err
	}
	return db.unlock()
}

// OpenReadOnly opens a store that exists, beside other readers. It cannot be had
// while a process writes (a [*Busy]), and keeps writers out until it is closed:
// close it before waiting for a person. With the key lost it still opens, see
// [DB.KeyError].
func OpenReadOnly(path string, opts Options) (*DB, error) {
	db := &DB{path: path, opts: opts.withDefaults(), readOnly: true}
	if err := db.open(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	if err := db.checkSchema(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(err, db.Close()))
	}
	db.keyErr = db.unlock()
	return db, nil
}

// open locks and maps the file.
func (db *DB) open() error {
	err := db.contain(func() error {
		b, err := bolt.Open(db.path, 0o600, &bolt.Options{
			Timeout:      db.opts.Timeout,
			ReadOnly:     db.readOnly,
			NoSync:       db.opts.NoSync,
			NoGrowSync:   db.opts.NoSync,
			FreelistType: bolt.FreelistMapType,
			OpenFile:     db.openFile,
		})
		db.bolt = b
		return err
	})
	if err == nil {
		return nil
	}
	if db.file != nil {
		_ = db.letGo() // bbolt has done it already, unless it panicked
	}
	return db.openError(err)
}

// openFile looks at the file before bbolt maps it.
func (db *DB) openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	if err := preflight(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if info, err := f.Stat(); err == nil {
		db.empty = info.Size() == 0
	}
	if db.empty && !db.readOnly && isPlain(f, path) {
		if err := handOver(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	db.file = f
	return f, nil
}

// isPlain tells whether a path leads to the open file itself, and not by a link to
// somebody else's.
func isPlain(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(path)
	return err == nil && named.Mode().IsRegular() && os.SameFile(opened, named)
}

// openError says in our words why the file could not be opened.
func (db *DB) openError(err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return busy(db.path)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case errors.Is(err, os.ErrNotExist) && db.readOnly:
		return fmt.Errorf("there is no store yet, the first run makes it: %w", err)
	}
	return err
}

// Close ends the use of the store and lets others in.
func (db *DB) Close() error {
	var err error
	if !db.readOnly {
		if e := os.Remove(holderFile(db.path)); !errors.Is(e, os.ErrNotExist) {
			err = e
		}
	}
	if db.broken.Load() {
		return errors.Join(err, db.letGo())
	}
	return errors.Join(err, db.bolt.Close())
}

// letGo unlocks and closes a file that bbolt can no longer close. Closing alone
// would not unlock it, since it stays mapped.
func (db *DB) letGo() error {
	return errors.Join(syscall.Flock(int(db.file.Fd()), syscall.LOCK_UN), db.file.Close())
}

// Path returns where the store is.
func (db *DB) Path() string { return db.path }

// KeyError tells why secrets cannot be read, in a store that was opened read
// only: it wraps [ErrKey]. It is nil where they can.
func (db *DB) KeyError() error { return db.keyErr }
