package main

import (
	"fmt"
	"maps"
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

// recently is how far back the journal is looked through for what admins have not
// been told: a crash may lie between a run and its report.
const recently = 24 * time.Hour

// tellAdmins puts reports into the outbox for those who look after the telephony.
// Of one kind, guard and day there is one: a schedule would repeat it for ever.
func (p *program) tellAdmins(all *parts) {
	if all.mail.Host == "" || len(all.mail.Admins) == 0 {
		return
	}
	var effect reconcile.Effect
	for _, look := range []func(*parts) ([]news, error){p.stopNews, p.conflictNews, p.dayNews} {
		found, err := look(all)
		if err != nil {
			all.log.Error("report to the admins not written", "error", err)
			continue
		}
		for _, n := range found {
			for _, to := range all.mail.Admins {
				effect.Mails = append(effect.Mails, p.reportMail(all, n, to))
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

// news is what a report says, and the run that it is from, if any.
type news struct {
	key, title string
	run        uint64
	lines      []string
}

// mailKey is what the report to one of them is known by.
func mailKey(key, to string) string { return key + " " + to }

// reported tells whether the report of that key was written to each of them.
func reported(m config.Mail, outbox *store.DB, key string) (bool, error) {
	for _, to := range m.Admins {
		if written, err := outbox.HasMail(mailKey(key, to)); !written || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (p *program) reportMail(all *parts, n news, to string) record.Mail {
	return record.Mail{
		Key: mailKey(n.key, to), Run: n.run, To: to, Template: mail.ReportTemplate, MessageID: post.NewID(all.settings.Onboarding.Domain),
		Data:    post.ReportData(mail.Digest{Host: hostName(), Title: n.title, Lines: n.lines}),
		Created: p.now(), Next: p.now(), State: record.MailWaiting,
	}
}

// stopNews tells that a guard stopped runs: of those that the same guards stopped on
// one day, the last one.
func (p *program) stopNews(all *parts) (found []news, err error) {
	seen := map[string]bool{}
	for r, err := range all.store.Runs() {
		if err != nil {
			return nil, err
		}
		if r.Started.Before(p.now().Add(-recently)) {
			break
		}
		if r.Outcome != record.OutcomeGuarded || len(r.RolledBack) > 0 {
			continue
		}
		n := stopped(r, all.zone)
		written, err := reported(all.mail, all.store, n.key)
		if err != nil {
			return nil, err
		}
		if !written && !seen[n.key] {
			found = append(found, n)
		}
		seen[n.key] = true
	}
	return found, nil
}

// stopped says which guards stopped a run.
func stopped(r record.Run, zone *time.Location) news {
	names := strings.Join(tripped(r.Guards), ",")
	n := news{key: "guard " + names + r.Started.In(zone).Format(" "+time.DateOnly), title: fmt.Sprintf("a guard stopped run %d", r.Number), run: r.Number}
	for _, g := range r.Guards {
		if g.Tripped {
			n.lines = append(n.lines, g.Name+": "+plain(g.Message))
		}
	}
	n.lines = append(n.lines, "", `Look at "xivosync plan". When it is what you want: xivosync run --allow `+names)
	return n
}

// conflictNews tells of the open conflicts, by the run that was the first to see them.
func (p *program) conflictNews(all *parts) (found []news, err error) {
	open, err := conflicts.List(all.store, conflicts.Filter{})
	if err != nil {
		return nil, err
	}
	since := p.now().Add(-recently)
	fresh := map[uint64][]record.Conflict{}
	for _, c := range open {
		if !c.Since.Before(since) {
			fresh[c.FirstRun] = append(fresh[c.FirstRun], c)
		}
	}
	for _, run := range slices.Sorted(maps.Keys(fresh)) {
		key := fmt.Sprintf("conflicts %d", run)
		if written, err := reported(all.mail, all.store, key); err != nil {
			return nil, err
		} else if !written {
			lines := append(conflictLines(fresh[run]), "", `"xivosync conflicts list" shows them all.`)
			found = append(found, news{key, "new: " + count(len(fresh[run]), "conflict"), run, lines})
		}
	}
	return found, nil
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
func (p *program) dayNews(all *parts) (found []news, err error) {
	now := p.now()
	due, err := digestDue(all.mail, all.store, now.In(all.zone))
	if err != nil || due.IsZero() || due.After(now) {
		return nil, err
	}
	lines, err := p.dayLines(all, now.Add(-24*time.Hour))
	if err != nil {
		return nil, err
	}
	return []news{{key: digestKey(due), title: "the last 24 hours", lines: lines}}, nil
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
	if written, err := reported(m, outbox, digestKey(due)); !written || err != nil {
		return due, err
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
