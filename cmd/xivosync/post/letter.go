package post

import (
	"cmp"
	"crypto/rand"
	"errors"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/targets/mail"
)

// NewID returns a Message-ID that nobody else has.
func NewID(domain string) string { return rand.Text() + "@" + domain }

// The names in the data of a report.
const (
	reportHost  = "host"
	reportTitle = "title"
	reportLines = "lines"
)

// ReportData is what a mail to those who look after the telephony says.
func ReportData(d mail.Digest) map[string]string {
	return map[string]string{reportHost: d.Host, reportTitle: d.Title, reportLines: strings.Join(d.Lines, "\n")}
}

// errErased is returned for a mail whose data cannot be read any more.
var errErased = errors.New("what it says cannot be read: it was erased, or the store's key was lost")

// Letter fills in the template of a mail, in the language of the person, else in
// the one that is given.
func Letter(letters *mail.Letters, m record.Mail, language string) (mail.Letter, error) {
	d := m.Data
	if d == nil {
		return mail.Letter{}, errErased
	}
	language = cmp.Or(d[reconcile.MailLanguage], language)
	if m.Template == mail.ReportTemplate {
		return letters.Write(m.Template, language, mail.Digest{Host: d[reportHost], Title: d[reportTitle], Lines: strings.Split(d[reportLines], "\n")})
	}
	return letters.Write(m.Template, language, mail.Onboarding{
		Firstname: d[reconcile.MailFirstname], Lastname: d[reconcile.MailLastname], Name: d[reconcile.MailName], Email: d[reconcile.MailEmail],
		Site: d[reconcile.MailSite], Extension: d[reconcile.MailExtension], DID: d[reconcile.MailDID],
		Voicemail: d[reconcile.MailVoicemail], PIN: d[reconcile.MailPIN], Agent: d[reconcile.MailAgent],
		Login: d[reconcile.MailLogin], Password: d[reconcile.MailPassword], ResetHint: d[reconcile.MailReset] != "",
	})
}

// masked stands in place of a credential.
const masked = "••••••"

// Masked is the mail as it may be shown: without its credentials.
func Masked(m record.Mail) record.Mail {
	shown := map[string]string{}
	for name, v := range m.Data {
		if name == reconcile.MailPassword || name == reconcile.MailPIN {
			v = masked
		}
		shown[name] = v
	}
	if m.Data != nil {
		m.Data = shown
	}
	return m
}
