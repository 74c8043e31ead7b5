package store

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Changes yields the changes of one run, in order of their numbers.
func (db *DB) Changes(run uint64) iter.Seq2[record.Change, error] {
	return walk[record.Change]{bucket: changeBucket, prefix: numberKey(run), item: func(_ *bolt.Tx, k, v []byte) (record.Change, bool, error) {
		var row changeRow
		_, seq := keyPair(k)
		if err := decode(k, v, &row); err != nil {
			return record.Change{}, false, fmt.Errorf("change %d/%d: %w", run, seq, err)
		}
		c, err := db.seal.change(run, seq, &row)
		return c, true, err
	}}.in(db)
}

// ChangesOf yields the changes of one person in one run, in order of their
// numbers. Both indexes together hold few of them: they are read at once.
func (db *DB) ChangesOf(run, link uint64, entry string) iter.Seq2[record.Change, error] {
	return pages(db, func(tx *bolt.Tx, _ []byte) (p page[record.Change], err error) {
		var ids [][]byte
		if link != 0 {
			ids = append(ids, idsIn(tx, byLinkBucket, numberKey(link), run)...)
		}
		if entry != "" {
			ids = append(ids, idsIn(tx, byEntryBucket, entryPrefix(entry), run)...)
		}
		slices.SortFunc(ids, bytes.Compare)
		p.items, err = db.changesAt(tx, slices.CompactFunc(ids, bytes.Equal))
		return p, err
	})
}

// idsIn returns the change keys that an index has below a prefix in one run.
func idsIn(tx *bolt.Tx, b bucket, prefix []byte, run uint64) (ids [][]byte) {
	within := append(bytes.Clone(prefix), numberKey(run)...)
	c := b.in(tx).Cursor()
	for k, _ := c.Seek(within); bytes.HasPrefix(k, within); k, _ = c.Next() {
		ids = append(ids, bytes.Clone(k[len(prefix):]))
	}
	return ids
}

// changesAt reads the changes of these keys.
func (db *DB) changesAt(tx *bolt.Tx, ids [][]byte) (changes []record.Change, err error) {
	for _, id := range ids {
		c, err := db.change(tx, id)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// History yields the changes of one person, newest first: those of the link, and
// those of the directory's id. A zero link or an empty entry stands for none. Most
// readers want but the newest: the first page is a short one.
func (db *DB) History(link uint64, entry string) iter.Seq2[record.Change, error] {
	return pages(db, func(tx *bolt.Tx, from []byte) (p page[record.Change], err error) {
		size := pageSize
		if from == nil {
			size = firstPage
		}
		var ids [][]byte
		if link != 0 {
			ids = append(ids, idsBefore(tx, byLinkBucket, numberKey(link), from, size)...)
		}
		if entry != "" {
			ids = append(ids, idsBefore(tx, byEntryBucket, entryPrefix(entry), from, size)...)
		}
		slices.SortFunc(ids, func(a, b []byte) int { return bytes.Compare(b, a) })
		ids = slices.CompactFunc(ids, bytes.Equal)
		ids = ids[:min(len(ids), size)]
		if p.items, err = db.changesAt(tx, ids); err != nil {
			return p, err
		}
		if len(ids) == size {
			p.next = ids[size-1]
		}
		return p, nil
	})
}

// firstPage is how many changes History reads at first.
const firstPage = 10

// idsBefore returns up to so many of the change keys that an index has below a
// prefix, newest first, older than from; from the newest on where it is nil.
func idsBefore(tx *bolt.Tx, b bucket, prefix, from []byte, most int) (ids [][]byte) {
	end := after(prefix)
	if from != nil {
		end = append(bytes.Clone(prefix), from...)
	}
	c := b.in(tx).Cursor()
	for k, _ := seekBefore(c, end); k != nil && bytes.HasPrefix(k, prefix) && len(ids) < most; k, _ = c.Prev() {
		ids = append(ids, bytes.Clone(k[len(prefix):]))
	}
	return ids
}

// Recent yields the changes that were done since then, oldest run first, each
// with the run that made it. A change bears no time of its own: it counts with
// the end of its run. A run that was killed ended, at the latest, when the next
// one began.
func (db *DB) Recent(since time.Time) iter.Seq2[reconcile.RunChange, error] {
	return func(yield func(reconcile.RunChange, error) bool) {
		runs, err := db.runsSince(since)
		if err != nil {
			yield(reconcile.RunChange{}, err)
			return
		}
		for _, number := range slices.Backward(runs) {
			if !db.yieldDone(number, yield) {
				return
			}
		}
	}
}

// runsSince returns the numbers of the runs that ended since then, newest first.
func (db *DB) runsSince(since time.Time) (numbers []uint64, err error) {
	var next time.Time // the start of the run after this one; zero for the last
	for run, err := range db.Runs() {
		if err != nil {
			return nil, err
		}
		end := next
		if run.Finished != nil {
			end = *run.Finished
		}
		if !end.IsZero() && end.Before(since) {
			break
		}
		numbers = append(numbers, run.Number)
		next = run.Started
	}
	return numbers, nil
}

// yieldDone yields the changes of one run that were done, and tells whether to
// go on.
func (db *DB) yieldDone(number uint64, yield func(reconcile.RunChange, error) bool) bool {
	run, err := db.Run(number)
	if err != nil {
		yield(reconcile.RunChange{}, err)
		return false
	}
	for c, err := range db.Changes(number) {
		switch {
		case err != nil:
			yield(reconcile.RunChange{}, err)
			return false
		case c.Step == record.Done && !yield(reconcile.RunChange{Run: &run, Change: c}, nil):
			return false
		}
	}
	return true
}
