package post_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
	"xivosync/targets/mail"
	"xivosync/targets/mail/mailtest"
)

// desk is an outbox with one mail, and a relay.
type desk struct {
	*storetest.Memory
	relay  *mailtest.Relay
	office *post.Office
	now    time.Time
}

var began = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Memory: storetest.NewMemory(), relay: mailtest.Start(t, mailtest.Options{}), now: began}
	relay, err := mail.NewRelay(mail.Config{Host: "127.0.0.1", Port: d.relay.Port, CA: d.relay.CA, From: "a@example.org",
		Username: mailtest.Username, Password: mailtest.Password, Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := mail.Templates("")
	if err != nil {
		t.Fatal(err)
	}
	d.office = &post.Office{Outbox: d, Relay: relay, Letters: letters, Retell: reconcile.Numbering{}.Retold, Now: func() time.Time { return d.now }}
	d.link(t, record.Link{Number: 1, Entry: "e", User: "u"})
	err = d.Keep(reconcile.Effect{Mails: []record.Mail{{Key: "onboarding e", Entry: "e", To: "zoe@example.org", Template: "onboarding",
		Data: map[string]string{reconcile.MailFirstname: "Zoé"}, MessageID: "1@example.org", Created: began, Next: began, State: record.MailWaiting}}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) link(t *testing.T, l record.Link) {
	t.Helper()
	if err := d.Save([]record.State{{Link: l}}); err != nil {
		t.Fatal(err)
	}
}

// send sends what is due, and returns the mail as it is then.
func (d *desk) send(t *testing.T) (post.Result, record.Mail) {
	t.Helper()
	r, err := d.office.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Mail(1)
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

// TestAMailIsTriedForDaysLessAndLessOften looks every minute at a relay that never
// takes the mail.
func TestAMailIsTriedForDaysLessAndLessOften(t *testing.T) {
	d := newDesk(t)
	var pauses []time.Duration
	last := time.Time{}
	for ; d.now.Before(began.Add(6 * 24 * time.Hour)); d.now = d.now.Add(time.Minute) {
		d.relay.Fail(mailtest.Fault{Code: 451})
		before := d.relay.Tries()
		r, m := d.send(t)
		if d.relay.Tries() == before {
			continue
		}
		if !last.IsZero() {
			pauses = append(pauses, d.now.Sub(last))
		}
		if last = d.now; m.State == record.MailFailed {
			if len(r.Failed) != 1 || !strings.Contains(m.Error, "given up after five days") || !strings.Contains(m.Error, "try again later") {
				t.Errorf("%+v", m)
			}
			break
		}
	}
	if over := d.now.Sub(began); over < 5*24*time.Hour || over > 5*24*time.Hour+4*time.Hour {
		t.Errorf("given up after %s", over)
	}
	for i, pause := range pauses {
		want := min(5*time.Minute<<min(i, 6), 4*time.Hour)
		if pause != want {
			t.Fatalf("pause %d is %s, want %s", i, pause, want)
		}
	}
	if len(pauses) < 30 {
		t.Errorf("%d tries in five days", len(pauses))
	}
}

// TestAMailWaitsWhileThePersonHasNoPhone neither goes out nor is forgotten.
func TestAMailWaitsWhileThePersonHasNoPhone(t *testing.T) {
	d := newDesk(t)
	d.link(t, record.Link{Number: 1, Entry: "e", User: "u", Deactivated: true})
	if _, m := d.send(t); m.State != record.MailWaiting || !strings.Contains(m.Error, "no phone in use") || d.relay.Tries() != 0 {
		t.Errorf("%+v", m)
	}
	d.link(t, record.Link{Number: 1, Entry: "e", User: "u"})
	d.now = d.now.Add(time.Hour)
	if r, m := d.send(t); r.Sent != 1 || m.State != record.MailSent || m.Data != nil || len(d.relay.Taken()) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestARelayThatIsAwayIsAskedOnce for all mails of one time.
func TestARelayThatIsAwayIsAskedOnce(t *testing.T) {
	d := newDesk(t)
	again := record.Mail{Key: "report", To: "admin@example.org", Template: mail.ReportTemplate,
		Data: post.ReportData(mail.Digest{Host: "pbx", Title: "x", Lines: []string{"a", "b"}}), MessageID: "2@example.org", Created: began, Next: began, State: record.MailWaiting}
	if err := d.Keep(reconcile.Effect{Mails: []record.Mail{again}}); err != nil {
		t.Fatal(err)
	}
	reached := d.office.Relay
	away, err := mail.NewRelay(mail.Config{Host: "127.0.0.1", Port: 1, From: "a@example.org", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	d.office.Relay = away
	r, m := d.send(t)
	if r.Trouble == "" || len(r.Waiting) != 2 || m.State != record.MailWaiting || m.Tries != 1 {
		t.Errorf("%+v %+v", r, m)
	}
	d.office.Relay, d.now = reached, d.now.Add(6*time.Minute)
	if r, _ := d.send(t); r.Sent != 2 {
		t.Errorf("%+v", r)
	}
	if text := d.relay.Taken()[1].Message(t).Header.Get("Subject"); text != "xivosync on pbx: x" {
		t.Errorf("%q", text)
	}
}

// TestWhatIsErasedIsNotSent: a mail of which nothing can be read is left to people.
func TestWhatIsErasedIsNotSent(t *testing.T) {
	d := newDesk(t)
	bare := record.Mail{Key: "bare", To: "x@example.org", Template: "onboarding", MessageID: "3@example.org", Created: began, Next: began, State: record.MailWaiting}
	if err := d.Keep(reconcile.Effect{Mails: []record.Mail{bare}}); err != nil {
		t.Fatal(err)
	}
	r, _ := d.send(t)
	if len(r.Failed) != 1 || r.Failed[0].Number != 2 || !strings.Contains(r.Failed[0].Error, "cannot be read") || len(d.relay.Taken()) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestCredentialsAreMasked(t *testing.T) {
	m := record.Mail{Data: map[string]string{reconcile.MailPassword: "secret-word", reconcile.MailPIN: "482913", reconcile.MailLogin: "ann"}}
	shown := post.Masked(m).Data
	if shown[reconcile.MailPassword] == "secret-word" || shown[reconcile.MailPIN] == "482913" || shown[reconcile.MailLogin] != "ann" || m.Data[reconcile.MailPIN] != "482913" {
		t.Errorf("%v of %v", shown, m.Data)
	}
}

// TestWhatWasCutOffIsReportedOnce and never sent by itself.
func TestWhatWasCutOffIsReportedOnce(t *testing.T) {
	d := newDesk(t)
	reached := d.office.Relay
	d.office.Relay = dying{}
	func() {
		defer func() { _ = recover() }()
		_, _ = d.office.Send(t.Context())
		t.Error("it was not killed")
	}()
	d.office.Relay = reached
	if next, err := post.Next(d, d.now); err != nil || next.IsZero() || next.After(d.now) {
		t.Errorf("next at %s, %v: nobody would be told", next, err)
	}
	r, m := d.send(t)
	if len(r.Uncertain) != 1 || m.State != record.MailUncertain || !strings.Contains(m.Error, "may have been delivered") {
		t.Errorf("%+v %+v", r, m)
	}
	if r, _ := d.send(t); len(r.Uncertain) > 0 {
		t.Errorf("reported again: %+v", r)
	}
	if next, err := post.Next(d, d.now); err != nil || !next.IsZero() {
		t.Errorf("next at %s, %v", next, err)
	}
}

// dying is a relay in whose midst the program is killed: nothing is settled.
type dying struct{}

func (dying) Deliver(_ context.Context, _ mail.Message, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	panic("killed")
}

// TestAWrongClockKeepsNoMailBack: one that was put off by years is due.
func TestAWrongClockKeepsNoMailBack(t *testing.T) {
	d := newDesk(t)
	d.relay.Fail(mailtest.Fault{Code: 451})
	d.now = began.AddDate(0, 0, 3) // the clock is three days fast
	d.send(t)
	d.now = began.Add(time.Hour)
	if r, m := d.send(t); r.Sent != 1 {
		t.Errorf("%+v", m)
	}
}

// stopped is a relay that is being connected to when the program is told to stop.
type stopped struct {
	post.Relay
	stop func()
}

func (s stopped) Deliver(ctx context.Context, m mail.Message, ready func() error) error {
	s.stop()
	return s.Relay.Deliver(ctx, m, ready)
}

// TestAStopIsNoTry where the relay was not reached yet: the next one finds the mail due.
func TestAStopIsNoTry(t *testing.T) {
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	reached := d.office.Relay
	d.office.Relay = stopped{reached, cancel}
	if r, err := d.office.Send(ctx); err != nil || r.Trouble != "" || len(r.Waiting) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if m, err := d.Mail(1); err != nil || m.Tries != 0 || m.State != record.MailWaiting || !m.Next.Equal(began) {
		t.Errorf("%+v, %v", m, err)
	}
	d.office.Relay = reached
	if r, m := d.send(t); r.Sent != 1 {
		t.Errorf("%+v", m)
	}
}
