package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// propose turns the answers about a person into changes and conflicts.
func (e *Engine) propose(p *person) {
	p.conflicts, p.ldap, p.xivo, p.things = nil, nil, nil, nil
	if p.origin == fromEntry {
		e.proposeCreate(p)
		return
	}
	deltas, details := map[string]record.Delta{}, map[record.Thing]map[string]Answer{}
	for i := range p.answers {
		m, a := &e.Settings.Fields[i], p.answers[i]
		if len(a.Missing) > 0 && a.Verdict != Block { // others of the set are served
			missing := a
			missing.Kind, missing.Message = record.EmptyBlocked, takenOff
			p.conflicts = append(p.conflicts, e.fieldConflict(p, m, missing))
		}
		switch a.Verdict {
		case Conflict, Block:
			p.conflicts = append(p.conflicts, e.fieldConflict(p, m, a))
		case WriteXiVO:
			if r := validate(m.Field, a.Write); r != nil {
				p.conflicts = append(p.conflicts, e.refusedValue(p, m, a, r))
				continue
			}
			if m.Field.IsThing() {
				p.things = append(p.things, e.thingChanges(p, m, a)...)
				if a.Also != nil {
					a.Write, a.Replaces = a.Also, a.Raw.LDAP
					p.ldap = append(p.ldap, e.writeBack(p, m, a))
				}
				continue
			}
			if m.Field.Detail {
				e.noteDetail(p, m, a, details)
				continue
			}
			deltas[m.Field.Name] = e.delta(m, m.Field.Name, a, a.Raw.LDAP)
		case WriteLDAP:
			p.ldap = append(p.ldap, e.writeBack(p, m, a))
		}
	}
	identifier := e.proposeIdentifier(p, deltas)
	if len(deltas) > 0 {
		p.xivo = &record.Change{Side: record.XiVO, Op: record.Update, Thing: record.User, Key: p.userID(),
			Fields: deltas, Reason: joined(e.reasons(p, deltas), identifier)}
	}
	p.things = append(p.things, e.detailChanges(p, details)...)
	p.things = append(p.things, e.agentChanges(p)...)
	p.things = slices.DeleteFunc(p.things, p.restored)
	slices.SortStableFunc(p.things, inThingOrder)
	e.holdTogether(p)
	e.proposeBrought(p)
}

// restored tells whether the reactivation makes the change already.
func (p *person) restored(c record.Change) bool {
	return p.life != nil && slices.ContainsFunc(p.lifeThings, func(l record.Change) bool {
		name := string(c.Thing)
		return l.Thing == c.Thing && l.Op == c.Op && l.Fields[name].After.Equal(c.Fields[name].After)
	})
}

func (e *Engine) delta(m *Mapping, attribute string, a Answer, cause record.Value) record.Delta {
	if m.Field.Secret {
		cause = e.digestValue(cause)
	}
	return record.Delta{Attribute: attribute, Before: a.Replaces, After: a.Write, Cause: cause, Secret: m.Field.Secret}
}

func (e *Engine) writeBack(p *person, m *Mapping, a Answer) record.Change {
	return record.Change{Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: p.entryID(), Reason: a.Reason,
		Fields: map[string]record.Delta{m.Field.Name: e.delta(m, m.Attribute, a, a.Raw.XiVO)}}
}

// reasons joins the different reasons of a change's fields.
func (e *Engine) reasons(p *person, deltas map[string]record.Delta) string {
	var out []string
	for i, a := range p.answers {
		told := slices.ContainsFunc(out, func(r string) bool { return strings.HasPrefix(r, a.Reason) })
		if _, in := deltas[e.Settings.Fields[i].Field.Name]; in && !told {
			out = slices.DeleteFunc(out, func(r string) bool { return strings.HasPrefix(a.Reason, r) })
			out = append(out, a.Reason)
		}
	}
	return strings.Join(out, "; ")
}

// proposeCreate makes the user of an entry that has none. A value that XiVO
// would refuse is left out and reported; without a required one there is no
// user.
func (e *Engine) proposeCreate(p *person) {
	deltas := map[string]record.Delta{}
	e.place(p)
	e.seek(p)
	p.answers = make([]Answer, len(e.Settings.Fields))
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if m.Field.Detail {
			continue // it comes with its thing
		}
		a := e.initialValue(p, m)
		want := a.Write
		if m.Field.IsThing() {
			p.answers[i] = a
			continue
		}
		if want.Empty() && m.Field.AtCreation != "" {
			want = record.Text(m.Field.AtCreation)
		}
		switch {
		case !want.Empty():
			cause, _ := e.source(p, m, nil) // a rule's value where a rule speaks
			if m.Field.Secret {
				cause = e.digestValue(cause)
			}
			deltas[m.Field.Name] = record.Delta{Attribute: m.Field.Name, After: want, Cause: cause, Secret: m.Field.Secret}
		case m.Field.Required:
			if !p.conflicted(m.Field.Name) {
				p.conflicts = append(p.conflicts, e.missingRequired(p, m))
			}
			return
		}
	}
	id := e.Settings.Identifier.XiVO
	deltas[id] = record.Delta{Attribute: id, After: record.Text(p.entry.Identifier), Cause: record.Text(p.entry.Identifier)}
	p.xivo = &record.Change{Side: record.XiVO, Op: record.Create, Thing: record.User, Key: p.entry.Identifier, Fields: deltas, Reason: cmp.Or(p.because, "new in the directory")}
	for i, a := range p.answers {
		if !a.Write.Empty() && e.Settings.Fields[i].Field.IsThing() {
			p.things = append(p.things, e.thingChanges(p, &e.Settings.Fields[i], a)...)
		}
	}
	slices.SortStableFunc(p.things, inThingOrder)
	e.holdTogether(p)
	e.proposeBrought(p)
}

// conflicted tells whether a field has its conflict already.
func (p *person) conflicted(field string) bool {
	return slices.ContainsFunc(p.conflicts, func(c record.Conflict) bool { return c.Field == field })
}

// initialValue is what a field of a new user, or a new thing, shall hold; a value
// that cannot be used becomes a conflict on its field.
func (e *Engine) initialValue(p *person, m *Mapping) Answer {
	if m.Direction == None || m.Direction == ToLDAP {
		return Answer{}
	}
	v, _ := e.source(p, m, nil)
	q := &question{Question: Question{Mapping: m, LDAP: v, ReadLDAP: true, ReadXiVO: true, Site: p.site, Digest: e.digestValue}}
	if trouble := q.prepare(); trouble != nil {
		p.conflicts = append(p.conflicts, e.fieldConflict(p, m, *trouble))
		return Answer{}
	}
	a := Answer{Raw: record.Pair{LDAP: q.LDAP}, Canonical: record.Pair{LDAP: q.L}}
	if r := validate(m.Field, q.want); r != nil {
		p.conflicts = append(p.conflicts, e.refusedValue(p, m, a, r))
		return Answer{}
	}
	a.Write, a.Thing, a.Reason = q.want, record.Create, "new in the directory"
	a.Base = record.Base{LDAP: q.LDAP, Mapping: m.fingerprint(p.site), Source: m.Source()}
	if m.Field.Secret && m.Field.Detail {
		a.Base.LDAP = e.digestValue(q.LDAP)
	}
	return a
}

func (e *Engine) missingRequired(p *person, m *Mapping) record.Conflict {
	return e.conflict(p, m.Field.Name, record.RequiredEmpty,
		fmt.Sprintf("the directory has no %s, and XiVO creates no user without %s", m.Attribute, m.Field.Name),
		fmt.Sprintf("fill %s in the directory; the next run creates the user", m.Attribute))
}

// proposeIdentifier reports an identifier that changed on one side; where both
// sides agree again, it is simply remembered, and where somebody decided so, the
// directory's goes to XiVO. It returns why.
func (e *Engine) proposeIdentifier(p *person, deltas map[string]record.Delta) (reason string) {
	known := p.state.Identifier
	if p.origin != fromLink {
		return ""
	}
	l, x := e.identifiers(p)
	if l != x {
		if d, r := e.decidedIdentifier(p); r != nil {
			deltas[d.Attribute] = d
			return r.reason()
		}
	}
	switch {
	case l == x && l != "":
		p.state.Identifier = l
	case l != known || x != known:
		c := e.conflict(p, identifierField, record.IdentifierChanged,
			fmt.Sprintf("the identifier was %s; the directory now says %s, XiVO says %s", Quoted(known), Quoted(l), Quoted(x)),
			fmt.Sprintf("write the same value into %s in the directory and %s in XiVO; the link stays", e.Settings.Identifier.LDAP, e.Settings.Identifier.XiVO))
		c.Base = record.Pair{LDAP: record.Text(known), XiVO: record.Text(known)}
		c.Now = record.Pair{LDAP: record.Text(l), XiVO: record.Text(x)}
		c.Raw, c.Decisions = c.Now, []string{record.DecideForget, record.DecideIgnore}
		if l != "" {
			c.Decisions = append([]string{record.DecideLDAP}, c.Decisions...)
		}
		p.conflicts = append(p.conflicts, c)
	}
	return ""
}

// joined puts two reasons together, either of which may be empty.
func joined(a, b string) string {
	if a == "" || b == "" || a == b {
		return cmp.Or(a, b)
	}
	return a + "; " + b
}

// conflict is one about a field of the person.
func (e *Engine) conflict(p *person, field string, kind record.ConflictKind, message, hint string) record.Conflict {
	c := record.Conflict{Kind: kind, Person: p.Who(), Link: p.state.Number, Entry: p.entryID(), Field: field, Message: message, Hint: hint}
	if m := e.Settings.Mapping(field); m != nil {
		b := p.state.Fields[field]
		c.Raw, c.Base, c.Secret = e.sight(p, m), record.Pair{LDAP: b.LDAP, XiVO: b.XiVO}, m.Field.Secret
	}
	return c
}

// fieldConflict tells of an answer that writes nothing.
func (e *Engine) fieldConflict(p *person, m *Mapping, a Answer) record.Conflict {
	c := e.conflict(p, m.Field.Name, a.Kind, a.Message, hintFor(a, m))
	c.Now, c.Base = a.Canonical, a.Last
	if _, comes := p.brought[m.Attribute]; !comes { // else as it is still
		c.Raw = a.Raw
	}
	return c
}

func hintFor(a Answer, m *Mapping) string {
	switch a.Kind {
	case record.EmptyBlocked:
		return fmt.Sprintf("clear %s by hand in the directory, or fill %s in XiVO again", m.Attribute, m.Field.Name)
	case record.ConflictField:
		return "make both sides agree: write the right value on one of them"
	case record.Contested:
		return "find out who writes the value, and stop them or set drift = \"keep\""
	case record.Immutable:
		if m.Attribute == "" {
			return fmt.Sprintf("correct the rule that sets the %s, or make the change in XiVO by hand", m.Field.Name)
		}
	case record.RequiredEmpty:
		return fmt.Sprintf("fill %s in the directory", m.Attribute)
	}
	return fmt.Sprintf("correct %s in the directory", m.Attribute)
}

// refusedValue tells of a value that XiVO would not take.
func (e *Engine) refusedValue(p *person, m *Mapping, a Answer, r *refusal) record.Conflict {
	c := e.conflict(p, m.Field.Name, r.Kind, r.Message, r.Hint)
	c.Now, c.Base = a.Canonical, a.Last
	return c
}
