package record

import (
	"encoding/json"
	"time"
)

// Hold keeps one field of a person, or the whole person, out of plans until the
// value that caused it changes, or somebody releases it.
type Hold struct {
	// Number is given by the store.
	Number uint64
	Person Person
	// Link is zero where there is none: a hold goes by the directory's id, so that
	// it outlasts the link.
	Link uint64
	// Entry is the directory's immutable id, User the XiVO uuid; one of them is
	// there.
	Entry string
	User  string
	// Field is empty where the whole person is held.
	Field string
	// Side and Value are the raw value whose change ends the hold; for a secret,
	// its digest. Without a side only a release ends it.
	Side  Side
	Value Value
	// Source names the attribute and the field that the value went through: under
	// another mapping it does not compare. Where a rollback of one field alone was
	// interrupted, it is the field.
	Source string
	// Secret values are not shown.
	Secret bool
	// Run is the rollback that the hold comes from; zero where it was set by hand.
	Run   uint64
	Who   string
	Why   string
	Since time.Time
}

// Key tells holds apart: by entry, or user where there is no entry, and field.
func (h Hold) Key() string {
	who := h.Entry
	if who == "" {
		who = h.User
	}
	return who + "\x00" + h.Field
}

// MarshalJSON writes the hold under keys that other programs may rely on, without
// showing a secret.
func (h Hold) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ID uint64 `json:"id"`
		Person
		Field string    `json:"field"`
		Side  Side      `json:"side"`
		Value any       `json:"value"`
		Run   uint64    `json:"run"`
		Who   string    `json:"who"`
		Why   string    `json:"why"`
		Since time.Time `json:"since"`
	}{h.Number, h.Person, h.Field, h.Side, Shown(h.Value, h.Secret), h.Run, h.Who, h.Why, h.Since})
}
