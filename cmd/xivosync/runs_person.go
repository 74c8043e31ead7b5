package main

import (
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// runsFor are the runs that had a change for the person with that id. Nobody
// needs to be linked any longer: the journal goes by the directory's id, too.
func runsFor(db *store.DB, id string) (map[uint64]bool, error) {
	who, err := reconcile.NamedBy(db, id)
	if err != nil {
		return nil, err
	}
	runs := map[uint64]bool{}
	for _, l := range append(who.Links, record.Link{Entry: strings.ToLower(id)}, record.Link{Entry: id}) {
		for c, err := range db.History(l.Number, l.Entry) {
			if err != nil {
				return nil, err
			}
			runs[c.Run] = true
		}
	}
	return runs, nil
}
