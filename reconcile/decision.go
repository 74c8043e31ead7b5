package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// decisions are the conflicts about which somebody has decided, by key.
type decisions map[string]record.Conflict

func (e *Engine) readDecisions() (decisions, error) {
	out := decisions{}
	for c, err := range e.Store.Conflicts() {
		if err != nil {
			return nil, fmt.Errorf("read the conflicts: %w", err)
		}
		if c.Decision != nil {
			out[c.Key()] = c
		}
	}
	return out, nil
}

// ruling is a decision about a person on its way through a plan.
type ruling struct {
	// conflict is what was decided about, as it was seen then.
	conflict record.Conflict
	// misfit says why it cannot be carried out, where it cannot.
	misfit string
	// taken tells that the plan carries it out; written, that this takes a write.
	taken, written bool
}

// take is what was decided.
func (r *ruling) take() string { return r.conflict.Decision.Take }

// stands tells whether there is something to carry out: what is ignored is not.
func (r *ruling) stands() bool {
	return r != nil && r.misfit == "" && r.take() != record.DecideIgnore
}

// reason is what the journal says of a change that was decided.
func (r *ruling) reason() string { return DecidedBy(*r.conflict.Decision) }

// DecidedBy is the reason of a change that carries a decision out.
func DecidedBy(d record.Decision) string { return fmt.Sprintf("decided by %s: %s", d.Who, d.Why) }

// rule gives the person the decisions about them, by field.
func (d decisions) rule(p *person) {
	for _, c := range d {
		if c.Entry != "" && c.Entry == p.entryID() || c.Entry == "" && c.Person.UUID != "" && c.Person.UUID == p.userID() {
			p.ruled(c)
		}
	}
}

func (p *person) ruled(c record.Conflict) *ruling {
	if p.rulings == nil {
		p.rulings = map[string]*ruling{}
	}
	if r := p.rulings[c.Field]; r != nil {
		return r
	}
	r := &ruling{conflict: c}
	p.rulings[c.Field] = r
	return r
}

// ruling is the decision about a field that stands, or else the one about the
// whole person; nil where nobody decided.
func (p *person) ruling(field string) *ruling {
	if r := p.rulings[field]; r.stands() {
		return r
	}
	if r := p.rulings[""]; r.stands() && r.conflict.Kind == record.UnknownOutcome {
		return r
	}
	return nil
}

// mayTryAgain tells whether somebody decided that what was refused, or is of unknown
// outcome, shall be tried again or otherwise.
func (p *person) mayTryAgain(field string) bool {
	r := p.rulings[field]
	if !r.stands() {
		return false
	}
	r.taken, r.written = true, true
	return true
}

// ruledFields are the fields of the rulings, in order.
func (p *person) ruledFields() []string { return sortedKeys(p.rulings) }

// seek finds out, from what both sides hold now, which decisions about fields
// still fit, and brings the values that were decided.
func (e *Engine) seek(p *person) {
	for a := range p.brought {
		delete(p.drawn, a)
	}
	p.brought = nil
	e.weigh(p)
	for _, field := range p.ruledFields() {
		r, m := p.rulings[field], e.Settings.Mapping(field)
		if m == nil || r.take() == record.DecideIgnore {
			continue
		}
		r.taken, r.written, r.misfit = false, false, e.misfit(p, m, r)
		if e.heldNow(p, m) {
			continue // it waits for the release
		}
		if r.misfit == "" && r.take() == record.DecideValue {
			r.misfit = e.bring(p, m, r)
		}
	}
}

// weigh finds out whether XiVO's side can be taken in all that is in question about
// a change of unknown outcome: where XiVO has nothing, it cannot.
func (e *Engine) weigh(p *person) {
	r := p.rulings[wholePerson]
	if r == nil || r.conflict.Kind != record.UnknownOutcome || r.take() != record.DecideXiVO {
		return
	}
	r.misfit = emptyByHand // so that the matrix answers
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Compared() {
			continue
		}
		if a := e.decide(p, m, nil); a.Verdict > Remember && a.Raw.XiVO.Empty() {
			r.misfit = fmt.Sprintf("XiVO's %s is empty: clear %s in the directory by hand", m.Field.Name, m.Attribute)
			return
		}
	}
	r.misfit = ""
}

// heldNow tells whether a field is held, by what both sides hold themselves.
func (e *Engine) heldNow(p *person, m *Mapping) bool {
	q := Question{Mapping: m, Site: p.site}
	q.LDAP, q.ReadLDAP = e.source(p, m, nil)
	if p.user != nil {
		q.XiVO, q.ReadXiVO = p.user.Values[m.Field.Name]
	}
	return e.keeps(p, m, &q)
}

// sight is what both sides hold of a field now, raw, and without what a decision
// or a pool brings.
func (e *Engine) sight(p *person, m *Mapping) record.Pair {
	b := p.state.Fields[m.Field.Name]
	now := record.Pair{LDAP: b.LDAP, XiVO: b.XiVO}
	if p.entry != nil {
		now.LDAP = p.entry.Values[m.Attribute]
	}
	if p.user != nil {
		if v, read := p.user.Values[m.Field.Name]; read {
			now.XiVO = v
		}
	} else if p.origin == fromEntry {
		now.XiVO = nil
	}
	return now
}

// misfit says which side no longer holds what a decision was made from. A side
// that holds the decided value already fits: a crash or a refusal came between.
func (e *Engine) misfit(p *person, m *Mapping, r *ruling) string {
	now, then := e.sight(p, m), r.conflict.Raw
	picked := now.LDAP
	if b := p.state.Fields[m.Field.Name]; m.from(b.Source) {
		if v, err := pick(m, &b, now.LDAP); err == nil {
			picked = v
		}
	} else if v, err := pick(m, nil, now.LDAP); err == nil {
		picked = v
	}
	want, err := m.chain(p.site).ToField(record.Text(r.conflict.Decision.Value))
	valued := r.take() == record.DecideValue && err == nil
	holds := func(v record.Value) bool {
		c := m.chain(p.site)
		return valued && c.Canonical(v).Equal(c.Canonical(want))
	}
	inField, _ := m.chain(p.site).ToField(picked)
	switch {
	case !e.alike(m, then.LDAP, now.LDAP) && !e.alike(m, then.LDAP, picked) && !holds(inField):
		return fmt.Sprintf("the directory holds %s now, and held %s then", shownText(now.LDAP, m.Field.Secret), shownText(then.LDAP, m.Field.Secret))
	case !e.alike(m, then.XiVO, now.XiVO) && !holds(now.XiVO):
		return fmt.Sprintf("XiVO holds %s now, and held %s then", shownText(now.XiVO, m.Field.Secret), shownText(then.XiVO, m.Field.Secret))
	case r.take() == record.DecideXiVO && now.XiVO.Empty():
		return emptyByHand
	}
	return ""
}

// emptyByHand is why XiVO's empty value cannot be decided for.
const emptyByHand = "XiVO's value is empty: clear it in the directory by hand"

// alike compares two raw values, and secrets by their digests.
func (e *Engine) alike(m *Mapping, a, b record.Value) bool {
	if m.Field.Secret {
		a, b = e.digested(a), e.digested(b)
	}
	return a.Equal(b) || m.Field.Many && sameSet(a, b)
}

func (e *Engine) digested(v record.Value) record.Value {
	if isDigest(v) {
		return v
	}
	return e.digestValue(v)
}

// hear reads both sides in full where a decision waits to be carried out: it was
// made from all that they hold.
func (e *Engine) hear(ctx context.Context, p *person) error {
	if !p.needsBoth() {
		return nil
	}
	if p.entry == nil && p.entryID() != "" {
		if err := e.readEntry(ctx, p); err != nil {
			return err
		}
	}
	if p.detailed || p.userID() == "" {
		return nil
	}
	return e.readDetail(ctx, p)
}

// needsBoth tells whether a decision waits that has to be made from both sides
// read in full.
func (p *person) needsBoth() bool {
	return slices.ContainsFunc(p.ruledFields(), func(f string) bool { return p.rulings[f].take() != record.DecideIgnore })
}
