package conflicts

import (
	"fmt"

	"xivosync/reconcile/record"
)

var kindWords = map[record.ConflictKind]string{
	record.ConflictField:       "changed on both sides",
	record.ResourceExists:      "in use by somebody else",
	record.DuplicateIdentifier: "two people with one identifier",
	record.IdentifierReused:    "identifier belonged to somebody else",
	record.IdentifierChanged:   "identifier changed",
	record.AmbiguousMatch:      "several people match",
	record.AmbiguousValue:      "several values for one field",
	record.UserMissing:         "user is gone from XiVO",
	record.RequiredEmpty:       "empty, but XiVO needs a value",
	record.EmptyBlocked:        "emptied in XiVO only",
	record.NumberInvalid:       "not a phone number",
	record.NumberTaken:         "number is taken",
	record.OutOfRange:          "number outside its range",
	record.Immutable:           "XiVO cannot change it",
	record.Contested:           "changed back again and again",
	record.UnknownOutcome:      "outcome of a change is unknown",
	record.Rejected:            "refused",
}

// KindWords says in a few words what a kind of conflict is.
func KindWords(k record.ConflictKind) string {
	if words := kindWords[k]; words != "" {
		return words
	}
	return string(k)
}

// Choice is one thing that can be decided, with what it does.
type Choice struct {
	// Take is the word, Does what follows from it.
	Take, Does string
	// Command decides so.
	Command string
}

// Choices are what can be decided about a conflict; program is how the reader
// calls xivosync.
func Choices(c record.Conflict, program string) []Choice {
	var out []Choice
	for _, take := range c.Decisions {
		word := take
		if take == record.DecideValue {
			word = "'VALUE'"
		}
		out = append(out, Choice{take, does(c, take), fmt.Sprintf("%s conflicts decide %d %s --why '…'", program, c.Number, word)})
	}
	return out
}

// does says what a decision leads to.
func does(c record.Conflict, take string) string {
	whole := c.Field == ""
	switch take {
	case record.DecideLDAP:
		switch {
		case c.Kind == record.IdentifierChanged:
			return "it is the same person: XiVO gets the directory's identifier"
		case c.Kind == record.UnknownOutcome:
			return "the directory is right: XiVO is made to agree"
		case whole || c.Kind == record.Rejected:
			return "try again: send the directory's values to XiVO"
		}
		return "XiVO gets the directory's value"
	case record.DecideXiVO:
		if whole {
			return "XiVO is right: the directory is made to agree where it may be written"
		}
		return "XiVO keeps its value, and the directory gets it where it may be written"
	case record.DecideValue:
		if c.Kind == record.AmbiguousValue {
			return "this one of the directory's values goes to XiVO"
		}
		return "this value goes to both sides"
	case record.DecideIgnore:
		return "both stay as they are until something about it changes"
	case record.DecideRelink:
		return "it is the same person: link them to the user that is there"
	case record.DecideNew:
		return "it is another person: create a user of their own"
	case record.DecideForget:
		return "they are not the same person: drop the link, keep both"
	}
	return ""
}
