package xivosim

// User is a row of confd's users. An empty string is confd's null, except
// for the first name and the e-mail address, where the two differ.
type User struct {
	ID                 int             `json:"id"`
	UUID               string          `json:"uuid"`
	Firstname          string          `json:"firstname"`
	Lastname           string          `json:"lastname,omitempty"`
	Email              *string         `json:"email,omitempty"`
	Timezone           string          `json:"timezone,omitempty"`
	Language           string          `json:"language,omitempty"`
	Description        string          `json:"description,omitempty"`
	CallerID           string          `json:"caller_id"`
	OutgoingCallerID   string          `json:"outgoing_caller_id,omitempty"`
	Mobile             string          `json:"mobile_phone_number,omitempty"`
	Username           string          `json:"username,omitempty"`
	Password           string          `json:"password,omitempty"`
	MusicOnHold        string          `json:"music_on_hold,omitempty"`
	Subroutine         string          `json:"preprocess_subroutine,omitempty"`
	Userfield          string          `json:"userfield,omitempty"`
	CallTransfer       bool            `json:"call_transfer_enabled,omitempty"`
	DTMFHangup         bool            `json:"dtmf_hangup_enabled,omitempty"`
	CallRecord         bool            `json:"call_record_enabled,omitempty"`
	OnlineCallRecord   bool            `json:"online_call_record_enabled,omitempty"`
	Supervision        bool            `json:"supervision_enabled"`
	RingSeconds        int             `json:"ring_seconds"`
	SimultaneousCalls  int             `json:"simultaneous_calls"`
	CallPermissionCode string          `json:"call_permission_password,omitempty"`
	Enabled            bool            `json:"enabled"`
	Busy               Forward         `json:"busy"`
	NoAnswer           Forward         `json:"noanswer"`
	Unconditional      Forward         `json:"unconditional"`
	DoNotDisturb       bool            `json:"dnd,omitempty"`
	IncallFilter       bool            `json:"incallfilter,omitempty"`
	EntityID           int             `json:"entity_id"`
	VoicemailID        int             `json:"voicemail_id,omitempty"` // 0 for none
	AgentID            *int            `json:"agent_id,omitempty"`     // the web interface leaves 0 behind
	CTIProfileID       int             `json:"cti_profile_id,omitempty"`
	CTIEnabled         bool            `json:"cti_enabled,omitempty"`
	FuncKeyTemplateID  int             `json:"func_key_template_id"`
	FallbackNoAnswer   *Target         `json:"fallback_noanswer,omitempty"`
	FallbackBusy       *Target         `json:"fallback_busy,omitempty"`
	FallbackCongestion *Target         `json:"fallback_congestion,omitempty"`
	FallbackFail       *Target         `json:"fallback_fail,omitempty"`
	PermissionIDs      []int           `json:"call_permission_ids,omitempty"`
	FuncKeyID          int             `json:"func_key_id"`    // by which others' keys find him
	Keys               map[int]FuncKey `json:"keys,omitempty"` // by position
}

// Forward is one of a user's three call forwards.
type Forward struct {
	Enabled     bool   `json:"enabled"`
	Destination string `json:"destination,omitempty"`
}

// userSchema is the body of POST and PUT /users.
var userSchema = schema[User]{
	textField(func(u *User) *string { return &u.Firstname }, rule{name: "firstname", required: true, max: 128}),
	textField(func(u *User) *string { return &u.Lastname }, rule{name: "lastname", null: nullResets, max: 128}),
	optionalField(func(u *User) **string { return &u.Email }, rule{name: "email", null: nullResets, max: 254}),
	textField(func(u *User) *string { return &u.Timezone }, rule{name: "timezone", null: nullResets, max: 128}),
	textField(func(u *User) *string { return &u.Language }, rule{name: "language", null: nullResets, pattern: languagePattern}),
	textField(func(u *User) *string { return &u.Description }, rule{name: "description", null: nullResets}),
	textField(func(u *User) *string { return &u.CallerID }, rule{name: "caller_id", null: nullAtCreate, max: 160, pattern: callerIDPattern}),
	textField(func(u *User) *string { return &u.OutgoingCallerID }, rule{name: "outgoing_caller_id", null: nullResets, max: 80}),
	textField(func(u *User) *string { return &u.Mobile }, rule{name: "mobile_phone_number", null: nullResets, max: 80, pattern: mobilePattern}),
	textField(func(u *User) *string { return &u.Username }, rule{name: "username", null: nullResets, pattern: usernamePattern}),
	textField(func(u *User) *string { return &u.Password }, rule{name: "password", null: nullResets, pattern: passwordPattern}),
	textField(func(u *User) *string { return &u.MusicOnHold }, rule{name: "music_on_hold", null: nullResets, max: 128}),
	textField(func(u *User) *string { return &u.Subroutine }, rule{name: "preprocess_subroutine", null: nullResets, max: 39}),
	textField(func(u *User) *string { return &u.Userfield }, rule{name: "userfield", null: nullResets, max: 128}),
	flagField(func(u *User) *bool { return &u.CallTransfer }, rule{name: "call_transfer_enabled", null: nullAtCreate}),
	flagField(func(u *User) *bool { return &u.DTMFHangup }, rule{name: "dtmf_hangup_enabled", null: nullAtCreate}),
	flagField(func(u *User) *bool { return &u.CallRecord }, rule{name: "call_record_enabled", null: nullAtCreate}),
	flagField(func(u *User) *bool { return &u.OnlineCallRecord }, rule{name: "online_call_record_enabled", null: nullAtCreate}),
	flagField(func(u *User) *bool { return &u.Supervision }, rule{name: "supervision_enabled", null: nullAtCreate}),
	wholeField(func(u *User) *int { return &u.RingSeconds }, rule{name: "ring_seconds", null: nullAtCreate, between: &[2]int{0, 60}}),
	wholeField(func(u *User) *int { return &u.SimultaneousCalls }, rule{name: "simultaneous_calls", null: nullAtCreate, between: &[2]int{1, 20}}),
	textField(func(u *User) *string { return &u.CallPermissionCode }, rule{name: "call_permission_password", null: nullResets, pattern: permissionCode}),
	flagField(func(u *User) *bool { return &u.Enabled }, rule{name: "enabled", null: nullAtCreate}),
}

// fullName is what the web interface calls a person.
func (u *User) fullName() string {
	if u.Lastname == "" {
		return u.Firstname
	}
	return u.Firstname + " " + u.Lastname
}

func (u *User) email() string {
	if u.Email == nil {
		return ""
	}
	return *u.Email
}
