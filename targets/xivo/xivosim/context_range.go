package xivosim

import (
	"slices"
	"strconv"
)

// contextNamed returns a context, nil when there is none of that name.
func (c *content) contextNamed(name string) *Context {
	id, _ := c.contextName.first(name)
	return c.contexts.get(id)
}

// checkContextName refuses a field that names no context.
func (c *content) checkContextName(name string) error {
	if c.contextNamed(name) == nil {
		return unknownRef("context", "Context", meta{"context", name})
	}
	return nil
}

// contains tells whether a number lies in one of the context's ranges, of
// whatever kind. Numbers are compared as numbers; a range with a length looks
// at that many last digits of its own bounds.
func (x *Context) contains(n int) bool {
	all := slices.Concat(x.Users, x.Groups, x.Queues, x.Rooms, x.Incalls)
	return slices.ContainsFunc(all, func(r Range) bool { return r.bound(r.Start) <= n && n <= r.bound(r.End) })
}

func (r Range) bound(s string) int {
	if r.DIDLength > 0 && len(s) > r.DIDLength {
		s = s[len(s)-r.DIDLength:]
	}
	n, _ := strconv.Atoi(s)
	return n
}

func (x *Context) ranged() bool {
	return len(x.Users)+len(x.Groups)+len(x.Queues)+len(x.Rooms)+len(x.Incalls) > 0
}
