package reconcile

import (
	"context"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// examine looks at everybody who is to be deleted, once for all: what keeps them
// from it, and what of others leads to them. Whoever cannot be deleted is at
// least deactivated.
func (e *Engine) examine(ctx context.Context, people []*person, refused func(*person) bool) error {
	side, ok := e.XiVO.(Estates)
	var leaving []*person
	var asked []record.Leaver
	for _, p := range people {
		switch {
		case p.held || !p.deletes():
		case refused(p):
			if err := e.deactivateInstead(ctx, p); err != nil {
				return err
			}
		case ok:
			leaving = append(leaving, p)
			asked = append(asked, record.Leaver{User: p.userID(), DIDs: p.user.Values[string(record.DID)]})
		}
	}
	if len(asked) == 0 {
		return nil
	}
	e.progressOf("looking at what leads to users who are to be deleted", 0, len(asked))
	estates, err := side.Estates(ctx, asked)
	if err != nil {
		return err
	}
	for i, p := range leaving {
		if err := e.inherit(ctx, p, estates[i]); err != nil {
			return err
		}
	}
	return nil
}

// inherit makes what was found part of the plan: what is lost, and whatever speaks
// against the deletion.
func (e *Engine) inherit(ctx context.Context, p *person, estate record.Estate) error {
	p.lost = slices.Concat(estate.Lost, estate.Pointers)
	var c record.Conflict
	switch {
	case len(estate.Obstacles) > 0:
		c = e.conflict(p, "", record.Rejected, "the user cannot be deleted: "+strings.Join(estate.Obstacles, "; "),
			"do what it says; the next run deletes the user. Until then the user is deactivated")
	case len(estate.Pointers) > 0 && !e.Settings.Removal.DeleteAnyway:
		c = e.conflict(p, "", record.Rejected, "the user is not deleted, since others lead to them: "+strings.Join(estate.Pointers, "; "),
			"take these away in XiVO, then let the deletion be tried again with --only ID or by run --audit; or set removal.delete_anyway = true. Until then the user is deactivated")
		c.Basis = e.basis(*p.life)
	default:
		return nil
	}
	c.Decisions = []string{"ignore"}
	p.conflicts = append(p.conflicts, c)
	return e.deactivateInstead(ctx, p)
}

// deactivateInstead stops the phone of somebody who cannot be deleted now.
func (e *Engine) deactivateInstead(ctx context.Context, p *person) error {
	why := p.life.Reason
	p.life, p.lifeThings, p.lost = nil, nil, nil
	if p.state.Deactivated && !p.state.Halfway {
		return nil
	}
	return e.label(ctx, p, record.Deactivate, record.Text("false"), why)
}
