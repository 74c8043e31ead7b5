package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// enabled is XiVO's field for the visible label of a deactivated user.
const enabled = "enabled"

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// lifecycle looks after everybody who is missing on a side, disabled in the
// directory, or back again. It adds to the matched people those who still have
// to be merged.
func (e *Engine) lifecycle(ctx context.Context, o *observation, m *matched) error {
	lost := map[int]bool{}
	for _, i := range m.lost {
		lost[i] = true
		if o.ldap.seen[i] {
			if err := e.missingUser(ctx, o, m, i); err != nil {
				return err
			}
		}
	}
	for n, i := range m.gone {
		e.progressOf("looking for missing entries", n+1, len(m.gone))
		if err := e.missingEntry(ctx, o, m, i, lost[i]); err != nil {
			return err
		}
	}
	for _, p := range m.people {
		if p.origin == fromLink && p.entry != nil && !p.missed {
			if err := e.presence(ctx, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// presence deactivates the user of a disabled account, and takes up again whoever
// is back.
func (e *Engine) presence(ctx context.Context, p *person) error {
	l := &p.state.Link
	l.Missed, l.Absent = 0, time.Time{}
	switch {
	case p.stays():
	case p.entry.Disabled:
		err := e.remove(ctx, p, e.Settings.Removal.fate(e.ruledRemoval(p), false), "the account is disabled in the directory")
		p.urgent = p.life != nil && !p.deletes() // what cannot be taken back can wait
		return err
	case !p.entry.Disabled && (l.Deactivated || l.Halfway):
		return e.takeUp(ctx, p)
	}
	return nil
}

// missingUser handles a link whose user the listing did not show: it may be gone,
// or the listing was contradictory about it.
func (e *Engine) missingUser(ctx context.Context, o *observation, m *matched, i int) error {
	state, err := e.Store.State(o.links[i].Number)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", o.links[i].Identifier, err)
	}
	p := &person{state: state, entry: o.ldap.changed[i]}
	user, err := e.XiVO.Read(ctx, state.User)
	if err == nil {
		p.user, p.detailed = &user, true
		m.people = append(m.people, e.meet(o, p))
		return nil
	}
	if record.ClassOf(err) != record.Missing {
		return err
	}
	o.restoredUsers = append(o.restoredUsers, state.User)
	if p.leaves() && e.Settings.Removal.fate(e.ruledRemoval(p), false) == RemovalDelete {
		p.life = forgotten(p.state.User, "the account is disabled, and the user is gone: somebody else deleted it")
		m.people = append(m.people, p)
		return nil
	}
	c := e.conflict(p, "", record.UserMissing, fmt.Sprintf("the linked user %s is gone from XiVO, while the entry is still there", state.User),
		"if somebody deleted the user on purpose, take the entry out of the filter; if XiVO was restored, restore it further")
	c.Decisions = []string{record.DecideNew, record.DecideIgnore}
	c.Raw = record.Pair{LDAP: record.Text(state.Identifier)}
	if other := o.xivo.carrier(state.Identifier); other != "" {
		c.Decisions[0], c.Raw.XiVO = record.DecideRelink, record.Text(other)
		c.Message += fmt.Sprintf("; the user %s carries the identifier now", other)
	}
	m.conflicts = append(m.conflicts, c)
	return nil
}

// missingEntry handles a link whose entry the listing did not show. Only several
// complete runs over some time make an absence; an entry that still exists
// elsewhere is out of scope, not gone.
func (e *Engine) missingEntry(ctx context.Context, o *observation, m *matched, i int, userLost bool) error {
	if l := o.links[i]; l.Deactivated && !l.Halfway && !userLost && !e.ripens(l) && len(o.only) == 0 {
		return nil // all is done; a return shows in the listing, and nobody asks
	}
	state, err := e.Store.State(o.links[i].Number)
	if err != nil {
		return fmt.Errorf("read the state of %s: %w", o.links[i].Identifier, err)
	}
	p := e.meet(o, &person{state: state, missed: true, user: o.xivo.changed[i]})
	found, err := e.LDAP.Read(ctx, state.Entry)
	if err != nil && record.ClassOf(err) != record.Missing {
		return err
	}
	exists := err == nil
	if userLost && !exists {
		return e.bothGone(ctx, m, p)
	}
	rule, why := p.state.Removal, "the entry is gone from the directory"
	if exists {
		rule = e.Settings.Rules.Resolve(func(name string) record.Value { return found.Values[name] }, found.DN).Value(SetRemoval)
		why = fmt.Sprintf("the entry is outside of base and filter now: %s", found.DN)
	}
	p.outside, p.fate = exists, e.Settings.Removal.fate(rule, exists)
	e.countAbsence(p)
	if !p.stays() && p.ripe(e) {
		if err := e.remove(ctx, p, p.fate, why); err != nil {
			return err
		}
	}
	m.people = append(m.people, p)
	return nil
}

// bothGone forgets a link of which nothing is left; the journal remains.
func (e *Engine) bothGone(ctx context.Context, m *matched, p *person) error {
	if _, err := e.XiVO.Read(ctx, p.state.User); record.ClassOf(err) != record.Missing || err == nil {
		return err
	}
	p.life = forgotten(p.state.User, "gone on both sides")
	m.people = append(m.people, p)
	return nil
}

func (e *Engine) countAbsence(p *person) {
	l := &p.state.Link
	if l.Missed == 0 {
		l.Absent = e.now()
	}
	l.Missed++
}

// ripe tells whether the entry has been absent for long enough to count.
func (p *person) ripe(e *Engine) bool {
	r, l := e.Settings.Removal, p.state.Link
	return l.Missed >= r.AbsentRuns && e.now().Sub(l.Absent) >= r.AbsentFor
}

// remove applies the removal policy. The user's own state of enabled is the
// before-value, so that a return restores it.
func (e *Engine) remove(ctx context.Context, p *person, policy RemovalPolicy, why string) error {
	l := &p.state.Link
	if policy == RemovalDelete && l.Deactivated && l.Left.IsZero() {
		l.Left = e.now() // of somebody who left before that was remembered
	}
	switch {
	case policy == RemovalDelete && e.graceOver(*l):
		return e.tearDown(ctx, p, why)
	case policy == RemovalKeep, l.Deactivated && !l.Halfway:
		return nil
	}
	return e.label(ctx, p, record.Deactivate, record.Text("false"), why)
}

// takeUp reactivates whoever is back inside grace, as they were.
func (e *Engine) takeUp(ctx context.Context, p *person) error {
	before := record.Text("true")
	if b, known := p.state.Fields[enabled]; known {
		before = b.XiVO
	} else if !p.state.Deactivated {
		before = nil // as it is: the label was not reached
	}
	return e.label(ctx, p, record.Reactivate, before, "back in the directory")
}

// label plans the change of the visible label, from what XiVO holds now, and
// with it what stops or starts telephony.
func (e *Engine) label(ctx context.Context, p *person, op record.Op, after record.Value, why string) error {
	if err := e.readDetail(ctx, p); err != nil || p.held {
		return err
	}
	now := record.Text(fmt.Sprint(!p.user.Disabled))
	if after.Empty() {
		after = now
	}
	p.life = &record.Change{Side: record.XiVO, Op: op, Thing: record.User, Key: p.userID(), Reason: why,
		Fields: map[string]record.Delta{enabled: {Attribute: enabled, Before: now, After: after}}}
	p.lifeThings = nil
	for i := range e.Settings.Fields {
		if m := &e.Settings.Fields[i]; m.Field.IsThing() && m.Compared() {
			p.lifeThings = append(p.lifeThings, e.lifeThing(p, m, op)...)
		}
	}
	slices.SortStableFunc(p.lifeThings, inThingOrder)
	return nil
}

// lifeThing is what a deactivation or reactivation does to a thing: numbers keep
// their values and stop or start to work; a CTI login is switched off, and put
// back as it last was. The entity has no part in it, nor has what was given up
// before.
func (e *Engine) lifeThing(p *person, m *Mapping, op record.Op) []record.Change {
	now, base := p.user.Values[m.Field.Name], p.state.Fields[m.Field.Name]
	change := func(op record.Op, before, after record.Value) record.Change {
		return record.Change{Side: record.XiVO, Op: op, Thing: m.Field.Thing, Key: p.userID(), Reason: p.life.Reason,
			Fields: map[string]record.Delta{m.Field.Name: {Attribute: m.Field.Name, Before: before, After: after}}}
	}
	switch m.Field.Thing {
	case record.Extension, record.Voicemail, record.DID:
		var out []record.Change
		for i := range now {
			if !base.Retired && !slices.Contains(base.GivenUp, now[i]) {
				out = append(out, change(op, now[i:i+1], now[i:i+1]))
			}
		}
		return out
	case record.CTI:
		want := record.Value(nil)
		if op == record.Reactivate {
			want = base.XiVO
		}
		if !want.Equal(now) {
			return []record.Change{change(record.Update, now, want)}
		}
	}
	return nil
}
