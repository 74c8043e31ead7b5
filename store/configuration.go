package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// configRow is how the digests of the configuration's values are stored.
type configRow struct {
	stamp
	Keys map[string][]byte `json:"keys"`
}

// Configuration reads the digests of the configuration's values, by key, as the
// last run had them; empty in a new store.
func (db *DB) Configuration() (map[string]record.Digest, error) {
	digests := map[string]record.Digest{}
	err := db.view(func(tx *bolt.Tx) error {
		value := metaBucket.in(tx).Get([]byte(metaConfig))
		if value == nil {
			return nil
		}
		var row configRow
		if err := decode([]byte(metaConfig), value, &row); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
		for key, bytes := range row.Keys {
			var d record.Digest
			copy(d[:], bytes)
			digests[key] = d
		}
		return nil
	})
	return digests, err
}

// Configure replaces them.
func (db *DB) Configure(digests map[string]record.Digest) error {
	row := &configRow{Keys: make(map[string][]byte, len(digests))}
	for key, d := range digests {
		row.Keys[key] = d[:]
	}
	return db.update(func(tx *bolt.Tx) error {
		value, err := encode([]byte(metaConfig), row)
		if err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
		return metaBucket.in(tx).Put([]byte(metaConfig), value)
	})
}
