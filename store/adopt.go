package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile/record"
)

// adopted is one unit with the states that belong to it.
type adopted struct {
	unit   record.Unit
	states []record.State
}

// Adopt commits units whose changes need no request, with their states, in
// batches of 1,000, already closed: changes that have no outcome are done. A
// unit and the states of its links are committed together; states of no unit
// come last.
func (db *DB) Adopt(units []record.Unit, states []record.State) error {
	pairs, rest := pairUp(units, states)
	err := inBatches(db, pairs, func(tx *bolt.Tx, a adopted) error {
		if err := db.putUnit(tx, a.unit, true); err != nil {
			return err
		}
		for _, s := range a.states {
			if err := putState(tx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	return db.Save(rest)
}

// pairUp gives each unit the states of the links that its changes name, each
// state once.
func pairUp(units []record.Unit, states []record.State) (pairs []adopted, rest []record.State) {
	byLink := make(map[uint64][]record.State, len(states))
	for _, s := range states {
		byLink[s.Number] = append(byLink[s.Number], s)
	}
	for _, u := range units {
		a := adopted{unit: u}
		for _, c := range u.Changes {
			a.states = append(a.states, byLink[c.Link]...)
			delete(byLink, c.Link)
		}
		pairs = append(pairs, a)
	}
	for _, s := range states {
		rest = append(rest, byLink[s.Number]...)
		delete(byLink, s.Number)
	}
	return pairs, rest
}
