package storetest

import (
	"maps"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// copyState copies a state, but for what is below its fields.
func copyState(s record.State) record.State {
	s.Fields = maps.Clone(s.Fields)
	return s
}

// copyRun copies a run's end.
func copyRun(r record.Run) record.Run {
	if r.Finished != nil {
		at := *r.Finished
		r.Finished = &at
	}
	return r
}

// copyMemory copies what the store remembers of a run.
func copyMemory(m reconcile.Memory) reconcile.Memory {
	m.Filled = maps.Clone(m.Filled)
	return m
}

// copyUnit copies a unit; its changes take run and unit number from it.
func copyUnit(u record.Unit) record.Unit {
	u.Changes = slices.Clone(u.Changes)
	for i := range u.Changes {
		c := &u.Changes[i]
		c.Run, c.Unit, c.Fields = u.Run, u.Number, maps.Clone(c.Fields)
	}
	return u
}
