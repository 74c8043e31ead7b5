package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

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

// sourceGuards look at the reading itself: they tell whether it may be believed
// at all.
func (e *Engine) sourceGuards(p *Plan) {
	o, mem := p.seen, p.memory
	p.store.SeenLDAP, p.store.SeenXiVO = o.ldap.total, o.xivo.total
	p.store.Scope, p.store.Mapping, p.store.Serial = e.Settings.Scope, e.Settings.Mapped, o.serial
	p.store.Configured = e.Settings.Fingerprint
	if !o.partial { // else what was last known stays known
		p.store.Filled = o.filled
	}
	if !o.partial || o.scanned {
		p.store.Listed = e.now()
	}
	switch {
	case o.ldap.total == 0:
		p.trip(GuardSource, 0, 1, "the directory shows nobody; check base, filter and the rights of the account")
	case o.ldap.total*2 < mem.SeenLDAP:
		p.trip(GuardSource, o.ldap.total, mem.SeenLDAP/2, fmt.Sprintf("the directory shows %d of %d people from last time; check base, filter and the rights of the account", o.ldap.total, mem.SeenLDAP))
	case o.xivo.total*2 < mem.SeenXiVO:
		p.trip(GuardSource, o.xivo.total, mem.SeenXiVO/2, fmt.Sprintf("XiVO shows %d users, %d last time", o.xivo.total, mem.SeenXiVO))
	case !o.partial:
		e.filledGuard(p)
	case len(o.unreadable) > 0:
		p.trip(GuardSource, 0, witnesses, fmt.Sprintf("%s is empty for people who did not change and had it; check the rights of the account", strings.Join(o.unreadable, ", ")))
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

// wholeGuards are the stops that are not about a kind of change.
func (e *Engine) wholeGuards(p *Plan) {
	writes := 0
	for _, w := range p.people {
		if w.busy() {
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
