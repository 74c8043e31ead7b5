package xivo

import (
	"regexp"
	"slices"

	"xivosync/reconcile/record"
)

// things is the table of what a user can have beside his own fields. The value
// of a thing is what makes it unique: NUMBER@CONTEXT, the number of an agent,
// the name of a CTI profile or of an entity.
//
// A record's values tell a thing only where it is the person's own to manage:
// a shared line, a shared mailbox, a line with two numbers or none, and any
// line but the main one are left alone, and their key is missing.
//
// did is surveyed as far as its incall leads to the user; one that leads to the
// person's mailbox is found by its number alone ([Client.Owner]).
var things = []record.Field{
	{
		Name: "extension", Thing: record.Extension, Numbered: true, Unique: true, Surveyed: true, Clearable: true,
		Pattern: numbered, Shape: "NUMBER@CONTEXT, such as 1234@default, the number of digits, * and #",
	},
	{
		Name: "did", Thing: record.DID, Numbered: true, Many: true, Unique: true, Surveyed: true, Clearable: true,
		Pattern: numbered, Shape: "NUMBER@CONTEXT, such as 0472101010@from-extern, the number of digits, * and #",
	},
	{
		Name: "voicemail", Thing: record.Voicemail, Numbered: true, Unique: true, Surveyed: true, Clearable: true,
		Pattern: regexp.MustCompile(`^[0-9]{1,40}@.+$`), Shape: "NUMBER@CONTEXT, such as 1234@default, the number of digits",
	},
	{
		Name: "agent", Thing: record.Agent, Unique: true, Surveyed: true, Clearable: true, Fixed: true,
		Pattern: regexp.MustCompile(`^[0-9*#]{1,40}$`), Shape: "1 to 40 digits, * and #",
	},
	{Name: "cti", Thing: record.CTI, Surveyed: true, Clearable: true, Login: loginForm},
	{Name: "entity", Thing: record.Entity, Surveyed: true},
}

var numbered = regexp.MustCompile(`^[*#0-9]{1,40}@.+$`)

// isThing tells whether a field of that name is a thing.
func isThing(name string) bool {
	return slices.ContainsFunc(things, func(f record.Field) bool { return f.Name == name })
}

// evidence is what the survey tells of things: columns of its answers under
// names of our own, since one name means different things in different answers.
// The "shown" ones are of the views, which hide what is commented or disabled,
// while the export goes on showing it: a number that the export has and the
// views have not is that of a deactivated person. Such a thing is still there
// and still the person's, so its value is what the export says.
var evidence = [...]record.Field{
	lineID:         {Name: "line.id", Kind: record.Int},
	lineNumber:     {Name: "line.number"},
	lineContext:    {Name: "line.context"},
	shownNumber:    {Name: "line.number.shown"},
	shownContext:   {Name: "line.context.shown"},
	mailboxNumber:  {Name: "mailbox.number"},
	mailboxContext: {Name: "mailbox.context"},
	shownMailbox:   {Name: "mailbox.number.shown"},
	didNumbers:     {Name: "did.numbers"},
	didContexts:    {Name: "did.contexts"},
	ctiProfile:     {Name: "cti.profile"},
	ctiEnabled:     {Name: "cti.enabled", Kind: record.Bool},
	entityName:     {Name: "entity.name"},
	agentID:        {Name: "agent.id", Kind: record.Int},
	lineSIP:        {Name: "line.sip"},
	mailboxEmail:   {Name: "mailbox.email"},
	mailboxPIN:     {Name: "mailbox.password", Secret: true},
	mailboxAttach:  {Name: "mailbox.attach_audio"}, // flags that may be null
	mailboxDelete:  {Name: "mailbox.delete_messages"},
	mailboxAsk:     {Name: "mailbox.ask_password"},
}

// The places of the evidence.
const (
	lineID = iota
	lineNumber
	lineContext
	shownNumber
	shownContext
	mailboxNumber
	mailboxContext
	shownMailbox
	didNumbers
	didContexts
	ctiProfile
	ctiEnabled
	entityName
	agentID
	lineSIP
	mailboxEmail
	mailboxPIN
	mailboxAttach
	mailboxDelete
	mailboxAsk
)

// clues is the evidence about one person.
type clues [len(evidence)]string

// evidenceAt returns the place of a column, below zero for a field of users.
func evidenceAt(name string) int {
	return slices.IndexFunc(evidence[:], func(f record.Field) bool { return f.Name == name })
}

// proof names the evidence that the survey of a thing needs.
var proof = map[string][]string{
	"extension": {"line.id", "line.number", "line.context", "line.number.shown", "line.context.shown"},
	"did":       {"did.numbers", "did.contexts"},
	"voicemail": {"mailbox.number", "mailbox.context", "mailbox.number.shown"},
	"agent":     {"agent.id"},
	"cti":       {"cti.profile", "cti.enabled"},
	"entity":    {"entity.name"},
}

// evidenceFor returns the columns that these things and details need.
func evidenceFor(mapped []string) []string {
	var columns []string
	for _, f := range things {
		if slices.Contains(mapped, f.Name) {
			columns = append(columns, proof[f.Name]...)
		}
	}
	for _, name := range mapped {
		if column := proofOf[name]; column != "" {
			columns = append(columns, column)
		}
	}
	return columns
}

// columnOf finds a column of the survey: a field of users, or a piece of
// evidence.
func columnOf(name string) record.Field {
	if f, ok := fieldOf(name); ok {
		return f
	}
	return evidence[evidenceAt(name)]
}
