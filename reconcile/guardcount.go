package reconcile

import (
	"fmt"
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// guardWindow is how long a change counts in the guards: a run every few minutes
// must not creep past them.
const guardWindow = 24 * time.Hour

// countedGuards are the thresholds on people, in the order of reports.
var countedGuards = []string{GuardRemovals, GuardClears, GuardRenumberings, GuardCreates, GuardUpdates, GuardWritebacks, GuardMails}

// guardCounts tell whether a person counts in a guard.
var guardCounts = map[string]func(*person) bool{
	GuardRemovals: func(p *person) bool {
		return p.life != nil && (p.life.Op == record.Deactivate || p.deletes()) || p.any(removes)
	},
	GuardClears:       func(p *person) bool { return p.xivo != nil && clears(*p.xivo) || p.any(clearsDetail) },
	GuardRenumberings: func(p *person) bool { return p.any(renumbers) },
	GuardCreates:      func(p *person) bool { return p.origin == fromEntry && p.xivo != nil },
	GuardUpdates:      func(p *person) bool { return p.origin != fromEntry && (p.xivo != nil || p.any(updates)) },
	GuardWritebacks:   func(p *person) bool { return len(p.ldap) > 0 },
	GuardMails:        func(p *person) bool { return p.onboards },
}

// exempt tells whether a guard does not count the person: a rollback only takes
// down what the run itself had created.
func (p *person) exempt(guard string) bool {
	return guard == GuardRemovals && p.undo != nil && p.undo.exempt
}

func (p *person) any(is func(record.Change) bool) bool { return slices.ContainsFunc(p.owned(), is) }

// removes tells whether a thing is given up.
func removes(c record.Change) bool {
	return c.Thing != record.User && (c.Op == record.Deactivate || c.Op == record.Delete)
}

// renumbers tells whether a number of a thing that is there becomes another.
func renumbers(c record.Change) bool {
	d := c.Fields[string(c.Thing)]
	return c.Op == record.Update && slices.Contains([]record.Thing{record.Extension, record.DID, record.Voicemail}, c.Thing) && !d.Before.Equal(d.After)
}

// clearsDetail tells whether a thing stays, and something about it is emptied.
func clearsDetail(c record.Change) bool {
	return c.Op == record.Update && !c.Has(string(c.Thing)) && clears(c)
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
	if !slices.ContainsFunc(p.people, func(w *person) bool { return w.busy() || w.onboards }) {
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
		if rc.Change.Step != record.Done || len(rc.Run.RolledBack) > 0 { // a person asked for that
			continue
		}
		for _, name := range guardsOf(rc.Change) {
			if !letThrough(rc.Run, name) {
				note(name, rc.Change.Entry)
			}
		}
	}
	if !slices.ContainsFunc(p.people, func(w *person) bool { return w.onboards }) {
		return out, nil
	}
	return out, e.mailedRecently(note)
}

// guardsOf names the guards in which a journaled change counts.
func guardsOf(c record.Change) []string {
	switch {
	case c.Parks:
		return nil // it counts when it arrives
	case c.Side == record.LDAP:
		return []string{GuardWritebacks}
	case c.Op == record.Delete && c.Reason == undoneReason:
		return nil // of somebody who was never there
	case c.Op == record.Deactivate, c.Op == record.Delete:
		return []string{GuardRemovals}
	case renumbers(c):
		return []string{GuardRenumberings}
	case c.Thing != record.User && updates(c):
		if clearsDetail(c) {
			return []string{GuardUpdates, GuardClears}
		}
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
