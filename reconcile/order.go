package reconcile

import (
	"cmp"
	"slices"

	"xivosync/reconcile/record"
)

// units puts everybody's changes in order: tear down, update, create, each by
// key; whoever waits for a value comes after the one who gives it up. The
// changes are numbered through; the run's number is filled in when it begins.
func (e *Engine) units(people []*person) []record.Unit {
	order := slices.Clone(people)
	slices.SortStableFunc(order, func(a, b *person) int { return cmp.Compare(a.rank(), b.rank()) })
	var units []record.Unit
	var seq uint64
	add := func(p *person, changes ...record.Change) {
		if len(changes) == 0 {
			return
		}
		u := record.Unit{Number: len(units) + 1}
		for _, c := range changes {
			seq++
			c.Seq, c.Unit = seq, u.Number
			c.Link, c.Person, c.Entry = p.state.Number, p.Who(), p.entryID()
			u.Changes = append(u.Changes, c)
		}
		units = append(units, u)
		p.units = append(p.units, len(units)-1)
	}
	placed := map[*person]bool{}
	var place func(p *person)
	place = func(p *person) {
		if placed[p] {
			return
		}
		placed[p] = true
		for _, b := range p.before {
			place(b)
		}
		p.units = nil
		for _, changes := range p.groups() {
			add(p, changes...)
		}
	}
	for _, p := range order {
		place(p)
	}
	return units
}

// rank is the place of a person's changes: removals first, creations last.
func (p *person) rank() int {
	switch {
	case p.life != nil:
		return 0
	case p.origin == fromEntry:
		return 2
	}
	return 1
}

// groups are the person's changes by unit. What does not depend on one another
// does not fall together.
func (p *person) groups() [][]record.Change {
	var out [][]record.Change
	if p.held || p.skipped {
		return nil
	}
	if p.life != nil {
		// The label comes last: it says that all the rest is done.
		out = append(out, unitOf(append(slices.Clone(p.lifeThings), *p.life)))
	}
	if p.origin == fromAdopt {
		out = append(out, []record.Change{p.linkUp()})
	}
	if p.origin == fromEntry {
		return append(out, p.whole())
	}
	var chained []record.Change
	for _, c := range p.ldap {
		if p.chained {
			chained = append(chained, c)
			continue
		}
		out = append(out, []record.Change{c})
	}
	for _, c := range p.things {
		if p.chained {
			chained = append(chained, c)
			continue
		}
		out = append(out, []record.Change{c})
	}
	if p.xivo != nil {
		chained = append(chained, *p.xivo)
	}
	if len(chained) > 0 {
		out = append(out, chained)
	}
	return out
}

// whole is everything that a new person gets: it stands or falls together.
func (p *person) whole() []record.Change {
	if p.xivo == nil {
		return nil
	}
	return append(unitOf(append([]record.Change{*p.xivo}, p.things...)), p.ldap...)
}

// unitOf marks which of the changes may leave the reading back to a later one.
func unitOf(changes []record.Change) []record.Change {
	for i := range changes {
		changes[i].More = i < len(changes)-1
	}
	return changes
}

// linkUp is the journal's row of an adoption: nothing is sent for it.
func (p *person) linkUp() record.Change {
	return record.Change{Side: record.XiVO, Op: record.LinkUp, Thing: record.User, Key: p.userID(),
		Reason: "a user with this identifier exists already"}
}

// count sums up the plan.
func (p *Plan) count() {
	c := &p.Counts
	for _, w := range p.people {
		w.count(c)
	}
	for _, conflict := range p.Conflicts {
		if conflict.Kind == record.EmptyBlocked {
			c.Blocked++
		} else {
			c.Conflicts++
		}
	}
}

func (p *person) count(c *record.Counts) {
	if p.held {
		c.Held++
		return
	}
	if p.skipped {
		return
	}
	if p.origin == fromAdopt {
		c.Adopted++
	}
	switch {
	case p.xivo == nil:
		if len(p.things) > 0 {
			c.Updated++
		}
	case p.xivo.Op == record.Create:
		c.Created++
	default:
		c.Updated++
	}
	if len(p.ldap) > 0 {
		c.WrittenBack++
	}
	switch {
	case p.life == nil:
	case p.life.Op == record.Deactivate:
		c.Deactivated++
	case p.life.Op == record.Reactivate:
		c.Reactivated++
	}
}
