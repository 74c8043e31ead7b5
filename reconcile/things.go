package reconcile

import (
	"cmp"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// thingOrder is the order in which a person's things are made: what a later one
// needs comes first (XiVO takes no entity once a line exists). They are taken
// down in the opposite order.
var thingOrder = []record.Thing{record.User, record.Entity, record.Extension, record.Voicemail, record.DID, record.Agent, record.CTI}

func inThingOrder(a, b record.Change) int {
	place := func(c record.Change) int {
		i := slices.Index(thingOrder, c.Thing)
		if c.Op == record.Delete {
			return -i
		}
		return i
	}
	return cmp.Compare(place(a), place(b))
}

// RuledFields are the fields that rules may set: they need no attribute. A rule
// that matches goes before the attribute.
var RuledFields = []string{
	SetCTI, SetEntity, SetLanguage,
	"did_destination", "did_ring_time", "did_caller_id_mode", "did_caller_id_name", "did_subroutine",
	"voicemail_email", "voicemail_language", "voicemail_timezone", "voicemail_ask_password", "voicemail_attach_audio",
	"voicemail_delete_messages", "voicemail_max_messages",
	agentLanguage, agentGroup,
}

// setting is what a rule sets for the person, or "".
func (p *person) setting(name string) string { return p.rules.Value(name) }

// source is the directory's value of a field: the attribute's, or what a rule
// sets, as long as the condition of the field holds. It returns false where the
// entry was not kept, because it is unchanged. A write-back that is decided
// already is taken for made.
func (e *Engine) source(p *person, m *Mapping, assumed map[string]record.Value) (record.Value, bool) {
	v, read := assumed[m.Attribute]
	if p.entry == nil {
		return v, read
	}
	if !read {
		v, read = p.drawn[m.Attribute]
	}
	if !read {
		v, read = p.entry.Values[m.Attribute]
	}
	ruled := p.settingOf(m)
	switch {
	case e.moot(p, m, assumed):
		return nil, true
	case ruled.Value != "":
		return record.Text(ruled.Value), true
	case m.Field.IsThing() && m.Field.Thing == record.Voicemail && p.setting("voicemail") == "false":
		return nil, true
	case m.When != nil && !m.When.Match(p.attribute):
		return nil, true
	}
	return v, read || m.Attribute == ""
}

// settingOf is what a rule sets for a field: under its own name, or, for a language
// of a thing, as the person's.
func (p *person) settingOf(m *Mapping) Setting {
	name := m.Field.Name
	if s := p.rules.Set[name]; s.Value != "" && slices.Contains(RuledFields, name) {
		return s
	}
	if name == "voicemail_language" || name == agentLanguage {
		return p.rules.Set[SetLanguage]
	}
	return Setting{}
}

// attribute reads the entry for rules and conditions.
func (p *person) attribute(name string) record.Value { return p.entry.Values[name] }

// place finds out what the rules set for the person, and where their numbers
// belong.
func (e *Engine) place(p *person) {
	if p.entry == nil {
		p.site = e.Settings.Numbering.Site(p.state.Person.Site)
		return
	}
	p.rules = e.Settings.Rules.Resolve(p.attribute, p.entry.DN)
	p.site = p.elsewhere(e.siteOf(p))
}

// siteOf is the site of a rule, the only one there is, or the one whose block or
// range holds the person's number.
func (e *Engine) siteOf(p *person) *Site {
	n := &e.Settings.Numbering
	if s := n.Site(p.setting(SetSite)); s != nil {
		return s
	}
	if len(n.Sites) == 1 {
		return &n.Sites[0]
	}
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		if !m.Field.Numbered {
			continue
		}
		v, _ := e.source(p, m, nil)
		if s := n.SiteOfNumber(v.First()); s != nil {
			return s
		}
	}
	return nil
}

// elsewhere is the site with the contexts that a rule sets.
func (p *person) elsewhere(s *Site) *Site {
	context, did := p.setting(SetContext), p.setting(SetDIDContext)
	if s == nil || context == "" && did == "" {
		return s
	}
	moved := *s
	moved.Context, moved.DIDContext = cmp.Or(context, s.Context), cmp.Or(did, s.DIDContext)
	return &moved
}

// thingChanges turns the verdict on a thing into changes: one for a thing of
// which a person has one, one for each element of a set.
func (e *Engine) thingChanges(p *person, m *Mapping, a Answer) []record.Change {
	change := func(op record.Op, before, after record.Value) record.Change {
		return e.thingChange(p, m, a, op, before, after)
	}
	switch {
	case m.Field.Many:
		return elementChanges(a, change)
	case a.Thing == record.Reactivate && !m.Chain.Canonical(a.Replaces).Equal(m.Chain.Canonical(a.Write)): // back under another number
		return []record.Change{change(record.Update, a.Replaces, a.Write), change(a.Thing, a.Write, a.Write)}
	}
	return []record.Change{change(a.Thing, a.Replaces, a.Write)}
}

// elementChanges replaces in place what is both gone and new, then makes, takes
// away, gives up and takes up again.
func elementChanges(a Answer, change func(op record.Op, before, after record.Value) record.Change) []record.Change {
	var out []record.Change
	gone, come := without(a.Replaces, a.Write), without(a.Write, a.Replaces)
	for len(gone) > 0 && len(come) > 0 {
		out = append(out, change(record.Update, gone[:1], come[:1]))
		gone, come = gone[1:], come[1:]
	}
	for i := range come {
		out = append(out, change(record.Create, nil, come[i:i+1]))
	}
	for i := range gone {
		out = append(out, change(record.Delete, gone[i:i+1], nil))
	}
	for i := range a.Retire {
		out = append(out, change(record.Deactivate, a.Retire[i:i+1], a.Retire[i:i+1]))
	}
	for i := range a.Revive {
		out = append(out, change(record.Reactivate, a.Revive[i:i+1], a.Revive[i:i+1]))
	}
	return out
}

// without returns what is in one value and not in another.
func without(v, other record.Value) record.Value {
	return slices.DeleteFunc(slices.Clone(v), func(s string) bool { return slices.Contains(other, s) })
}

func (e *Engine) thingChange(p *person, m *Mapping, a Answer, op record.Op, before, after record.Value) record.Change {
	if m.Field.Thing == record.CTI || m.Field.Thing == record.Entity {
		op = record.Update // they are there or not, and never made
	}
	a.Replaces, a.Write = before, after
	c := record.Change{Side: record.XiVO, Op: op, Thing: m.Field.Thing, Key: p.userID(), Reason: a.Reason,
		Fields: map[string]record.Delta{m.Field.Name: e.delta(m, m.Field.Name, a, a.Raw.LDAP)}}
	if c.Thing == record.CTI && before.Empty() {
		e.login(p, m, &c)
	}
	switch {
	case op == record.Create:
		e.endow(p, &c)
	case op == record.Delete && c.Thing == record.Agent:
		c.Fields[agentRemove] = key(agentRemove, "true", false)
	}
	return c
}

// endow adds to a new thing what the person's other values and the rules say of
// it.
func (e *Engine) endow(p *person, c *record.Change) {
	add := func(name, value string) {
		if m := e.Settings.Mapping(name); value != "" && m == nil {
			c.Fields[name] = record.Delta{Attribute: name, After: record.Text(value)}
		}
	}
	switch c.Thing {
	case record.Voicemail:
		add("voicemail_name", fullName(p))
		add("voicemail_language", p.setting("language"))
		add("voicemail_email", p.value("email"))
	case record.Agent:
		e.endowAgent(p, c)
	}
	e.furnishDetails(p, c)
}

// value is what XiVO's user holds, or will hold.
func (p *person) value(field string) string {
	if p.xivo != nil {
		if d, changed := p.xivo.Fields[field]; changed {
			return d.After.First()
		}
	}
	if p.user != nil {
		return p.user.Values[field].First()
	}
	return p.state.Fields[field].XiVO.First()
}

func fullName(p *person) string {
	first, last := p.value("firstname"), p.value("lastname")
	if first == "" || last == "" {
		return cmp.Or(first+last, p.Who().Label())
	}
	return fmt.Sprintf("%s %s", first, last)
}
