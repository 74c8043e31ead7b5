package store

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	bolt "go.etcd.io/bbolt"
)

// ErrKey is returned when the key that secrets are sealed with is lost, or is
// another one than the store was written with.
var ErrKey = errors.New("the store's key does not fit")

// KeyFile returns the name of the key file that belongs to a store for which the
// configuration has no key: state.db has state.key beside it.
func KeyFile(path string) string {
	ext := filepath.Ext(path)
	if ext == ".key" {
		ext = ""
	}
	return strings.TrimSuffix(path, ext) + ".key"
}

// findKey returns the key of the options, or that of the key file; none where
// there is no key file.
func findKey(path string, opts Options) ([]byte, error) {
	if opts.Key != nil {
		return opts.Key, nil
	}
	file := KeyFile(path)
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keySize {
		return nil, fmt.Errorf("key file %s does not hold %d bytes in base64: %w", file, keySize, ErrKey)
	}
	return key, nil
}

// makeKey draws a new key and writes the key file.
func makeKey(path string, opts Options) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(opts.Random, key); err != nil {
		return nil, fmt.Errorf("make key: random source: %w", err)
	}
	file := KeyFile(path)
	err := replaceFile(file, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, base64.StdEncoding.EncodeToString(key))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	opts.Logger.Info("made a key for secrets; keep a copy of it apart from the backups", "file", file)
	return key, nil
}

// unlock finds the key and holds it against the mark in the file. A store
// without a mark takes the key as its own, and so does one that is told to with
// Options.NewKey.
func (db *DB) unlock() error {
	key, err := findKey(db.path, db.opts)
	if err != nil {
		return err
	}
	mark, err := db.keyMark()
	if err != nil {
		return err
	}
	adopt := !db.readOnly && (mark == nil || db.opts.NewKey)
	if key == nil && adopt {
		if key, err = makeKey(db.path, db.opts); err != nil {
			return err
		}
	}
	if key == nil {
		return fmt.Errorf("key file %s is missing; put it back, or see \"xivosync state new-key --help\": %w", KeyFile(db.path), ErrKey)
	}
	seal, err := newSealer(key, db.opts.Random)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	if fits := hmac.Equal(mark, seal.mark); !fits && !adopt {
		return fmt.Errorf("the store was written with another key than that of %s; put the right one back, or see \"xivosync state new-key --help\": %w", keySource(db.path, db.opts), ErrKey)
	} else if !fits {
		err = db.update(func(tx *bolt.Tx) error {
			meta := metaBucket.in(tx)
			// Its digests are no longer comparable, and nothing in it changed.
			return errors.Join(meta.Delete([]byte(metaConfig)), meta.Put([]byte(metaKey), seal.mark), forgetDigests(tx))
		})
	}
	db.seal = seal
	return err
}

// keySource says where the key comes from.
func keySource(path string, opts Options) string {
	if opts.Key != nil {
		return "the configuration"
	}
	return KeyFile(path)
}

// keyMark reads the mark of the key that the store was written with; nil in a
// new store.
func (db *DB) keyMark() (mark []byte, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		mark = bytes.Clone(metaBucket.in(tx).Get([]byte(metaKey)))
		return nil
	})
	return mark, err
}
