package store

import (
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// forgetDigests marks every digest that the lost key had made, of holds and of
// last-known secrets: under another key they would all look as if what they are of
// had changed, and holds would end by that.
func forgetDigests(tx *bolt.Tx) error {
	var holds []record.Hold
	err := holdBucket.in(tx).ForEach(func(k, v []byte) error {
		h, err := decodeHold(keyNumber(k), v)
		if err == nil && reconcile.ForgetDigests(&h) {
			holds = append(holds, h)
		}
		return err
	})
	for _, h := range holds {
		err = errors.Join(err, putHold(tx, h))
	}
	return errors.Join(err, forgetBases(tx))
}

// forgetBases does it with the last-known values, row by row.
func forgetBases(tx *bolt.Tx) error {
	b := stateBucket.in(tx)
	var keys [][]byte
	err := b.ForEach(func(k, _ []byte) error {
		keys = append(keys, append([]byte(nil), k...))
		return nil
	})
	for _, k := range keys {
		if err != nil {
			break
		}
		err = forgetBase(b, k)
	}
	return err
}

func forgetBase(b *bolt.Bucket, key []byte) error {
	var row stateRow
	if err := decode(key, b.Get(key), &row); err != nil {
		return fmt.Errorf("state of link %d: %w", keyNumber(key), err)
	}
	found := false
	for name, base := range row.Fields {
		if reconcile.ForgetDigestsOf(&base) {
			row.Fields[name], found = base, true
		}
	}
	if !found {
		return nil
	}
	value, err := encode(key, &row)
	if err != nil {
		return err
	}
	return b.Put(key, value)
}
