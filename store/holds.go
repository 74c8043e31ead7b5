package store

import (
	"fmt"
	"iter"
	"time"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// holdRow is how a hold is stored; its number is its key. A secret's value is a
// digest already.
type holdRow struct {
	stamp
	Person personRow    `json:"person"`
	Link   uint64       `json:"link,omitempty"`
	Entry  text         `json:"entry,omitempty"`
	User   text         `json:"user,omitempty"`
	Field  text         `json:"field,omitempty"`
	Side   record.Side  `json:"side,omitempty"`
	Value  record.Value `json:"value,omitempty"`
	Source text         `json:"source,omitempty"`
	Secret bool         `json:"secret,omitempty"`
	Run    uint64       `json:"run,omitempty"`
	Who    text         `json:"who,omitempty"`
	Why    text         `json:"why,omitempty"`
	Since  time.Time    `json:"since"`
}

// Holds yields the holds, in order of their numbers.
func (db *DB) Holds() iter.Seq2[record.Hold, error] {
	return walk[record.Hold]{bucket: holdBucket, item: func(_ *bolt.Tx, k, v []byte) (record.Hold, bool, error) {
		h, err := decodeHold(keyNumber(k), v)
		return h, true, err
	}}.in(db)
}

// Hold sets holds, in batches of 1,000: new ones are numbered, and one of a key
// that is held replaces it under its number.
func (db *DB) Hold(holds ...record.Hold) error { return inBatches(db, holds, putHold) }

// Release ends holds, in batches of 1,000; numbers that are not there are passed
// over.
func (db *DB) Release(numbers ...uint64) error { return inBatches(db, numbers, removeHold) }

// putHold stores a hold under the number of its key.
func putHold(tx *bolt.Tx, h record.Hold) (err error) {
	if h.Entry == "" && h.User == "" {
		return fmt.Errorf("hold of %s: neither the entry nor the user is named", h.Person.Label())
	}
	keys := holdKeyBucket.in(tx)
	if number := keys.Get([]byte(h.Key())); number != nil {
		h.Number = keyNumber(number)
	} else {
		if h.Number, err = holdBucket.in(tx).NextSequence(); err != nil {
			return err
		}
		if err := keys.Put([]byte(h.Key()), numberKey(h.Number)); err != nil {
			return fmt.Errorf("hold of %s: %w", h.Person.Label(), err)
		}
	}
	value, err := encode(numberKey(h.Number), &holdRow{
		Person: newPersonRow(h.Person), Link: h.Link, Entry: text(h.Entry), User: text(h.User), Field: text(h.Field),
		Side: h.Side, Value: h.Value, Source: text(h.Source), Secret: h.Secret, Run: h.Run, Who: text(h.Who), Why: text(h.Why), Since: h.Since,
	})
	if err != nil {
		return fmt.Errorf("hold %d: %w", h.Number, err)
	}
	return holdBucket.rising(tx).Put(numberKey(h.Number), value)
}

// removeHold ends a hold, if it is there.
func removeHold(tx *bolt.Tx, number uint64) error {
	value := holdBucket.in(tx).Get(numberKey(number))
	if value == nil {
		return nil
	}
	h, err := decodeHold(number, value)
	if err != nil {
		return err
	}
	if err := holdKeyBucket.in(tx).Delete([]byte(h.Key())); err != nil {
		return err
	}
	return holdBucket.in(tx).Delete(numberKey(number))
}

// decodeHold reads a stored hold.
func decodeHold(number uint64, value []byte) (record.Hold, error) {
	var row holdRow
	if err := decode(numberKey(number), value, &row); err != nil {
		return record.Hold{}, fmt.Errorf("hold %d: %w", number, err)
	}
	return record.Hold{
		Number: number, Person: row.Person.person(), Link: row.Link, Entry: string(row.Entry), User: string(row.User), Field: string(row.Field),
		Side: row.Side, Value: row.Value, Source: string(row.Source), Secret: row.Secret, Run: row.Run, Who: string(row.Who), Why: string(row.Why), Since: row.Since,
	}, nil
}
