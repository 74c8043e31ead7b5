package reconcile

import (
	"cmp"
	"slices"
)

// NextFree returns the lowest number of the ranges that is not taken; false
// where all are. Shorter numbers come first.
func NextFree(pool []Range, taken func(number string) bool) (string, bool) {
	h := hand{ranges: inOrder(pool)}
	return h.next(taken)
}

// inOrder sorts ranges, the shortest and lowest first.
func inOrder(pool []Range) []Range {
	return slices.SortedFunc(slices.Values(pool), func(a, b Range) int {
		return cmp.Or(cmp.Compare(len(a.First), len(b.First)), cmp.Compare(a.First, b.First))
	})
}

// hand walks through ranges, once.
type hand struct {
	ranges []Range
	// at is the number to try next in the first of the ranges; empty at its
	// beginning.
	at string
}

func (h *hand) next(taken func(number string) bool) (string, bool) {
	for len(h.ranges) > 0 {
		r := h.ranges[0]
		number := cmp.Or(h.at, r.First)
		if number == r.Last {
			h.ranges, h.at = h.ranges[1:], ""
		} else {
			h.at = successor(number)
		}
		if !taken(number) {
			return number, true
		}
	}
	return "", false
}

// Pools hands out free numbers for one plan, none of them twice, also where
// sites share a context.
type Pools struct {
	taken func(raw string) bool
	given map[string]bool
	hands map[string]*hand
}

// NewPools makes the pools of a plan; taken tells whether a NUMBER@CONTEXT is in
// use, reserved or asked for. It must not change its mind to "free" meanwhile.
func NewPools(taken func(raw string) bool) *Pools {
	return &Pools{taken: taken, given: map[string]bool{}, hands: map[string]*hand{}}
}

// Next hands out the lowest free number of the site's pool as NUMBER@CONTEXT;
// false where nothing is left.
func (p *Pools) Next(s *Site) (string, bool) {
	if s == nil {
		return "", false
	}
	place := s.Name + "@" + s.Context // a rule may send some people of a site to another context
	h := p.hands[place]
	if h == nil {
		h = &hand{ranges: inOrder(s.Pool)}
		p.hands[place] = h
	}
	raw := func(number string) string { return number + "@" + s.Context }
	number, ok := h.next(func(number string) bool { return p.given[raw(number)] || p.taken(raw(number)) })
	if !ok {
		return "", false
	}
	p.given[raw(number)] = true
	return raw(number), true
}
