package xivosim

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Target is where a call goes: the type and what that type needs.
type Target struct {
	Type string
	Args map[string]any // by the API's names; int, seconds, bool, string or nil
}

// argument is one member of a destination, with its value when it is absent.
type argument struct {
	rule
	initial any
	show    bool // shown when it was not given
}

// ringTime is how long it rings before the next step, in seconds.
var ringTime = argument{rule{name: "ring_time", kind: decimal, null: nullResets}, nil, true}

var command = regexp.MustCompile(`^[a-zA-Z]{3,}\(.*\)$`)

// targets are the destination types and their members.
var targets = map[string][]argument{
	"none":      {},
	"user":      {{rule: rule{name: "user_id", kind: whole, required: true}}, ringTime},
	"group":     {{rule: rule{name: "group_id", kind: whole, required: true}}, ringTime},
	"queue":     {{rule: rule{name: "queue_id", kind: whole, required: true}}, ringTime},
	"extension": {{rule: rule{name: "exten", required: true}}, {rule: rule{name: "context", required: true}}},
	"voicemail": {
		{rule: rule{name: "voicemail_id", kind: whole, required: true}},
		{rule{name: "skip_instructions", kind: flag}, false, true},
		{rule{name: "greeting", null: nullResets, choices: []string{"busy", "unavailable"}}, nil, true},
	},
	"hangup": {
		{rule{name: "cause", choices: []string{"busy", "congestion", "normal"}}, "normal", true},
		{rule{name: "timeout", kind: decimal, null: nullResets}, nil, false},
	},
	"sound": {
		{rule: rule{name: "filename", required: true, max: 255}},
		{rule{name: "skip", kind: flag}, false, true},
		{rule{name: "no_answer", kind: flag}, false, true},
	},
	"custom": {{rule: rule{name: "command", required: true, max: 255, pattern: command}}},
	"application": {
		{rule: rule{name: "application", required: true, choices: []string{"callback_disa", "directory", "disa", "fax_to_mail", "voicemail"}}},
		{rule: rule{name: "context"}},
	},
}

// readTarget reads a body's destination; partial says that an absent one is none of our business.
func readTarget(raw any) (Target, *string) {
	body, ok := raw.(map[string]any)
	if !ok {
		return refuse("{u'_schema': " + pyList("Invalid input type.") + "}")
	}
	kind, given := body["type"]
	name, isText := kind.(string)
	switch args, known := targets[name]; {
	case !given:
		return refuse("{'type': " + pyList("Missing data for required field.") + "}")
	case !isText:
		return refuse("{'type': " + pyList("Not a valid string.") + "}")
	case !known:
		return refuse("{'type': " + pyList("Not a valid choice.") + "}")
	default:
		return readArguments(name, args, body)
	}
}

func refuse(repr string) (Target, *string) { return Target{}, &repr }

func readArguments(name string, args []argument, body map[string]any) (Target, *string) {
	t := Target{Type: name, Args: map[string]any{}}
	var f faults
	for _, a := range args {
		v, present := checkField(a.rule, body, true, &f)
		if s, ok := v.(string); ok && a.name == "command" && strings.Contains(strings.ToLower(s), "system(") {
			f.add(a.name, pyList("String does not match expected pattern."))
		}
		if present {
			t.Args[a.name] = v
		} else if a.show {
			t.Args[a.name] = a.initial
		}
	}
	if len(f.texts) > 0 {
		return refuse("{" + nested(f.texts) + "}")
	}
	return t, nil
}

// nested turns the texts of a destination's members into a dict's entries.
func nested(texts []string) string {
	entries := make([]string, len(texts))
	for i, t := range texts {
		name, repr, _ := strings.Cut(strings.TrimPrefix(t, "Input Error - "), ": ")
		entries[i] = "'" + name + "': " + repr
	}
	return strings.Join(entries, ", ")
}

func (t Target) id(name string) int {
	n, _ := t.Args[name].(int)
	return n
}

// MarshalJSON writes the target as confd does, without the names it adds.
func (t Target) MarshalJSON() ([]byte, error) {
	m := maps.Clone(t.Args)
	if m == nil {
		m = map[string]any{}
	}
	m["type"] = t.Type
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *Target) UnmarshalJSON(raw []byte) error {
	v, err := decodeJSON(raw)
	if err != nil {
		return fmt.Errorf("read destination: %w", err)
	}
	body, _ := v.(map[string]any)
	read, complaint := readTarget(body)
	if complaint != nil {
		return fmt.Errorf("read destination %s: %s", raw, *complaint)
	}
	*t = read
	return nil
}

// targetTable is the row a destination needs: by type, the member that holds
// its id and the name of the resource.
var targetTable = []struct{ kind, member, resource string }{
	{"user", "user_id", "User"},
	{"voicemail", "voicemail_id", "Voicemail"},
	{"group", "group_id", "Group"},
	{"queue", "queue_id", "Queue"},
}

// checkTarget refuses a destination whose row does not exist.
func (c *content) checkTarget(t Target) error {
	i := slices.IndexFunc(targetTable, func(e struct{ kind, member, resource string }) bool { return e.kind == t.Type })
	if i < 0 {
		return nil
	}
	id := t.id(targetTable[i].member)
	known := map[string]bool{
		"user": c.users.get(id) != nil, "voicemail": c.voicemails.get(id) != nil, "queue": c.queues.get(id) != nil, "group": c.groups.get(id) != nil,
	}
	if !known[t.Type] {
		return unknownRef("actionarg1", targetTable[i].resource, meta{"actionarg1", id})
	}
	return nil
}

// showTarget adds the names that 16.16 puts beside the ids.
func (c *content) showTarget(t Target, version string) map[string]any {
	m := maps.Clone(t.Args)
	if m == nil {
		m = map[string]any{}
	}
	m["type"] = t.Type
	if version != Version1616 {
		return m
	}
	if u := c.users.get(t.id("user_id")); u != nil && t.Type == "user" {
		m["user_firstname"], m["user_lastname"] = u.Firstname, orNull(u.Lastname)
	}
	if v := c.voicemails.get(t.id("voicemail_id")); v != nil && t.Type == "voicemail" {
		m["voicemail_name"] = v.Name
	}
	return m
}
