package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/hashicorp/go-hclog"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/mail"
)

// newRelay is how mails leave; nil where there are none.
func newRelay(m config.Mail, log hclog.Logger) (*mail.Relay, error) {
	if m.Host == "" {
		return nil, nil
	}
	password, err := secret("mail.password", m.Password, log)
	if err != nil {
		return nil, err
	}
	ca, err := authority("mail.ca", m.CA)
	if err != nil {
		return nil, err
	}
	relay, err := mail.NewRelay(mail.Config{
		Host: m.Host, Port: m.Port, Security: m.Security, CA: ca, ServerName: m.ServerName, Username: m.Username, Password: password,
		From: m.From, ReplyTo: m.ReplyTo, Timeout: m.Timeout.Std(),
	})
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return relay, nil
}

// office sends what is in the outbox; nil where there are no mails.
func (p *program) office(m config.Mail, numbers reconcile.Numbering, db *store.DB, log hclog.Logger) (*post.Office, error) {
	relay, err := newRelay(m, log)
	if relay == nil || err != nil {
		return nil, err
	}
	letters, err := mail.Templates(m.Templates)
	if err != nil {
		return nil, err
	}
	return &post.Office{Outbox: db, Relay: relay, Letters: letters, Language: m.Language, Retell: numbers.Retold, Now: p.now}, nil
}

// sendMails sends what is due, and logs what came of it. No trouble with mails
// concerns the run: they wait in the outbox.
func (p *program) sendMails(ctx context.Context, all *parts) {
	if ctx.Err() != nil || all.mail.Host == "" {
		return
	}
	office, err := p.office(all.mail, all.settings.Numbering, all.store, all.log)
	if err == nil {
		all.posted, err = office.Send(ctx)
	}
	if err != nil {
		all.posted.Trouble = err.Error()
	}
	r := all.posted
	if r.Trouble != "" {
		all.log.Error("mails were not sent", "error", r.Trouble, "waiting", len(r.Waiting))
	}
	for _, m := range r.Waiting {
		if r.Trouble == "" {
			all.log.Warn("mail not sent, it is tried again", "mail", m.Number, "record", addressee(m), "next", moment(m.Next), "error", m.Error)
		}
	}
	for _, m := range append(r.Failed, r.Uncertain...) {
		all.log.Error("mail not sent", "mail", m.Number, "record", addressee(m), "state", m.State, "error", m.Error)
	}
	if r.Sent > 0 {
		all.log.Info("mails sent", "count", r.Sent)
	}
}

// showPosted prints what came of the mails that were due.
func (p *program) showPosted(w io.Writer, r post.Result) error {
	if r.Sent > 0 {
		fmt.Fprintf(w, "\n%s sent.\n", capital(count(r.Sent, "mail")))
	}
	if r.Trouble != "" {
		fmt.Fprintf(w, "\nNo mail could be sent, they wait in the outbox: %s\n", plain(r.Trouble))
	}
	var rest []record.Mail
	if r.Trouble == "" {
		rest = append(rest, r.Waiting...)
	}
	rest = append(append(rest, r.Failed...), r.Uncertain...)
	if len(rest) == 0 {
		return nil
	}
	p.heading(w, true, "Mails that were not sent, or may not have been (\"xivosync outbox\"):")
	return showMails(w, "  ", rest)
}

// hostName is this machine's name, for the mails of a program that runs on it.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "this machine"
	}
	return name
}
