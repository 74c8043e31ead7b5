package sidetest

import (
	"maps"
	"slices"
)

// Backup keeps what the side holds now, and returns how to restore it, with the
// numbers that it would give next.
func (f *Fake) Backup() (restore func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	people, ids, last := f.copies(f.people), slices.Clone(f.ids), f.last
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.people, f.ids, f.last = f.copies(people), slices.Clone(ids), last
	}
}

func (f *Fake) copies(people map[string]*held) map[string]*held {
	out := map[string]*held{}
	for id, h := range people {
		c := *h
		c.Values = maps.Clone(h.Values)
		out[id] = &c
	}
	return out
}
