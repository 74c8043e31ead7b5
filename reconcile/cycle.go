package reconcile

import (
	"context"
	"fmt"
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

// claims are what people of a plan ask for in one field, and give up.
type claims struct {
	// by and takers tell who asks for a value; givers who gives one up, and
	// exchanges for what, by holder and value.
	by        map[string][]*person
	takers    map[string]piece
	givers    map[string]piece
	exchanges map[string]string
	holders   map[uint64]string
}

// giver returns who gives a value up that XiVO's user has.
func (c *claims) giver(value string) piece { return c.givers[c.key(value)] }

func (c *claims) key(value string) string { return c.holders[hashed(value)] + "\x00" + value }

// ring follows a value to its holder, to what the holder asks for in exchange,
// and so on; it returns the values in that order if that leads back to the first.
func (c *claims) ring(value string) []string {
	var ring []string
	for next := value; ; {
		giver := c.giver(next)
		if len(c.by[next]) != 1 || giver.p == nil || slices.Contains(ring, next) {
			return nil
		}
		ring = append(ring, next)
		if next = c.exchanges[c.key(next)]; next == value && len(ring) > 1 {
			return ring
		}
	}
}

// rings lists all of them, each from its smallest value on.
func (c *claims) rings() [][]string {
	var out [][]string
	in := map[string]bool{}
	for _, value := range sortedKeys(c.by) {
		if in[value] {
			continue
		}
		ring := c.ring(value)
		for _, v := range ring {
			in[v] = true
		}
		if ring != nil {
			out = append(out, ring)
		}
	}
	return out
}

// closeRings makes the cycles of a field, and takes their changes out of those of
// the people.
func (e *Engine) closeRings(ctx context.Context, holders map[uint64]string, m *Mapping, people []*person) error {
	all := e.claims(holders, m, people)
	for _, ring := range all.rings() {
		c := &cycle{field: m.Field.Name}
		for _, value := range ring {
			p := all.by[value][0]
			c.turns = append(c.turns, turn{p, e.takeOut(p, m, value)})
		}
		var err error
		if c.parked, err = e.parkingPlace(ctx, all, m, c.turns[0].change); err != nil {
			return err
		}
		for _, p := range c.people() {
			p.cycles = append(p.cycles, c)
		}
	}
	return nil
}

// takeOut takes the change to a value out of the person's, as one of its own.
func (e *Engine) takeOut(p *person, m *Mapping, value string) record.Change {
	if p.xivo == nil || !p.xivo.Has(m.Field.Name) {
		i := p.asking(m, value)
		c := p.things[i]
		p.things = slices.Delete(slices.Clone(p.things), i, i+1)
		return c
	}
	c := *p.xivo
	c.Fields = map[string]record.Delta{m.Field.Name: p.withdraw(m, value)}
	c.Reason = p.answer(e, m.Field.Name).Reason
	if p.xivo != nil {
		p.xivo.Reason = e.reasons(p, p.xivo.Fields)
	}
	return c
}

// mostParked bounds the search for a place where nobody is parked.
const mostParked = 100

// parkingPlace is where a value is out of the way: a pattern that nobody can dial
// for a number, a free number for a mailbox, nothing for an e-mail, and for a
// username one that nobody can guess, since CTI needs one.
func (e *Engine) parkingPlace(ctx context.Context, all *claims, m *Mapping, c record.Change) (record.Value, error) {
	now := c.Fields[m.Field.Name].Before.First()
	for n := 1; n <= mostParked; n++ {
		place := ""
		switch {
		case m.Field.Thing == record.Voicemail:
			place = strings.Repeat("9", n) + now
		case m.Field.IsThing():
			place = "_" + strings.Repeat("#", n) + now
		case m.Field.Name == "username":
			place = "parked-" + hexOf(e.Store.Digest("parked", c.Key, now, fmt.Sprint(n)))
		default:
			return nil, nil
		}
		owner, err := e.thingHolder(ctx, m, place)
		if err != nil {
			return nil, err
		}
		if all.by[place] == nil && all.holders[hashed(place)] == "" && owner.Free() {
			return record.Text(place), nil
		}
	}
	return nil, fmt.Errorf("find a place to park %s %s: %d of them are taken", m.Field.Name, Quoted(now), mostParked)
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
