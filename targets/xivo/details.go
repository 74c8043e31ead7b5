package xivo

import (
	"regexp"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// details is the table of how the things of a user are set up. Like the things
// themselves they are told only where the thing is the person's own. A mailbox's
// name is none of them: XiVO writes the user's over it.
//
// Not surveyed is what neither the export nor a view tells: it counts as
// unchanged in XiVO until the person is read in detail.
var details = []record.Field{
	{Name: "sip_username", Thing: record.Extension, Unique: true, Surveyed: true, Pattern: regexp.MustCompile(`^[a-zA-Z0-9_-]{1,40}$`), Shape: "1 to 40 letters, digits, _ and -"},

	{Name: "did_destination", Thing: record.DID, Clearable: true, Default: "user", Pattern: regexp.MustCompile(`^(user|voicemail)$`), Shape: "user or voicemail"},
	{Name: "did_ring_time", Thing: record.DID, Clearable: true, Kind: record.Int, Min: 1, Max: 3600},
	{Name: "did_caller_id_mode", Thing: record.DID, Clearable: true, Pattern: regexp.MustCompile(`^(prepend|overwrite|append)$`), Shape: "prepend, overwrite or append"},
	{Name: "did_caller_id_name", Thing: record.DID, Clearable: true, MaxLength: 80},
	{Name: "did_subroutine", Thing: record.DID, Clearable: true, MaxLength: 39},

	{Name: "voicemail_email", Thing: record.Voicemail, Clearable: true, MaxLength: 80, Surveyed: true},
	{Name: "voicemail_password", Thing: record.Voicemail, Secret: true, Initial: true, Surveyed: true, Pattern: regexp.MustCompile(`^[0-9]{1,80}$`), Shape: "1 to 80 digits"},
	{Name: "voicemail_language", Thing: record.Voicemail, Clearable: true, Pattern: languageForm, Shape: languageShape},
	{Name: "voicemail_timezone", Thing: record.Voicemail, Clearable: true, MaxLength: 128},
	{Name: "voicemail_pager", Thing: record.Voicemail, Clearable: true, MaxLength: 80},
	{Name: "voicemail_max_messages", Thing: record.Voicemail, Clearable: true, Kind: record.Int, Min: 0, Max: 9999},
	{Name: "voicemail_attach_audio", Thing: record.Voicemail, Clearable: true, Kind: record.Bool, Surveyed: true},
	{Name: "voicemail_delete_messages", Thing: record.Voicemail, Clearable: true, Kind: record.Bool, Default: "false", Surveyed: true},
	{Name: "voicemail_ask_password", Thing: record.Voicemail, Clearable: true, Kind: record.Bool, Default: "true", Surveyed: true},

	{Name: "agent_firstname", Thing: record.Agent, MaxLength: 128, Surveyed: true},
	{Name: "agent_lastname", Thing: record.Agent, Clearable: true, MaxLength: 128, Surveyed: true},
	{Name: "agent_language", Thing: record.Agent, Clearable: true, Surveyed: true, Pattern: languageForm, Shape: languageShape},
	{Name: "agent_group", Thing: record.Agent, Clearable: true, Kind: record.Int, Min: 1, Max: 63, Default: "1"},
}

var languageForm = regexp.MustCompile(`^[a-z]{2}_[A-Z]{2}$`)

const languageShape = "a language and country such as fr_FR"

// allDetails marks them for what they are.
func allDetails() []record.Field {
	all := slices.Clone(details)
	for i := range all {
		all[i].Detail = true
	}
	return all
}

// detailOf finds a detail by its name.
func detailOf(name string) (record.Field, bool) {
	i := slices.IndexFunc(details, func(f record.Field) bool { return f.Name == name })
	if i < 0 {
		return record.Field{}, false
	}
	return details[i], true
}

// detailsOf are the names of a thing's.
func detailsOf(t record.Thing) []string {
	var names []string
	for _, f := range details {
		if f.Thing == t {
			names = append(names, f.Name)
		}
	}
	return names
}

// confdKey is what the thing's own object calls a detail.
func confdKey(detail string) string {
	_, key, _ := strings.Cut(detail, "_")
	return key
}

// proofOf names the evidence that the survey of a detail needs.
var proofOf = map[string]string{
	"sip_username": "line.sip", "voicemail_email": "mailbox.email", "voicemail_password": "mailbox.password",
	"voicemail_attach_audio": "mailbox.attach_audio", "voicemail_delete_messages": "mailbox.delete_messages", "voicemail_ask_password": "mailbox.ask_password",
}

// tellDetails writes those of the mapped details that the survey tells.
func (c *Client) tellDetails(k *clues, agents map[string]agent, values map[string]record.Value) {
	for _, name := range c.detailed {
		f, _ := detailOf(name)
		if _, told := values[string(f.Thing)]; !f.Surveyed || !told {
			continue
		}
		if f.Thing == record.Agent {
			values[name] = record.Text(agents[k[agentID]].text(name))
			continue
		}
		text := k[evidenceAt(proofOf[name])]
		if f.Kind == record.Bool {
			text = map[string]string{"0": "false", "1": "true"}[text]
		}
		if values[string(f.Thing)].Empty() {
			text = "" // there is nothing that it could be of
		}
		values[name] = record.Text(text)
	}
}

// keep leaves only what is mapped.
func (c *Client) keep(values map[string]record.Value) map[string]record.Value {
	for name := range values {
		if _, is := detailOf(name); is && !slices.Contains(c.detailed, name) {
			delete(values, name)
		}
	}
	return values
}
