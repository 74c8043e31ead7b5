package reconcile

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// apply carries the plan out: first what needs no request, then unit by unit.
func (r *runner) apply(ctx context.Context, plan *Plan) error {
	owner, cycles := map[int]*person{}, map[int]*cycle{}
	for _, p := range plan.people {
		p.next = r.settled(p)
		p.left = len(p.units)
		for _, i := range p.units {
			owner[i] = p
		}
	}
	for _, c := range cyclesOf(plan.people) {
		cycles[c.unit] = c
	}
	if err := r.withoutRequests(plan, owner); err != nil {
		return err
	}
	for i := range plan.Units {
		r.progressOf("writing", i+1, len(plan.Units))
		u := &plan.Units[i]
		if op := u.Changes[0].Op; op == record.LinkUp || op == record.Unlink {
			continue
		}
		if err := context.Cause(ctx); err != nil {
			return fmt.Errorf("stopped before change %s: %w", u.Changes[0].ID(), err)
		}
		var err error
		if c := cycles[i]; c != nil {
			err = r.rotate(ctx, c, u)
		} else {
			err = r.unit(ctx, owner[i], u)
		}
		if err != nil {
			return err
		}
	}
	r.listStale(plan)
	return nil
}

// withoutRequests stores the adoptions, the forgotten links, and the states of
// whoever needs no write.
func (r *runner) withoutRequests(plan *Plan, owner map[int]*person) error {
	var units []record.Unit
	var linked, plain []record.State
	var forget []uint64
	for i := range plan.Units {
		u, p := &plan.Units[i], owner[i]
		switch u.Changes[0].Op {
		case record.LinkUp:
			r.number(p, plan)
			p.left--
			r.mark(p)
			linked = append(linked, p.next)
			r.report.Counts.Adopted++
		case record.Unlink:
			p.left--
			forget = append(forget, p.state.Number)
		default:
			continue
		}
		u.Changes[0].Step = record.Done
		units = append(units, *u)
	}
	for _, p := range plan.people {
		if len(p.units) == 0 && p.state.Number != 0 && !p.held {
			r.mark(p)
			plain = append(plain, p.next)
		}
	}
	if err := r.Store.Adopt(units, linked); err != nil {
		return err
	}
	if err := r.Store.Forget(forget); err != nil {
		return err
	}
	return r.Store.Save(plain)
}

// number gives the person's link its number, in the changes that wait, too.
func (r *runner) number(p *person, plan *Plan) {
	p.state.Number, p.next.Number = r.next, r.next
	r.next++
	for _, i := range p.units {
		for j := range plan.Units[i].Changes {
			if c := &plan.Units[i].Changes[j]; c.Entry == p.entryID() {
				c.Link = p.state.Number
			}
		}
	}
}

// attention tells whether the person has to be looked at again even when
// nothing changes.
func (p *person) attention() bool {
	return p.left > 0 || len(p.conflicts) > 0 || p.held || p.skipped || p.dropped || p.failed
}

// mark says in the state what the next run has to look at again, and whether the
// survey is enough for that: not where something is open of which it tells
// nothing.
func (r *runner) mark(p *person) {
	hidden := false
	for i, a := range p.answers {
		hidden = hidden || a.Verdict >= WriteXiVO && !r.Settings.Fields[i].Field.Surveyed
	}
	p.next.Attention = p.attention()
	p.next.Stale = p.behind || p.next.Attention && hidden || p.state.Stale && !p.detailed
}

// unit carries out one unit, each change with its intent on disk before the
// request leaves and its outcome before the next.
func (r *runner) unit(ctx context.Context, p *person, u *record.Unit) error {
	if p.state.Number == 0 {
		r.number(p, r.report.Plan)
	}
	if first := &u.Changes[0]; p.origin == fromEntry && first.Thing == record.Agent {
		if p.next.User == "" { // the person was not made
			p.left--
			return nil
		}
		first.Key = p.next.User
	}
	if err := r.furnish(ctx, p, u); err != nil {
		return err
	}
	if err := r.Store.Open(*u); err != nil {
		return err
	}
	p.living = ofLife(*u)
	for i := 0; i >= 0; {
		err := r.step(ctx, p, &u.Changes[i])
		if err != nil && record.ClassOf(err) == record.Down {
			return err
		}
		next := following(*u, i, err)
		if next < 0 {
			p.left--
		} else if c := &u.Changes[next]; c.Side == record.XiVO && p.origin == fromEntry {
			c.Key = p.next.User // known only now, and part of the intent
		}
		if err := r.Store.Settle(*u, i, next, r.outcome(p)...); err != nil {
			return err
		}
		if err != nil && i > 0 && p.origin == fromEntry && u.Changes[i].Side == record.XiVO {
			return r.takeDown(ctx, p, *u, i)
		}
		i = next
	}
	return nil
}

// following is the change of a unit that comes after another, or -1. A refusal
// ends the unit; only what stops or starts somebody's telephony is independent
// of one another, and the label at its end says that all of it is done.
func following(u record.Unit, i int, err error) int {
	next, last := i+1, len(u.Changes)-1
	refused := func(c record.Change) bool { return c.Step == record.Failed || c.Step == record.Unknown }
	switch {
	case next > last, err != nil && !ofLife(u):
		return -1
	case next == last && ofLife(u) && slices.ContainsFunc(u.Changes[:next], refused):
		return -1
	}
	return next
}

// ofLife tells whether a unit deactivates or reactivates somebody.
func ofLife(u record.Unit) bool {
	last := u.Changes[len(u.Changes)-1]
	return last.Thing == record.User && (last.Op == record.Deactivate || last.Op == record.Reactivate)
}

// outcome is the state to store with a settled change: none where there is no
// user.
func (r *runner) outcome(p *person) []record.State {
	if p.next.User == "" {
		return nil
	}
	r.mark(p)
	return []record.State{p.next}
}

// step sends one change and takes in what came back. A request that is on its
// way is not cancelled: its answer decides what is journaled.
func (r *runner) step(ctx context.Context, p *person, c *record.Change) error {
	side := r.XiVO
	if c.Side == record.LDAP {
		side = r.LDAP
	}
	rec, err := side.Apply(context.WithoutCancel(ctx), *c)
	if err != nil {
		r.fail(p, c, err)
		return err
	}
	c.Step = record.Done
	r.wrote++
	r.done(p, c, rec)
	return nil
}

// done takes in what the side holds after the write.
func (r *runner) done(p *person, c *record.Change, rec record.Record) {
	counts := &r.report.Counts
	if r.meanwhile(p, *c, rec) {
		p.dropped, p.behind = true, true
	}
	if c.Side == record.LDAP {
		p.entry = &rec
		r.takeBack(p, *c, rec)
		if !p.wroteBack {
			p.wroteBack = true
			counts.WrittenBack++
		}
		return
	}
	if c.Thing != record.User {
		r.doneThing(p, *c, rec)
		return
	}
	p.user, p.detailed = &rec, !c.More
	switch c.Op {
	case record.Create:
		c.Key = rec.ID
		p.next.User = rec.ID
		counts.Created++
		if c.More { // reading back waits for the last of the things
			p.pending = append(p.pending, *c)
			break
		}
		r.born(p, *c, rec)
	case record.Deactivate:
		labelled(&p.next, *c)
		counts.Deactivated++
	case record.Reactivate:
		labelled(&p.next, *c)
		counts.Reactivated++
	default:
		r.takeBack(p, *c, rec)
		r.countUpdated(p)
	}
	r.freshen(&p.next, p)
	p.next.Person = p.Who()
}

// labelled takes in that a deactivation or reactivation is finished. What enabled
// was before is remembered until the return.
func labelled(s *record.State, c record.Change) {
	s.Halfway = false
	if c.Op == record.Reactivate {
		s.Deactivated = false
		delete(s.Fields, enabled)
		return
	}
	if !s.Deactivated {
		s.Fields[enabled] = record.Base{XiVO: c.Fields[enabled].Before}
	}
	s.Deactivated = true
}

// countUpdated counts everybody once.
func (r *runner) countUpdated(p *person) {
	if !p.counted {
		p.counted = true
		r.report.Counts.Updated++
	}
}

// meanwhile tells whether the side shows, after a write, another edit than ours:
// it was made since the reading, and the next run has to look at it.
func (r *runner) meanwhile(p *person, c record.Change, rec record.Record) bool {
	was, ours := p.user, map[string]bool{}
	if c.Side == record.LDAP {
		was = p.entry
	} else if p.origin == fromEntry {
		return false // nobody else knows them yet
	}
	for _, d := range c.Fields {
		ours[d.Attribute] = true
	}
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		name, base := m.Field.Name, p.next.Fields[m.Field.Name].XiVO
		if m.Field.IsThing() && c.More {
			continue // read back later
		}
		if c.Side == record.LDAP {
			name, base = m.Attribute, p.next.Fields[m.Field.Name].LDAP
		}
		now, read := rec.Values[name]
		if !m.Compared() || !read || ours[name] || c.Op == record.Create {
			continue
		}
		known := false
		if was != nil {
			if before, told := was.Values[name]; told {
				base, known = before, true
			}
		}
		if (known || !m.Field.Secret) && !now.Equal(base) {
			return true
		}
	}
	return was != nil && c.Op == record.Update && (was.Identifier != rec.Identifier || was.Disabled != rec.Disabled)
}

// takeBack advances the base of each written field to what the side holds now.
// A value that it did not store is a conflict, and the base stays.
func (r *runner) takeBack(p *person, c record.Change, rec record.Record) {
	for _, name := range c.FieldNames() {
		m, d := r.Settings.Mapping(name), c.Fields[name]
		got, stored := held(m, c.Side, d, rec)
		if !stored {
			r.notStored(p, m, c, got)
			continue
		}
		a := p.answer(r.Engine, name)
		b := a.Base
		if m.Field.Many && a.Verdict == WriteXiVO {
			p.next.Fields[name] = m.takeElementBack(p.next.Fields[name], a, m.chain(p.site), c)
			continue
		}
		if p.origin == fromEntry {
			b = p.next.Fields[name] // both sides, as the creation left them
		}
		if c.Side == record.LDAP {
			b.LDAP = got
			b.Echo = &record.Echo{Before: d.Before, After: got, Version: rec.Version}
		} else {
			b.XiVO = got
		}
		if d.Secret {
			r.hideBase(&b, c.Side)
		}
		if _, on := p.drawn[d.Attribute]; c.Side == record.LDAP && on {
			delete(p.drawn, d.Attribute)
		} else {
			p.next.Fields[name] = b
		}
		if c.Side == record.LDAP {
			r.arrived(p, d.Attribute, b)
		}
	}
	if c.Side == record.LDAP {
		r.freshen(&p.next, p)
	}
}

// arrived stores the bases that were made from what an attribute now holds.
func (r *runner) arrived(p *person, attribute string, now record.Base) {
	for name, b := range p.awaiting {
		if r.Settings.Mapping(name).Attribute == attribute {
			b.LDAP, b.Echo = now.LDAP, now.Echo
			p.next.Fields[name] = b
			delete(p.awaiting, name)
		}
	}
}

// hideBase keeps only the digest of a secret that was written.
func (r *runner) hideBase(b *record.Base, side record.Side) {
	b.Echo, b.Was = nil, nil
	if side == record.LDAP {
		b.LDAP = r.digestValue(b.LDAP)
		return
	}
	b.XiVO = r.digestValue(b.XiVO)
}

// held returns what the side holds of a written field, in the spelling that came
// back, and whether it is what was meant.
func held(m *Mapping, side record.Side, d record.Delta, rec record.Record) (record.Value, bool) {
	now := rec.Values[d.Attribute]
	if m.Field.Many {
		return now, len(without(d.After, now)) == 0
	}
	if side == record.XiVO {
		return now, m.Chain.Canonical(now).Equal(m.Chain.Canonical(d.After))
	}
	for _, s := range now {
		if s == d.After.First() {
			return record.Text(s), true
		}
	}
	want, _ := m.Chain.ToField(d.After)
	for _, s := range now {
		if got, err := m.Chain.ToField(record.Text(s)); err == nil && m.Chain.Canonical(got).Equal(m.Chain.Canonical(want)) {
			return record.Text(s), true
		}
	}
	return now, false
}

// answer is the verdict on a field.
func (p *person) answer(e *Engine, field string) Answer {
	for i, m := range e.Settings.Fields {
		if m.Field.Name == field && i < len(p.answers) {
			return p.answers[i]
		}
	}
	return Answer{}
}

// born makes the state of a user that was just created: both sides are known
// from their readings, so that the next run finds nothing to do.
func (r *runner) born(p *person, c record.Change, rec record.Record) {
	doubtful := map[string]bool{}
	for _, conflict := range p.conflicts {
		doubtful[conflict.Field] = true
	}
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		d, sent := c.Fields[m.Field.Name]
		now, read := rec.Values[m.Field.Name]
		if sent && read && !m.Chain.Canonical(now).Equal(m.Chain.Canonical(d.After)) {
			r.notStored(p, m, c, now)
			continue
		}
		if !m.Compared() || !read || doubtful[m.Field.Name] || m.Field.IsThing() {
			continue
		}
		ldap, err := pick(m, nil, p.entry.Values[m.Attribute])
		if err != nil {
			continue
		}
		b := record.Base{LDAP: ldap, XiVO: now, Mapping: m.Chain.Fingerprint, Source: m.Source()}
		if m.Field.Secret {
			b.LDAP, b.XiVO = r.digestValue(b.LDAP), r.digestValue(b.XiVO)
		}
		p.next.Fields[m.Field.Name] = b
	}
}

// notStored reports a value that the side accepted and did not keep.
func (r *runner) notStored(p *person, m *Mapping, c record.Change, got record.Value) {
	d := c.Fields[m.Field.Name]
	x := r.conflict(p, m.Field.Name, record.Rejected,
		fmt.Sprintf("not stored: %s accepted the change of %s, and holds %s", c.Side, d.Attribute, shownText(got, d.Secret)),
		"look at the field on that side; the same value is not sent again until something changes")
	x.Raw, x.Secret, x.Basis = record.Pair{LDAP: d.Cause, XiVO: got}, d.Secret, r.basis(nextTime(c, m.Field.Name, got))
	x.Decisions = []string{"VALUE", "ignore"}
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
	r.failure(p, x.Message)
}

// nextTime is the change that the next run would propose for a field whose value
// was not stored: from what the side holds now.
func nextTime(c record.Change, field string, got record.Value) record.Change {
	d := c.Fields[field]
	if len(got) < 2 || !slices.Contains(got, d.Before.First()) {
		d.Before = got
	}
	return record.Change{Side: c.Side, Op: record.Update, Fields: map[string]record.Delta{field: d}}
}

func shownText(v record.Value, secret bool) string {
	switch {
	case v.Empty():
		return "nothing"
	case secret:
		return "another value"
	}
	return Quoted(v.String())
}

// fail journals an error about one person; everybody else is served.
func (r *runner) fail(p *person, c *record.Change, err error) {
	c.Step, c.Error = record.Failed, message(err)
	p.failed = true
	switch record.ClassOf(err) {
	case record.Stale, record.Missing:
		p.behind = true
		r.report.Counts.Stale++
	case record.Refused:
		r.refused(p, *c)
		r.report.Counts.Failed++
	case record.Uncertain:
		c.Step = record.Unknown
		r.unknown(p, *c)
		r.report.Counts.Failed++
	}
	r.Log.Warn("change not made", "change", c.ID(), "record", p.Who().Label(), "side", c.Side, "error", c.Error)
	r.failure(p, fmt.Sprintf("%s %s: %s", c.Op, c.Thing, c.Error))
}

// message is the side's own words, where it has any.
func message(err error) string {
	var side *record.Error
	if errors.As(err, &side) && side.Message != "" {
		return side.Message
	}
	return err.Error()
}

func (r *runner) failure(p *person, text string) {
	r.report.Failures = append(r.report.Failures, record.Failure{Person: p.Who(), Error: text})
}

// refused opens a conflict with the target's own words. The same change is not
// sent again until something about it changes.
func (r *runner) refused(p *person, c record.Change) {
	field, basis := "", r.basis(c)
	switch {
	case p.origin == fromEntry && c.Thing != record.Agent:
		basis = r.wholeBasis(p)
	case c.Side == record.LDAP:
		field = c.FieldNames()[0]
	default:
		field = subject(c)
	}
	x := r.conflict(p, field, record.Rejected, fmt.Sprintf("%s refused to %s the %s: %s", sideName(c.Side), c.Op, c.Thing, c.Error),
		"correct what it says; the same change is sent again when something about it changes, with --only ID, or by run --audit")
	x.Basis, x.Decisions = basis, []string{"ignore"}
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
}

// unknown opens the conflict of a change of which nobody knows whether it was
// made; the person is left alone until somebody has looked.
func (r *runner) unknown(p *person, c record.Change) {
	x := r.conflict(p, "", record.UnknownOutcome,
		fmt.Sprintf("change %s (%s %s) may or may not have been made: %s", c.ID(), c.Op, c.Thing, c.Error),
		"compare both sides; it closes by itself when they agree")
	x.Decisions = []string{"ldap", "xivo"}
	p.conflicts = append(p.conflicts, x)
	r.found = append(r.found, x)
}

func sideName(s record.Side) string {
	if s == record.LDAP {
		return "the directory"
	}
	return "XiVO"
}

// listStale reports the approved changes that were not made because something
// had changed since.
func (r *runner) listStale(plan *Plan) {
	for _, c := range plan.Stale {
		r.report.Counts.Stale++
		r.report.Failures = append(r.report.Failures, record.Failure{Person: c.Person, Error: c.Reason})
	}
	for _, p := range plan.people {
		if p.held {
			r.report.Counts.Held++
		}
	}
	slices.SortFunc(r.report.Failures, func(a, b record.Failure) int { return compareText(a.Identifier, b.Identifier) })
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// clone copies the fields, so that a state that was handed to the store does not
// change under it.
func clone(s record.State) record.State {
	s.Fields = maps.Clone(s.Fields)
	return s
}
