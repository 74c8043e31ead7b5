package record

import (
	"fmt"
	"time"
)

// What can be decided about a conflict.
const (
	// DecideLDAP and DecideXiVO take that side's value, or carry on as that side
	// says.
	DecideLDAP = "ldap"
	DecideXiVO = "xivo"
	// DecideValue takes Decision.Value, on both sides.
	DecideValue = "VALUE"
	// DecideIgnore leaves both sides alone until something about it changes.
	DecideIgnore = "ignore"
	// DecideRelink binds the person to the other user.
	DecideRelink = "relink"
	// DecideNew creates a user of their own.
	DecideNew = "new"
	// DecideForget drops the link and keeps both.
	DecideForget = "forget"
)

// Decision is what a person decided about a conflict.
type Decision struct {
	// Take is one of the words above.
	Take string `json:"take"`
	// Value is what DecideValue takes, as the directory would hold it.
	Value string `json:"value,omitempty"`
	// Who decided it, and Why.
	Who string    `json:"who"`
	Why string    `json:"why"`
	At  time.Time `json:"at"`
}

// Taken is what was decided, for people: the word, or the value. A secret is
// not shown.
func (d Decision) Taken(secret bool) string {
	switch {
	case d.Take != DecideValue:
		return d.Take
	case secret:
		return "a secret value"
	}
	return fmt.Sprintf("%q", d.Value)
}

// Is tells whether both are the same decision.
func (d *Decision) Is(o *Decision) bool {
	return d != nil && o != nil && d.Take == o.Take && d.Value == o.Value && d.Who == o.Who && d.At.Equal(o.At)
}

// shown is the decision as JSON shows it: null where there is none, and without
// a secret.
func (d *Decision) shown(secret bool) any {
	if d == nil || !secret || d.Take != DecideValue {
		return d
	}
	return struct {
		Decision
		Value any `json:"value"`
	}{*d, Shown(Text(d.Value), true)}
}
