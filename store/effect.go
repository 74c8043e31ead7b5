package store

import (
	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
)

// Keep commits, in one transaction, an effect that belongs to no change.
func (db *DB) Keep(effect reconcile.Effect) error {
	return db.update(func(tx *bolt.Tx) error { return db.putEffect(tx, effect) })
}

// putEffect stores what a settled change leaves, states in the order of their
// numbers.
func (db *DB) putEffect(tx *bolt.Tx, effect reconcile.Effect) error {
	for _, s := range inOrder(effect.States) {
		if err := putState(tx, s); err != nil {
			return err
		}
	}
	for _, h := range effect.Holds {
		if err := putHold(tx, h); err != nil {
			return err
		}
	}
	for _, m := range effect.Mails {
		if err := db.putMail(tx, m); err != nil {
			return err
		}
	}
	for _, number := range effect.Released {
		if err := removeHold(tx, number); err != nil {
			return err
		}
	}
	return nil
}
