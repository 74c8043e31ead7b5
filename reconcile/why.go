package reconcile

import (
	"cmp"
	"context"

	"fmt"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// Explanation is everything about one person that decides what a run does.
type Explanation struct {
	record.Person
	// Entry is the directory's immutable id; Link the pairing, zero for none.
	Entry string `json:"entry"`
	Link  uint64 `json:"link"`
	// Situation says in words how the person stands.
	Situation string `json:"situation"`
	// Rules are the settings that rules make, by name.
	Rules  []RuleExplanation  `json:"rules"`
	Fields []FieldExplanation `json:"fields"`
	// Changes are what a run would do, Conflicts what it would ask.
	Changes   []record.Change   `json:"changes"`
	Held      []record.Hold     `json:"held"`
	Conflicts []record.Conflict `json:"conflicts"`
	// History are the last changes, newest first.
	History []record.Change `json:"history"`
}

// FieldExplanation is one field: what both sides hold now and last held, and
// what follows.
type FieldExplanation struct {
	Field     string    `json:"field"`
	Attribute string    `json:"attribute"`
	Direction Direction `json:"direction"`
	// LDAP and XiVO are the raw values now, in Last those of the last run.
	LDAP any `json:"ldap"`
	XiVO any `json:"xivo"`
	Last any `json:"last"`
	// Rule names the rule that says what the directory has; empty for an attribute.
	Rule string `json:"rule,omitempty"`
	// Verdict is what is decided, Reason why.
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// RuleExplanation is a setting with the first rule that made it.
type RuleExplanation struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	Rule    string `json:"rule"`
}

// verdictWords are the verdicts as people read them.
var verdictWords = map[Verdict]string{
	Nothing:   "in step",
	Remember:  "in step",
	WriteXiVO: "write XiVO",
	WriteLDAP: "write the directory",
	Block:     "blocked",
	Conflict:  "conflict",
}

// historyLength is how many past changes an explanation shows.
const historyLength = 20

// Why explains one person: it plans for them alone, and writes nothing.
func (e *Engine) Why(ctx context.Context, id string) ([]Explanation, error) {
	plan, err := e.planFor(ctx, id)
	if err != nil {
		return nil, err
	}
	var out []Explanation
	for _, p := range plan.people {
		x, err := e.explain(ctx, plan, p)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	if len(out) > 0 {
		return out, nil
	}
	for _, c := range plan.Conflicts {
		out = append(out, Explanation{Person: c.Person, Entry: c.Entry, Link: c.Link, Situation: c.Message, Rules: []RuleExplanation{}, Fields: []FieldExplanation{},
			Changes: []record.Change{}, Conflicts: []record.Conflict{c}, Held: []record.Hold{}, History: []record.Change{}})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: %w", Quoted(id), ErrNobody)
	}
	return out, nil
}

// explain reads what the plan did not need of the person, and puts it together.
func (e *Engine) explain(ctx context.Context, plan *Plan, p *person) (Explanation, error) {
	if err := e.complete(ctx, plan.seen, p); err != nil {
		return Explanation{}, err
	}
	x := Explanation{Person: p.Who(), Entry: p.entryID(), Link: p.state.Number, Situation: e.situation(p),
		Rules: e.explainRules(p), Fields: []FieldExplanation{}, Changes: []record.Change{}, Conflicts: orEmpty(p.conflicts), Held: orEmpty(p.standing()),
		History: []record.Change{}}
	for _, i := range p.units {
		x.Changes = append(x.Changes, plan.Units[i].Changes...)
	}
	for i := range e.Settings.Fields {
		x.Fields = append(x.Fields, e.explainField(p, i))
	}
	for c, err := range e.Store.History(p.state.Number, p.entryID()) {
		if err != nil {
			return x, err
		}
		if x.History = append(x.History, c); len(x.History) == historyLength {
			break
		}
	}
	return x, nil
}

// explainRules asks the rules about the entry as it is now.
func (e *Engine) explainRules(p *person) []RuleExplanation {
	out := []RuleExplanation{}
	if p.entry == nil {
		return out
	}
	made := e.Settings.Rules.Resolve(p.attribute, p.entry.DN).Set
	for _, name := range slices.Sorted(maps.Keys(made)) {
		out = append(out, RuleExplanation{name, made[name].Value, made[name].Rule})
	}
	return out
}

// complete reads both sides in full where the plan had no need to.
func (e *Engine) complete(ctx context.Context, o *observation, p *person) error {
	if !p.detailed && p.userID() != "" {
		user, err := o.inFull(ctx, e.XiVO, p.userID())
		if err == nil {
			if err := e.recall(ctx, p, &user); err != nil {
				return err
			}
			p.user = &user
		} else if record.ClassOf(err) != record.Missing {
			return err
		}
	}
	if p.entry == nil {
		if entry, err := e.LDAP.Read(ctx, p.entryID()); err == nil {
			p.entry = &entry
			e.place(p)
		} else if record.ClassOf(err) != record.Missing {
			return err
		}
	}
	return nil
}

// inFull reads a user, unless that was done already.
func (o *observation) inFull(ctx context.Context, xivo Side, id string) (record.Record, error) {
	if o.alone != nil && o.alone.user.ID == id {
		return *o.alone.user, nil
	}
	return xivo.Read(ctx, id)
}

func (e *Engine) explainField(p *person, i int) FieldExplanation {
	m := &e.Settings.Fields[i]
	b := p.state.Fields[m.Field.Name]
	x := FieldExplanation{Field: m.Field.Name, Attribute: m.Attribute, Direction: m.Direction,
		Last: map[string]any{"ldap": record.Shown(b.LDAP, m.Field.Secret), "xivo": record.Shown(b.XiVO, m.Field.Secret)}}
	if p.entry != nil {
		v, _ := e.source(p, m, nil)
		x.LDAP = record.Shown(v, m.Field.Secret)
		x.Rule = p.settingOf(m).Rule
	}
	if p.user != nil {
		x.XiVO = record.Shown(p.user.Values[m.Field.Name], m.Field.Secret)
	}
	switch {
	case !m.Compared():
		x.Verdict, x.Reason = "not compared", fmt.Sprintf("direction = %q", m.Direction)
	case p.origin == fromEntry:
		x.Verdict, x.Reason = "sent at creation", ""
	case p.waits():
		x.Verdict, x.Reason = "waits", "the person is deactivated, or about to be"
	case p.missed:
		x.Verdict, x.Reason = "waits", "the entry is not listed"
	case i < len(p.answers):
		a := p.answers[i]
		x.Verdict = verdictWords[a.Verdict]
		if a.Held {
			x.Verdict, x.Reason = "held", p.holds[m.Field.Name].Why
			break
		}
		if other := e.refusedNumbers(p)[m.Attribute]; a.Verdict == WriteXiVO && m.Field.Numbered && other != "" && other != m.Field.Name {
			x.Verdict, x.Reason = "waits", fmt.Sprintf("%s has the same source and is in conflict", other)
			break
		}
		x.Reason = cmp.Or(a.Message, a.Reason, a.Note, asideInWords(b))
	}
	return x
}
