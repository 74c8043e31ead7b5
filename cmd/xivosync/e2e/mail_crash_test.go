package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/mail"
	"xivosync/targets/mail/mailtest"
)

// startRelay gives the world a relay that its runs send through.
func (w *world) startRelay() {
	w.t.Helper()
	w.relay = mailtest.Start(w.t, mailtest.Options{})
	w.Relay = &mail.Config{Host: "127.0.0.1", Port: w.relay.Port, CA: w.relay.CA, From: "phones@parts.test",
		Username: mailtest.Username, Password: mailtest.Password, Timeout: 10 * time.Second}
}

// post sends what is due, as the program does after a run.
func (s setup) post(outbox post.Outbox) (post.Result, error) {
	relay, err := mail.NewRelay(*s.Relay)
	if err != nil {
		return post.Result{}, err
	}
	letters, err := mail.Templates("")
	if err != nil {
		return post.Result{}, err
	}
	settings, err := s.settings()
	if err != nil {
		return post.Result{}, err
	}
	office := &post.Office{Outbox: outbox, Relay: relay, Letters: letters, Language: "fr", Retell: settings.Numbering.Retold, Now: func() time.Time { return s.Clock }}
	return office.Send(context.Background())
}

// sendMails sends what is due in this process.
func (w *world) sendMails() post.Result {
	w.t.Helper()
	db, err := store.Open(w.Path, store.Options{NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	result, err := w.post(db)
	if closed := db.Close(); err != nil || closed != nil {
		w.t.Fatal(err, closed)
	}
	return result
}

// welcoming is a world whose next run creates two people who get mails, beside one
// who was there before.
func welcoming(t testing.TB) *world {
	t.Helper()
	w := phones(t, worker(3))
	w.mustRun()
	w.slapd.Add(worker(1))
	w.slapd.Add(worker(2))
	w.Onboarding = reconcile.Onboarding{On: true, Credentials: reconcile.CredentialsInitial, Domain: "parts.test"}
	w.startRelay()
	w.sim.ResetLog()
	return w
}

// TestCrashOfMails kills a process that makes a run and sends its mails wherever it
// can be, between any two words with the relay, too. One more run and sending later,
// nobody has two mails, and who has none has one that is reported as uncertain, once.
func TestCrashOfMails(t *testing.T) {
	t.Parallel()
	killing{
		begin: welcoming,
		again: func(w *world, m moment) *reportOfRun {
			report := w.mustRun()
			reported := len(w.sendMails().Uncertain)
			w.mustRun()
			if states := w.mailStates(); reported != states[record.MailUncertain] {
				w.t.Errorf("%d reported as uncertain of %v", reported, states)
			}
			w.mailsSettled(m)
			return report
		},
		ended:   (*world).endedWithMails,
		arrived: (*world).mailsArrived,
		least:   90,
	}.everywhere(t)
}

// TestCrashOfMailsThroughTheService kills a service that sends a mail whose time has
// come, and then carries out a run for which it was asked by its socket, with two more
// mails. Started again, it says which mail is uncertain, and sends the others.
func TestCrashOfMailsThroughTheService(t *testing.T) {
	t.Parallel()
	run := allowing("run", "--json")
	killing{
		begin: func(t testing.TB) *world {
			w := office(t)
			served(t)(w)
			w.Clock = time.Now().UTC().Add(-4 * time.Hour).Truncate(time.Second)
			w.startRelay()
			w.mustRun(allow(everyGuard...))
			w.dropMails()
			w.slapd.Add(hired(20))
			w.mustRun(allow(everyGuard...)) // nobody sends this one before the service does
			w.slapd.Add(hired(21))
			w.slapd.Add(hired(22))
			return w
		},
		job: asking(run...),
		again: func(w *world, m moment) *reportOfRun {
			report := w.asked(run...)
			w.mailsSettled(m)
			return report
		},
		ended:   (*world).endedWithMails,
		arrived: (*world).mailsArrived,
		least:   100, every: 4,
	}.everywhere(t)
}

// mailsSettled fails where the outbox has something to do after a crash, or where
// another number of mails is uncertain than there can be.
func (w *world) mailsSettled(crashed moment) {
	w.t.Helper()
	if again := w.sendMails(); again.Sent+len(again.Waiting)+len(again.Failed)+len(again.Uncertain) > 0 {
		w.t.Errorf("later: %+v", again)
	}
	least, most := unsure(crashed)
	if states := w.mailStates(); states[record.MailUncertain] < least || states[record.MailUncertain] > most {
		w.t.Errorf("%v, want %d to %d to be uncertain", states, least, most)
	}
}

// endedWithMails is what is left, whether a mail is sent or may be.
func (w *world) endedWithMails() any {
	w.t.Helper()
	out := w.ended()
	for i, m := range out.Mails {
		state, rest, _ := strings.Cut(m, " ")
		switch record.MailState(state) {
		case record.MailSent, record.MailUncertain, record.MailDropped:
		default:
			w.t.Errorf("neither sent nor uncertain: %s", m)
		}
		out.Mails[i], _, _ = strings.Cut(rest, ": ") // what an uncertain one says is kept
	}
	slices.Sort(out.Mails)
	return out
}

// dropMails gives all mails up that are in the outbox.
func (w *world) dropMails() {
	w.t.Helper()
	mails := w.mails()
	db, err := store.Open(w.Path, store.Options{NoSync: true})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, m := range mails {
		m.State = record.MailDropped
		if err := db.UpdateMail(m); err != nil {
			w.t.Fatal(err)
		}
	}
}

// unsure is how many mails are uncertain after a crash: the one that the relay had
// been told of, unless the crash was at its login. Between two steps of the store
// either may be.
func unsure(m moment) (least, most int) {
	const answers = 5 // to the login, the sender, the recipient, the end, and once it is kept
	switch {
	case m.kind == aStep:
		return 0, 1
	case m.kind == aMail && m.nth%answers != 1:
		return 1, 1
	}
	return 0, 0
}

// mailStates counts the mails by their states.
func (w *world) mailStates() map[record.MailState]int {
	w.t.Helper()
	states := map[record.MailState]int{}
	for _, m := range w.mails() {
		states[m.State]++
	}
	return states
}

// mails are those in the outbox.
func (w *world) mails() (out []record.Mail) {
	w.t.Helper()
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for m, err := range db.Mails() {
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

// mailsArrived fails unless the relay took what the outbox says that it did, each once
// and with all that the person is to know.
func (w *world) mailsArrived() {
	w.t.Helper()
	taken := map[string]mailtest.Taken{}
	for _, m := range w.relay.Taken() {
		if _, twice := taken[m.To]; twice {
			w.t.Errorf("%s got two mails", m.To)
		}
		taken[m.To] = m
	}
	for _, m := range w.mails() {
		got, there := taken[m.To]
		delete(taken, m.To)
		switch {
		case m.State == record.MailUncertain:
		case m.State == record.MailDropped && !there:
		case m.State != record.MailSent || !there:
			w.t.Errorf("mail %d to %s is %s, taken by the relay: %v", m.Number, m.To, m.State, there)
		default:
			uid, _, _ := strings.Cut(m.To, "@")
			number := w.phone(uid).Extension[0]
			text := got.Parts(w.t)["text/plain"]
			if !strings.Contains(text, number) || !strings.Contains(text, "+33 4 72 10 10 "+number[2:]) || !strings.Contains(text, "Code de la messagerie") {
				w.t.Errorf("the mail to %s does not tell everything:\n%s", uid, text)
			}
		}
	}
	for to := range taken {
		w.t.Errorf("%s got a mail that is not in the outbox", to)
	}
}
