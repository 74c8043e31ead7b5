package reconcile

import (
	"cmp"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// units puts everybody's changes in order: tear down, update, change hands in
// cycles, create, each by key; whoever waits for a value comes after the one who
// gives it up. The changes are numbered through; the run's number is filled in
// when it begins.
func (e *Engine) units(people []*person) []record.Unit {
	order := slices.Clone(people)
	slices.SortStableFunc(order, func(a, b *person) int { return cmp.Compare(a.rank(), b.rank()) })
	var drafts, creations []*draft
	for _, p := range order {
		p.units = nil
		for _, changes := range p.groups() {
			d := &draft{changes: changes, who: func(int) *person { return p }}
			if p.rank() == rankCreate {
				creations = append(creations, d)
			} else {
				drafts = append(drafts, d)
			}
		}
	}
	for _, c := range cyclesOf(people) {
		drafts = append(drafts, &draft{changes: c.steps(), who: c.who, cycle: c})
	}
	return numbered(e.inOrder(append(drafts, creations...)))
}

// draft is a unit that has no number yet.
type draft struct {
	changes []record.Change
	who     func(i int) *person
	cycle   *cycle
}

// inOrder puts whoever takes a value after the one who gives it up.
func (e *Engine) inOrder(drafts []*draft) []*draft {
	giver := map[string]*draft{}
	e.unique(drafts, func(d *draft, before, _ string) {
		if before != "" {
			giver[before] = d
		}
	})
	takes := map[*draft][]*draft{}
	e.unique(drafts, func(d *draft, _, after string) {
		if g := giver[after]; g != nil && g != d {
			takes[d] = append(takes[d], g)
		}
	})
	afterCycles(drafts, takes)
	var out []*draft
	placed := map[*draft]bool{}
	var place func(d *draft)
	place = func(d *draft) {
		if placed[d] {
			return
		}
		placed[d] = true
		for _, g := range takes[d] {
			place(g)
		}
		out = append(out, d)
	}
	for _, d := range drafts {
		place(d)
	}
	return out
}

// afterCycles lets a number that a cycle brings be taken up again only then.
func afterCycles(drafts []*draft, takes map[*draft][]*draft) {
	for _, g := range drafts {
		if g.cycle == nil {
			continue
		}
		for _, d := range drafts {
			if d != g && slices.ContainsFunc(d.changes, func(c record.Change) bool {
				return slices.ContainsFunc(g.changes, func(b record.Change) bool { return b.Key == c.Key && revives(b, c) })
			}) {
				takes[d] = append(takes[d], g)
			}
		}
	}
}

// unique visits the changes of fields of which everybody has a value of their
// own; no value is "".
func (e *Engine) unique(drafts []*draft, visit func(d *draft, before, after string)) {
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Field.Unique {
			continue
		}
		key := func(v record.Value) string {
			if v.Empty() {
				return ""
			}
			return m.Field.Name + "\x00" + m.Chain.Canonical(v).First()
		}
		for _, d := range drafts {
			for _, c := range d.changes {
				if delta := c.Fields[m.Field.Name]; c.Side == record.XiVO && c.Has(m.Field.Name) && !delta.Before.Equal(delta.After) && d.cycle == nil {
					visit(d, key(delta.Before), key(delta.After))
				}
			}
		}
	}
}

// numbered makes the units.
func numbered(drafts []*draft) []record.Unit {
	var units []record.Unit
	var seq uint64
	for _, d := range drafts {
		if len(d.changes) == 0 {
			continue
		}
		u := record.Unit{Number: len(units) + 1}
		for i, c := range d.changes {
			seq++
			p := d.who(i)
			c.Seq, c.Unit = seq, u.Number
			c.Link, c.Person, c.Entry = p.state.Number, p.Who(), p.entryID()
			c.Fields = p.based(c.Fields)
			u.Changes = append(u.Changes, c)
			if !slices.Contains(p.units, len(units)) {
				p.units = append(p.units, len(units))
			}
		}
		if d.cycle != nil {
			d.cycle.unit = len(units)
		}
		units = append(units, u)
	}
	return units
}

// based adds to each field what was last known of it.
func (p *person) based(fields map[string]record.Delta) map[string]record.Delta {
	out := make(map[string]record.Delta, len(fields))
	for name, d := range fields {
		if b, known := p.state.Fields[name]; known {
			d.Base = &b
		}
		out[name] = d
	}
	return out
}

// rank is the place of a person's changes: removals first, creations last.
func (p *person) rank() int {
	switch {
	case p.life != nil:
		return rankRemove
	case p.origin == fromEntry:
		return rankCreate
	}
	return rankUpdate
}

// The places of people in the order of changes; cycles come before creations.
const (
	rankRemove = iota
	rankUpdate
	rankCreate
)

// busy tells whether anything is to be done for the person.
func (p *person) busy() bool { return len(p.groups())+len(p.rotating()) > 0 }

// groups are the person's changes by unit. What does not depend on one another
// does not fall together.
func (p *person) groups() [][]record.Change {
	var out [][]record.Change
	if p.held || p.skipped {
		return nil
	}
	if p.life != nil {
		out = append(out, unitOf(p.lifeUnit()))
	}
	if p.origin == fromAdopt || p.rebound {
		out = append(out, []record.Change{p.linkUp()})
	}
	if p.origin == fromEntry {
		if p.xivo == nil { // cannot be created yet
			return out
		}
		if p.frees != nil {
			out = append(out, []record.Change{*p.frees})
		}
		return append(append(out, p.whole()), p.agents()...)
	}
	var chained []record.Change
	for _, c := range p.ldap {
		if p.chained {
			chained = append(chained, c)
			continue
		}
		out = append(out, []record.Change{c})
	}
	things, login := p.loginLast()
	for _, c := range things {
		if p.chained {
			chained = append(chained, c)
			continue
		}
		if n := len(out) - 1; n >= 0 && revives(out[n][len(out[n])-1], c) {
			out[n] = append(out[n], c)
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
	if login != nil {
		out = append(out, []record.Change{*login})
	}
	return out
}

// loginLast takes a login out of the person's things that has to wait for the
// user's own change: that one brings the username or the password, of which XiVO
// enables no login without.
func (p *person) loginLast() (others []record.Change, login *record.Change) {
	brings := func(field string) bool {
		return p.xivo != nil && p.xivo.Op == record.Update && p.xivo.Fields[field].Before.Empty() && !p.xivo.Fields[field].After.Empty()
	}
	i := p.newLogin()
	if i < 0 || !brings("username") && !brings("password") {
		return p.things, nil
	}
	c := p.things[i]
	c.Fields = maps.Clone(c.Fields)
	if brings("username") {
		d := c.Fields[ctiUsername]
		d.After = p.xivo.Fields["username"].After
		c.Fields[ctiUsername] = d
	}
	return slices.Delete(slices.Clone(p.things), i, i+1), &c
}

// revives tells whether a change takes up again what the one before it renumbers.
func revives(before, c record.Change) bool {
	name := string(c.Thing)
	return c.Op == record.Reactivate && before.Op == record.Update && before.Thing == c.Thing &&
		before.Fields[name].After.Equal(c.Fields[name].Before)
}

// whole is everything that a new person gets: it stands or falls together.
func (p *person) whole() []record.Change {
	if p.xivo == nil {
		return nil
	}
	things, _ := withoutAgents(p.things)
	return append(unitOf(append([]record.Change{*p.xivo}, things...)), p.ldap...)
}

// agents are what a new person gets after all the rest, each by itself.
func (p *person) agents() (units [][]record.Change) {
	_, agents := withoutAgents(p.things)
	for i := range agents {
		units = append(units, agents[i:i+1])
	}
	return units
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
		Reason: cmp.Or(p.because, "a user with this identifier exists already")}
}

// count sums up the plan.
func (p *Plan) count() {
	c := &p.Counts
	for _, w := range p.people {
		w.count(c)
	}
	c.Mails = len(p.Mails)
	for _, conflict := range p.Conflicts {
		if conflict.Kind == record.EmptyBlocked {
			c.Blocked++
		} else {
			c.Conflicts++
		}
	}
}

func (p *person) count(c *record.Counts) {
	if p.held || len(p.standing()) > 0 {
		c.Held++
	}
	if p.held {
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
		if len(p.owned()) > 0 && p.life == nil {
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
	case p.life.Op == record.Delete:
		c.Deleted++
	case p.life.Op == record.Deactivate:
		c.Deactivated++
	case p.life.Op == record.Reactivate:
		c.Reactivated++
	case p.life.Op == record.Delete:
		c.Deleted++
	}
}
