package record

import "time"

// Digest is a keyed digest of one side's mapped raw values. The zero digest
// stands for "nothing known".
type Digest [16]byte

// Link pairs a directory entry with a XiVO user. It holds what a run needs of
// everybody; what it needs only of those who changed is in [State].
type Link struct {
	// Number is the link's own id, given by the store; never zero.
	Number uint64
	// Entry is the directory's immutable id, User the uuid of the XiVO user.
	Entry string
	User  string
	// Identifier is the identifier's last value.
	Identifier string
	// Entered, Surveyed and Detailed are the digests of the last-known values of
	// the entry, of the survey's fields, and of all fields of the user.
	Entered  Digest
	Surveyed Digest
	Detailed Digest
	// Attention tells that something is open (conflict, block, hold, drift), so
	// that the person is looked at again even when nothing changed.
	Attention bool
	// Stale tells that a write was refused last time because the target had
	// changed: detail is read first.
	Stale bool
	// Deactivated tells that the person is in grace.
	Deactivated bool
	// Halfway tells that a deactivation or reactivation was begun and not
	// finished: what is left of it has still to be done.
	Halfway bool
	// Welcome tells that the person was created and is still to get an onboarding
	// mail: it waits until everything of theirs is made.
	Welcome bool
	// Left is when the person was deactivated; grace counts from then.
	Left time.Time
	// Removal is the removal policy that a rule last set for the person; empty
	// where none did. Once the entry is gone, no rule can be asked any more.
	Removal string
	// Missed counts the complete runs since Absent that did not see the entry.
	Missed int
	Absent time.Time
}

// State is a link with the last-known values of both its sides: the base of the
// merge.
type State struct {
	Link
	Person Person
	Fields map[string]Base
}

// Base is what both sides last held of one field, raw. Secret fields are held
// as keyed digests.
type Base struct {
	LDAP Value `json:"ldap"`
	XiVO Value `json:"xivo"`
	// Mapping is the fingerprint of the field's mapping at that time, and Source
	// the part of it that names the attribute: another source is first sight.
	Mapping string `json:"mapping,omitempty"`
	Source  string `json:"source,omitempty"`
	// Restores are the times at which drift was restored, against Drifted.
	Restores []time.Time `json:"restores,omitempty"`
	Drifted  Value       `json:"drifted,omitempty"`
	// Echo is the value that our last write-back replaced, with the version of
	// the entry that the write made: a reading that shows it without a newer
	// version is stale.
	Echo *Echo `json:"echo,omitempty"`
	// Was is the XiVO value that our last write to XiVO replaced: seeing it again
	// on many people is the mark of a restored backup.
	Was Value `json:"was,omitempty"`
	// Retired tells that the thing is there, deactivated since the directory has no
	// value for it.
	Retired bool `json:"retired,omitempty"`
	// GivenUp are the elements of a set that are Retired.
	GivenUp Value `json:"given_up,omitempty"`
	// Parked is where XiVO holds the thing, or elements of a set, since another
	// entry took its number while the person was deactivated.
	Parked Value `json:"parked,omitempty"`
	// Noted tells that a value that is kept has been reported.
	Noted bool `json:"noted,omitempty"`
}

// Echo remembers a write-back: the value before it and the version after it.
type Echo struct {
	Before  Value  `json:"before"`
	After   Value  `json:"after"`
	Version string `json:"version"`
}
