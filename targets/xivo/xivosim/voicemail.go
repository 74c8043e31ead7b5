package xivosim

// Voicemail is a row of confd's voicemails. An empty string is null.
type Voicemail struct {
	ID             int    `json:"id"`
	Name           string `json:"name"`
	Number         string `json:"number"`
	Context        string `json:"context"`
	Password       string `json:"password,omitempty"`
	Email          string `json:"email,omitempty"`
	Language       string `json:"language,omitempty"`
	Timezone       string `json:"timezone,omitempty"`
	Pager          string `json:"pager,omitempty"`
	MaxMessages    *int   `json:"max_messages,omitempty"`
	AttachAudio    *bool  `json:"attach_audio,omitempty"`
	DeleteMessages bool   `json:"delete_messages,omitempty"`
	AskPassword    bool   `json:"ask_password"`
	Enabled        bool   `json:"enabled"`
	Options        []pair `json:"options,omitempty"`
}

var voicemailSchema = schema[Voicemail]{
	textField(func(v *Voicemail) *string { return &v.Name }, rule{name: "name", required: true, max: 80}),
	textField(func(v *Voicemail) *string { return &v.Number }, rule{name: "number", required: true, pattern: mailboxNumber}),
	textField(func(v *Voicemail) *string { return &v.Context }, rule{name: "context", required: true}),
	textField(func(v *Voicemail) *string { return &v.Password }, rule{name: "password", null: nullResets, pattern: mailboxPassword}),
	textField(func(v *Voicemail) *string { return &v.Email }, rule{name: "email", null: nullResets, max: 80}),
	textField(func(v *Voicemail) *string { return &v.Language }, rule{name: "language", null: nullResets, pattern: languagePattern}),
	textField(func(v *Voicemail) *string { return &v.Timezone }, rule{name: "timezone", null: nullResets}),
	textField(func(v *Voicemail) *string { return &v.Pager }, rule{name: "pager", null: nullResets, max: 80}),
	{rule{name: "max_messages", kind: whole, null: nullResets}, func(m *Voicemail, v any) {
		m.MaxMessages = nil
		if n, ok := v.(int); ok {
			m.MaxMessages = &n
		}
	}},
	{rule{name: "attach_audio", kind: flag, null: nullResets}, func(m *Voicemail, v any) {
		m.AttachAudio = nil
		if b, ok := v.(bool); ok {
			m.AttachAudio = &b
		}
	}},
	flagField(func(v *Voicemail) *bool { return &v.DeleteMessages }, rule{name: "delete_messages"}),
	flagField(func(v *Voicemail) *bool { return &v.AskPassword }, rule{name: "ask_password"}),
	flagField(func(v *Voicemail) *bool { return &v.Enabled }, rule{name: "enabled"}),
	pairsField(func(v *Voicemail, list []pair) { v.Options = list }, rule{name: "options"}),
}
