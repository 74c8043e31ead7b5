package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"xivosync/reconcile/record"
	"xivosync/store"
)

// actions are what a change does, in words, by side and operation.
var actions = map[record.Side]map[record.Op]string{
	record.XiVO: {
		record.Create:     "create%s in XiVO",
		record.Update:     "change%s in XiVO",
		record.Deactivate: "deactivate%s in XiVO",
		record.Reactivate: "reactivate%s in XiVO",
		record.Delete:     "delete%s from XiVO",
		record.LinkUp:     "link to a user of XiVO that was there",
		record.Unlink:     "forget the link",
	},
	record.LDAP: {
		record.Create: "create in the directory",
		record.Update: "change in the directory",
		record.Delete: "delete from the directory",
		record.LinkUp: "link to an entry of the directory",
		record.Unlink: "forget the link",
	},
}

// things are what belongs to a user, in words; the user itself goes without
// saying.
var things = map[record.Thing]string{
	record.Extension: " internal number",
	record.DID:       " direct number",
	record.Voicemail: " mailbox",
	record.Agent:     " agent",
	record.CTI:       " CTI login",
	record.Entity:    " entity",
	record.Habits:    " forwards, keys and groups",
}

// action says what a change does.
func action(c record.Change) string {
	if words := actions[c.Side][c.Op]; words != "" {
		return strings.Replace(words, "%s", things[c.Thing], 1)
	}
	return fmt.Sprintf("%s %s (%s)", c.Op, c.Thing, c.Side)
}

// showChanges prints changes person by person, in the order of their names.
func (p *program) showChanges(w io.Writer, changes []record.Change) error {
	for _, group := range byPerson(changes) {
		p.showPerson(w, group[0].Person)
		for _, c := range group {
			if err := p.showChange(w, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// byPerson groups changes, keeping each person's in their order.
func byPerson(changes []record.Change) [][]record.Change {
	groups := map[string][]record.Change{}
	var keys []string
	for _, c := range changes {
		key := cmp.Or(c.Entry, c.Person.UUID, c.Person.Identifier, c.Person.DN)
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], c)
	}
	sorted := make([][]record.Change, 0, len(keys))
	for _, key := range keys {
		sorted = append(sorted, groups[key])
	}
	slices.SortStableFunc(sorted, func(a, b []record.Change) int { return comparePeople(a[0].Person, b[0].Person) })
	return sorted
}

func comparePeople(a, b record.Person) int {
	return cmp.Or(cmp.Compare(a.Label(), b.Label()), cmp.Compare(a.Identifier, b.Identifier), cmp.Compare(a.DN, b.DN))
}

// showPerson prints the name by which a reader knows somebody, and what tells
// people of one name apart.
func (p *program) showPerson(w io.Writer, who record.Person) {
	fmt.Fprintln(w, p.style.bold(plain(who.Label())))
	for _, more := range []string{who.DN, who.Identifier} {
		if more != "" && more != who.Label() {
			fmt.Fprintf(w, "  %s\n", plain(more))
			return
		}
	}
}

// showChange prints one change with each of its fields, before and after: what
// is made has only an after, what is deleted only a before.
func (p *program) showChange(w io.Writer, c record.Change) error {
	head := action(c)
	if c.Reason != "" {
		head += ": " + c.Reason
	}
	fmt.Fprintf(w, "  %s%s\n", plain(head), p.step(c))
	t := newTable(w, "    ")
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		if store.Unreadable(d) {
			t.row(name, "(secret, sealed with a key that is lost)")
			continue
		}
		switch {
		case c.Op == record.Create || d.Before.Equal(d.After) || c.Op == record.Delete && d.Before.Empty():
			t.row(name, shown(d.After, d.Secret))
			continue
		case c.Op == record.Delete && d.After.Empty():
			t.row(name, shown(d.Before, d.Secret))
			continue
		}
		t.row(name, shown(d.Before, d.Secret), "→ "+shown(d.After, d.Secret))
	}
	return t.end()
}

// stepWords are how a change of the journal ended, where that is not as planned.
var stepWords = map[record.Step]string{
	record.Failed:  "failed",
	record.Intent:  "open: the run ended before its outcome was known",
	record.Undone:  "undone",
	record.Unknown: "its outcome is unknown",
	notMade:        "not carried out",
}

// notMade is what a report says of a change that the run did not come to.
const notMade record.Step = "not carried out"

// step says how a change ended.
func (p *program) step(c record.Change) string {
	words := stepWords[c.Step]
	if words == "" {
		return ""
	}
	if c.Error != "" {
		words += ": " + c.Error
	}
	return " — " + p.style.bad(plain(words))
}

// withUnmade marks the planned changes that a run did not come to.
func withUnmade(changes []record.Change) []record.Change {
	for i, c := range changes {
		if c.Step == record.Planned {
			changes[i].Step = notMade
		}
	}
	return changes
}
