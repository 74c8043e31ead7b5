package reconcile

import (
	"context"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// departing is somebody who is to be deleted, as the side with the things is asked
// about them.
type departing struct {
	p     *person
	asked record.Leaver
}

// examine looks at everybody who is to be deleted: what keeps them from it, and
// what of others leads to them. Whoever cannot be deleted is at least deactivated.
func (e *Engine) examine(ctx context.Context, plan *Plan, opt Options, past past) error {
	side, ok := e.XiVO.(Estates)
	if !ok {
		return nil
	}
	leaving, err := e.leaving(ctx, plan.people, opt, past)
	if err != nil || len(leaving) == 0 {
		return err
	}
	estates, err := side.Estates(ctx, leaversOf(leaving))
	if err != nil {
		return err
	}
	var clear []departing
	for i, d := range leaving {
		d.p.lost = estates[i].Lost
		if e.hindered(d.p, estates[i].Obstacles) || e.pointedTo(d.p, estates[i].Pointers, "") {
			if err := e.deactivateInstead(ctx, d.p); err != nil {
				return err
			}
			continue
		}
		clear = append(clear, d)
	}
	return e.searchAround(ctx, side, plan, opt, clear)
}

// leaving lists who is to be deleted, apart from those whose deletion was refused.
// What led to them last time is looked after without reading everything again.
func (e *Engine) leaving(ctx context.Context, people []*person, opt Options, past past) ([]departing, error) {
	var out []departing
	for _, p := range people {
		if p.held || !p.deletes() {
			continue
		}
		d := departing{p, record.Leaver{User: p.userID(), DIDs: p.user.Values[string(record.DID)]}}
		if !opt.retries() || opt.glance {
			if c, ok := past.find(p, ""); ok && len(c.Pointers) > 0 && !e.Settings.Removal.DeleteAnyway {
				d.asked.Known = c.Pointers
			} else if past.refusesLife(e, p) {
				if err := e.deactivateInstead(ctx, p); err != nil {
					return nil, err
				}
				continue
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// searchAround looks for what of others leads to the leavers, once for all of them.
// A run that the guard stops anyhow does not: it takes a request for each user of
// XiVO.
func (e *Engine) searchAround(ctx context.Context, side Estates, plan *Plan, opt Options, leaving []departing) error {
	if len(leaving) == 0 {
		return nil
	}
	stopped, err := e.stopsRemovals(plan, opt)
	if err != nil {
		return err
	}
	if stopped {
		for _, d := range leaving {
			d.p.unsearched = true
		}
		return nil
	}
	e.progressOf("looking at what leads to users who are to be deleted", 0, len(leaving))
	found, unread, err := side.Pointers(ctx, leaversOf(leaving))
	if err != nil {
		return err
	}
	for i, d := range leaving {
		d.p.lost = slices.Concat(d.p.lost, record.PointerTexts(found[i]))
		d.p.untold = unread
		if e.pointedTo(d.p, found[i], unread) {
			if err := e.deactivateInstead(ctx, d.p); err != nil {
				return err
			}
		}
	}
	return nil
}

func leaversOf(leaving []departing) []record.Leaver {
	list := make([]record.Leaver, len(leaving))
	for i, d := range leaving {
		list[i] = d.asked
	}
	return list
}

// stopsRemovals tells whether nothing comes of the deletions, whatever else turns
// up: the guard stops them.
func (e *Engine) stopsRemovals(plan *Plan, opt Options) (bool, error) {
	if opt.glance {
		return true, nil
	}
	if opt.Approved != nil || slices.Contains(opt.Allow, GuardRemovals) {
		return false, nil
	}
	recent, err := e.recent(plan)
	if err != nil {
		return false, err
	}
	g, planned := e.counted(plan, GuardRemovals, recent[GuardRemovals])
	return planned > 0 && g.Count > g.Limit, nil
}

// keepUnsearched leaves alone for this time whoever would be deleted without
// having been looked at: the guard was expected to stop them, and did not.
func keepUnsearched(plan *Plan, opt Options) {
	if opt.glance || plan.tripped(GuardRemovals) {
		return
	}
	for _, p := range plan.people {
		if p.unsearched && p.deletes() {
			p.life, p.lifeThings, p.dropped = nil, nil, true
		}
	}
}

// hindered reports what XiVO would refuse the deletion for.
func (e *Engine) hindered(p *person, obstacles []string) bool {
	if len(obstacles) == 0 {
		return false
	}
	c := e.conflict(p, "", record.Rejected, "the user cannot be deleted: "+strings.Join(obstacles, "; "),
		"do what it says; the next run deletes the user. Until then the user is deactivated")
	c.Decisions = []string{record.DecideIgnore}
	p.conflicts = append(p.conflicts, c)
	return true
}

// pointedTo reports what of others leads to the user, unless that shall not
// matter.
func (e *Engine) pointedTo(p *person, pointers []record.Pointer, unread string) bool {
	if len(pointers) == 0 || e.Settings.Removal.DeleteAnyway {
		return false
	}
	hint := "take these away in XiVO; the next run that finds them gone looks at everything once more, and deletes the user. Or set removal.delete_anyway = true. Until then the user is deactivated"
	if unread != "" {
		hint += ". What XiVO's interface does not tell: " + unread
	}
	c := e.conflict(p, "", record.Rejected, "the user is not deleted, since others lead to them: "+strings.Join(record.PointerTexts(pointers), "; "), hint)
	c.Decisions, c.Pointers = []string{record.DecideIgnore}, pointers
	p.conflicts = append(p.conflicts, c)
	return true
}

// deactivateInstead stops the phone of somebody who cannot be deleted now.
func (e *Engine) deactivateInstead(ctx context.Context, p *person) error {
	why := p.life.Reason
	p.life, p.lifeThings, p.lost, p.untold = nil, nil, nil, ""
	if p.state.Deactivated && !p.state.Halfway {
		return nil
	}
	return e.label(ctx, p, record.Deactivate, record.Text("false"), why)
}
