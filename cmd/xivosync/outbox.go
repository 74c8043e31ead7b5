package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/mail"
	"xivosync/targets/xivo"
)

func (p *program) outboxCommand() *cobra.Command {
	asJSON, whole := false, false
	cmd := &cobra.Command{
		Use:   "outbox [list]",
		Short: "List the mails, and look after those that did not go out",
		Long: `List the mails that wait, that a relay refused for good, and those of which nobody
knows whether the relay took them; with --all those that were sent, too. What
waits is tried again for five days, by "xivosync serve" when it is due, else by
the next run or "xivosync outbox send"; the others wait for you.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listMails(whole, asJSON) },
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print one JSON value, for programs")
	list := &cobra.Command{
		Use: "list", Short: "List the mails that are not over", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listMails(whole, asJSON) },
	}
	for _, c := range []*cobra.Command{cmd, list} {
		c.Flags().BoolVar(&whole, "all", false, "also what was sent or dropped")
	}
	cmd.AddCommand(list, p.sendCommand(&asJSON),
		&cobra.Command{
			Use: "show ID", Short: "Show one mail without what it says", Args: one,
			RunE: func(_ *cobra.Command, args []string) error { return p.showMail(args[0], asJSON) },
		},
		&cobra.Command{
			Use: "preview ID", Short: "Show what a mail says, without its credentials", Args: one,
			Long: `Show the mail as it would be sent; passwords and PINs are masked. What a mail said
is erased once it was sent.` + exitStatus(exitFailed, exitUsage, exitBusy),
			RunE: func(_ *cobra.Command, args []string) error { return p.previewMail(args[0], asJSON) },
		},
		&cobra.Command{
			Use: "retry ID", Short: "Send a mail now, whatever became of it", Args: one,
			Long: `Send a mail now: one that waits, that a relay refused, or of which nobody knows
whether it was delivered. The last may reach the person a second time; its
Message-ID is the same, and many programs then show it once.` + exitStatus(exitFailed, exitUsage, exitPartial, exitBusy),
			RunE: func(cmd *cobra.Command, args []string) error { return p.retryMail(cmd.Context(), args[0], asJSON) },
		},
		&cobra.Command{
			Use: "drop ID", Short: "Give a mail up: it is never sent, and what it says is erased", Args: one,
			RunE: func(cmd *cobra.Command, args []string) error { return p.dropMail(cmd.Context(), args[0], asJSON) },
		})
	return cmd
}

func (p *program) listMails(whole, asJSON bool) error {
	var mails []record.Mail
	over := 0
	err := p.looking(func(db *store.DB) (err error) {
		mails, err = takeIf(db.Mails(), 0, func(m record.Mail) bool {
			if m.Over() {
				over++
			}
			return whole || !m.Over()
		})
		return err
	})
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(p.out, orEmpty(mails))
	case len(mails) == 0 && over > 0:
		fmt.Fprintf(p.out, "No mail waits. %s over: \"xivosync outbox list --all\".\n", capital(count(over, "mail")))
		return nil
	case len(mails) == 0:
		fmt.Fprintln(p.out, "The outbox is empty.")
		return nil
	}
	return showMails(p.out, "", mails)
}

// mailWords are the states of a mail in words.
var mailWords = map[record.MailState]string{
	record.MailWaiting: "waiting", record.MailSent: "sent", record.MailFailed: "not sent",
	record.MailUncertain: "may have been sent", record.MailDropped: "dropped",
}

// showMails prints mails, a line each.
func showMails(w io.Writer, indent string, mails []record.Mail) error {
	t := newTable(w, indent)
	t.row("ID", "PERSON", "TO", "TEMPLATE", "RUN", "STATE", "TRIES", "NEXT", "WHY")
	for _, m := range mails {
		next := ""
		if m.State == record.MailWaiting {
			next = moment(m.Next)
		}
		run := ""
		if m.Run > 0 {
			run = strconv.FormatUint(m.Run, 10)
		}
		t.row(strconv.FormatUint(m.Number, 10), addressee(m), m.To, m.Template, run, mailWords[m.State], strconv.Itoa(m.Tries), next, m.Error)
	}
	return t.end()
}

// addressee is whom a mail is about; reports are about nobody.
func addressee(m record.Mail) string {
	if m.Person == (record.Person{}) {
		return "an admin"
	}
	return m.Person.Label()
}

// mailOf reads the mail that an argument names.
func mailOf(db *store.DB, id string) (m record.Mail, err error) {
	number, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return m, usagef("%s is no number of a mail; \"xivosync outbox\" lists them", plain(id))
	}
	if m, err = db.Mail(number); errors.Is(err, store.ErrNotFound) {
		return m, usagef("there is no mail %d; \"xivosync outbox list --all\" lists them", number)
	}
	return m, err
}

func (p *program) showMail(id string, asJSON bool) error {
	var m record.Mail
	if err := p.looking(func(db *store.DB) (err error) { m, err = mailOf(db, id); return err }); err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, m)
	}
	t := newTable(p.out, "")
	for _, row := range [][2]string{
		{"mail", strconv.FormatUint(m.Number, 10)}, {"person", addressee(m)}, {"to", m.To}, {"template", m.Template},
		{"message id", m.MessageID}, {"run", strconv.FormatUint(m.Run, 10)}, {"written", moment(m.Created)},
		{"state", mailWords[m.State]}, {"tries", strconv.Itoa(m.Tries)},
	} {
		t.row(row[0], row[1])
	}
	if m.State == record.MailWaiting {
		t.row("next try", moment(m.Next))
	}
	if m.Error != "" {
		t.row("why", m.Error)
	}
	return t.end()
}

// previewed is a mail with what it says.
type previewed struct {
	ID      uint64 `json:"id"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

func (p *program) previewMail(id string, asJSON bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	var m record.Mail
	err = p.looking(func(db *store.DB) (err error) {
		if m, err = mailOf(db, id); err != nil || m.Over() {
			return err
		}
		office := &post.Office{Outbox: db, Retell: settings.Numbering.Retold}
		m, _, err = office.Current(m)
		return err
	})
	if err != nil {
		return err
	}
	letters, err := mail.Templates(cfg.Mail.Templates)
	if err != nil {
		return err
	}
	letter, err := post.Letter(letters, post.Masked(m), cfg.Mail.Language)
	if err != nil {
		return fmt.Errorf("mail %d: %w", m.Number, err)
	}
	if asJSON {
		return printJSON(p.out, previewed{m.Number, m.To, letter.Subject, letter.Text, letter.HTML})
	}
	fmt.Fprintf(p.out, "To: %s\nSubject: %s\n\n%s", plain(m.To), plain(letter.Subject), lines(letter.Text))
	return nil
}

func (p *program) retryMail(ctx context.Context, id string, asJSON bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if cfg.Mail.Host == "" {
		return usagef("outbox retry: there is no [mail] host in the configuration")
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	var m record.Mail
	err = p.writing(ctx, func(db *store.DB) error {
		if m, err = mailOf(db, id); err != nil {
			return err
		}
		if m.Over() {
			return usagef("mail %d is %s, and what it said is erased", m.Number, mailWords[m.State])
		}
		m.State, m.Next, m.Error = record.MailWaiting, p.now(), ""
		if err := db.UpdateMail(m); err != nil {
			return err
		}
		office, err := p.office(cfg.Mail, settings.Numbering, db, p.logger(cfg.Log))
		if err != nil {
			return err
		}
		if _, err := office.SendOne(ctx, m.Number); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m, err = db.Mail(m.Number)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(p.out, m)
	} else if m.State == record.MailSent {
		fmt.Fprintf(p.out, "Mail %d is sent to %s.\n", m.Number, plain(m.To))
	} else {
		fmt.Fprintf(p.out, "Mail %d is %s: %s\n", m.Number, mailWords[m.State], plain(m.Error))
	}
	if err == nil && m.State != record.MailSent {
		return exit(exitPartial)
	}
	return err
}

func (p *program) dropMail(ctx context.Context, id string, asJSON bool) error {
	var m record.Mail
	err := p.writing(ctx, func(db *store.DB) (err error) {
		if m, err = mailOf(db, id); err != nil {
			return err
		}
		if m.State == record.MailSent {
			return usagef("mail %d was sent", m.Number)
		}
		m.State = record.MailDropped
		return db.UpdateMail(m)
	})
	switch {
	case err != nil:
		return err
	case asJSON:
		m.Data = nil
		return printJSON(p.out, m)
	}
	fmt.Fprintf(p.out, "Mail %d is dropped: it is never sent.\n", m.Number)
	return nil
}

// mailsOf lists the mails that runs put into the outbox.
func mailsOf(db *store.DB, runs []uint64) ([]record.Mail, error) {
	return takeIf(db.Mails(), 0, func(m record.Mail) bool { return slices.Contains(runs, m.Run) })
}
