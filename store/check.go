package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// maxProblems is how many problems a check names before it gives up.
const maxProblems = 100

// errEnough is returned when a check has found as much as it may name.
var errEnough = errors.New("there is more")

// checker collects what is wrong in one transaction.
type checker struct {
	db       *DB
	tx       *bolt.Tx
	problems []string
}

// Check reads the whole store: its pages, then every value with its checksum and
// every index row. It names what is wrong, at most a hundred things; none is a sound store.
// The error is one of reading. Nothing is changed.
func (db *DB) Check() ([]string, error) {
	c := &checker{db: db}
	err := db.view(func(tx *bolt.Tx) error {
		c.tx = tx
		return c.all()
	})
	if errors.Is(err, errEnough) {
		return append(c.problems, errEnough.Error()), nil
	}
	return c.problems, err
}

// all runs the checks; where the pages are damaged, values are not looked at.
func (c *checker) all() error {
	if err := checkPages(c.db.file, c.report); err != nil || len(c.problems) > 0 {
		return err
	}
	if whole, err := c.buckets(); err != nil || !whole {
		return err
	}
	for _, check := range []func() error{c.links, c.runs, c.units, c.changes, c.indexes, c.conflicts, c.holds, c.mails} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// buckets checks that there are exactly the buckets of the schema, and tells
// whether all of them can be looked at.
func (c *checker) buckets() (whole bool, err error) {
	whole = true
	known := map[string]bool{}
	for _, b := range buckets() {
		known[string(b)] = true
		if b.in(c.tx) == nil {
			whole = false
			err = c.report("bucket %s is missing", b)
		} else {
			err = c.sequence(b)
		}
		if err != nil {
			return whole, err
		}
	}
	err = c.tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if !known[string(name)] {
			return c.report("bucket %q is not known", name)
		}
		return nil
	})
	if err != nil || !whole {
		return whole, err
	}
	return whole, metaBucket.in(c.tx).ForEach(func(k, _ []byte) error {
		if !slices.Contains([]string{metaSchema, metaProgram, metaKey, metaMemory, metaConfig}, string(k)) {
			return c.report("bucket %s: key %q is not known", metaBucket, k)
		}
		return nil
	})
}

// highestNumber is far above what any store comes to, and still exact in JSON.
const highestNumber = 1 << 53

// sequence checks that a bucket will not give a number again that it has given.
func (c *checker) sequence(b bucket) error {
	if b != linkBucket && b != runBucket && b != conflictBucket && b != holdBucket && b != mailBucket {
		return nil
	}
	given := b.in(c.tx).Sequence()
	if last, _ := b.in(c.tx).Cursor().Last(); given < keyNumber(last) || given > highestNumber {
		return c.report("bucket %s: the highest number given is %d, and there is %d", b, given, keyNumber(last))
	}
	return nil
}

// report adds a problem.
func (c *checker) report(format string, args ...any) error {
	if len(c.problems) == maxProblems {
		return errEnough
	}
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
	return nil
}

// has tells whether a bucket has a key.
func (c *checker) has(b bucket, key []byte) bool { return b.in(c.tx).Get(key) != nil }

// links checks that links and states can be read and belong together.
func (c *checker) links() error {
	err := linkBucket.in(c.tx).ForEach(func(k, v []byte) error {
		if _, err := unpackLink(keyNumber(k), v); err != nil {
			return c.report("%v", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = formerBucket.in(c.tx).ForEach(func(k, v []byte) error {
		if _, err := needSum(k, v); err != nil {
			return c.report("former entry of user %q: %v", k, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return stateBucket.in(c.tx).ForEach(func(k, v []byte) error {
		if !c.has(linkBucket, k) {
			return c.report("state of link %d: there is no such link", keyNumber(k))
		}
		if err := decode(k, v, &stateRow{}); err != nil {
			return c.report("state of link %d: %v", keyNumber(k), err)
		}
		return nil
	})
}

// runs checks that runs and the memory can be read.
func (c *checker) runs() error {
	if v := metaBucket.in(c.tx).Get([]byte(metaMemory)); v != nil {
		if err := decode([]byte(metaMemory), v, &memoryRow{}); err != nil {
			if err := c.report("memory: %v", err); err != nil {
				return err
			}
		}
	}
	if v := metaBucket.in(c.tx).Get([]byte(metaConfig)); v != nil {
		if err := decode([]byte(metaConfig), v, &configRow{}); err != nil {
			if err := c.report("configuration: %v", err); err != nil {
				return err
			}
		}
	}
	return runBucket.in(c.tx).ForEach(func(k, v []byte) error {
		run, err := decodeRun(k, v)
		if err != nil {
			return c.report("%v", err)
		}
		for _, number := range run.RolledBack {
			if !c.has(undoneBucket, pairKey(number, run.Number)) {
				return c.report("run %d: not in the index %s of run %d", run.Number, undoneBucket, number)
			}
		}
		return nil
	})
}

// units checks that units have their runs and changes, and that the list of open
// ones is right.
func (c *checker) units() error {
	err := unitBucket.in(c.tx).ForEach(func(k, v []byte) error {
		run, number := keyPair(k)
		var row unitRow
		if err := decode(k, v, &row); err != nil {
			return c.report("unit %d of run %d: %v", number, run, err)
		}
		if !c.has(runBucket, numberKey(run)) {
			return c.report("unit %d of run %d: there is no such run", number, run)
		}
		if listed := c.has(openBucket, k); listed == row.Closed {
			return c.report("unit %d of run %d: closed is %t, listed as open is %t", number, run, row.Closed, listed)
		}
		for _, seq := range row.Seqs {
			if !c.has(changeBucket, pairKey(run, seq)) {
				return c.report("unit %d of run %d: change %d/%d is missing", number, run, run, seq)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return openBucket.in(c.tx).ForEach(func(k, _ []byte) error {
		if run, number := keyPair(k); !c.has(unitBucket, k) {
			return c.report("unit %d of run %d: listed as open, but missing", number, run)
		}
		return nil
	})
}

// changes checks that changes can be read, with their secrets, and that units
// and indexes lead to them.
func (c *checker) changes() error {
	return changeBucket.in(c.tx).ForEach(func(k, v []byte) error {
		run, seq := keyPair(k)
		var row changeRow
		if err := decode(k, v, &row); err != nil {
			return c.report("change %d/%d: %v", run, seq, err)
		}
		if !c.has(unitBucket, pairKey(run, uint64(row.Unit))) {
			return c.report("change %d/%d: unit %d is missing", run, seq, row.Unit)
		}
		for _, i := range indexesOf(run, seq, &row) {
			if !c.has(i.bucket, i.key) {
				return c.report("change %d/%d: not in the index %s", run, seq, i.bucket)
			}
		}
		return c.boxes(run, seq, &row)
	})
}

// boxes checks the secrets that were sealed with the present key; those of a key
// that was given up are no fault.
func (c *checker) boxes(run, seq uint64, row *changeRow) error {
	for field, d := range row.Fields {
		if !c.db.seal.owns(d.Box) {
			continue
		}
		if _, err := c.db.seal.delta(d, deltaPlace(run, seq, field)); err != nil {
			return c.report("change %d/%d: field %s: the sealed values are damaged", run, seq, field)
		}
	}
	return nil
}

// indexes checks that the indexes lead to changes.
func (c *checker) indexes() error {
	err := undoneBucket.in(c.tx).ForEach(func(k, _ []byte) error {
		if _, by := keyPair(k); !c.has(runBucket, numberKey(by)) {
			return c.report("index %s: run %d is missing", undoneBucket, by)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, b := range []bucket{byLinkBucket, byEntryBucket} {
		err := b.in(c.tx).ForEach(func(k, _ []byte) error {
			run, seq := keyPair(k)
			if !c.has(changeBucket, pairKey(run, seq)) {
				return c.report("index %s: change %d/%d is missing", b, run, seq)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// conflicts checks that conflicts can be read, and that exactly those that are
// not closed are found by their keys.
func (c *checker) conflicts() error {
	err := conflictBucket.in(c.tx).ForEach(func(k, v []byte) error {
		conflict, err := c.db.seal.decodeConflict(keyNumber(k), v)
		if err != nil {
			return c.report("%v", err)
		}
		listed := bytes.Equal(byKeyBucket.in(c.tx).Get([]byte(conflict.Key())), k)
		if closed := conflict.State == record.Closed; listed == closed {
			return c.report("conflict %d: closed is %t, found by its key is %t", conflict.Number, closed, listed)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return byKeyBucket.in(c.tx).ForEach(func(_, v []byte) error {
		if !c.has(conflictBucket, v) {
			return c.report("conflict %d: found by its key, but missing", keyNumber(v))
		}
		return nil
	})
}

// holds checks that holds can be read, and that each is found by its key.
func (c *checker) holds() error {
	err := holdBucket.in(c.tx).ForEach(func(k, v []byte) error {
		hold, err := decodeHold(keyNumber(k), v)
		if err != nil {
			return c.report("%v", err)
		}
		if !bytes.Equal(holdKeyBucket.in(c.tx).Get([]byte(hold.Key())), k) {
			return c.report("hold %d: not found by its key", hold.Number)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return holdKeyBucket.in(c.tx).ForEach(func(_, v []byte) error {
		if !c.has(holdBucket, v) {
			return c.report("hold %d: found by its key, but missing", keyNumber(v))
		}
		return nil
	})
}

// mails checks that mails can be read, with their data, and that each is found by
// its key.
func (c *checker) mails() error {
	err := mailBucket.in(c.tx).ForEach(func(k, v []byte) error {
		var row mailRow
		if err := decode(k, v, &row); err != nil {
			return c.report("mail %d: %v", keyNumber(k), err)
		}
		if !bytes.Equal(mailKeyBucket.in(c.tx).Get([]byte(row.Key)), k) {
			return c.report("mail %d: not found by its key", keyNumber(k))
		}
		if _, err := c.db.seal.open(row.Box, mailPlace(keyNumber(k))); err != nil && c.db.seal.owns(row.Box) {
			return c.report("mail %d: the sealed values are damaged", keyNumber(k))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return mailKeyBucket.in(c.tx).ForEach(func(_, v []byte) error {
		if !c.has(mailBucket, v) {
			return c.report("mail %d: found by its key, but missing", keyNumber(v))
		}
		return nil
	})
}
