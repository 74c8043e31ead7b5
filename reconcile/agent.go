package reconcile

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// An agent's value is its number, which merges like any other. What else there
// is of it has no attribute of its own: it follows the person's names and the
// rules. No listing tells it, so that it counts as unchanged in XiVO; what was
// last sent is remembered beside the bases of the fields, under these names.
const (
	agentFirstname = "agent_firstname"
	agentLastname  = "agent_lastname"
	agentLanguage  = "agent_language"
	agentGroup     = "agent_group"
	agentQueues    = "queues"
	agentRemove    = "agent_remove"
)

var agentFeatures = []string{agentFirstname, agentLastname, agentLanguage}

// Images is implemented by a side that can read of a thing what its listings do
// not tell.
type Images interface {
	// Image returns the thing's fields as before-values; see [Estates].
	Image(ctx context.Context, thing record.Thing, user, value string) (map[string]record.Delta, error)
}

// agentWish is what an agent's features shall be that have no field of their own,
// as far as anything says so: an agent has a first name, and a language only where
// a rule sets it.
func (e *Engine) agentWish(p *person) map[string]record.Value {
	wish := map[string]record.Value{}
	add := func(name, field, value string) {
		if e.Settings.Mapping(name) != nil {
			return // it merges by itself
		}
		if m := e.Settings.Mapping(field); value != "" || name == agentLastname && m != nil && m.Compared() {
			wish[name] = record.Text(value)
		}
	}
	add(agentFirstname, "firstname", p.value("firstname"))
	add(agentLastname, "lastname", p.value("lastname"))
	add(agentLanguage, "", p.setting(SetLanguage))
	return wish
}

// queues are those of the rules, as XiVO takes them.
func (p *person) queues() record.Value {
	var out record.Value
	for _, q := range p.rules.Queues {
		out = append(out, fmt.Sprintf("%d:%d", q.ID, q.Penalty))
	}
	slices.Sort(out)
	return out
}

// agent is the number of the agent that the person has and shall have, "" where
// there is none that is ours to look after.
func (e *Engine) agent(p *person) string {
	m := e.Settings.Mapping(string(record.Agent))
	if m == nil || !m.Compared() || m.Direction == ToLDAP || p.origin == fromEntry {
		return ""
	}
	base := p.state.Fields[m.Field.Name]
	now := base.XiVO
	if p.user != nil {
		if v, read := p.user.Values[m.Field.Name]; read {
			now = v
		}
	}
	wanted, told := e.source(p, m, nil)
	if p.entry == nil || !told {
		wanted = base.LDAP
	}
	if p.holding(m.Field.Name) || base.Retired || wanted.Empty() || p.answer(e, m.Field.Name).Verdict > Remember {
		return ""
	}
	return now.First()
}

// learnAgent finds out what XiVO holds of an agent that was never looked at. What
// cannot be found out is left alone.
func (e *Engine) learnAgent(ctx context.Context, p *person) error {
	number := e.agent(p)
	side, able := e.XiVO.(Images)
	unknown := func(name string) bool { // what has a field of its own is read like any other
		_, known := p.state.Fields[name]
		return !known && e.Settings.Mapping(name) == nil
	}
	if number == "" || !able || !slices.ContainsFunc(agentFeatures, unknown) {
		return nil
	}
	image, err := side.Image(ctx, record.Agent, p.userID(), number)
	if err != nil {
		e.Log.Warn("agent left as it is", "record", p.Who().Label(), "agent", number, "error", message(err))
		return ctx.Err()
	}
	p.state.Fields = maps.Clone(p.state.Fields)
	if p.state.Fields == nil {
		p.state.Fields = map[string]record.Base{}
	}
	for _, name := range agentFeatures {
		if unknown(name) {
			p.state.Fields[name] = record.Base{XiVO: image[name].Before}
		}
	}
	return nil
}

// agentChanges bring a new name or language, and other queues, to the person's
// agent: apart, since the queues need no agent service.
func (e *Engine) agentChanges(p *person) []record.Change {
	number := e.agent(p)
	if number == "" {
		return nil
	}
	var out []record.Change
	change := func(fields map[string]record.Delta, reason string) {
		if len(fields) > 0 {
			out = append(out, record.Change{Side: record.XiVO, Op: record.Update, Thing: record.Agent, Key: p.userID(), Fields: fields, Reason: reason})
		}
	}
	follows := "agent " + number + " follows the person and the rules"
	features := map[string]record.Delta{}
	for name, want := range e.agentWish(p) {
		if b, known := p.state.Fields[name]; known && !b.XiVO.Equal(want) {
			features[name] = record.Delta{Attribute: name, Before: b.XiVO, After: want}
		}
	}
	change(features, follows)
	before := p.state.Fields[agentQueues].XiVO
	if p.seats != nil {
		before, follows = *p.seats, "the queues of agent "+number+" were edited in XiVO: restored"
	}
	if after := p.queues(); !before.Equal(after) {
		change(map[string]record.Delta{agentQueues: {Attribute: agentQueues, Before: before, After: after}}, follows)
	}
	return out
}

// endowAgent adds to a new agent what the person's names and the rules say of it.
func (e *Engine) endowAgent(p *person, c *record.Change) {
	for name, want := range e.agentWish(p) {
		c.Fields[name] = record.Delta{Attribute: name, After: want}
	}
	if queues := p.queues(); len(queues) > 0 {
		c.Fields[agentQueues] = record.Delta{Attribute: agentQueues, Before: p.state.Fields[agentQueues].XiVO, After: queues}
	}
}

// takeAgent remembers what was sent of an agent beside its number.
func takeAgent(next *record.State, c record.Change) {
	for _, name := range append(slices.Clone(agentFeatures), agentQueues) {
		switch d, sent := c.Fields[name]; {
		case next.Fields[name].Source != "": // a field of its own
		case c.Op == record.Delete:
			delete(next.Fields, name)
		case sent || c.Op == record.Create:
			next.Fields[name] = record.Base{XiVO: d.After}
		}
	}
}

// apart tells whether a thing falls by itself: an agent depends on another server
// than the rest, and what users set themselves on other people.
func apart(c record.Change) bool { return c.Thing == record.Agent || c.Thing == record.Habits }

// withoutAgents takes what falls by itself out of a person's things.
func withoutAgents(things []record.Change) (rest, agents []record.Change) {
	for _, c := range things {
		if apart(c) {
			agents = append(agents, c)
			continue
		}
		rest = append(rest, c)
	}
	return rest, agents
}

// noService reports an agent that XiVO's side cannot look up or make, and what a
// person can do instead.
func (e *Engine) noService(p *person, m *Mapping, number string, err error) {
	d := p.withdraw(m, number)
	c := e.conflict(p, m.Field.Name, record.Rejected, fmt.Sprintf("agent %s can be neither looked up nor made: %s", Quoted(number), message(err)),
		fmt.Sprintf("create agent %s by hand in XiVO's web interface and give it to the user there, or give the web service user the right to its agents", number))
	c.Now = record.Pair{LDAP: m.Chain.Canonical(d.After), XiVO: m.Chain.Canonical(d.Before)}
	p.conflicts = append(p.conflicts, c)
}

// subject is the field under which a refused change of XiVO is reported: none for
// one of the user.
func subject(c record.Change) string {
	switch {
	case c.Thing == record.User:
		return ""
	case c.Thing == record.Agent && c.Op == record.Update && c.Has(agentQueues):
		return agentQueues
	case c.Thing != record.Agent && c.Op == record.Update && !c.Has(string(c.Thing)) && len(c.Fields) > 0:
		return c.FieldNames()[0]
	}
	return string(c.Thing)
}
