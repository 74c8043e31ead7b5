package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// past are the open conflicts that a write left: what was refused, not stored,
// or of unknown outcome. The same write is not sent again while nothing about it
// has changed.
type past map[string]record.Conflict

func (e *Engine) pastRefusals() (past, error) {
	out := past{}
	for c, err := range e.Store.Conflicts() {
		if err != nil {
			return nil, fmt.Errorf("read the conflicts: %w", err)
		}
		if c.Basis != "" || len(c.Pointers) > 0 || c.Kind == record.UnknownOutcome {
			out[c.Key()] = c
		}
	}
	return out, nil
}

// basis is a digest of what a change asks for and what it starts from.
func (e *Engine) basis(c record.Change, fields ...string) string {
	switch {
	case len(fields) > 0:
	case c.Op == record.Delete && c.Thing == record.User:
		fields = []string{deleteAnyway} // who is deleted is deleted whatever they hold
	case c.Op == record.Delete:
		fields = []string{string(c.Thing)}
	default:
		fields = slices.DeleteFunc(c.FieldNames(), func(name string) bool {
			return slices.Contains(furnished, name) && e.Settings.Mapping(name) == nil
		})
	}
	texts := []string{string(c.Side), string(c.Op)}
	for _, f := range fields {
		d := c.Fields[f]
		texts = append(texts, f)
		texts = append(texts, d.Before...)
		texts = append(texts, "\x00")
		texts = append(texts, d.After...)
	}
	return hexOf(e.Store.Digest(texts...))
}

// hold takes out of the people's changes what was refused before.
func (past past) hold(e *Engine, people []*person) {
	past.holdUnknown(people)
	if len(past) == 0 {
		return
	}
	for _, p := range people {
		past.holdLDAP(e, p)
		past.holdXiVO(e, p)
		past.holdLife(e, p)
	}
	for _, c := range cyclesOf(people) {
		past.holdCycle(e, c)
	}
}

// holdCycle keeps a cycle from being tried again of which a step was refused.
func (past past) holdCycle(e *Engine, c *cycle) {
	basis, held := c.basis(e), false
	for _, t := range c.turns {
		x, ok := past.find(t.p, t.conflictField())
		if ok && x.Basis == basis {
			again(t.p, x)
			held = true
		}
	}
	if held {
		c.hold()
	}
}

func (past past) find(p *person, field string) (record.Conflict, bool) {
	if p.mayTryAgain(field) {
		return record.Conflict{}, false
	}
	c, ok := past[record.Conflict{Entry: p.entryID(), Field: field}.Key()]
	return c, ok
}

// again reports the conflict once more, under the person's present name.
func again(p *person, c record.Conflict) {
	c.Person, c.Link = p.Who(), p.state.Number
	p.conflicts = append(p.conflicts, c)
}

func (past past) holdXiVO(e *Engine, p *person) {
	past.holdThings(e, p)
	if p.xivo == nil {
		return
	}
	if p.origin == fromEntry {
		if c, ok := past.find(p, ""); ok && c.Basis == e.wholeBasis(p) {
			again(p, c)
			p.xivo, p.things = nil, nil
		}
		return
	}
	if c, ok := past.find(p, ""); ok && c.Basis == e.basis(*p.xivo) {
		again(p, c)
		p.xivo = nil
		return
	}
	for _, f := range p.xivo.FieldNames() {
		if c, ok := past.find(p, f); ok && c.Basis == e.basis(*p.xivo, f) {
			again(p, c)
			delete(p.xivo.Fields, f)
		}
	}
	if len(p.xivo.Fields) == 0 {
		p.xivo = nil
	}
}

// holdLife leaves a deactivation or reactivation alone of which a part was
// refused: what could be done of it is done.
func (past past) holdLife(e *Engine, p *person) {
	if p.life != nil && past.refusesLife(e, p) {
		p.life, p.lifeThings = nil, nil
	}
}

// refusesLife tells whether a part of it was refused, and reports that again.
func (past past) refusesLife(e *Engine, p *person) bool {
	refused := false
	for _, change := range p.lifeUnit() {
		if c, ok := past.find(p, subject(change)); ok && c.Basis == e.basis(change) {
			again(p, c)
			refused = true
		}
	}
	return refused
}

func (past past) holdThings(e *Engine, p *person) {
	if p.origin == fromEntry {
		return
	}
	var last record.Change // held
	p.things = slices.DeleteFunc(p.things, func(change record.Change) bool {
		if revives(last, change) {
			return true
		}
		c, ok := past.find(p, subject(change))
		if ok = ok && c.Basis == e.basis(change); ok {
			again(p, c)
			p.leaveUnparked(change)
			last = change
		}
		return ok
	})
}

// leaveUnparked remembers that a number is not parked after all: else whoever asks for
// it would have it parked once more, for ever.
func (p *person) leaveUnparked(c record.Change) {
	if !c.Parks {
		return
	}
	if p.unparked == nil {
		p.unparked = map[string]bool{}
	}
	p.unparked[string(c.Thing)] = true
}

// wholeBasis is the basis of everything that a new person gets.
func (e *Engine) wholeBasis(p *person) string {
	var texts []string
	for _, c := range p.whole() {
		texts = append(texts, e.basis(c))
	}
	return hexOf(e.Store.Digest(texts...))
}

func (past past) holdLDAP(e *Engine, p *person) {
	kept := p.ldap[:0]
	for _, change := range p.ldap {
		field := change.FieldNames()[0]
		if c, ok := past.find(p, field); ok && c.Basis == e.basis(change) {
			again(p, c)
			e.withdraw(p, change)
			continue
		}
		kept = append(kept, change)
	}
	p.ldap = kept
}

// withdraw takes out of the person's change of XiVO what a write-back feeds that
// is not made.
func (e *Engine) withdraw(p *person, writeBack record.Change) {
	if p.withdrawn == nil {
		p.withdrawn = map[string]bool{}
	}
	for _, d := range writeBack.Fields {
		p.withdrawn[d.Attribute] = true
	}
	if !p.chained {
		return
	}
	p.holdCycles(anyChange)
	p.things = slices.DeleteFunc(p.things, func(c record.Change) bool {
		return slices.ContainsFunc(c.FieldNames(), func(name string) bool {
			m := e.Settings.Mapping(name)
			return m != nil && m.Attribute != "" && p.withdrawn[m.Attribute]
		})
	})
	if p.xivo == nil {
		return
	}
	for _, d := range writeBack.Fields {
		maps.DeleteFunc(p.xivo.Fields, func(field string, _ record.Delta) bool {
			m := e.Settings.Mapping(field)
			return m != nil && m.Attribute == d.Attribute
		})
	}
	if len(p.xivo.Fields) == 0 {
		p.xivo = nil
	}
}

// holdUnknown leaves alone whoever has a change of unknown outcome, until both
// sides agree again or a person decides.
func (past past) holdUnknown(people []*person) {
	for _, p := range people {
		c, ok := past.find(p, "")
		if ok && c.Kind == record.UnknownOutcome && (p.xivo != nil || len(p.ldap)+len(p.owned()) > 0) {
			p.holdCycles(anyChange)
			p.conflicts, p.ldap, p.xivo, p.things, p.held = nil, nil, nil, nil, true
			again(p, c)
		}
	}
}
