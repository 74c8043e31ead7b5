package xivo

import (
	"regexp"
	"slices"

	"xivosync/reconcile/record"
)

// fields is the table of what confd's resource /users lets us set (confd-api,
// section 2.1). Its limits are those that a real confd was seen to enforce;
// TestFieldsRefuseWhatXiVORefused holds the two together.
//
// outgoing_caller_id is no CallerID field: "default" and "anonymous" are words
// of their own there, which quotes would turn into a name.
//
// Left empty it would let the internal caller id out, while "default" stands for
// that of the outgoing route; XiVO's web interface always writes it.
//
// username identifies although confd has no filter for it (it answers such a
// filter with the whole list): [Client.Find] looks it up in the export.
var fields = []record.Field{
	{Name: "firstname", MaxLength: 128, Required: true, Surveyed: true},
	{Name: "lastname", MaxLength: 128, Clearable: true, Surveyed: true},
	{Name: "email", MaxLength: 254, Clearable: true, Unique: true, FoldCase: true, Identifies: true, Surveyed: true},
	{
		Name: "mobile_phone_number", MaxLength: 80, Clearable: true, Phone: true, Surveyed: true,
		Pattern: regexp.MustCompile(`^\+?[0-9*#]+$`), Shape: "digits, * and #, with an optional + in front",
	},
	{
		Name: "caller_id", MaxLength: 160, CallerID: true,
		Pattern: regexp.MustCompile(`^"(.*)"( <\+?\d+>)?$`), Shape: `a name in double quotes, such as "Ann One", with an optional <number> after one space`,
	},
	{Name: "outgoing_caller_id", MaxLength: 80, Clearable: true, Surveyed: true, AtCreation: "default"},
	{
		Name: "username", Clearable: true, Unique: true, Identifies: true, Surveyed: true,
		Pattern: loginForm, Shape: "2 to 254 letters, digits or any of ._~!$&'()*+,;=%@-",
	},
	{
		Name: "password", Clearable: true, Secret: true, Initial: true, Surveyed: true,
		Pattern: regexp.MustCompile(`^[a-zA-Z0-9._~!$&'()*+,;=%-]{4,64}$`), Shape: "4 to 64 letters, digits or any of ._~!$&'()*+,;=%-",
	},
	{
		Name: "language", Clearable: true, Surveyed: true,
		Pattern: languageForm, Shape: languageShape,
	},
	{Name: "timezone", MaxLength: 128, Clearable: true},
	{Name: "description", Clearable: true, Identifies: true, Surveyed: true},
	{Name: "userfield", MaxLength: 128, Clearable: true, Identifies: true, Surveyed: true},
	{Name: "music_on_hold", MaxLength: 128, Clearable: true},
	{Name: "preprocess_subroutine", MaxLength: 39, Clearable: true},
	{
		Name: "call_permission_password", Clearable: true, Secret: true, Surveyed: true,
		Pattern: regexp.MustCompile(`^[0-9#*]{1,16}$`), Shape: "1 to 16 digits, * and #",
	},
	{Name: "ring_seconds", Kind: record.Int, Min: 0, Max: 60, Surveyed: true},
	{Name: "simultaneous_calls", Kind: record.Int, Min: 1, Max: 20, Surveyed: true},
	{Name: "call_transfer_enabled", Kind: record.Bool, Surveyed: true},
	{Name: "dtmf_hangup_enabled", Kind: record.Bool, Surveyed: true},
	{Name: "call_record_enabled", Kind: record.Bool, Surveyed: true},
	{Name: "online_call_record_enabled", Kind: record.Bool, Surveyed: true},
	{Name: "supervision_enabled", Kind: record.Bool, Surveyed: true},
	{Name: "enabled", Kind: record.Bool, Surveyed: true},
}

// loginForm is that of a username.
var loginForm = regexp.MustCompile(`^[a-zA-Z0-9._~!$&'()*+,;=%@-]{2,254}$`)

// Fields returns a copy of the table of all fields that can be mapped: those of
// confd's resource /users, the things that a user can have, and their details. What is
// read-only in /users (id, uuid, links, lines, forwards, services, voicemail,
// incalls, groups) is no field.
func Fields() []record.Field {
	all := slices.Clone(fields)
	for i := range all {
		all[i].Thing = record.User
	}
	all = append(all, things...)
	return append(all, allDetails()...)
}

// fieldOf finds a field of users by its name.
func fieldOf(name string) (record.Field, bool) {
	for _, f := range fields {
		if f.Name == name {
			return f, true
		}
	}
	return record.Field{}, false
}
