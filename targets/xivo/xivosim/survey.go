package xivosim

import "strconv"

// surveyRow is a user with what the light views and the export join to him.
// Parts that are not there are nil. A main line with several extensions gives
// several rows, as the real join does.
type surveyRow struct {
	user      *User
	line      *Line
	sip       *SIP
	exten     *Extension
	voicemail *Voicemail
	entity    *Entity
	profile   *Profile

	// For the export alone.
	dids        []*Extension
	permissions []string
}

// surveyRows joins a user; several decides whether every extension of his
// main line gives a row, or only the first one that is main.
func (c *content) surveyRows(out []surveyRow, u *User, several bool) []surveyRow {
	row := surveyRow{user: u, voicemail: c.voicemails.get(u.VoicemailID), entity: c.entities.get(u.EntityID), profile: c.profiles.get(u.CTIProfileID)}
	main := c.mainLink(u.ID)
	if main == nil {
		return append(out, row)
	}
	row.line = c.lines.get(main.LineID)
	if row.line.Endpoint == "sip" {
		row.sip = c.sip.get(row.line.EndpointID)
	}
	start := len(out)
	for _, id := range c.extensOfLine.ids(main.LineID) {
		l := c.lineExtens.get(id)
		row.exten = nil
		if l.Main {
			row.exten = c.extensions.get(l.ExtenID)
		}
		if several || l.Main && len(out) == start {
			out = append(out, row)
		}
	}
	if len(out) == start {
		out = append(out, row)
	}
	return out
}

// survey joins every user, in heap order.
func (c *content) survey(several bool) []*surveyRow {
	rows := make([]surveyRow, 0, c.users.len())
	for u := range c.users.all() {
		rows = c.surveyRows(rows, u, several)
	}
	refs := make([]*surveyRow, len(rows))
	for i := range rows {
		refs[i] = &rows[i]
	}
	return refs
}

// shown is the extension as the views show it: not when it is commented.
func (r *surveyRow) shown() (exten, context string) {
	if r.exten == nil || r.exten.Commented {
		return "", ""
	}
	return r.exten.Exten, r.exten.Context
}

func (r *surveyRow) mailbox() string {
	if r.voicemail == nil || !r.voicemail.Enabled {
		return ""
	}
	return r.voicemail.Number
}

// protocol and provisioning code vanish from the summary with a disabled line.
func (r *surveyRow) phone() (protocol, code string) {
	if r.line == nil || r.line.Disabled {
		return "", ""
	}
	return r.line.Endpoint, r.line.ProvisioningCode
}

// userColumns are what /users can filter, sort and search by.
var userColumns = columns[surveyRow]{
	textColumn("lastname", func(r *surveyRow) string { return r.user.Lastname }).unsought(),
	numberColumn("id", func(r *surveyRow) int { return r.user.ID }),
	textColumn("uuid", func(r *surveyRow) string { return r.user.UUID }).unsought(),
	textColumn("firstname", func(r *surveyRow) string { return r.user.Firstname }).unsought(),
	textColumn("fullname", func(r *surveyRow) string {
		if r.user.Lastname == "" {
			return "" // SQL: text and null is null
		}
		return r.user.fullName()
	}),
	textColumn("caller_id", func(r *surveyRow) string { return r.user.CallerID }),
	textColumn("description", func(r *surveyRow) string { return r.user.Description }),
	textColumn("userfield", func(r *surveyRow) string { return r.user.Userfield }),
	{name: "email", sought: true, folded: true, get: func(r *surveyRow) (string, bool) { return r.user.email(), r.user.Email == nil }},
	textColumn("mobile_phone_number", func(r *surveyRow) string { return r.user.Mobile }),
	textColumn("music_on_hold", func(r *surveyRow) string { return r.user.MusicOnHold }),
	textColumn("outgoing_caller_id", func(r *surveyRow) string { return r.user.OutgoingCallerID }),
	textColumn("preprocess_subroutine", func(r *surveyRow) string { return r.user.Subroutine }),
	textColumn("entity", func(r *surveyRow) string {
		if r.entity == nil {
			return ""
		}
		return r.entity.Name
	}).unsought(),
	textColumn("voicemail_number", (*surveyRow).mailbox).unsought(),
	textColumn("provisioning_code", func(r *surveyRow) string { _, code := r.phone(); return code }),
	textColumn("exten", func(r *surveyRow) string { exten, _ := r.shown(); return exten }),
	textColumn("extension", func(r *surveyRow) string { exten, _ := r.shown(); return exten }).unsought(),
	textColumn("context", func(r *surveyRow) string { _, context := r.shown(); return context }).unsought(),
	{name: "enabled", noFilter: true, get: func(r *surveyRow) (string, bool) { return strconv.FormatBool(r.user.Enabled), false }},
}

// directoryView and summaryView are one row of the light views.
type directoryView struct {
	ID              int     `json:"id"`
	UUID            string  `json:"uuid"`
	LineID          *int    `json:"line_id"`
	AgentID         *string `json:"agent_id"`
	Firstname       string  `json:"firstname"`
	Lastname        *string `json:"lastname"`
	Email           *string `json:"email"`
	Exten           *string `json:"exten"`
	Mobile          *string `json:"mobile_phone_number"`
	VoicemailNumber *string `json:"voicemail_number"`
	Userfield       *string `json:"userfield"`
	Description     *string `json:"description"`
	Context         *string `json:"context"`
}

type summaryView struct {
	ID               int     `json:"id"`
	UUID             string  `json:"uuid"`
	Firstname        string  `json:"firstname"`
	Lastname         *string `json:"lastname"`
	Email            *string `json:"email"`
	Extension        *string `json:"extension"`
	Context          *string `json:"context"`
	ProvisioningCode *string `json:"provisioning_code"`
	Entity           *string `json:"entity"`
	Protocol         *string `json:"protocol"`
	Enabled          bool    `json:"enabled"`
}

func (r *surveyRow) directory() any {
	exten, context := r.shown()
	v := directoryView{
		ID: r.user.ID, UUID: r.user.UUID, Firstname: r.user.Firstname, Lastname: orNull(r.user.Lastname), Email: r.user.Email,
		Exten: orNull(exten), Mobile: orNull(r.user.Mobile), VoicemailNumber: orNull(r.mailbox()),
		Userfield: orNull(r.user.Userfield), Description: orNull(r.user.Description), Context: orNull(context),
	}
	if r.line != nil {
		v.LineID = &r.line.ID
	}
	if r.user.AgentID != nil {
		v.AgentID = new(strconv.Itoa(*r.user.AgentID))
	}
	return v
}

func (r *surveyRow) summary() any {
	exten, context := r.shown()
	protocol, code := r.phone()
	v := summaryView{
		ID: r.user.ID, UUID: r.user.UUID, Firstname: r.user.Firstname, Lastname: orNull(r.user.Lastname), Email: r.user.Email,
		Extension: orNull(exten), Context: orNull(context), ProvisioningCode: orNull(code), Protocol: orNull(protocol),
		Enabled: r.user.Enabled,
	}
	if r.entity != nil {
		v.Entity = &r.entity.Name
	}
	return v
}
