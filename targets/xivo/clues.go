package xivo

import (
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// agree tells whether the answers are at one about the person's things. What
// only the export shows is commented or disabled; what a view shows has to be
// what the export says.
func (k *clues) agree() bool {
	line := k[shownNumber] == "" || k[shownNumber] == k[lineNumber] && k[shownContext] == k[lineContext]
	mailbox := k[shownMailbox] == "" || k[shownMailbox] == k[mailboxNumber]
	dids := k[didNumbers] == "" && k[didContexts] == "" || strings.Count(k[didNumbers], ";") == strings.Count(k[didContexts], ";")
	return line && mailbox && dids && (k[lineNumber] == "" || k[lineID] != "")
}

// tell writes the mapped things into the values of a record.
func (c *Client) tell(k *clues, agents map[string]agent, values map[string]record.Value) {
	for _, thing := range c.held {
		switch thing {
		case "extension":
			if k[lineNumber] != "" || k[lineID] == "" { // a line without a number is left alone
				values[thing] = at(k[lineNumber], k[lineContext])
			}
		case "did":
			values[thing] = k.dids()
		case "voicemail":
			values[thing] = at(k[mailboxNumber], k[mailboxContext])
		case "cti":
			values[thing] = profile(k[ctiEnabled] == "true", k[ctiProfile])
		case "entity":
			values[thing] = record.Text(k[entityName])
		case "agent":
			if a, known := agents[k[agentID]]; known || noAgent(k[agentID]) {
				values[thing] = record.Text(string(a.Number))
			}
		}
	}
	c.tellDetails(k, agents, values)
}

// dids puts numbers and contexts together, which the export gives apart.
func (k *clues) dids() record.Value {
	if k[didNumbers] == "" {
		return nil
	}
	contexts := strings.Split(k[didContexts], ";")
	var dids record.Value
	for i, number := range strings.Split(k[didNumbers], ";") {
		dids = append(dids, at(number, contexts[i])...)
	}
	slices.Sort(dids)
	return dids
}

// at writes a number with its context; no number is the empty value.
func at(number, context string) record.Value {
	if number == "" {
		return nil
	}
	return record.Value{number + "@" + context}
}

// parted takes the context off a number.
func parted(value string) (number, context string) {
	number, context, _ = strings.Cut(value, "@")
	return number, context
}

// profile is the value of cti: the profile, while its login is enabled.
func profile(enabled bool, name string) record.Value {
	if !enabled {
		return nil
	}
	return record.Text(name)
}

// noAgent tells whether the id of an agent stands for none: the directory view
// says "0" as well as null.
func noAgent(id string) bool { return id == "" || id == "0" }
