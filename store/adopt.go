package store

import (
	"fmt"

	bolt "go.etcd.io/bbolt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// adopted is one unit with the effect that belongs to it.
type adopted struct {
	unit   record.Unit
	effect reconcile.Effect
}

// Adopt commits units whose changes need no request, with their effects, in
// batches of 1,000, already closed: changes that have no outcome are done. A
// unit is committed together with the states of its links and the holds of its
// entries; what belongs to no unit comes last.
func (db *DB) Adopt(units []record.Unit, effect reconcile.Effect) error {
	pairs, rest := pairUp(units, effect)
	err := inBatches(db, pairs, func(tx *bolt.Tx, a adopted) error {
		if err := db.putUnit(tx, a.unit, true); err != nil {
			return err
		}
		return db.putEffect(tx, a.effect)
	})
	if err == nil {
		err = db.Save(rest.States)
	}
	if err == nil {
		err = db.Hold(rest.Holds...)
	}
	if err == nil {
		err = db.Release(rest.Released...)
	}
	if err == nil {
		err = inBatches(db, rest.Mails, db.putMail)
	}
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	return nil
}

// pairUp gives each unit the states of the links and the holds of the entries
// that its changes name, each once.
func pairUp(units []record.Unit, effect reconcile.Effect) (pairs []adopted, rest reconcile.Effect) {
	states := grouped(effect.States, func(s record.State) uint64 { return s.Number })
	holds := grouped(effect.Holds, func(h record.Hold) string { return h.Entry })
	for _, u := range units {
		a := adopted{unit: u}
		for _, c := range u.Changes {
			a.effect.States = append(a.effect.States, states[c.Link]...)
			delete(states, c.Link)
			if c.Entry != "" {
				a.effect.Holds = append(a.effect.Holds, holds[c.Entry]...)
				delete(holds, c.Entry)
			}
		}
		pairs = append(pairs, a)
	}
	rest.Released, rest.Mails = effect.Released, effect.Mails
	for _, s := range effect.States {
		rest.States = append(rest.States, states[s.Number]...)
		delete(states, s.Number)
	}
	for _, h := range effect.Holds {
		rest.Holds = append(rest.Holds, holds[h.Entry]...)
		delete(holds, h.Entry)
	}
	return pairs, rest
}

// grouped sorts items by what they belong to.
func grouped[K comparable, T any](items []T, key func(T) K) map[K][]T {
	groups := make(map[K][]T, len(items))
	for _, item := range items {
		k := key(item)
		groups[k] = append(groups[k], item)
	}
	return groups
}
