// Package record holds the nouns of the reconciler: what is read, decided,
// written and remembered about one person, told the same way for the directory
// and for the PBX.
//
// It imports nothing but the standard library, so that every other package can
// speak of a [Record], a [Change] or a [Conflict] without knowing who reads,
// writes or stores it.
//
//	r := record.Record{Side: record.XiVO, ID: uuid, Values: map[string]record.Value{
//		"firstname": record.Text("Zoé"),
//		"lastname":  nil, // read, and empty
//	}}
//	v, read := r.Values["caller_id"] // read is false: this reading does not tell
package record

import "strings"

// Side names one of the two systems that are kept in step.
type Side string

// The two sides.
const (
	LDAP Side = "ldap"
	XiVO Side = "xivo"
)

// Other returns the opposite side.
func (s Side) Other() Side {
	if s == LDAP {
		return XiVO
	}
	return LDAP
}

// Record is one person as one side holds them at one reading.
type Record struct {
	// Side is where the record was read.
	Side Side
	// ID is the immutable id: the directory's GUID in its textual form, or the
	// uuid of the XiVO user.
	ID string
	// Identifier is the value of the configured identifier on this side; empty
	// where the side has none.
	Identifier string
	// DN is the entry's distinguished name; empty for XiVO.
	DN string
	// Name is what a person would call the record in a report.
	Name string
	// Version is the side's own stamp of the record's last change (entryCSN, or
	// uSNChanged with the domain controller's invocation id); empty where there
	// is none.
	Version string
	// Serial is XiVO's number of the user, which only ever grows; zero for the
	// directory.
	Serial uint64
	// Disabled tells that the directory marks the account as disabled, or that
	// the XiVO user is not enabled.
	Disabled bool
	// Values are the raw values, by attribute for the directory (in the spelling
	// of the configuration) and by field for XiVO. A key that is missing was not
	// read; a key with an empty value was read and is empty.
	Values map[string]Value
	// Hidden are elements of Values that no listing shows: a DID that leads to a
	// mailbox is found by its number alone.
	Hidden map[string]Value
	// Doubtful tells that the reading contradicts itself about this person, so
	// that [Side]'s detail has to be read before anything is decided.
	Doubtful bool
}

// Is tells whether the record is meant by an identifier, a DN, an immutable id or
// any of its values that looks like an e-mail address.
func (r *Record) Is(id string) bool {
	for _, s := range []string{r.Identifier, r.DN, r.ID} {
		if s != "" && strings.EqualFold(s, id) {
			return true
		}
	}
	return strings.Contains(id, "@") && r.holds(id)
}

func (r *Record) holds(text string) bool {
	for _, v := range r.Values {
		for _, s := range v {
			if strings.EqualFold(s, text) {
				return true
			}
		}
	}
	return false
}

// Person is how plans, reports and conflicts name a record: the RECORD keys of
// the JSON output.
type Person struct {
	Identifier string `json:"record"`
	DN         string `json:"dn"`
	UUID       string `json:"uuid"`
	Name       string `json:"name"`
	Site       string `json:"site"`
}

// Label returns the shortest text by which a reader recognises the person.
func (p Person) Label() string {
	for _, s := range []string{p.Name, p.Identifier, p.DN, p.UUID} {
		if s != "" {
			return s
		}
	}
	return "?"
}

// Depth says how much of XiVO a run reads (design, section 14).
type Depth int

// The depths of reading.
const (
	// Survey reads the cheap lists: every person, not every field.
	Survey Depth = iota
	// Detail reads every field of every person.
	Detail
)
