package post

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/targets/mail"
)

// Outbox is what the office needs of the store.
type Outbox interface {
	// PendingMails are those that wait to be sent, or may have been.
	PendingMails() iter.Seq2[record.Mail, error]
	UpdateMail(record.Mail) error
	// Links lists those who have a user in XiVO, and State reads one of them.
	Links() iter.Seq2[record.Link, error]
	State(link uint64) (record.State, error)
}

// Relay hands messages in; see [mail.Relay.Deliver].
type Relay interface {
	Deliver(ctx context.Context, m mail.Message, ready func() error) error
}

// Office sends mails.
type Office struct {
	Outbox  Outbox
	Relay   Relay
	Letters *mail.Letters
	// Language is that of whom the mail itself has none.
	Language string
	// Retell brings what an onboarding mail says up to what the store knows of the
	// person by now.
	Retell func(data map[string]string, s record.State) map[string]string
	Now    func() time.Time
}

// Result is what came of sending.
type Result struct {
	Sent int
	// Waiting are the mails that were tried and will be again, Failed and Uncertain
	// those that are left to people.
	Waiting, Failed, Uncertain []record.Mail
	// Trouble is why the relay was not reached, or "".
	Trouble string
}

// Send tries all mails that are due, and reports those that it finds cut off. What a
// relay does is in the result; the error is about the store.
func (o *Office) Send(ctx context.Context) (Result, error) {
	now := o.Now()
	return o.send(ctx, func(m record.Mail) bool { at, pending := due(m, now); return pending && !at.After(now) })
}

// SendOne tries one mail now, if it waits.
func (o *Office) SendOne(ctx context.Context, number uint64) (Result, error) {
	return o.send(ctx, func(m record.Mail) bool { return m.Number == number && m.State == record.MailWaiting })
}

// Next is when the next mail of an outbox is due; the zero time is never.
func Next(outbox Outbox, now time.Time) (next time.Time, err error) {
	for m, err := range outbox.PendingMails() {
		if err != nil {
			return next, fmt.Errorf("read the outbox: %w", err)
		}
		if at, pending := due(m, now); pending && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}

// due is when there is something to do about a mail: at its next try, or long since
// where the last one was cut off and nobody was told. One that was put off for longer
// than any pause was so under a wrong clock, and is long due, too.
func due(m record.Mail, now time.Time) (at time.Time, pending bool) {
	switch {
	case m.State == record.MailUncertain:
		return longSince, isCutOff(m)
	case m.Next.Sub(now) > longestPause:
		return longSince, true
	}
	return m.Next, true
}

// longSince is the same whenever it is asked for: whoever waits for a mail that cannot
// be tried sees that nothing changed, and does not try again at once.
var longSince = time.Unix(0, 0)

func (o *Office) send(ctx context.Context, wanted func(record.Mail) bool) (r Result, err error) {
	var due []record.Mail
	for m, err := range o.Outbox.PendingMails() {
		if err != nil {
			return r, fmt.Errorf("read the outbox: %w", err)
		}
		if wanted(m) {
			due = append(due, m)
		}
	}
	if len(due) == 0 {
		return r, nil
	}
	served, err := o.served()
	if err != nil {
		return r, err
	}
	for _, m := range due {
		if ctx.Err() != nil {
			return r, nil // the next run sends them
		}
		if err := o.one(ctx, m, served, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

// served are the links of those who have a phone that is in use, by their entries.
func (o *Office) served() (map[string]uint64, error) {
	served := map[string]uint64{}
	for l, err := range o.Outbox.Links() {
		if err != nil {
			return nil, fmt.Errorf("read the links: %w", err)
		}
		if l.User != "" && !l.Deactivated {
			served[l.Entry] = l.Number
		}
	}
	return served, nil
}

// Current is the mail as it would go out now. Why says what keeps it.
func (o *Office) Current(m record.Mail) (now record.Mail, why string, err error) {
	served, err := o.served()
	if err != nil {
		return m, "", err
	}
	return o.current(m, served)
}

// current is a mail to where the person is reached by now, with the numbers that they
// have by now.
func (o *Office) current(m record.Mail, served map[string]uint64) (now record.Mail, why string, err error) {
	if !reconcile.IsOnboarding(m) {
		return m, "", nil
	}
	link := served[m.Entry]
	if link == 0 {
		return m, "the person has no phone in use at present", nil
	}
	state, err := o.Outbox.State(link)
	if err != nil {
		return m, "", fmt.Errorf("read whom mail %d is for: %w", m.Number, err)
	}
	if email, mapped := state.Fields["email"]; mapped {
		if m.To = email.XiVO.First(); m.To == "" {
			return m, "the person has no e-mail address at present", nil
		}
	}
	if m.Data != nil {
		m.Data = o.Retell(m.Data, state)
	}
	return m, "", nil
}

// one tries a mail. Once the relay was not reached, the others of this time are put
// off with the same words.
func (o *Office) one(ctx context.Context, m record.Mail, served map[string]uint64, r *Result) error {
	if isCutOff(m) {
		return o.end(m, record.MailUncertain, m.Error, r)
	}
	now, why, err := o.current(m, served)
	if err != nil {
		return err
	}
	if why = cmp.Or(why, r.Trouble); why != "" {
		return o.later(m, why, r)
	}
	letter, err := Letter(o.Letters, now, o.Language)
	switch {
	case errors.Is(err, errErased):
		return o.end(m, record.MailFailed, err.Error(), r)
	case err != nil:
		return o.later(m, err.Error(), r)
	}
	var store error
	err = o.Relay.Deliver(ctx, message(now, letter), func() error {
		m.To, m.State, m.Tries, m.Error = now.To, record.MailUncertain, m.Tries+1, cutOff
		store = o.Outbox.UpdateMail(m)
		return store
	})
	switch {
	case store != nil:
		return store
	case mail.Unreached(err) && ctx.Err() != nil:
		return nil // it was stopped, and the relay did nothing
	}
	return o.settle(m, err, r)
}

// cutOff is what the store holds of a mail while the relay has it.
const cutOff = "the program ended while the mail was handed in; it may have been delivered"

// isCutOff tells whether the program ended while the relay had the mail, and nobody
// was told yet: a mail that was settled has no next try.
func isCutOff(m record.Mail) bool { return m.State == record.MailUncertain && !m.Next.IsZero() }

func message(m record.Mail, letter mail.Letter) mail.Message {
	return mail.Message{ID: m.MessageID, To: m.To, Name: m.Data[reconcile.MailName], Date: m.Created, Letter: letter}
}

// settle stores what the relay made of it.
func (o *Office) settle(m record.Mail, err error, r *Result) error {
	if err == nil {
		return o.end(m, record.MailSent, "", r)
	}
	var failure *mail.Error
	if errors.As(err, &failure) && failure.Unreached {
		r.Trouble = failure.Err.Error()
		return o.later(m, r.Trouble, r)
	}
	switch mail.ClassOf(err) {
	case mail.Permanent:
		return o.end(m, record.MailFailed, words(err), r)
	case mail.Uncertain:
		return o.end(m, record.MailUncertain, "it may have been delivered: "+words(err), r)
	}
	m.Tries-- // later counts it
	return o.later(m, words(err), r)
}

// words are the relay's, without whom the mail was for.
func words(err error) string {
	var failure *mail.Error
	if errors.As(err, &failure) {
		return failure.Err.Error()
	}
	return err.Error()
}

// later puts a mail off, or gives it up after days.
func (o *Office) later(m record.Mail, why string, r *Result) error {
	m.Tries++
	m.State, m.Error, m.Next = record.MailWaiting, why, o.Now().Add(pause(m.Tries))
	if o.Now().Sub(m.Created) >= patience {
		return o.end(m, record.MailFailed, "given up after five days: "+why, r)
	}
	r.Waiting = append(r.Waiting, m)
	return o.Outbox.UpdateMail(m)
}

func (o *Office) end(m record.Mail, state record.MailState, why string, r *Result) error {
	m.State, m.Error, m.Next = state, why, time.Time{}
	switch state {
	case record.MailSent:
		r.Sent++
	case record.MailFailed:
		r.Failed = append(r.Failed, m)
	case record.MailUncertain:
		r.Uncertain = append(r.Uncertain, m)
	}
	return o.Outbox.UpdateMail(m)
}

// patience is how long a mail is tried, and the pauses between two tries grow from
// the first to the longest.
const (
	patience     = 5 * 24 * time.Hour
	firstPause   = 5 * time.Minute
	longestPause = 4 * time.Hour
)

// pause is how long the next try waits after so many.
func pause(tries int) time.Duration {
	if tries > 6 {
		return longestPause
	}
	return min(firstPause<<(tries-1), longestPause)
}
