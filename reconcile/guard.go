package reconcile

import (
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// trip adds a guard that stands against the plan.
func (p *Plan) trip(name string, count, limit int, message string) {
	p.Guards = append(p.Guards, record.Guard{Name: name, Count: count, Limit: limit, Tripped: true, Message: message})
}

// guard sets every threshold against the plan. A guard that is allowed still
// shows its count.
func (e *Engine) guard(p *Plan, opt Options) error {
	e.wholeGuards(p)
	if err := e.countGuards(p); err != nil {
		return err
	}
	e.letThrough(p, opt)
	return nil
}

// countGuards sets the thresholds on people against the plan.
func (e *Engine) countGuards(p *Plan) error {
	recent, err := e.recent(p)
	if err != nil {
		return err
	}
	for _, name := range countedGuards {
		g, planned := e.counted(p, name, recent[name])
		if planned > 0 && g.Count > g.Limit && !e.coveredByFirstRun(p, name) {
			g.Tripped = true
			g.Message = fmt.Sprintf("%d people in the last 24 hours and this plan, %d are allowed; look at the plan, then let it through with --allow %s or run the saved plan", g.Count, g.Limit, name)
		}
		p.Guards = append(p.Guards, g)
	}
	return nil
}

// counted counts the people of a guard, of late and in the plan, and how many of
// them are planned.
func (e *Engine) counted(p *Plan, name string, recent map[string]bool) (g record.Guard, planned int) {
	people := map[string]bool{}
	for key := range recent {
		people[key] = true
	}
	for _, w := range p.people {
		if !w.held && !w.skipped && !w.exempt(name) && guardCounts[name](w) {
			people[w.entryID()] = true
			planned++
		}
	}
	return record.Guard{Name: name, Count: len(people), Limit: e.Settings.Guards.Limits[name].Of(p.Linked)}, planned
}

// tripped tells whether that guard stands.
func (p *Plan) tripped(name string) bool {
	return slices.ContainsFunc(p.Guards, func(g record.Guard) bool { return g.Name == name && g.Tripped })
}

// coveredByFirstRun tells that first-run asks the same question already.
func (e *Engine) coveredByFirstRun(p *Plan, name string) bool {
	return p.memory.Completed == 0 && (name == GuardCreates || name == GuardUpdates)
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

// Urgent counts the people who are served even though a guard stops the rest:
// accounts that were disabled by hand, where no guard counts those.
func (p *Plan) Urgent() int {
	for _, g := range p.Guards {
		if g.Tripped && g.Name != GuardConfiguration && (guardCounts[g.Name] == nil || g.Name == GuardRemovals) {
			return 0
		}
	}
	n := 0
	for _, w := range p.people {
		if w.urgent && len(w.units) > 0 {
			n++
		}
	}
	return n
}

// holdTripped takes the kinds out of the plan whose guard tripped, and tells
// whether the rest may run.
func (e *Engine) holdTripped(p *Plan) bool {
	var counted []string
	hold := e.Settings.Guards.OnTrip == OnTripHold
	for _, g := range p.Guards {
		switch {
		case !g.Tripped:
		case g.Name == GuardConfiguration:
			hold = false // it is about all kinds at once
		case guardCounts[g.Name] == nil:
			return false
		default:
			counted = append(counted, g.Name)
		}
	}
	for _, w := range p.people {
		switch {
		case !hold && !(w.urgent && !slices.Contains(counted, GuardRemovals)):
			w.skip()
		case hold:
			w.holdKinds(counted)
		default:
			w.holdCycles(anyChange)
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
			p.holdCycles(renumbers)
		case GuardWritebacks:
			p.ldap = nil
			if p.chained { // what they feed waits with them
				p.xivo = nil
				p.holdCycles(anyChange)
			}
		case GuardCreates:
			p.skip()
		case GuardMails:
			p.onboards = false // the mail waits; its phone does not
		case GuardUpdates:
			p.xivo = nil
			p.things = slices.DeleteFunc(p.things, updates)
			p.holdCycles(updates)
		default:
			p.xivo = nil
		}
	}
}
