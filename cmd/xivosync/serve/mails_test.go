package serve

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/cmd/xivosync/post"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
	"xivosync/targets/mail"
)

// busyRelay refuses for now until a time, and takes a while for each mail.
type busyRelay struct {
	until time.Time

	mu    sync.Mutex
	tries []time.Duration // since the bubble's begin
	taken []time.Duration
	began time.Time
}

func (r *busyRelay) Deliver(_ context.Context, m mail.Message, ready func() error) error {
	if err := ready(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := time.Since(r.began)
	r.tries = append(r.tries, at)
	if time.Now().Before(r.until) {
		return &mail.Error{Class: mail.Temporary, To: m.To, Err: errors.New("451 busy")}
	}
	r.taken = append(r.taken, at)
	return nil
}

// TestMailsAreTriedAtTheirTimes has a service with hardly any runs send a mail that a
// relay refuses for a day and a half: it is tried at just the times that its back-off
// says, while a side is down and while a guard pauses, too, and goes out once.
func TestMailsAreTriedAtTheirTimes(t *testing.T) {
	for name, result := range map[string]schedule.Result{
		"all is well":    {Answered: true, Passed: true},
		"a side is down": {Down: record.XiVO},
		"a guard pauses": {Run: 2, Answered: true, Guards: []string{"removals"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				relay := &busyRelay{began: time.Now(), until: time.Now().Add(36 * time.Hour)}
				p := withMails(t, relay, func(schedule.Turn) schedule.Result { return result })
				time.Sleep(7 * 24 * time.Hour)
				p.end()
				var want []time.Duration
				for at, pause := time.Duration(0), 5*time.Minute; ; at, pause = at+pause, min(2*pause, 4*time.Hour) {
					if want = append(want, at); at >= 36*time.Hour {
						break
					}
				}
				if diff := cmp.Diff(want, relay.tries); diff != "" || len(relay.taken) != 1 {
					t.Errorf("%d taken (-want +got)\n%s", len(relay.taken), diff)
				}
				p.oneAtATime()
			})
		})
	}
}

// TestMailsWaitForTheTurn of whoever has it: a run that takes longer than the pause
// sends nothing, and no mail goes out meanwhile.
func TestMailsWaitForTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		relay := &busyRelay{began: time.Now(), until: time.Now().Add(time.Minute)}
		p := withMails(t, relay, func(schedule.Turn) schedule.Result { return schedule.Result{} })
		synctest.Wait()
		_, release, err := p.loop.Turn(t.Context(), func(schedule.Status) {})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(relay.tries); n != 1 {
			t.Errorf("%d tries while somebody had the turn", n)
		}
		release(schedule.Result{})
		time.Sleep(time.Second)
		p.end()
		if len(relay.taken) != 1 || relay.taken[0] != time.Hour {
			t.Errorf("taken at %v", relay.taken)
		}
	})
}

// withMails is a service whose only run is next year, with one mail that waits.
func withMails(t *testing.T, relay post.Relay, result func(schedule.Turn) schedule.Result) *performance {
	t.Helper()
	outbox := storetest.NewMemory()
	m := record.Mail{Key: "report", To: "admin@example.org", Template: mail.ReportTemplate, MessageID: "1@example.org", State: record.MailWaiting,
		Data: post.ReportData(mail.Digest{Host: "pbx", Title: "x", Lines: []string{"a"}}), Created: time.Now(), Next: time.Now()}
	if err := outbox.Keep(reconcile.Effect{Mails: []record.Mail{m}}); err != nil {
		t.Fatal(err)
	}
	letters, err := mail.Templates("")
	if err != nil {
		t.Fatal(err)
	}
	office := &post.Office{Outbox: outbox, Relay: relay, Letters: letters, Retell: reconcile.Numbering{}.Retold, Now: time.Now}
	p := &performance{t: t, zone: time.UTC, began: time.Now(), over: make(chan error, 1),
		takes: func(schedule.Turn) time.Duration { return 0 }, result: result}
	p.send = func(ctx context.Context) {
		if _, err := office.Send(ctx); err != nil {
			t.Error(err)
		}
	}
	p.mails = func() time.Time {
		next, err := post.Next(outbox, time.Now())
		if err != nil {
			t.Error(err)
		}
		return next
	}
	p.start([]schedule.Entry{entry(t, record.Full, "0 0 1 1 *")}, schedule.Past{Began: map[record.Mode]time.Time{record.Full: time.Now().AddDate(-2, 0, 0)}})
	return p
}

// TestMailsThatCannotBeTriedDoNotSpin where they are due at once and stay so, as when
// the folder of templates is gone: one that was cut off, and one that a wrong clock put
// off for years.
func TestMailsThatCannotBeTriedDoNotSpin(t *testing.T) {
	for name, m := range map[string]record.Mail{
		"cut off":     {Key: "a", State: record.MailUncertain},
		"wrong clock": {Key: "a", State: record.MailWaiting},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if m.Created, m.Next = time.Now(), time.Now(); m.State == record.MailWaiting {
					m.Next = m.Next.AddDate(3, 0, 0)
				}
				outbox := storetest.NewMemory()
				if err := outbox.Keep(reconcile.Effect{Mails: []record.Mail{m}}); err != nil {
					t.Fatal(err)
				}
				turns := 0
				p := &performance{t: t, zone: time.UTC, began: time.Now(), over: make(chan error, 1)}
				p.send = func(context.Context) {
					time.Sleep(time.Second) // the time goes on meanwhile
					turns++
				}
				p.mails = func() time.Time {
					next, err := post.Next(outbox, time.Now())
					if err != nil {
						t.Error(err)
					}
					return next
				}
				p.start(nil, schedule.Past{})
				time.Sleep(time.Hour)
				p.end()
				if turns < 10 || turns > 13 {
					t.Errorf("%d turns in an hour", turns)
				}
			})
		})
	}
}
