package reconcile

import (
	"cmp"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Details say how a thing is set up: where a DID leads, whom a mailbox writes to.
// They merge like any field, as long as the person has the thing; with a thing
// that is made they travel in its own creation. What changes later is one update
// of that thing, for a set one of each element.

// The details of which the engine knows more than their table says.
const (
	didDestination = "did_destination"
	didRingTime    = "did_ring_time"
	sipUsername    = "sip_username"
	ctiUsername    = "cti_username"
	ctiPassword    = "cti_password"
)

// toMailbox is the destination of a DID that leads to the person's mailbox.
const toMailbox = "voicemail"

// owns tells whether the person has the thing, in use, for their own, and keeps
// it.
func (e *Engine) owns(p *person, t record.Thing) bool {
	m := e.Settings.Mapping(string(t))
	if m == nil {
		return false
	}
	base := p.state.Fields[m.Field.Name]
	now := base.XiVO
	if p.user != nil {
		told := false
		if now, told = p.user.Values[m.Field.Name]; !told {
			return false // somebody else has a part in it
		}
	}
	op := p.answer(e, m.Field.Name).Thing
	return !base.Retired && len(without(now, base.GivenUp)) > 0 && op != record.Deactivate && op != record.Delete
}

// strayDetail tells whether a detail has no thing any more: what was last known
// of it would be that of another thing.
func (e *Engine) strayDetail(p *person, m *Mapping) bool {
	if !m.Field.Detail || p.user == nil {
		return false
	}
	now, told := p.user.Values[string(m.Field.Thing)]
	return told && now.Empty()
}

// moot tells whether a detail means nothing beside another: whoever is led to the
// mailbox hears no ringing.
func (e *Engine) moot(p *person, m *Mapping, assumed map[string]record.Value) bool {
	to := e.Settings.Mapping(didDestination)
	if m.Field.Name != didRingTime || to == nil {
		return false
	}
	v, _ := e.source(p, to, assumed)
	want, err := to.Chain.ToField(v)
	return err == nil && want.First() == toMailbox
}

// mailbox tells whether the person has a mailbox, or gets one.
func (e *Engine) mailbox(p *person) bool {
	m := e.Settings.Mapping(string(record.Voicemail))
	if m == nil {
		return true // XiVO knows
	}
	a := p.answer(e, m.Field.Name)
	return a.Thing == record.Create && !a.Write.Empty() && !p.conflicted(m.Field.Name) || e.owns(p, record.Voicemail)
}

// homeless reports a DID that shall lead to a mailbox that is not there.
func (e *Engine) homeless(p *person, m *Mapping, a Answer) bool {
	if m.Field.Name != didDestination || a.Write.First() != toMailbox || e.mailbox(p) {
		return false
	}
	if !p.conflicted(m.Field.Name) {
		a.Kind, a.Message = record.Rejected, "the direct number shall lead to the person's mailbox, and there is none"
		c := e.fieldConflict(p, m, a)
		c.Hint = "give the person a mailbox, or lead the number to the user"
		p.conflicts = append(p.conflicts, c)
	}
	return true
}

// furnishDetails adds to a new thing what is known of its details. A value that
// cannot be used is left out and reported: the thing is made without it.
func (e *Engine) furnishDetails(p *person, c *record.Change) {
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Field.Detail || m.Field.Thing != c.Thing || p.conflicted(m.Field.Name) {
			continue
		}
		a := e.initialValue(p, m)
		if e.homeless(p, m, a) {
			continue
		}
		if i < len(p.answers) && p.answers[i].Verdict <= Remember {
			p.answers[i] = a
		}
		if !a.Write.Empty() {
			c.Fields[m.Field.Name] = e.delta(m, m.Field.Name, a, a.Raw.LDAP)
		}
	}
}

// noteDetail puts the verdict on a detail with the others of its thing.
func (e *Engine) noteDetail(p *person, m *Mapping, a Answer, details map[record.Thing]map[string]Answer) {
	if e.homeless(p, m, a) {
		return
	}
	if details[m.Field.Thing] == nil {
		details[m.Field.Thing] = map[string]Answer{}
	}
	details[m.Field.Thing][m.Field.Name] = a
}

// detailChanges make one update of each thing, and of each element of a set.
func (e *Engine) detailChanges(p *person, details map[record.Thing]map[string]Answer) []record.Change {
	var out []record.Change
	for _, t := range thingOrder {
		answers := details[t]
		if len(answers) == 0 {
			continue
		}
		if m := e.Settings.Mapping(string(t)); m.Field.Many {
			out = append(out, e.elementDetails(p, m, answers)...)
			continue
		}
		c := e.detailChange(p, t)
		for _, name := range sortedKeys(answers) {
			a, m := answers[name], e.Settings.Mapping(name)
			c.Fields[name] = e.delta(m, name, a, a.Raw.LDAP)
			c.Reason = cmp.Or(c.Reason, a.Reason)
		}
		out = append(out, c)
	}
	return out
}

func (e *Engine) detailChange(p *person, t record.Thing) record.Change {
	return record.Change{Side: record.XiVO, Op: record.Update, Thing: t, Key: p.userID(), Fields: map[string]record.Delta{}}
}

// elementDetails change the elements of which something differs; the value of the
// set says which one is meant.
func (e *Engine) elementDetails(p *person, thing *Mapping, answers map[string]Answer) []record.Change {
	elements := p.state.Fields[thing.Field.Name].XiVO
	if p.user != nil {
		elements = p.user.Values[thing.Field.Name]
	}
	var out []record.Change
	for _, element := range elements {
		c := e.detailChange(p, thing.Field.Thing)
		for _, name := range sortedKeys(answers) {
			a, m := answers[name], e.Settings.Mapping(name)
			a.Replaces = record.Text(a.Replaces.Of(element))
			if m.Chain.Canonical(a.Replaces).Equal(m.Chain.Canonical(a.Write)) {
				continue
			}
			c.Fields[name] = e.delta(m, name, a, a.Raw.LDAP)
			c.Reason = cmp.Or(c.Reason, a.Reason)
		}
		if len(c.Fields) == 0 {
			continue
		}
		c.Fields[thing.Field.Name] = record.Delta{Attribute: thing.Field.Name, Before: record.Text(element), After: record.Text(element)}
		out = append(out, c)
	}
	return out
}

// dropDetail takes a detail out of one of the person's changes; a thing is made
// without it.
func (p *person) dropDetail(i int, name string) {
	c := &p.things[i]
	fields := map[string]record.Delta{}
	for other, d := range c.Fields {
		if other != name {
			fields[other] = d
		}
	}
	if c.Fields = fields; len(fields) == 0 {
		p.things = slices.Delete(slices.Clone(p.things), i, i+1)
	}
}

// takeDetail advances the base of a detail that was sent. Of a set, the value
// counts once all elements have it.
func (r *runner) takeDetail(p *person, m *Mapping, c record.Change, rec record.Record) {
	name := m.Field.Name
	now := rec.Values[name]
	d, got := c.Fields[name], now
	if element := c.Fields[string(c.Thing)].After.First(); len(now) > 1 && element != "" {
		got = record.Text(now.Of(element))
	}
	switch {
	case !m.Chain.Canonical(got).Equal(m.Chain.Canonical(d.After)):
		r.notStored(p, m, c, got)
	case !m.Compared():
	case len(now) > 1: // others still to come
		p.dropped, p.behind = true, true
	case c.Parks:
		p.next.Fields[name] = putAside(p.next.Fields[name], d)
	case r.restoreBase(p, c, name, rec):
	default:
		r.knowDetail(p, m, now)
	}
}

// knowDetail makes the base of a detail from the answer and what XiVO holds.
func (r *runner) knowDetail(p *person, m *Mapping, now record.Value) {
	b := p.answer(r.Engine, m.Field.Name).Base
	if b.Source == "" {
		return // nothing was decided; the next run looks
	}
	b.XiVO = now
	if m.Field.Secret {
		r.hideBase(&b, record.XiVO)
	}
	p.next.Fields[m.Field.Name] = b
}

// takeUnsent remembers the details of a new thing that were left to XiVO.
func (r *runner) takeUnsent(p *person, c record.Change, rec record.Record) {
	for i := range r.Settings.Fields {
		m := &r.Settings.Fields[i]
		now, read := rec.Values[m.Field.Name]
		if m.Field.Detail && m.Field.Thing == c.Thing && read && m.Compared() && len(now) < 2 && !c.Has(m.Field.Name) && !p.conflicted(m.Field.Name) {
			r.knowDetail(p, m, now)
		}
	}
}

// refusedNumbers are the things in conflict, by the attribute that feeds them.
func (e *Engine) refusedNumbers(p *person) map[string]string {
	refused := map[string]string{}
	for _, c := range p.conflicts {
		if m := e.Settings.Mapping(c.Field); m != nil && m.Field.Numbered && m.Attribute != "" && c.Kind != record.EmptyBlocked {
			refused[m.Attribute] = c.Field
		}
	}
	return refused
}

// holdTogether takes out the changes of things that are fed by the attribute of
// one that is in conflict, or held at another number: the mailbox does not move
// while the phone stays. It tells whether there were any.
func (e *Engine) holdTogether(p *person) bool {
	refused := map[string]string{}
	for _, c := range p.conflicts {
		if m := e.Settings.Mapping(c.Field); m != nil && m.Field.Numbered && m.Attribute != "" && c.Kind != record.EmptyBlocked {
			refused[m.Attribute] = c.Field
		}
	}
	before := len(p.things)
	held := map[string]bool{}
	p.things = slices.DeleteFunc(p.things, func(c record.Change) bool {
		m := e.Settings.Mapping(string(c.Thing))
		if m == nil || !m.Field.Numbered {
			return false
		}
		d, other := c.Fields[m.Field.Name], refused[m.Attribute]
		if other == "" {
			other = e.heldApart(p, m, d.After)
		}
		place := m.Field.Name + " " + d.After.First()
		if (c.Op == record.Create || c.Op == record.Update) && !d.Before.Equal(d.After) && other != "" && other != m.Field.Name {
			held[place] = true
		}
		return held[place] // what takes it up again there, too
	})
	return len(p.things) != before
}

// heldApart is the field of a thing that is held and fed by the same attribute, but
// has another number than a thing is to get; "" where there is none. A rollback
// asks nobody who holds.
func (e *Engine) heldApart(p *person, m *Mapping, number record.Value) string {
	if p.undo != nil {
		return ""
	}
	digits := func(v record.Value) string {
		text, _, _ := strings.Cut(v.First(), "@")
		return text
	}
	for i := range e.Settings.Fields {
		other := &e.Settings.Fields[i]
		together := other.Field.Numbered && other.Field.IsThing() && !other.Field.Many && !m.Field.Many && m.Attribute != "" && other.Attribute == m.Attribute
		if together && p.holding(other.Field.Name) && digits(e.sight(p, other).XiVO) != digits(number) {
			return other.Field.Name
		}
	}
	return ""
}
