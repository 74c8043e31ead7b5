package record

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Op is the operation of a change.
type Op string

// The operations.
const (
	Create     Op = "create"
	Update     Op = "update"
	Deactivate Op = "deactivate"
	Reactivate Op = "reactivate"
	Delete     Op = "delete"
	LinkUp     Op = "link"
	Unlink     Op = "unlink"
)

// Step is where a change stands in the journal.
type Step string

// The steps of a change. A change is planned until its intent is on disk.
const (
	Planned Step = ""
	Intent  Step = "intent"
	Done    Step = "done"
	Failed  Step = "failed"
	Undone  Step = "undone"
	Unknown Step = "unknown"
)

// Delta is one field of a change: what the side held when it was decided, which
// is the write's precondition, and what it shall hold.
type Delta struct {
	// Attribute is the field's name on the change's side: the LDAP attribute,
	// or XiVO's field.
	Attribute string
	// Before and After are raw values of that side.
	Before, After Value
	// Cause is the other side's raw value that the change was decided from; for
	// a secret, its digest.
	Cause Value
	// Secret values are not shown: they read {"secret":true}.
	Secret bool
	// Base is what was last known of the field when it was decided, nil at first
	// sight: what a rollback goes back to.
	Base *Base
}

// MarshalJSON writes {"before":V,"after":V}, without showing a secret.
func (d Delta) MarshalJSON() ([]byte, error) {
	var out struct {
		Before any `json:"before"`
		After  any `json:"after"`
	}
	out.Before, out.After = Shown(d.Before, d.Secret), Shown(d.After, d.Secret)
	return json.Marshal(out)
}

// Shown returns what may be printed of a value: a secret that is set reads
// {"secret":true}.
func Shown(v Value, secret bool) any {
	if secret && !v.Empty() {
		return map[string]bool{"secret": true}
	}
	return v
}

// Change is one create, update or delete of one thing on one side.
type Change struct {
	// Run and Seq number the change; together they are its id.
	Run uint64
	Seq uint64
	// Link is the pairing that the change is made for; zero until it has one.
	Link uint64
	// Person names who it is for.
	Person Person
	// Entry is the directory's immutable id of that person.
	Entry string
	// Unit numbers the unit within its run.
	Unit  int
	Side  Side
	Op    Op
	Thing Thing
	// Key is the immutable id of what is changed, or the natural key of what is
	// created.
	Key string
	// Fields are the changed fields by name.
	Fields map[string]Delta
	// More tells that further changes of the same user follow at once, so that
	// reading back can wait for the last of them.
	More bool
	// Parks tells that the value is only put aside for a moment, while others change
	// hands: a later change of the unit brings it to its place.
	Parks bool
	// Reason says in a few words why.
	Reason string
	// Step is where it stands, and Error what went wrong, in the target's words.
	Step  Step
	Error string
}

// ID returns "RUN/SEQ".
func (c Change) ID() string { return fmt.Sprintf("%d/%d", c.Run, c.Seq) }

// Has tells whether the change is about the field.
func (c Change) Has(field string) bool {
	_, ok := c.Fields[field]
	return ok
}

// FieldNames returns the names of the changed fields in order.
func (c Change) FieldNames() []string { return slices.Sorted(maps.Keys(c.Fields)) }

// MarshalJSON writes the change under the keys that other programs rely on
// (design, section 15).
func (c Change) MarshalJSON() ([]byte, error) {
	fields := c.Fields
	if fields == nil {
		fields = map[string]Delta{}
	}
	return json.Marshal(struct {
		ID string `json:"id"`
		Person
		Unit   int              `json:"unit"`
		Side   Side             `json:"side"`
		Op     Op               `json:"op"`
		Thing  Thing            `json:"thing"`
		Key    string           `json:"key"`
		Fields map[string]Delta `json:"fields"`
		Reason string           `json:"reason"`
		Step   Step             `json:"state,omitempty"`
		Error  string           `json:"error,omitempty"`
	}{c.ID(), c.Person, c.Unit, c.Side, c.Op, c.Thing, c.Key, fields, c.Reason, c.Step, c.Error})
}

// Unit is the ordered changes that stand or fall together.
type Unit struct {
	Run     uint64
	Number  int
	Changes []Change
	// Closed tells that every change has its outcome.
	Closed bool
}
