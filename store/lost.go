package store

import (
	bolt "go.etcd.io/bbolt"
)

// Lost counts the secrets that were sealed with another key than the present one,
// by field; those of mails count as "mail", of conflicts as "conflict". They stay
// unreadable unless that key is put back.
func (db *DB) Lost() (map[string]int, error) {
	lost := map[string]int{}
	for _, find := range []func(*bolt.Tx, map[string]int) error{db.lostChanges, db.lostConflicts, db.lostMails} {
		if err := db.view(func(tx *bolt.Tx) error { return find(tx, lost) }); err != nil {
			return nil, err
		}
	}
	return lost, nil
}

func (db *DB) lostChanges(tx *bolt.Tx, lost map[string]int) error {
	return changeBucket.in(tx).ForEach(func(k, v []byte) error {
		var row changeRow
		if err := decode(k, v, &row); err != nil {
			return err
		}
		for field, d := range row.Fields {
			if d.Secret && !db.seal.owns(d.Box) {
				lost[field]++
			}
		}
		return nil
	})
}

func (db *DB) lostConflicts(tx *bolt.Tx, lost map[string]int) error {
	return conflictBucket.in(tx).ForEach(func(k, v []byte) error {
		var row conflictRow
		if err := decode(k, v, &row); err != nil {
			return err
		}
		if row.Secret && !db.seal.owns(row.Box) {
			lost["conflict"]++
		}
		return nil
	})
}

func (db *DB) lostMails(tx *bolt.Tx, lost map[string]int) error {
	return mailBucket.in(tx).ForEach(func(k, v []byte) error {
		var row mailRow
		if err := decode(k, v, &row); err != nil {
			return err
		}
		if row.Box != nil && !db.seal.owns(row.Box) {
			lost["mail"]++
		}
		return nil
	})
}
