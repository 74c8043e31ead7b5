// Package conflicts is what people do about conflicts: they look for some, decide
// about them, take decisions back, and have them carried out at once.
//
// The engine opens and closes conflicts and carries decisions out; nothing here
// reads or writes either side by itself. A [Desk] is what the command line and a
// service share.
//
//	desk := conflicts.Desk{Queue: db, Settings: &settings, Now: time.Now}
//	decided, err := desk.Decide([]uint64{12}, record.Decision{Take: record.DecideLDAP, Who: "ann", Why: "married"})
//	report, err := conflicts.Apply(ctx, engine, decided, options)
package conflicts

import (
	"iter"
	"slices"
	"strings"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Queue is where conflicts wait.
type Queue interface {
	// Conflicts yields those that are open or decided, AllConflicts the closed
	// ones, too, in order of their numbers.
	Conflicts() iter.Seq2[record.Conflict, error]
	AllConflicts() iter.Seq2[record.Conflict, error]
	// Conflict reads one of them.
	Conflict(number uint64) (record.Conflict, error)
	// Decide stores a decision about one that is not closed; nil takes it back.
	Decide(number uint64, decision *record.Decision) error
}

// Filter chooses conflicts; what is zero does not restrict.
type Filter struct {
	Kinds  []record.ConflictKind
	States []record.ConflictState
	// Site is the name of a site, Person an identifier, DN, GUID or name. Named, where
	// set, knows more of whom Person names, such as an e-mail.
	Site, Person string
	Named        *reconcile.Named
	// Before is the time since when they have to stand at least.
	Before time.Time
}

// Match tells whether the filter lets a conflict through.
func (f Filter) Match(c record.Conflict) bool {
	switch {
	case len(f.Kinds) > 0 && !slices.Contains(f.Kinds, c.Kind):
	case len(f.States) > 0 && !slices.Contains(f.States, c.State):
	case f.Site != "" && !strings.EqualFold(f.Site, c.Person.Site):
	case f.Person != "" && !about(c, f.Person) && !f.Named.Is(c.Person, c.Entry):
	case !f.Before.IsZero() && c.Since.After(f.Before):
	default:
		return true
	}
	return false
}

// about tells whether a conflict concerns the person of that name.
func about(c record.Conflict, name string) bool {
	p := c.Person
	return slices.ContainsFunc([]string{p.Identifier, p.DN, p.UUID, p.Name, c.Entry}, func(s string) bool {
		return s != "" && strings.EqualFold(s, name)
	})
}

// List reads the conflicts that the filter lets through. Closed ones are among
// them only where the filter names their state.
func List(q Queue, f Filter) ([]record.Conflict, error) {
	all := q.Conflicts()
	if slices.Contains(f.States, record.Closed) {
		all = q.AllConflicts()
	}
	var out []record.Conflict
	for c, err := range all {
		if err != nil {
			return nil, err
		}
		if f.Match(c) {
			out = append(out, c)
		}
	}
	return out, nil
}

// Kinds are the names of all kinds, as a filter takes them.
var Kinds = []record.ConflictKind{
	record.ConflictField, record.ResourceExists, record.DuplicateIdentifier, record.IdentifierReused, record.IdentifierChanged,
	record.AmbiguousMatch, record.AmbiguousValue, record.UserMissing, record.RequiredEmpty, record.EmptyBlocked, record.NumberInvalid,
	record.NumberTaken, record.OutOfRange, record.Immutable, record.Contested, record.UnknownOutcome, record.Rejected,
}

// States are the names of all states.
var States = []record.ConflictState{record.Open, record.Decided, record.Closed}
