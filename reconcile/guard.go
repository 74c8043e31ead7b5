package reconcile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// guardWindow is how long a change counts in the guards: a run every few minutes
// must not creep past them.
const guardWindow = 24 * time.Hour

// smallSource is the fewest entries that held an attribute for its loss to say
// anything.
const smallSource = 10

// restoredFields is how many values may be those before our own last write
// without anybody having restored a backup.
const restoredFields = 3

// identify refuses to work on another directory or another XiVO than the one
// that the store belongs to.
func (e *Engine) identify(ctx context.Context, p *Plan) error {
	p.store = p.memory
	for _, s := range []struct {
		side  Side
		known string
		now   *string
		name  string
	}{{e.LDAP, p.memory.LDAP, &p.store.LDAP, "directory"}, {e.XiVO, p.memory.XiVO, &p.store.XiVO, "XiVO"}} {
		who, ok := s.side.(Identity)
		if !ok {
			continue
		}
		id, err := who.Identity(ctx)
		if err != nil {
			return err
		}
		*s.now = id
		if s.known != "" && s.known != id {
			p.trip(GuardIdentity, 1, 0, fmt.Sprintf("this is another %s: the store belongs to %s, this one is %s; use another store, or let it through if the server was rebuilt", s.name, s.known, id))
		}
	}
	if c, ok := e.LDAP.(Counter); ok {
		n, err := c.Counter(ctx)
		if err != nil {
			return err
		}
		p.store.Counter = n
	}
	return nil
}

// trip adds a guard that stands against the plan.
func (p *Plan) trip(name string, count, limit int, message string) {
	p.Guards = append(p.Guards, record.Guard{Name: name, Count: count, Limit: limit, Tripped: true, Message: message})
}

// sourceGuards look at the reading itself: they tell whether it may be believed
// at all.
func (e *Engine) sourceGuards(p *Plan) {
	o, mem := p.seen, p.memory
	p.store.SeenLDAP, p.store.SeenXiVO = o.ldap.total, o.xivo.total
	p.store.Filled, p.store.Scope, p.store.Mapping, p.store.Serial = o.filled, e.Settings.Scope, e.Settings.Mapped, o.serial
	switch {
	case o.ldap.total == 0:
		p.trip(GuardSource, 0, 1, "the directory shows nobody; check base, filter and the rights of the account")
	case o.ldap.total*2 < mem.SeenLDAP:
		p.trip(GuardSource, o.ldap.total, mem.SeenLDAP/2, fmt.Sprintf("the directory shows %d of %d people from last time; check base, filter and the rights of the account", o.ldap.total, mem.SeenLDAP))
	case o.xivo.total*2 < mem.SeenXiVO:
		p.trip(GuardSource, o.xivo.total, mem.SeenXiVO/2, fmt.Sprintf("XiVO shows %d users, %d last time", o.xivo.total, mem.SeenXiVO))
	default:
		e.filledGuard(p)
	}
	for _, id := range e.Settings.Guards.Canaries {
		if o.ldap.identifiers[hashed(id)] == "" {
			p.trip(GuardCanary, 0, 1, fmt.Sprintf("the entry %s, which has to be there, was not listed", Quoted(id)))
		}
	}
}

// filledGuard finds an attribute that most entries have lost: more likely the
// account lost its right to read it.
func (e *Engine) filledGuard(p *Plan) {
	o, mem := p.seen, p.memory
	for _, a := range sortedKeys(mem.Filled) {
		if was := mem.Filled[a]; was >= smallSource && e.maps(a) && o.filled[a]*2 < was {
			p.trip(GuardSource, o.filled[a], was/2, fmt.Sprintf("the attribute %s is filled for %d people, for %d last time; check the rights of the account", a, o.filled[a], was))
		}
	}
}

func (e *Engine) maps(attribute string) bool {
	return slices.ContainsFunc(e.Settings.Fields, func(m Mapping) bool { return m.Attribute == attribute })
}

// guard sets every threshold against the plan. A guard that is allowed still
// shows its count.
func (e *Engine) guard(p *Plan, opt Options) error {
	recent, err := e.recent(p)
	if err != nil {
		return err
	}
	e.wholeGuards(p)
	for _, name := range countedGuards {
		people := map[string]bool{}
		for key := range recent[name] {
			people[key] = true
		}
		planned := 0
		for _, w := range p.people {
			if !w.held && !w.skipped && guardCounts[name](w) {
				people[w.entryID()] = true
				planned++
			}
		}
		g := record.Guard{Name: name, Count: len(people), Limit: e.Settings.Guards.Limits[name].Of(p.Linked)}
		if planned > 0 && g.Count > g.Limit && !e.coveredByFirstRun(p, name) {
			g.Tripped = true
			g.Message = fmt.Sprintf("%d people in the last 24 hours and this plan, %d are allowed; look at the plan, then let it through with --allow %s or run the saved plan", g.Count, g.Limit, name)
		}
		p.Guards = append(p.Guards, g)
	}
	e.letThrough(p, opt)
	return nil
}

// coveredByFirstRun tells that first-run asks the same question already.
func (e *Engine) coveredByFirstRun(p *Plan, name string) bool {
	return p.memory.Completed == 0 && (name == GuardCreates || name == GuardUpdates)
}

// countedGuards are the thresholds on people, in the order of reports.
var countedGuards = []string{GuardRemovals, GuardClears, GuardRenumberings, GuardCreates, GuardUpdates, GuardWritebacks, GuardMails}

// guardCounts tell whether a person counts in a guard.
var guardCounts = map[string]func(*person) bool{
	GuardRemovals:     func(p *person) bool { return p.life != nil && p.life.Op == record.Deactivate || p.any(removes) },
	GuardClears:       func(p *person) bool { return p.xivo != nil && clears(*p.xivo) },
	GuardRenumberings: func(p *person) bool { return p.any(renumbers) },
	GuardCreates:      func(p *person) bool { return p.origin == fromEntry && p.xivo != nil },
	GuardUpdates:      func(p *person) bool { return p.origin != fromEntry && (p.xivo != nil || p.any(updates)) },
	GuardWritebacks:   func(p *person) bool { return len(p.ldap) > 0 },
	GuardMails:        func(*person) bool { return false },
}

func (p *person) any(is func(record.Change) bool) bool { return slices.ContainsFunc(p.things, is) }

// removes tells whether a thing is given up.
func removes(c record.Change) bool {
	return c.Thing != record.User && (c.Op == record.Deactivate || c.Op == record.Delete)
}

// renumbers tells whether a number of a thing that is there becomes another.
func renumbers(c record.Change) bool {
	return c.Op == record.Update && slices.Contains([]record.Thing{record.Extension, record.DID, record.Voicemail}, c.Thing)
}

// updates tells whether a thing is made, or changed otherwise.
func updates(c record.Change) bool { return !removes(c) && !renumbers(c) }

func clears(c record.Change) bool {
	for _, d := range c.Fields {
		if d.After.Empty() && !d.Before.Empty() {
			return true
		}
	}
	return false
}

// recent lists who was changed in the last 24 hours, by guard, apart from what a
// person let through. A plan without changes does not ask.
func (e *Engine) recent(p *Plan) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	if !slices.ContainsFunc(p.people, func(w *person) bool { return len(w.groups()) > 0 }) {
		return out, nil
	}
	note := func(name, who string) {
		if out[name] == nil {
			out[name] = map[string]bool{}
		}
		out[name][who] = true
	}
	for rc, err := range e.Store.Recent(e.now().Add(-guardWindow)) {
		if err != nil {
			return nil, fmt.Errorf("read the journal: %w", err)
		}
		if rc.Change.Step != record.Done {
			continue
		}
		for _, name := range guardsOf(rc.Change) {
			if !letThrough(rc.Run, name) {
				note(name, rc.Change.Entry)
			}
		}
	}
	return out, nil
}

// guardsOf names the guards in which a journaled change counts.
func guardsOf(c record.Change) []string {
	switch {
	case c.Side == record.LDAP:
		return []string{GuardWritebacks}
	case c.Op == record.Deactivate, removes(c):
		return []string{GuardRemovals}
	case renumbers(c):
		return []string{GuardRenumberings}
	case c.Thing != record.User && updates(c):
		return []string{GuardUpdates}
	case c.Op == record.Create:
		return []string{GuardCreates}
	case c.Op == record.Update && clears(c):
		return []string{GuardUpdates, GuardClears}
	case c.Op == record.Update:
		return []string{GuardUpdates}
	}
	return nil
}

// letThrough tells whether a person let that kind through in that run.
func letThrough(r *record.Run, name string) bool {
	return slices.Contains(r.Allowed, name) || slices.Contains(r.Allowed, approvedPlan) ||
		slices.Contains(r.Allowed, GuardFirstRun) && (name == GuardCreates || name == GuardUpdates)
}

// approvedPlan stands in a run's list of what was allowed for a saved plan.
const approvedPlan = "plan"

// wholeGuards are the stops that are not about a kind of change.
func (e *Engine) wholeGuards(p *Plan) {
	writes := 0
	for _, w := range p.people {
		if len(w.groups()) > 0 {
			writes++
		}
	}
	limit := e.Settings.Guards.Limits[GuardUpdates].Of(p.Linked)
	switch {
	case p.memory.Completed == 0 && writes > 0:
		p.trip(GuardFirstRun, writes, 0, "no run has come to its end yet: look at the plan, then run it with --plan FILE or --allow first-run")
	case p.memory.Completed > 0 && writes > limit && (p.memory.Mapping != e.Settings.Mapped || p.memory.Scope != e.Settings.Scope):
		p.trip(GuardConfiguration, writes, limit, "base, filter, identifier or mapping changed, and with them many people; look at the plan first")
	}
	e.restoredGuard(p)
}

// restoredGuard finds the marks of a restored backup.
func (e *Engine) restoredGuard(p *Plan) {
	n := 0
	for _, w := range p.people {
		for _, a := range w.answers {
			if a.Echoed || a.Reverted {
				n++
			}
		}
	}
	const advice = "somebody may have restored a backup; look at the plan, then let it through with --allow restored"
	switch {
	case n > restoredFields:
		p.trip(GuardRestored, n, restoredFields, fmt.Sprintf("%d values are those from before our own last write; %s", n, advice))
	case len(p.seen.restoredUsers) > 0 && p.seen.serial < p.memory.Serial:
		p.trip(GuardRestored, len(p.seen.restoredUsers), 0, fmt.Sprintf("%d linked users are gone and XiVO's user numbers went back from %d to %d; %s",
			len(p.seen.restoredUsers), p.memory.Serial, p.seen.serial, advice))
	case p.memory.Counter != "" && p.store.Counter != "" && p.store.Counter != p.memory.Counter && !Newer(p.store.Counter, p.memory.Counter):
		p.trip(GuardRestored, 1, 0, fmt.Sprintf("the directory's change counter went back from %s to %s; %s", p.memory.Counter, p.store.Counter, advice))
	}
}

// letThrough lowers the guards that a person allowed. An approved plan lets
// everything through that it lists, but it does not make up for a reading that
// cannot be believed.
func (e *Engine) letThrough(p *Plan, opt Options) {
	for i := range p.Guards {
		g := &p.Guards[i]
		if g.Tripped && (slices.Contains(opt.Allow, g.Name) || opt.Approved != nil && !p.blind) {
			g.Tripped = false
			g.Message = "let through: " + g.Message
		}
	}
}

// holdTripped takes the kinds out of the plan whose guard tripped, and tells
// whether the rest may run.
func (e *Engine) holdTripped(p *Plan) bool {
	var counted []string
	for _, g := range p.Guards {
		if !g.Tripped {
			continue
		}
		if guardCounts[g.Name] == nil {
			return false
		}
		counted = append(counted, g.Name)
	}
	hold := e.Settings.Guards.OnTrip == OnTripHold
	for _, w := range p.people {
		switch {
		case !hold && !(w.urgent && !slices.Contains(counted, GuardRemovals)):
			w.skip()
		case hold:
			w.holdKinds(counted)
		default:
			w.ldap, w.xivo, w.things, w.dropped = nil, nil, nil, true
		}
	}
	p.Units = e.units(p.people)
	return true
}

func (p *person) holdKinds(names []string) {
	for _, name := range names {
		if !guardCounts[name](p) {
			continue
		}
		p.dropped = true
		switch name {
		case GuardRemovals:
			p.life = nil
			p.things = slices.DeleteFunc(p.things, removes)
		case GuardRenumberings:
			p.things = slices.DeleteFunc(p.things, renumbers)
		case GuardWritebacks:
			p.ldap = nil
			if p.chained { // what they feed waits with them
				p.xivo = nil
			}
		case GuardCreates:
			p.skip()
		case GuardUpdates:
			p.xivo = nil
			p.things = slices.DeleteFunc(p.things, updates)
		default:
			p.xivo = nil
		}
	}
}
