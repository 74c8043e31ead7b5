package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"
)

// migration brings a store from one schema to the next. It runs in one
// transaction with the new number.
type migration struct {
	// what says what it does, in a few words.
	what string
	run  func(*bolt.Tx) error
}

// migrations returns them in order: the first one leads from schema 1 to 2.
func migrations() []migration {
	return []migration{
		{what: "room for holds, rollbacks and mails, checksums", run: inTurn(addBuckets(holdBucket, holdKeyBucket, undoneBucket, mailBucket, mailKeyBucket), sumFormer)},
	}
}

// inTurn is a migration of several steps.
func inTurn(steps ...func(*bolt.Tx) error) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		for _, step := range steps {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

// sumFormer gives checksums to the former entries, which are bare texts: among
// them a value without one could not be told from a damaged one.
func sumFormer(tx *bolt.Tx) error {
	former := map[string][]byte{}
	err := formerBucket.in(tx).ForEach(func(k, v []byte) error {
		former[string(k)] = withSum(k, v)
		return nil
	})
	if err != nil {
		return err
	}
	for user, value := range former {
		if err := formerBucket.in(tx).Put([]byte(user), value); err != nil {
			return err
		}
	}
	return nil
}

// addBuckets is a migration to a schema that has more buckets.
func addBuckets(added ...bucket) func(*bolt.Tx) error {
	return func(tx *bolt.Tx) error {
		for _, b := range added {
			if _, err := tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	}
}

// schema returns the number that this program writes.
func (o Options) schema() uint64 { return uint64(len(o.migrations)) + 1 }

// NewerSchema is the error of opening a store that a newer program has written.
type NewerSchema struct {
	// Schema is the number of the file, Known the highest that this program knows.
	Schema, Known uint64
	// Program is the one that wrote it.
	Program string
}

// Error says which program is needed.
func (e *NewerSchema) Error() string {
	return fmt.Sprintf("the store has schema %d, this program knows %d at most; use %s or newer", e.Schema, e.Known, e.Program)
}

// checkSchema reads the schema's number and holds it against this program's.
func (db *DB) checkSchema() error {
	schema, program, err := db.schema()
	switch known := db.opts.schema(); {
	case err != nil:
		return err
	case schema > known:
		return &NewerSchema{Schema: schema, Known: known, Program: program}
	case schema == 0:
		return fmt.Errorf("the store is empty: %w", ErrDamaged)
	case schema < known:
		return fmt.Errorf("the store has schema %d, this program needs %d; the next run migrates it", schema, known)
	}
	return nil
}

// schema reads the number and the program that wrote it; zero in an empty file.
func (db *DB) schema() (schema uint64, program string, err error) {
	err = db.view(func(tx *bolt.Tx) error {
		meta := metaBucket.in(tx)
		if meta == nil {
			if name, _ := tx.Cursor().First(); name != nil {
				return fmt.Errorf("it holds %q: %w", name, ErrDamaged)
			}
			return nil
		}
		schema, program = keyNumber(meta.Get([]byte(metaSchema))), string(meta.Get([]byte(metaProgram)))
		return nil
	})
	return schema, program, err
}

// prepare makes the buckets of a new store, or brings an old one up to date.
func (db *DB) prepare() error {
	schema, _, err := db.schema()
	if err != nil {
		return err
	}
	known := db.opts.schema()
	switch {
	case schema == 0:
		return db.update(func(tx *bolt.Tx) error {
			if err := addBuckets(buckets()...)(tx); err != nil {
				return err
			}
			return db.putSchema(tx, known)
		})
	case schema >= known:
		return db.checkSchema()
	}
	return db.migrate(schema)
}

// putSchema stores the schema's number, and who wrote it.
func (db *DB) putSchema(tx *bolt.Tx, schema uint64) error {
	meta := metaBucket.in(tx)
	if err := meta.Put([]byte(metaSchema), numberKey(schema)); err != nil {
		return err
	}
	return meta.Put([]byte(metaProgram), []byte(db.opts.Program))
}

// migrate copies the store, then runs the migrations that it lacks, each in its
// own transaction: one that fails leaves the schema before it.
func (db *DB) migrate(from uint64) error {
	known := db.opts.schema()
	backup := fmt.Sprintf("%s.before-schema-%d", db.path, known)
	if err := db.Backup(backup); err != nil {
		return fmt.Errorf("before migrating to schema %d: %w", known, err)
	}
	for schema := from + 1; schema <= known; schema++ {
		m := db.opts.migrations[schema-2]
		db.opts.Logger.Info("migrating", "schema", schema, "what", m.what, "copy", backup)
		err := db.update(func(tx *bolt.Tx) error {
			if err := m.run(tx); err != nil {
				return err
			}
			return db.putSchema(tx, schema)
		})
		if err != nil {
			return fmt.Errorf("migrate to schema %d (%s); a copy is in %s: %w", schema, m.what, backup, err)
		}
	}
	return nil
}
