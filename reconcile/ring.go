package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

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
		case m.Field.Name == sipUsername:
			place = "parked-" + hexOf(e.Store.Digest("parked", c.Key, now, fmt.Sprint(n)))[:32] // XiVO takes 40 characters
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
