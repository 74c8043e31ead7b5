package storetest

import (
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Mail returns a mail with everything set.
func Mail(key string) record.Mail {
	return record.Mail{
		Key: key, Link: 1, Entry: "entry-1", Person: State(1).Person, Run: 7, To: "zoé@example.org", Template: "onboarding",
		Data: map[string]string{"password": "mail secret", "name": "Zo\xff"}, MessageID: "<1@example.org>", Created: epoch,
		Tries: 1, Next: epoch.Add(time.Hour), State: record.MailWaiting, Error: "451 later",
	}
}

// numbered returns the mail as the store numbered it.
func numbered(m record.Mail, number uint64) record.Mail {
	m.Number = number
	return m
}

func outboxTests() []Test {
	return []Test{
		{"mails are numbered, and survive with their data", postMails},
		{"of two mails of one key the first goes out", postTwice},
		{"a mail enters with the end of its unit, or not at all", settleMail},
		{"adopted units take their mails along", adoptMail},
		{"a try is kept, and nothing else", updateMail},
		{"a mail that is over loses its data, and keeps its key", finishMail},
		{"a mail without a key is refused", keylessMail},
	}
}

// post puts mails into the outbox.
func post(t *testing.T, s reconcile.Store, mails ...record.Mail) {
	t.Helper()
	ok(t, s.Keep(reconcile.Effect{Mails: mails}))
}

func postMails(t *testing.T, open func() reconcile.Store) {
	same(t, 0, len(all(t, open().Mails())))
	post(t, open(), Mail("a"), Mail("b"))
	s := open()
	same(t, []record.Mail{numbered(Mail("a"), 1), numbered(Mail("b"), 2)}, all(t, s.Mails()))
	got, err := s.Mail(2)
	ok(t, err)
	same(t, numbered(Mail("b"), 2), got)
	_, err = s.Mail(3)
	refused(t, err)
}

func postTwice(t *testing.T, open func() reconcile.Store) {
	again := Mail("a")
	again.To, again.MessageID = "another", "<2@example.org>"
	post(t, open(), Mail("a"), again)
	post(t, open(), again, Mail("b"))
	same(t, []record.Mail{numbered(Mail("a"), 1), numbered(Mail("b"), 2)}, all(t, open().Mails()))
}

func settleMail(t *testing.T, open func() reconcile.Store) {
	s := open()
	unit := Unit(begin(t, s, epoch).Number, 1, 1, 1, 1)
	ok(t, s.Open(unit))
	refused(t, s.Settle(unit, 0, -1, reconcile.Effect{Mails: []record.Mail{Mail("a"), {}}}))
	same(t, 0, len(all(t, s.Mails())))
	ok(t, s.Settle(unit, 0, -1, reconcile.Effect{Mails: []record.Mail{Mail("a")}}))
	same(t, []record.Mail{numbered(Mail("a"), 1)}, all(t, open().Mails()))
}

func adoptMail(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	ok(t, s.Adopt([]record.Unit{Unit(run, 1, 1, 1, 1)}, reconcile.Effect{Mails: []record.Mail{Mail("a")}}))
	same(t, []record.Mail{numbered(Mail("a"), 1)}, all(t, open().Mails()))
}

func updateMail(t *testing.T, open func() reconcile.Store) {
	post(t, open(), Mail("a"))
	tried := numbered(Mail("a"), 1)
	tried.To, tried.Tries, tried.Next, tried.State, tried.Error = "another", 2, epoch.Add(2*time.Hour), record.MailUncertain, "the connection was dropped"
	elsewhere := tried
	elsewhere.Template, elsewhere.Key, elsewhere.Data = "another", "b", nil
	ok(t, open().UpdateMail(elsewhere))
	same(t, []record.Mail{tried}, all(t, open().Mails()))
	refused(t, open().UpdateMail(numbered(tried, 2)))
}

func finishMail(t *testing.T, open func() reconcile.Store) {
	for n, state := range []record.MailState{record.MailSent, record.MailDropped} {
		key := string(state)
		post(t, open(), Mail(key))
		over := numbered(Mail(key), uint64(n)+1)
		over.State, over.Error = state, ""
		ok(t, open().UpdateMail(over))
		over.Data = nil
		got, err := open().Mail(over.Number)
		ok(t, err)
		same(t, over, got)
		again := over
		again.State = record.MailWaiting
		refused(t, open().UpdateMail(again))
		post(t, open(), Mail(key))
	}
	same(t, 2, len(all(t, open().Mails())))
}

func keylessMail(t *testing.T, open func() reconcile.Store) {
	s := open()
	refused(t, s.Keep(reconcile.Effect{Mails: []record.Mail{Mail("a"), Mail("")}}))
	same(t, 0, len(all(t, s.Mails())))
}
