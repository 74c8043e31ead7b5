package e2e

import (
	"context"
	"fmt"
	"strconv"
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

// post sends what is due, as the program does after a run.
func (s setup) post(cfg mail.Config, outbox post.Outbox) (post.Result, error) {
	relay, err := mail.NewRelay(cfg)
	if err != nil {
		return post.Result{}, err
	}
	letters, err := mail.Templates("")
	if err != nil {
		return post.Result{}, err
	}
	office := &post.Office{Outbox: outbox, Relay: relay, Letters: letters, Language: "fr", Now: func() time.Time { return s.Clock }}
	return office.Send(context.Background())
}

// welcoming is a world whose next run creates two people who get mails.
func welcoming(t testing.TB) (*world, *mailtest.Relay, mail.Config) {
	t.Helper()
	w := phones(t, worker(1), worker(2))
	w.Onboarding = reconcile.Onboarding{On: true, Credentials: reconcile.CredentialsInitial, Domain: "parts.test"}
	w.sim.ResetLog()
	relay := mailtest.Start(t, mailtest.Options{})
	return w, relay, mail.Config{Host: "127.0.0.1", Port: relay.Port, CA: relay.CA, From: "phones@parts.test",
		Username: mailtest.Username, Password: mailtest.Password, Timeout: 10 * time.Second}
}

// TestCrashOfMails kills a process that makes a run and sends its mails, at every
// step of the store and of the relay. One more run and sending later, nobody has
// two mails, and who has none has one that is reported as uncertain.
func TestCrashOfMails(t *testing.T) {
	t.Parallel()
	w, relay, cfg := welcoming(t)
	answers := 0
	relay.OnStep(func(string) { answers++ })
	c := w.startChild(func(j *job) { j.Steps, j.Post = true, &cfg })
	if killed, err := c.wait(); killed || err != nil {
		t.Fatalf("the run that nobody kills: killed %v, %v", killed, err)
	}
	relay.OnStep(nil)
	steps, err := strconv.Atoi(strings.TrimSpace(c.out.String()))
	if err != nil {
		t.Fatal(err)
	}
	if sure, unsure := afterCrash(t, w, relay, cfg); sure != 2 || unsure != 0 || steps < 15 || answers != 10 {
		t.Fatalf("%d sent, %d uncertain, %d steps of the store, %d answers of the relay: is it still the run that is wanted?", sure, unsure, steps, answers)
	}
	t.Logf("%d steps of the store, %d answers of the relay", steps, answers)
	for nth := 1; nth <= steps; nth++ {
		t.Run(fmt.Sprintf("step %d of the store", nth), func(t *testing.T) {
			t.Parallel()
			w, relay, cfg := welcoming(t)
			killed(t, w.startChild(func(j *job) { j.KillAt, j.Post = nth, &cfg }))
			if sure, unsure := afterCrash(t, w, relay, cfg); sure+unsure != 2 || unsure > 1 {
				t.Errorf("%d sent, %d uncertain", sure, unsure)
			}
		})
	}
	for nth := 1; nth <= answers; nth++ {
		t.Run(fmt.Sprintf("answer %d of the relay", nth), func(t *testing.T) {
			t.Parallel()
			w, relay, cfg := welcoming(t)
			started := make(chan *child, 1)
			n, at := 0, ""
			relay.OnStep(func(name string) {
				if n++; n == nth {
					at, n = name, 1<<20
					c := <-started
					c.kill()
				}
			})
			c := w.startChild(func(j *job) { j.Post = &cfg })
			started <- c
			killed(t, c)
			relay.OnStep(nil)
			want := 1 // only who was killed at the login knows that nothing was said yet
			if at == "auth" {
				want = 0
			}
			if sure, unsure := afterCrash(t, w, relay, cfg); sure+unsure != 2 || unsure != want {
				t.Errorf("killed at %s: %d sent, %d uncertain", at, sure, unsure)
			}
		})
	}
}

func killed(t *testing.T, c *child) {
	t.Helper()
	if killed, err := c.wait(); !killed {
		t.Fatalf("the process was not killed: %v", err)
	}
}

// afterCrash makes two more runs with their sending, and counts the mails that are
// known to be sent and those that are uncertain.
func afterCrash(t *testing.T, w *world, relay *mailtest.Relay, cfg mail.Config) (sure, unsure int) {
	t.Helper()
	for range 2 {
		w.mustRun()
		db, err := store.Open(w.Path, store.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.post(cfg, db)
		if closed := db.Close(); err != nil || closed != nil {
			t.Fatal(err, closed)
		}
	}
	w.quiet()
	taken := map[string]mailtest.Taken{}
	for _, m := range relay.Taken() {
		if _, twice := taken[m.To]; twice {
			t.Errorf("%s got two mails", m.To)
		}
		taken[m.To] = m
	}
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for m, err := range db.Mails() {
		if err != nil {
			t.Fatal(err)
		}
		got, there := taken[m.To]
		switch {
		case m.State == record.MailUncertain:
			unsure++
		case m.State == record.MailSent && there:
			sure++
			uid, _, _ := strings.Cut(m.To, "@")
			text := got.Parts(t)["text/plain"]
			if number := w.phone(uid).Extension[0]; !strings.Contains(text, number) || !strings.Contains(text, "+33 4 72 10 10 "+number[2:]) || !strings.Contains(text, "Code de la messagerie") {
				t.Errorf("the mail to %s does not tell everything:\n%s", uid, text)
			}
		default:
			t.Errorf("mail %d to %s is %s, taken by the relay: %v", m.Number, m.To, m.State, there)
		}
	}
	return sure, unsure
}
