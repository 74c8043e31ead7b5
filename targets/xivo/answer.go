package xivo

import (
	"fmt"
	"io"
	"net/url"
	"slices"
)

// answer is one of the three lists that make up the survey.
type answer struct {
	name, path string
	query      url.Values
	// rows is the key of the list.
	rows string
	// tells are the fields that a row has, under their own names, and proves the
	// evidence, by the keys under which a row has it.
	tells  []string
	proves map[string]string
	// words tells that every value is a text, "" for null and "0" and "1" for
	// booleans.
	words bool
	// headers is where the export names its columns.
	headers string
}

// survey are the answers in the order in which they are asked for. The export
// comes first, since a server may lack it.
var survey = []answer{
	{
		name: "export", path: "/users/export", rows: "content", headers: "headers", words: true,
		tells: []string{
			"firstname", "lastname", "email", "mobile_phone_number", "outgoing_caller_id", "username", "password", "language", "userfield",
			"call_permission_password", "ring_seconds", "simultaneous_calls", "call_transfer_enabled", "dtmf_hangup_enabled",
			"call_record_enabled", "online_call_record_enabled", "supervision_enabled", "enabled",
		},
		proves: map[string]string{
			"exten": "line.number", "context": "line.context", "voicemail_number": "mailbox.number", "voicemail_context": "mailbox.context",
			"incall_exten": "did.numbers", "incall_context": "did.contexts", "cti_profile_name": "cti.profile", "cti_profile_enabled": "cti.enabled",
			"sip_username": "line.sip", "voicemail_email": "mailbox.email", "voicemail_password": "mailbox.password",
			"voicemail_attach_audio": "mailbox.attach_audio", "voicemail_delete_messages": "mailbox.delete_messages",
			"voicemail_ask_password": "mailbox.ask_password",
		},
	},
	{
		name: "directory view", path: "/users", query: url.Values{"view": {"directory"}}, rows: "items",
		tells: []string{"firstname", "lastname", "email", "mobile_phone_number", "description", "userfield"},
		proves: map[string]string{
			"line_id": "line.id", "exten": "line.number.shown", "context": "line.context.shown", "voicemail_number": "mailbox.number.shown",
			"agent_id": "agent.id",
		},
	},
	{
		name: "summary view", path: "/users", query: url.Values{"view": {"summary"}}, rows: "items",
		tells:  []string{"firstname", "lastname", "email", "enabled"},
		proves: map[string]string{"extension": "line.number.shown", "context": "line.context.shown", "entity": "entity.name"},
	},
}

// keyOf returns the key under which a row has the column; "" where it has not.
func (a answer) keyOf(column string) string {
	if slices.Contains(a.tells, column) {
		return column
	}
	for key, proved := range a.proves {
		if proved == column {
			return key
		}
	}
	return ""
}

// decode reads the whole answer: it is complete, or there is an error.
func (a answer) decode(src io.Reader, bit uint8, into *roster) error {
	in := &intake{
		answer: a, bit: bit, roster: into, scan: newScanner(src), total: -1,
		row: make([]cell, len(into.columns)), keys: make([]string, len(into.columns)),
	}
	for i, f := range into.columns {
		in.keys[i] = a.keyOf(f.Name)
	}
	if err := in.document(); err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	return nil
}
