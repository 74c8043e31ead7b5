package xivosim

import (
	"strconv"
	"strings"
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
