package record

import (
	"encoding/json"
	"time"
)

// ConflictKind names why something could not be decided (design, section 10).
type ConflictKind string

// The kinds of conflict.
const (
	ConflictField       ConflictKind = "field"
	ResourceExists      ConflictKind = "resource_exists"
	DuplicateIdentifier ConflictKind = "duplicate_identifier"
	IdentifierReused    ConflictKind = "identifier_reused"
	IdentifierChanged   ConflictKind = "identifier_changed"
	AmbiguousMatch      ConflictKind = "ambiguous_match"
	AmbiguousValue      ConflictKind = "ambiguous_value"
	UserMissing         ConflictKind = "user_missing"
	RequiredEmpty       ConflictKind = "required_empty"
	EmptyBlocked        ConflictKind = "empty_blocked"
	NumberInvalid       ConflictKind = "number_invalid"
	NumberTaken         ConflictKind = "number_taken"
	OutOfRange          ConflictKind = "out_of_range"
	Immutable           ConflictKind = "immutable"
	Contested           ConflictKind = "contested"
	UnknownOutcome      ConflictKind = "unknown_outcome"
	Rejected            ConflictKind = "rejected"
)

// ConflictState is where a conflict stands.
type ConflictState string

// The states of a conflict.
const (
	Open    ConflictState = "open"
	Decided ConflictState = "decided"
	Closed  ConflictState = "closed"
)

// Pair holds one value of each side.
type Pair struct {
	LDAP Value `json:"ldap"`
	XiVO Value `json:"xivo"`
}

// Conflict is what waits for a person: one per link and field, or per entry
// where there is no link.
type Conflict struct {
	// Number is given by the store.
	Number uint64
	Kind   ConflictKind
	Person Person
	// Link is zero where there is none; Entry or User then name the record.
	Link  uint64
	Entry string
	// Field is empty where the whole record is meant.
	Field string
	// Base are the last-known values, Now the canonical ones, Raw those read.
	Base, Now, Raw Pair
	// Owner names who holds what this person asks for.
	Owner string
	// Message says what was seen, Hint what to do.
	Message string
	Hint    string
	// Decisions are what can be decided.
	Decisions []string
	Decision  *Decision
	// Reopened says why a decision was not carried out. In what a run found,
	// Decision is that one, and the queue drops it; what waits in the queue has no
	// decision then.
	Reopened string
	FirstRun uint64
	LastRun  uint64
	Since    time.Time
	State    ConflictState
	// Secret values are not shown.
	Secret bool
	// Basis is a digest of what a refused write was made from: the same write is
	// not sent again while it stays the same.
	Basis string
	// Pointers are what of others keeps a user from being deleted: the next run
	// looks whether it is still there.
	Pointers []Pointer
}

// Key tells conflicts apart: by link or record, and field.
func (c Conflict) Key() string {
	who := c.Entry
	if who == "" {
		who = c.Person.UUID
	}
	return who + "\x00" + c.Field
}

// MarshalJSON writes the conflict under the keys that other programs rely on
// (design, section 15).
func (c Conflict) MarshalJSON() ([]byte, error) {
	shown := func(p Pair) map[string]any {
		return map[string]any{"ldap": Shown(p.LDAP, c.Secret), "xivo": Shown(p.XiVO, c.Secret)}
	}
	decisions := c.Decisions
	if decisions == nil {
		decisions = []string{}
	}
	return json.Marshal(struct {
		ID   uint64       `json:"id"`
		Kind ConflictKind `json:"kind"`
		Person
		Field     string         `json:"field"`
		Base      map[string]any `json:"base"`
		LDAP      any            `json:"ldap"`
		XiVO      any            `json:"xivo"`
		Raw       map[string]any `json:"raw"`
		Owner     string         `json:"owner"`
		Message   string         `json:"message"`
		Hint      string         `json:"hint"`
		Decisions []string       `json:"decisions"`
		Decision  any            `json:"decision"`
		Reopened  string         `json:"reopened,omitempty"`
		FirstRun  uint64         `json:"first_run"`
		LastRun   uint64         `json:"last_run"`
		Since     time.Time      `json:"since"`
		State     ConflictState  `json:"state"`
	}{
		c.Number, c.Kind, c.Person, c.Field, shown(c.Base), Shown(c.Now.LDAP, c.Secret), Shown(c.Now.XiVO, c.Secret),
		shown(c.Raw), c.Owner, c.Message, c.Hint, decisions, c.Decision.shown(c.Secret), c.Reopened, c.FirstRun, c.LastRun, c.Since, c.State,
	})
}
