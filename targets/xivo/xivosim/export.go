package xivosim

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exportColumns are the columns of /users/export, in order.
var exportColumns = []struct {
	name string
	get  func(*surveyRow) string
}{
	{"uuid", func(r *surveyRow) string { return r.user.UUID }},
	{"entity_id", func(r *surveyRow) string { return strconv.Itoa(r.user.EntityID) }},
	{"firstname", func(r *surveyRow) string { return r.user.Firstname }},
	{"lastname", func(r *surveyRow) string { return r.user.Lastname }},
	{"email", func(r *surveyRow) string { return r.user.email() }},
	{"mobile_phone_number", func(r *surveyRow) string { return r.user.Mobile }},
	{"outgoing_caller_id", func(r *surveyRow) string { return r.user.OutgoingCallerID }},
	{"language", func(r *surveyRow) string { return r.user.Language }},
	{"call_permission_password", func(r *surveyRow) string { return r.user.CallPermissionCode }},
	{"enabled", func(r *surveyRow) string { return bit(r.user.Enabled) }},
	{"ring_seconds", func(r *surveyRow) string { return strconv.Itoa(r.user.RingSeconds) }},
	{"simultaneous_calls", func(r *surveyRow) string { return strconv.Itoa(r.user.SimultaneousCalls) }},
	{"supervision_enabled", func(r *surveyRow) string { return bit(r.user.Supervision) }},
	{"call_transfer_enabled", func(r *surveyRow) string { return bit(r.user.CallTransfer) }},
	{"dtmf_hangup_enabled", func(r *surveyRow) string { return bit(r.user.DTMFHangup) }},
	{"call_record_enabled", func(r *surveyRow) string { return bit(r.user.CallRecord) }},
	{"online_call_record_enabled", func(r *surveyRow) string { return bit(r.user.OnlineCallRecord) }},
	{"userfield", func(r *surveyRow) string { return r.user.Userfield }},
	{"username", func(r *surveyRow) string { return r.user.Username }},
	{"password", func(r *surveyRow) string { return r.user.Password }},
	{"cti_profile_name", ofProfile(func(p *Profile) string { return p.Name })},
	{"cti_profile_enabled", func(r *surveyRow) string { return bit(r.user.CTIEnabled) }},
	{"voicemail_name", ofVoicemail(func(v *Voicemail) string { return v.Name })},
	{"voicemail_number", ofVoicemail(func(v *Voicemail) string { return v.Number })},
	{"voicemail_context", ofVoicemail(func(v *Voicemail) string { return v.Context })},
	{"voicemail_password", ofVoicemail(func(v *Voicemail) string { return v.Password })},
	{"voicemail_email", ofVoicemail(func(v *Voicemail) string { return v.Email })},
	{"voicemail_attach_audio", ofVoicemail(func(v *Voicemail) string {
		if v.AttachAudio == nil {
			return ""
		}
		return bit(*v.AttachAudio)
	})},
	{"voicemail_delete_messages", ofVoicemail(func(v *Voicemail) string { return bit(v.DeleteMessages) })},
	{"voicemail_ask_password", ofVoicemail(func(v *Voicemail) string { return bit(v.AskPassword) })},
	{"line_protocol", ofLine(func(l *Line) string { return l.Endpoint })},
	{"provisioning_code", ofLine(func(l *Line) string { return l.ProvisioningCode })},
	{"context", ofLine(func(l *Line) string { return l.Context })},
	{"sip_username", ofSIP(func(s *SIP) string { return s.Username })},
	{"sip_secret", ofSIP(func(s *SIP) string { return s.Secret })},
	{"exten", func(r *surveyRow) string {
		if r.exten == nil {
			return ""
		}
		return r.exten.Exten
	}},
	{"incall_exten", ofDIDs(func(e *Extension) string { return e.Exten })},
	{"incall_context", ofDIDs(func(e *Extension) string { return e.Context })},
	{"call_permissions", func(r *surveyRow) string { return strings.Join(r.permissions, ";") }},
}

func bit(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func ofProfile(get func(*Profile) string) func(*surveyRow) string {
	return func(r *surveyRow) string {
		if r.profile == nil {
			return ""
		}
		return get(r.profile)
	}
}

func ofVoicemail(get func(*Voicemail) string) func(*surveyRow) string {
	return func(r *surveyRow) string {
		if r.voicemail == nil {
			return ""
		}
		return get(r.voicemail)
	}
}

func ofLine(get func(*Line) string) func(*surveyRow) string {
	return func(r *surveyRow) string {
		if r.line == nil {
			return ""
		}
		return get(r.line)
	}
}

func ofSIP(get func(*SIP) string) func(*surveyRow) string {
	return func(r *surveyRow) string {
		if r.sip == nil {
			return ""
		}
		return get(r.sip)
	}
}

func ofDIDs(get func(*Extension) string) func(*surveyRow) string {
	return func(r *surveyRow) string {
		parts := make([]string, len(r.dids))
		for i, e := range r.dids {
			parts[i] = get(e)
		}
		return strings.Join(parts, ";")
	}
}

// exportUsers is GET /users/export: the whole of every user in one answer, as
// CSV to who asks for text/csv, as JSON to everybody else. It shows numbers
// that are commented, which the views hide.
func exportUsers(c *call) (*answer, error) {
	rows := c.survey(true)
	for _, r := range rows {
		r.dids = c.didsOf(r.user.ID)
		for _, id := range r.user.PermissionIDs {
			r.permissions = append(r.permissions, c.permissions.get(id).Name)
		}
	}
	slices.SortStableFunc(rows, func(a, b *surveyRow) int { return cmp.Compare(a.lineRank(), b.lineRank()) })
	c.cost += time.Duration(len(rows)) * costExportRow
	if strings.Contains(c.r.Header.Get("Accept"), "text/csv") {
		return &answer{status: http.StatusOK, mime: "text/csv; charset=utf-8", stream: func(w io.Writer) error { return exportCSV(w, rows) }}, nil
	}
	return &answer{status: http.StatusOK, stream: func(w io.Writer) error { return exportJSON(w, rows) }}, nil
}

// didsOf are the numbers of the incalls that go to a user.
func (c *content) didsOf(userID int) (dids []*Extension) {
	for _, incall := range c.incallUser.ids(userID) {
		for _, id := range c.extenOwner.ids(tie{"incall", incall}) {
			dids = append(dids, c.extensions.get(id))
		}
	}
	return dids
}

// lineRank is the export's order: by main line, people without one last.
func (r *surveyRow) lineRank() int {
	if r.line == nil {
		return math.MaxInt
	}
	return r.line.ID
}

func exportCSV(w io.Writer, rows []*surveyRow) error {
	out := csv.NewWriter(w)
	record := make([]string, len(exportColumns))
	for i, col := range exportColumns {
		record[i] = col.name
	}
	err := out.Write(record)
	for _, r := range rows {
		for i, col := range exportColumns {
			record[i] = col.get(r)
		}
		if err == nil {
			err = out.Write(record)
		}
	}
	out.Flush()
	if err = cmp.Or(err, out.Error()); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// exportJSON writes by hand what would be a map of 39 entries a person.
func exportJSON(w io.Writer, rows []*surveyRow) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(`{"headers": [`)
	for i, col := range exportColumns {
		b.WriteString(sep(i) + strconv.Quote(col.name))
	}
	b.WriteString(`], "content": [`)
	var line []byte
	for n, r := range rows {
		line = append(line[:0], sep(n)...)
		for i, col := range exportColumns {
			line = append(line, "{,"[min(i, 1)], '"')
			line = append(append(line, col.name...), `": `...)
			line = appendJSON(line, col.get(r))
		}
		if _, err := b.Write(append(line, '}')); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	b.WriteString("]}")
	return b.Flush()
}

func sep(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// appendJSON appends a JSON string; most need no escape at all.
func appendJSON(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	return append(append(b, s...), '"')
}
