package record

import "regexp"

// Thing is what a change is made to. One person owns at most one of most of
// them; the user and the entry are the person itself.
type Thing string

// The things of both sides.
const (
	User      Thing = "user"
	Extension Thing = "extension"
	DID       Thing = "did"
	Voicemail Thing = "voicemail"
	Agent     Thing = "agent"
	CTI       Thing = "cti"
	Entity    Thing = "entity"
	Entry     Thing = "entry"
	// Habits are what users set themselves, put back with a deleted user: forwards,
	// keys, permissions, groups.
	Habits Thing = "habits"
)

// Kind is the type that XiVO gives to a field's value.
type Kind int

// The kinds of field.
const (
	String Kind = iota
	Bool        // "true" or "false"
	Int         // decimal digits
)

// Field describes one field of XiVO as the target declares it: enough to find,
// while planning, what the target would refuse. The zero value of a rule means
// "no such rule".
type Field struct {
	// Name is the key in the configuration, in plans and in confd's JSON.
	Name string
	// Thing is the resource that the field belongs to.
	Thing Thing
	// Kind is the value's type; texts of a Bool read "true" or "false".
	Kind Kind
	// MaxLength counts characters.
	MaxLength int
	// Min and Max bound an Int, both inclusive; they hold where Max > 0.
	Min, Max int
	// Pattern is what the whole text has to match, and Shape says so in words.
	Pattern *regexp.Regexp
	Shape   string
	// Required fields must have a value when the thing is created.
	Required bool
	// Clearable fields may be emptied later on.
	Clearable bool
	// Unique fields are held by one user at most.
	Unique bool
	// FoldCase fields are the same in upper and lower case.
	FoldCase bool
	// Phone fields compare by E.164 where the number is valid.
	Phone bool
	// CallerID fields wrap a name in double quotes.
	CallerID bool
	// Secret values are never shown, and stored only as a keyed digest.
	Secret bool
	// Surveyed fields are told by the survey; the others by detail only.
	Surveyed bool
	// Identifies tells that users can be looked up by this field's exact value,
	// so that it can carry the identifier.
	Identifies bool
	// Many fields hold a set of values.
	Many bool
	// Numbered values read NUMBER@CONTEXT: the context is part of what makes a
	// number unique.
	Numbered bool
	// AtCreation is sent when the user is created and the mapping gives nothing:
	// XiVO's own default would not do.
	AtCreation string
	// Fixed values never change once the thing is there: XiVO cannot do it.
	Fixed bool
	// Initial fields are sent at creation only unless the configuration says
	// otherwise: people change them themselves.
	Initial bool
	// Detail fields say how their Thing is set up: there is a value only while the
	// person has the thing. Of a set, the one value is that of all its elements;
	// see [Spread].
	Detail bool
	// Default is what XiVO holds where nothing else was said: the same as no value.
	Default string
	// Login is what a username has to match without which XiVO refuses the thing.
	Login *regexp.Regexp
}

// IsThing tells that the field stands for a thing of its own, not for a field of
// the user or a detail of a thing.
func (f Field) IsThing() bool { return f.Thing != User && f.Thing != "" && !f.Detail }
