package reconcile

import (
	"context"
	"slices"

	"xivosync/reconcile/record"
)

// decidePerson merges one person; where that leads to a write, or where the
// survey does not tell enough, it reads detail and merges again.
func (e *Engine) decidePerson(ctx context.Context, o *observation, p *person, depth record.Depth) error {
	if p.missed || p.held || p.waits() {
		return nil
	}
	p.detailed = p.detailed || depth == record.Detail && p.user != nil
	if p.entry == nil && len(e.Settings.Rules) > 0 { // only the entry tells which rules hold
		if err := e.readEntry(ctx, p); err != nil {
			return err
		}
	}
	if err := e.hear(ctx, p); err != nil || p.held || e.forgets(p) {
		return err
	}
	if p.origin != fromEntry {
		if err := e.recall(ctx, p, p.user); err != nil {
			return err
		}
		e.merge(p)
		if err := e.learnAgent(ctx, p); err != nil {
			return err
		}
	}
	e.propose(p)
	if p.origin == fromEntry || !p.needsDetail(o) {
		return nil
	}
	if err := e.readDetail(ctx, p); err != nil || p.held || p.userID() == "" {
		return err
	}
	e.merge(p)
	if err := e.learnAgent(ctx, p); err != nil {
		return err
	}
	e.propose(p)
	return nil
}

// waits tells that the person is in grace, or about to be: the fields wait for
// the return.
func (p *person) waits() bool {
	if p.life != nil {
		return p.life.Op != record.Reactivate
	}
	return p.state.Deactivated
}

// needsDetail tells whether the survey is not enough to write from.
func (p *person) needsDetail(o *observation) bool {
	if p.detailed {
		return p.unread() && p.entry == nil
	}
	return p.xivo != nil || len(p.ldap)+len(p.things) > 0 || p.unread() || p.origin == fromAdopt || p.state.Stale || p.user != nil && p.user.Doubtful
}

func (p *person) unread() bool {
	return slices.ContainsFunc(p.answers, func(a Answer) bool { return a.Unread })
}

// readDetail reads the user in full, and the entry too where something of it is
// only known as a digest or not at all.
func (e *Engine) readDetail(ctx context.Context, p *person) error {
	user, err := e.XiVO.Read(ctx, p.userID())
	switch {
	case record.ClassOf(err) == record.Missing && err != nil:
		p.answers, p.ldap, p.xivo, p.things = nil, nil, nil, nil
		c := e.conflict(p, "", record.UserMissing, "the user vanished from XiVO while the plan was made", "run again")
		p.conflicts = []record.Conflict{c}
		p.held = true
		return nil
	case err != nil:
		return err
	}
	if err := e.recall(ctx, p, &user); err != nil {
		return err
	}
	p.user, p.detailed = &user, true
	if p.entry != nil || !p.unread() {
		return nil
	}
	return e.readEntry(ctx, p)
}

func (e *Engine) readEntry(ctx context.Context, p *person) error {
	entry, err := e.LDAP.Read(ctx, p.entryID())
	if err == nil {
		p.entry = &entry
	}
	return err
}
