package reconcile

import (
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// brought is a value that somebody decided, on its way into the directory. It is
// taken for written there, so that it travels to XiVO as if it had been edited;
// the base advances only when XiVO has it, so that whatever comes between leaves
// the conflict open.
type brought struct {
	field         string
	before, after record.Value
	ruling        *ruling
}

// bring takes the decided value for the directory's. One of several values that
// the attribute holds already is only chosen.
func (e *Engine) bring(p *person, m *Mapping, r *ruling) (misfit string) {
	text, now := r.conflict.Decision.Value, e.sight(p, m).LDAP
	chain := m.chain(p.site)
	want, err := chain.ToField(record.Text(text))
	if err != nil {
		return err.Error()
	}
	if refused := validate(m.Field, want); refused != nil {
		return refused.Message
	}
	if p.drawn == nil {
		p.drawn = map[string]record.Value{}
	}
	if i := chain.spelled(now, chain.Canonical(want).First()); i >= 0 {
		p.drawn[m.Attribute] = now[i : i+1]
		p.bringing(m.Attribute, brought{field: m.Field.Name, ruling: r})
		return ""
	}
	after := record.Text(text)
	if back, err := chain.ToAttribute(want); err == nil && m.Direction != ToXiVO {
		after = back
	}
	b := brought{field: m.Field.Name, before: now, after: after, ruling: r}
	if len(now) > 1 {
		known := p.state.Fields[m.Field.Name]
		old, err := pick(m, &known, now)
		if err != nil || len(old) != 1 {
			return fmt.Sprintf("%s is none of the directory's values", shownText(record.Text(text), m.Field.Secret))
		}
		b.before = old // the others stay
	}
	p.drawn[m.Attribute] = after
	p.bringing(m.Attribute, b)
	return ""
}

func (p *person) bringing(attribute string, b brought) {
	if p.brought == nil {
		p.brought = map[string]brought{}
	}
	p.brought[attribute] = b
}

// proposeBrought writes the decided values into the directory, together with what
// they lead to in XiVO.
func (e *Engine) proposeBrought(p *person) {
	for _, attribute := range sortedKeys(p.brought) {
		b := p.brought[attribute]
		m := e.Settings.Mapping(b.field)
		if b.after.Empty() || p.conflicted(b.field) || p.origin == fromEntry && p.xivo == nil {
			continue
		}
		d := record.Delta{Attribute: attribute, Before: b.before, After: b.after, Secret: m.Field.Secret}
		if p.origin == fromEntry && !m.Field.Secret { // XiVO has it first, and recovery has to know
			d.Cause, _ = m.chain(p.site).ToField(p.drawn[attribute])
		}
		p.ldap = append(p.ldap, record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: p.entryID(),
			Fields: map[string]record.Delta{b.field: d}, Reason: b.ruling.reason()})
		p.chained = true
		b.ruling.taken, b.ruling.written = true, true
	}
}

// withdrawBrought keeps a decided value out of the directory that somebody else
// turned out to hold.
func (e *Engine) withdrawBrought(p *person) {
	for _, attribute := range sortedKeys(p.brought) {
		b := p.brought[attribute]
		if !p.conflicted(b.field) {
			continue
		}
		p.ldap = slices.DeleteFunc(p.ldap, func(c record.Change) bool {
			mine := c.Has(b.field) && c.Fields[b.field].After.Equal(b.after)
			if mine {
				e.withdraw(p, c)
			}
			return mine
		})
	}
}

// chosen forgets the values that were only chosen among those of the directory:
// nothing has to arrive there.
func (p *person) chosen() {
	maps.DeleteFunc(p.drawn, func(attribute string, _ record.Value) bool {
		b, of := p.brought[attribute]
		return of && b.after.Empty()
	})
}
