package reconcile

import (
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Note is something about one field of one person that needs no decision.
type Note struct {
	record.Person
	Field string `json:"field"`
	Text  string `json:"text"`
}

// notes are those about one person of a plan.
func (e *Engine) notes(p *person) []Note {
	var out []Note
	if slices.ContainsFunc(slices.Concat(p.lifeThings, p.things), silences) {
		out = append(out, Note{p.Who(), "extension", "a phone that is registered now rings until its registration expires"})
	}
	if slices.ContainsFunc(p.things, func(c record.Change) bool { return c.Thing == record.Agent && c.Op == record.Deactivate }) {
		out = append(out, Note{p.Who(), "agent", "the agent stays as it is, with its queues; on_clear = \"delete\" removes it"})
	}
	if p.deletes() && len(p.lost) > 0 {
		out = append(out, Note{p.Who(), "user", "no rollback brings back: " + strings.Join(p.lost, "; ")})
	}
	switch {
	case p.deletes() && p.unsearched:
		out = append(out, Note{p.Who(), "user", "what of others leads to the user is looked for once the guard removals is let through"})
	case p.deletes() && p.untold != "":
		out = append(out, Note{p.Who(), "user", "it cannot be read in XiVO whether these lead to the user: " + p.untold})
	}
	for _, c := range p.things {
		if d := c.Fields[string(record.CTI)]; c.Thing == record.CTI && d.After.Empty() && !d.Before.Empty() {
			out = append(out, Note{p.Who(), "cti", "the login is switched off; the user keeps the profile " + Quoted(d.Before.First()) + ", which XiVO cannot take away"})
		}
		if c.Thing == record.Voicemail && c.Op == record.Delete {
			out = append(out, Note{p.Who(), "voicemail", "no rollback brings back the messages in mailbox " + c.Fields[string(c.Thing)].Before.First()})
		}
	}
	for i, a := range p.answers {
		text := a.Note
		if a.Drift && a.Verdict != Conflict {
			text = a.Reason
		}
		if text != "" {
			out = append(out, Note{p.Who(), e.Settings.Fields[i].Field.Name, text})
		}
	}
	return out
}

// silences tells whether a change stops a phone.
func silences(c record.Change) bool { return c.Thing == record.Extension && c.Op == record.Deactivate }
