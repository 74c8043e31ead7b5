package reconcile

import (
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// parkedReason says in plans and reports why a value is put aside.
const parkedReason = "parked while numbers change hands"

// cycle is a ring of people who ask for one another's values of a field: none of
// them is free until one is parked, out of the way. Its changes are one unit.
//
//	ann 1001 → 1002, bob 1002 → 1003, cid 1003 → 1001
//
//	ann  1001   → _#1001   parked
//	cid  1003   → 1001     each target is free now
//	bob  1002   → 1003
//	ann  _#1001 → 1002     arrives
type cycle struct {
	field string
	// turns are the parts of the people: each takes what the next one gives. The
	// first one is parked. Somebody with several numbers may have several parts.
	turns  []turn
	parked record.Value
	// unit is its index in the plan.
	unit int
	// held cycles are not carried out, by nobody in them.
	held bool
}

// turn is one person's part in a cycle.
type turn struct {
	p      *person
	change record.Change
}

// steps are the changes of the unit in their order.
func (c *cycle) steps() []record.Change {
	first := c.turns[0].change
	park, arrive := first, first
	d := first.Fields[c.field]
	away, home := d, d
	away.After, home.Before = c.parked, c.parked
	park.Fields, arrive.Fields = map[string]record.Delta{c.field: away}, map[string]record.Delta{c.field: home}
	park.Reason, park.Parks = parkedReason, true
	out := []record.Change{park}
	for _, t := range slices.Backward(c.turns[1:]) {
		out = append(out, t.change)
	}
	return append(out, arrive)
}

// who is the person of the step at an index.
func (c *cycle) who(step int) *person {
	if step == 0 || step == len(c.turns) {
		return c.turns[0].p
	}
	return c.turns[len(c.turns)-step].p
}

// people are those in the cycle, each once.
func (c *cycle) people() []*person {
	var out []*person
	for _, t := range c.turns {
		if !slices.Contains(out, t.p) {
			out = append(out, t.p)
		}
	}
	return out
}

// hold keeps the cycle from being carried out: everybody in it waits.
func (c *cycle) hold() {
	c.held = true
	for _, p := range c.people() {
		p.dropped = true
	}
	for _, t := range c.turns { // what is not brought is not taken up again
		t.p.things = slices.DeleteFunc(t.p.things, func(next record.Change) bool { return revives(t.change, next) })
	}
}

// rotating are the person's cycles that are to be carried out.
func (p *person) rotating() []*cycle {
	return slices.DeleteFunc(slices.Clone(p.cycles), func(c *cycle) bool { return c.held })
}

// holdCycles holds those of the person's cycles in which one of the person's
// changes is such.
func (p *person) holdCycles(is func(record.Change) bool) {
	for _, c := range p.rotating() {
		if slices.ContainsFunc(c.turns, func(t turn) bool { return t.p == p && is(t.change) }) {
			c.hold()
		}
	}
}

func anyChange(record.Change) bool { return true }

// owned are the person's changes of things, and those in cycles.
func (p *person) owned() []record.Change {
	out := slices.Clone(p.things)
	for _, c := range p.rotating() {
		for _, t := range c.turns {
			if t.p == p {
				out = append(out, t.change)
			}
		}
	}
	return out
}

// cyclesOf lists the cycles of these people that are to be carried out, each once.
func cyclesOf(people []*person) []*cycle {
	var out []*cycle
	for _, p := range people {
		for _, c := range p.rotating() {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// basis is a digest of what the cycle asks for as a whole.
func (c *cycle) basis(e *Engine) string {
	var texts []string
	for _, t := range c.turns {
		texts = append(texts, t.change.Key, e.basis(t.change))
	}
	return hexOf(e.Store.Digest(texts...))
}

// conflictField is the field under which the change of a turn is reported.
func (t turn) conflictField() string {
	if t.change.Thing != record.User {
		return string(t.change.Thing)
	}
	return t.change.FieldNames()[0]
}

// names lists the people of the cycle for a report.
func (c *cycle) names() string {
	var names []string
	for _, p := range c.people() {
		names = append(names, p.Who().Label())
	}
	return strings.Join(names, ", ")
}
