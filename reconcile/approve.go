package reconcile

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// Approved is a saved plan that a person has looked at: the run carries out what
// it lists, as far as that is still what would be done, and nothing else.
type Approved struct {
	Hash        string           `json:"hash"`
	Fingerprint string           `json:"fingerprint"`
	Store       string           `json:"store"`
	Changes     []approvedChange `json:"changes"`
	Asked                        // of a rollback
}

// approvedChange is a change as a saved plan holds it.
type approvedChange struct {
	record.Person
	Side   record.Side                `json:"side"`
	Op     record.Op                  `json:"op"`
	Thing  record.Thing               `json:"thing"`
	Key    string                     `json:"key"`
	Fields map[string]json.RawMessage `json:"fields"`
}

// ErrOtherPlan is returned when a saved plan was made with another configuration
// or from another store.
var ErrOtherPlan = errors.New("make a new plan")

// ParseApproved reads a plan as `plan -o` wrote it.
func ParseApproved(text []byte) (*Approved, error) {
	var a Approved
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	if a.Hash == "" || a.Fingerprint == "" {
		return nil, errors.New("read the plan: it has no hash or fingerprint; was it written by plan -o?")
	}
	return &a, nil
}

// fits refuses a plan as a whole that was made under other circumstances.
func (a *Approved) fits(e *Engine) error {
	switch {
	case a == nil:
		return nil
	case a.Fingerprint != e.Settings.Fingerprint:
		return fmt.Errorf("the plan was made with another configuration: %w", ErrOtherPlan)
	case a.Store != e.storeID():
		return fmt.Errorf("the plan was made from another store: %w", ErrOtherPlan)
	}
	return nil
}

// signature is what has to be the same for a change to be the approved one.
func signature(c record.Change) string {
	fields := map[string]json.RawMessage{}
	for name, d := range c.Fields {
		fields[name], _ = d.MarshalJSON() // texts and nulls always encode
	}
	return signatureOf(c.Side, c.Op, c.Thing, c.Key, fields)
}

func signatureOf(side record.Side, op record.Op, thing record.Thing, key string, fields map[string]json.RawMessage) string {
	text, _ := json.Marshal([]any{side, op, thing, key, fields}) // as above
	return string(text)
}

// restrict leaves in the plan what was approved. An approved change that is no
// longer what would be done is listed as stale.
func (a *Approved) restrict(p *Plan) {
	open := map[string]approvedChange{}
	for _, c := range a.Changes {
		open[signatureOf(c.Side, c.Op, c.Thing, c.Key, c.Fields)] = c
	}
	take := func(c record.Change) bool {
		s := signature(c)
		_, ok := open[s]
		delete(open, s)
		return ok
	}
	for _, w := range p.people {
		w.restrict(take)
	}
	for _, c := range cyclesOf(p.people) {
		if !takeAll(take, c.steps()) {
			c.hold()
		}
	}
	for _, c := range a.Changes {
		if _, left := open[signatureOf(c.Side, c.Op, c.Thing, c.Key, c.Fields)]; left {
			p.Stale = append(p.Stale, record.Change{Person: c.Person, Side: c.Side, Op: c.Op, Thing: c.Thing, Key: c.Key,
				Reason: "no longer what would be done: something changed since the plan was made"})
		}
	}
}

// restrict drops the changes that are not taken. An adoption that was not
// approved does not happen at all.
func (p *person) restrict(take func(record.Change) bool) {
	if p.origin == fromAdopt && !take(p.linkUp()) {
		p.skip()
		return
	}
	if p.life != nil && !takeAll(take, p.lifeUnit()) {
		if p.undo != nil { // what else goes back with it means nothing by itself
			p.skip()
			return
		}
		p.life, p.dropped = nil, true
	}
	if p.origin == fromEntry {
		if whole := p.whole(); len(whole) > 0 && !takeAll(take, whole) {
			p.skip()
			return
		}
		things := slices.DeleteFunc(p.things, func(c record.Change) bool { return apart(c) && !take(c) })
		p.dropped = p.dropped || len(things) < len(p.things)
		p.things = things
		return
	}
	if _, login := p.loginLast(); login != nil { // as it is sent, and was looked at
		p.things = slices.Clone(p.things)
		p.things[p.newLogin()] = *login
	}
	kept := p.ldap[:0]
	for _, c := range p.ldap {
		if take(c) {
			kept = append(kept, c)
		}
	}
	fed := p.chained && len(kept) < len(p.ldap)
	p.dropped = p.dropped || len(kept) < len(p.ldap)
	if fed {
		p.holdCycles(anyChange)
	}
	p.ldap = kept
	if p.xivo != nil && (fed || !take(*p.xivo)) {
		p.xivo, p.dropped = nil, true
	}
	things := slices.DeleteFunc(p.things, func(c record.Change) bool { return fed || !take(c) })
	p.dropped = p.dropped || len(things) < len(p.things)
	p.things = things
}

// takeAll tells whether each of the changes is taken.
func takeAll(take func(record.Change) bool, changes []record.Change) bool {
	all := true
	for _, c := range changes {
		all = take(c) && all
	}
	return all
}

// skip leaves the person for the next run.
func (p *person) skip() {
	p.holdCycles(anyChange)
	p.life, p.ldap, p.xivo, p.things, p.skipped = nil, nil, nil, nil, true
	p.onboards = false
}
