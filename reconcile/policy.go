package reconcile

import (
	"regexp"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// Direction says which way a field travels.
type Direction string

// The directions.
const (
	ToXiVO  Direction = "to_xivo"
	ToLDAP  Direction = "to_ldap"
	Both    Direction = "both"
	Initial Direction = "initial"
	None    Direction = "none"
)

// Take says who wins where both sides hold something.
type Take string

// The answers of the policies `conflict` and `initial`.
const (
	TakeManual   Take = "manual"
	TakeLDAP     Take = "ldap"
	TakeXiVO     Take = "xivo"
	TakeConflict Take = "conflict"
)

// DriftPolicy says what happens to a value that was changed on the side that is
// not the trusted one.
type DriftPolicy string

// The answers of the policy `drift`.
const (
	DriftRestore DriftPolicy = "restore"
	DriftKeep    DriftPolicy = "keep"
)

// Pick says how a field with one value reads an attribute with several.
type Pick string

// The answers of the policy `pick`.
const (
	PickOnly    Pick = "only"
	PickFirst   Pick = "first"
	PickMatches Pick = "matches"
)

// OnClear says what becomes of a thing whose attribute was emptied, or whose
// condition no longer holds.
type OnClear string

// The answers of `on_clear`.
const (
	OnClearDeactivate OnClear = "deactivate"
	OnClearKeep       OnClear = "keep"
	OnClearDelete     OnClear = "delete"
)

// Mapping is how one field of XiVO and one attribute of the directory belong
// together.
type Mapping struct {
	// Field is what XiVO holds; Attribute the LDAP attribute, empty where the
	// direction is none.
	Field     record.Field
	Attribute string
	Direction Direction
	// Conflict, First and Drift are the policies of the merge.
	Conflict Take
	First    Take
	Drift    DriftPolicy
	// Pick chooses among several values; PickPattern is what PickMatches matches,
	// not nil then.
	Pick        Pick
	PickPattern *regexp.Regexp
	// Chain leads from the attribute's value to the field's, and back.
	Chain Chain
	// OnClear, When and Format concern things: what becomes of one that is no
	// longer asked for, which entries have it (nil: all), and how the directory
	// writes its number (empty: as usual for the field).
	OnClear OnClear
	When    *Filter
	Format  NumberFormat
}

// Source names where the value comes from and where it goes: another source is
// first sight.
func (m *Mapping) Source() string { return strings.ToLower(m.Attribute) + ">" + m.Field.Name }

// from tells whether that is the mapping's source.
func (m *Mapping) from(source string) bool {
	n := len(m.Attribute)
	return len(source) == n+1+len(m.Field.Name) && strings.EqualFold(source[:n], m.Attribute) &&
		source[n] == '>' && source[n+1:] == m.Field.Name
}

// fingerprint is the chain's, at a site: another site reads the same values
// otherwise.
func (m *Mapping) fingerprint(s *Site) string {
	if !m.Field.Numbered || s == nil {
		return m.Chain.Fingerprint
	}
	return m.Chain.Fingerprint + "@" + s.Name + "/" + s.Context + "/" + s.DIDContext + "/" + s.Fingerprint
}

// chain reads the field's values, at the person's site where they are numbers.
func (m *Mapping) chain(s *Site) *Chain {
	if !m.Field.Numbered {
		return &m.Chain
	}
	c := m.Chain
	c.site, c.format = s, m.Format
	return &c
}

// Compared tells whether the field takes part in the merge.
func (m *Mapping) Compared() bool { return m.Direction != None && m.Direction != Initial }

// IdentifierMap names the attribute and the XiVO field that pair an entry with
// a user.
type IdentifierMap struct {
	LDAP string
	XiVO string
}

// RemovalPolicy says what becomes of a user whose entry is gone.
type RemovalPolicy string

// The removal policies.
const (
	RemovalKeep       RemovalPolicy = "keep"
	RemovalDeactivate RemovalPolicy = "deactivate"
	RemovalDelete     RemovalPolicy = "delete"
)

// ReservePolicy says whether another entry may claim a number of somebody who is
// in grace.
type ReservePolicy string

// The answers of `reserve`.
const (
	ReserveRelease ReservePolicy = "release"
	ReserveStrict  ReservePolicy = "strict"
)

// Removal says when an entry counts as gone, and what happens then.
type Removal struct {
	Policy     RemovalPolicy
	OutOfScope RemovalPolicy
	// DeleteAfter is the grace between deactivation and deletion; zero deletes at
	// once, where the policy is to delete.
	DeleteAfter time.Duration
	// DeleteAnyway deletes also where things of others lead to the user.
	DeleteAnyway bool
	// AbsentRuns complete runs and AbsentFor have to pass before absence counts.
	AbsentRuns int
	AbsentFor  time.Duration
	// Reserve is release where it is empty.
	Reserve ReservePolicy
}

// Limit is the threshold of a guard: the larger of count and share, never above
// the cap. A cap of zero is no cap.
type Limit struct {
	Count int
	// Share is a fraction of the linked people, 0 to 1.
	Share float64
	Cap   int
}

// Of returns the limit for that many linked people.
func (l Limit) Of(linked int) int {
	limit := max(l.Count, int(l.Share*float64(linked)))
	if l.Cap > 0 {
		limit = min(limit, l.Cap)
	}
	return limit
}

// OnTrip says what a guard does that trips.
type OnTrip string

// The answers of `on_trip`.
const (
	OnTripStop OnTrip = "stop"
	OnTripHold OnTrip = "hold"
)

// Guards are the thresholds of a run (design, section 8).
type Guards struct {
	// Limits by guard: removals, clears, renumberings, creates, updates,
	// writebacks, mails. The configuration has their defaults.
	Limits map[string]Limit
	// Canaries are identifiers that every listing of the directory must show.
	Canaries []string
	OnTrip   OnTrip
}

// The names of the guards, as `--allow` takes them.
const (
	GuardRemovals      = "removals"
	GuardClears        = "clears"
	GuardRenumberings  = "renumberings"
	GuardCreates       = "creates"
	GuardUpdates       = "updates"
	GuardWritebacks    = "writebacks"
	GuardMails         = "mails"
	GuardFirstRun      = "first-run"
	GuardSource        = "source"
	GuardConfiguration = "configuration"
	GuardRestored      = "restored"
	GuardIdentity      = "identity"
	GuardCanary        = "canary"
)

// Settings are what the configuration asks of the engine.
type Settings struct {
	Identifier IdentifierMap
	// Fields are the mappings in order of their names, without the identifier's.
	Fields    []Mapping
	Numbering Numbering
	// Rules are what depends on the entry.
	Rules   Rules
	Removal Removal
	Guards  Guards
	// Onboarding are the mails to people who got a phone.
	Onboarding Onboarding
	// Fingerprint is that of the whole configuration, Scope that of base, filter
	// and identifier, Mapped that of the mappings.
	Fingerprint string
	Scope       string
	Mapped      string
	// Effective are the configuration's values by key, as texts, so that a run can
	// tell which of them changed; secrets by their references only.
	Effective map[string]string
}

// Conditions lists the attributes that rules and the conditions of fields look
// at: they have to be read, too.
func (s *Settings) Conditions() []string {
	names := s.Rules.Attributes()
	for i := range s.Fields {
		if w := s.Fields[i].When; w != nil {
			for _, a := range w.Attributes() {
				names = addName(names, a)
			}
		}
	}
	return names
}

// Mapping returns the mapping of a field, or nil.
func (s *Settings) Mapping(field string) *Mapping {
	for i := range s.Fields {
		if s.Fields[i].Field.Name == field {
			return &s.Fields[i]
		}
	}
	return nil
}
