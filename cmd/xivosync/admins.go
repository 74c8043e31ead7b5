package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/post"
	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/mail"
)

// tellAdmins puts reports into the outbox for those who look after the telephony.
// Of one kind, guard and day there is one: a schedule would repeat it for ever.
func (p *program) tellAdmins(all *parts, run *reconcile.Report) {
	if all.mail.Host == "" || len(all.mail.Admins) == 0 {
		return
	}
	var effect reconcile.Effect
	for _, write := range []func(*parts, *reconcile.Report) (news, error){p.stopNews, p.conflictNews, p.dayNews} {
		n, err := write(all, run)
		if err != nil {
			all.log.Error("report to the admins not written", "error", err)
			continue
		}
		for _, to := range all.mail.Admins {
			if n.key != "" {
				effect.Mails = append(effect.Mails, p.reportMail(all, n, to, run))
			}
		}
	}
	if len(effect.Mails) == 0 {
		return
	}
	if err := all.store.Keep(effect); err != nil {
		all.log.Error("report to the admins not written", "error", err)
	}
}

// news is what a report says; without a key there is none.
type news struct {
	key, title string
	lines      []string
}

// mailKey is what the report to one of them is known by.
func mailKey(key, to string) string { return key + " " + to }

func (p *program) reportMail(all *parts, n news, to string, run *reconcile.Report) record.Mail {
	m := record.Mail{
		Key: mailKey(n.key, to), To: to, Template: mail.ReportTemplate, MessageID: post.NewID(all.settings.Onboarding.Domain),
		Data:    post.ReportData(mail.Digest{Host: hostName(), Title: n.title, Lines: n.lines}),
		Created: p.now(), Next: p.now(), State: record.MailWaiting,
	}
	if run != nil {
		m.Run = run.Number
	}
	return m
}

// stopNews tells that a guard stopped a run.
func (p *program) stopNews(_ *parts, run *reconcile.Report) (n news, err error) {
	if run == nil || run.Outcome != record.OutcomeGuarded {
		return n, nil
	}
	names := tripped(run.Guards)
	n.key = "guard " + strings.Join(names, ",") + p.now().Format(" 2006-01-02")
	n.title = fmt.Sprintf("a guard stopped run %d", run.Number)
	for _, g := range run.Guards {
		if g.Tripped {
			n.lines = append(n.lines, g.Name+": "+plain(g.Message))
		}
	}
	n.lines = append(n.lines, "", `Look at "xivosync plan". When it is what you want: xivosync run --allow `+strings.Join(names, ","))
	return n, nil
}

// conflictNews tells of the conflicts that this run was the first to see.
func (p *program) conflictNews(all *parts, run *reconcile.Report) (n news, err error) {
	if run == nil {
		return n, nil
	}
	open, err := conflicts.List(all.store, conflicts.Filter{})
	if err != nil {
		return n, err
	}
	fresh := newIn(run.Number, open)
	if len(fresh) == 0 {
		return n, nil
	}
	n.key, n.title = fmt.Sprintf("conflicts %d", run.Number), "new: "+count(len(fresh), "conflict")
	n.lines = append(conflictLines(fresh), "", `"xivosync conflicts list" shows them all.`)
	return n, nil
}

// most is how many conflicts a report lists.
const most = 50

func conflictLines(all []record.Conflict) []string {
	var out []string
	for i, c := range all {
		if i == most {
			return append(out, fmt.Sprintf("… and %d more", len(all)-most))
		}
		line := plain(c.Person.Label())
		if c.Field != "" {
			line += ", " + plain(c.Field)
		}
		out = append(out, fmt.Sprintf("%d  %s: %s", c.Number, line, plain(c.Message)))
	}
	return out
}

// dayNews sums up the last 24 hours, once a day from the time on that is configured.
func (p *program) dayNews(all *parts, _ *reconcile.Report) (n news, err error) {
	now := p.now()
	due, err := digestDue(all.mail, all.store, now.In(all.zone))
	if err != nil || due.IsZero() || due.After(now) {
		return n, err
	}
	n.key, n.title = digestKey(due), "the last 24 hours"
	n.lines, err = p.dayLines(all, now.Add(-24*time.Hour))
	return n, err
}

// digestKey begins the keys of a day's summaries.
func digestKey(due time.Time) string { return "digest " + due.Format(time.DateOnly) }

// digestDue is when the next daily summary is due, which may be past: today's time,
// or tomorrow's once all admins have been written to today. It is the zero time where
// there is none.
func digestDue(m config.Mail, outbox *store.DB, now time.Time) (due time.Time, err error) {
	at, err := time.Parse("15:04", m.Digest)
	if m.Host == "" || m.Digest == "" || len(m.Admins) == 0 || err != nil {
		return due, nil
	}
	due = time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
	for _, to := range m.Admins {
		if written, err := outbox.HasMail(mailKey(digestKey(due), to)); !written || err != nil {
			return due, err
		}
	}
	return time.Date(now.Year(), now.Month(), now.Day()+1, at.Hour(), at.Minute(), 0, 0, now.Location()), nil
}

func (p *program) dayLines(all *parts, since time.Time) (lines []string, err error) {
	var sum record.Counts
	runs, worse := 0, []string{}
	for r, err := range all.store.Runs() {
		if err != nil {
			return nil, err
		}
		if r.Started.Before(since) {
			break
		}
		runs++
		addCounts(&sum, r.Counts)
		if r.Outcome != record.OutcomeDone && r.Outcome != record.OutcomeNothing {
			worse = append(worse, fmt.Sprintf("run %d at %s: %s", r.Number, moment(r.Started), outcomeWords(r.Outcome)))
		}
	}
	lines = []string{fmt.Sprintf("%s: %s.", capital(count(runs, "run")), tally(sum))}
	slices.Reverse(worse)
	lines = append(lines, worse...)
	open, err := conflicts.List(all.store, conflicts.Filter{})
	if err != nil {
		return nil, err
	}
	if waiting := waitingFor(open); len(waiting) > 0 {
		lines = append(append(lines, "", capital(count(len(waiting), "conflict"))+" open:"), conflictLines(waiting)...)
	}
	left, err := takeIf(all.store.Mails(), 0, func(m record.Mail) bool { return m.State == record.MailFailed || m.State == record.MailUncertain })
	if len(left) > 0 {
		lines = append(lines, "", capital(count(len(left), "mail"))+` not sent, or perhaps not: "xivosync outbox".`)
	}
	return lines, err
}

// addCounts sums what runs did; conflicts are counted by themselves.
func addCounts(sum *record.Counts, c record.Counts) {
	sum.Created += c.Created
	sum.Adopted += c.Adopted
	sum.Updated += c.Updated
	sum.WrittenBack += c.WrittenBack
	sum.Deactivated += c.Deactivated
	sum.Reactivated += c.Reactivated
	sum.Deleted += c.Deleted
	sum.Failed += c.Failed
	sum.Mails += c.Mails
}
