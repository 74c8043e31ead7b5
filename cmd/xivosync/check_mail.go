package main

import (
	"context"
	"strings"
	"time"

	"xivosync/cmd/xivosync/post"
	"xivosync/targets/mail"
)

// lookAtMail tells how mails would leave, and with an address sends a test.
func (i *inspection) lookAtMail(ctx context.Context, to string) {
	m := i.cfg.Mail
	if m.Host == "" {
		if to != "" {
			i.section = "Mail"
			i.note(wrong, "Add [mail] with host and from.", "no mails are configured")
		}
		return
	}
	i.section = "Mail"
	relay, err := newRelay(m, i.log)
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	letters, err := mail.Templates(m.Templates)
	if err != nil {
		i.note(wrong, "", "%s", err)
		return
	}
	i.note(right, "", "templates: %s", strings.Join(letters.Kinds(), ", "))
	if to == "" {
		i.note(right, "", "mails leave through %s; \"xivosync check --mail ADDRESS\" sends a test", relay.Address())
		return
	}
	i.progress("sending a test mail", 0, 0)
	switch err := testMail(ctx, relay, letters, m.Language, to, post.NewID(i.settings.Onboarding.Domain), sample()); {
	case err == nil:
		i.note(right, "", "%s took a test mail for %s", relay.Address(), to)
	case mail.ClassOf(err) == mail.Permanent && !mail.Unreached(err):
		i.note(wrong, "The relay's answer says what it does not like: the address, or who the mail is from.", "%s refused the test: %s", relay.Address(), err)
	default:
		i.note(wrong, "Compare host, port, security, ca, username and password of [mail] with what the relay wants.", "the test was not sent: %s", err)
	}
}

// sample is what a test mail says.
func sample() mail.Digest {
	return mail.Digest{Host: hostName(), Title: "a test", Lines: []string{"Mails can be sent. The one to somebody who got a phone looks like its template."}}
}

func testMail(ctx context.Context, relay *mail.Relay, letters *mail.Letters, language, to, id string, says mail.Digest) error {
	letter, err := letters.Write(mail.ReportTemplate, language, says)
	if err != nil {
		return err
	}
	return relay.Send(ctx, mail.Message{ID: id, To: to, Date: time.Now(), Letter: letter})
}
