package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// Credentials say what an onboarding mail tells of the ways in.
type Credentials string

// The answers of the policy `credentials`: no secret at all; the first password
// and the PIN; or the PIN, and in place of the password how to get one.
const (
	CredentialsNone    Credentials = "none"
	CredentialsInitial Credentials = "initial_password"
	CredentialsReset   Credentials = "reset_hint"
)

// Onboarding says who is written to when they got a phone.
type Onboarding struct {
	// On tells that mails are configured.
	On          bool
	Credentials Credentials
	// Domain stands behind the @ of a Message-ID.
	Domain string
}

// OnboardingTemplate is the template of whom no rule gives another.
const OnboardingTemplate = "onboarding"

// The names in the data of an onboarding mail.
const (
	MailFirstname = "firstname"
	MailLastname  = "lastname"
	MailName      = "name"
	MailEmail     = "email"
	MailSite      = "site"
	MailExtension = "extension"
	MailDID       = "did"
	MailVoicemail = "voicemail"
	MailPIN       = "pin"
	MailAgent     = "agent"
	MailLogin     = "login"
	MailPassword  = "password"
	MailReset     = "reset"
	MailLanguage  = "language"
)

// onboardingKey is what a person's onboarding mail is known by: whatever becomes of
// the user, nobody gets two. Before the nth, all were dropped unsent.
func onboardingKey(entry string, nth int) string {
	if nth == 0 {
		return onboardingPrefix + entry
	}
	return fmt.Sprintf("%s%s #%d", onboardingPrefix, entry, nth)
}

// nthOf is the number in the key of a person's mail.
func nthOf(m record.Mail) int {
	_, text, _ := strings.Cut(strings.TrimPrefix(m.Key, onboardingPrefix+m.Entry), " #")
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

const onboardingPrefix = "onboarding "

// IsOnboarding tells onboarding mails from reports.
func IsOnboarding(m record.Mail) bool { return strings.HasPrefix(m.Key, onboardingPrefix) }

// onboard finds out who of the plan is to get a mail, and who would but for an
// address. Of those who came before, none is in a plan that was saved: they wait.
func (e *Engine) onboard(p *Plan, opt Options) error {
	if !slices.ContainsFunc(p.people, (*person).arrives) {
		return nil
	}
	written, err := e.written()
	if err != nil {
		return err
	}
	for _, w := range p.people {
		if !w.arrives() || w.held || w.skipped || w.waits() || w.missed {
			continue
		}
		had := written[w.entryID()]
		w.outdated = had.outdated
		if !e.Settings.Onboarding.On || had.one {
			w.state.Welcome = false
			continue
		}
		w.mailKey = onboardingKey(w.entryID(), had.free)
		if note := w.onboard(); note.Text != "" {
			p.Notes = append(p.Notes, note)
		}
		w.onboards = w.onboards && (opt.Approved == nil || w.origin == fromEntry)
	}
	return nil
}

// correspondence is what an entry has had of mails.
type correspondence struct {
	// one tells that a mail went out, or may have.
	one bool
	// outdated are those that never did: whoever arrives has another user by now, and
	// another password.
	outdated []record.Mail
	// free is the number in the key of the next one.
	free int
}

// written is what every entry has had.
func (e *Engine) written() (map[string]correspondence, error) {
	written := map[string]correspondence{}
	if !e.Settings.Onboarding.On {
		return written, nil
	}
	for m, err := range e.Store.Mails() {
		if err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		if !IsOnboarding(m) {
			continue
		}
		had := written[m.Entry]
		had.free = max(had.free, nthOf(m)+1)
		switch m.State {
		case record.MailSent, record.MailUncertain:
			had.one = true
		case record.MailWaiting, record.MailFailed:
			had.outdated = append(had.outdated, m)
		}
		written[m.Entry] = had
	}
	return written, nil
}

// dropOutdated ends the mails about users who were deleted before these went out, and
// whose people are created anew: they would tell the password of before.
func (r *runner) dropOutdated(plan *Plan) error {
	for _, p := range plan.people {
		for _, m := range p.outdated {
			m.State, m.Error = record.MailDropped, fmt.Sprintf("the user was deleted before, and is made anew in run %d", r.report.Number)
			if err := r.Store.UpdateMail(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// onboard decides about one person, and notes why there is no mail.
func (p *person) onboard() (note Note) {
	open := p.unfurnished()
	p.owed = p.value("email") != ""
	p.onboards = p.owed && open == ""
	switch {
	case !p.owed:
		p.state.Welcome = false
		return Note{p.Who(), "email", "no onboarding mail: there is no e-mail address"}
	case open != "":
		return Note{p.Who(), open, "the onboarding mail waits until the conflict is settled"}
	}
	return Note{}
}

// arrives tells whether the person is created, or was and has had no mail yet.
// Adoption, return and what a rollback brings back are no arrivals.
func (p *person) arrives() bool {
	return p.undo == nil && (p.state.Welcome || p.origin == fromEntry && p.xivo != nil)
}

// unfurnished names a thing that is in conflict: a mail about half of what the
// person gets would be the only one.
func (p *person) unfurnished() string {
	for _, c := range p.conflicts {
		if t := record.Thing(c.Field); t != record.User && t != record.Entity && slices.Contains(thingOrder, t) {
			return c.Field
		}
	}
	return ""
}

// mails lists the people who would be written to.
func (p *Plan) mails() []record.Person {
	out := []record.Person{}
	for _, w := range p.people {
		if w.onboards {
			out = append(out, w.Who())
		}
	}
	return out
}

// welcome puts the person's mail into the effect that makes the last of their
// things known: it enters the outbox with it, or not at all.
func (r *runner) welcome(p *person, effect *Effect) error {
	if !p.onboards || p.left > 0 || p.failed || p.barred || p.next.User == "" {
		return nil
	}
	m, err := r.onboardingMail(p)
	if err != nil {
		return fmt.Errorf("write the onboarding mail of %s: %w", p.Who().Label(), err)
	}
	p.onboards, p.next.Welcome = false, false
	r.mark(p)
	effect.States, effect.Mails = []record.State{p.next}, []record.Mail{m}
	r.report.Counts.Mails++
	return nil
}

func (r *runner) onboardingMail(p *person) (record.Mail, error) {
	data, err := r.tell(p)
	if err != nil {
		return record.Mail{}, err
	}
	id, err := r.token(12)
	if err != nil {
		return record.Mail{}, err
	}
	return record.Mail{
		Key: p.mailKey, Link: p.next.Number, Entry: p.entryID(), Person: p.Who(), Run: r.report.Number,
		To: data[MailEmail], Template: cmp.Or(p.setting(SetMailTemplate), OnboardingTemplate), Data: data,
		MessageID: id + "@" + r.Settings.Onboarding.Domain, Created: r.now(), Next: r.now(), State: record.MailWaiting,
	}, nil
}

// tell collects what the mail says. What the person does not have is left out.
func (r *runner) tell(p *person) (map[string]string, error) {
	given, err := r.given(p)
	if err != nil {
		return nil, err
	}
	who := p.Who()
	data := map[string]string{
		MailFirstname: p.value("firstname"), MailLastname: p.value("lastname"), MailName: fullName(p), MailEmail: p.value("email"),
		MailSite: who.Site, MailExtension: number(p.has(record.Extension)), MailDID: r.Settings.Numbering.dialled(p.has(record.DID), p.site),
		MailVoicemail: number(p.has(record.Voicemail)), MailAgent: number(p.has(record.Agent)),
		MailLanguage: cmp.Or(p.setting(SetLanguage), p.value(SetLanguage)),
	}
	login := p.has(record.CTI) != "" || given[ctiPassword] != ""
	if login {
		data[MailLogin] = cmp.Or(p.value("username"), given[ctiUsername])
	}
	if r.Settings.Onboarding.Credentials != CredentialsNone && data[MailVoicemail] != "" {
		data[MailPIN] = given["voicemail_password"]
	}
	switch {
	case !login:
	case r.Settings.Onboarding.Credentials == CredentialsInitial:
		data[MailPassword] = cmp.Or(given["password"], given[ctiPassword])
	case r.Settings.Onboarding.Credentials == CredentialsReset:
		data[MailReset] = "true"
	}
	for name, v := range data {
		if v == "" {
			delete(data, name)
		}
	}
	return data, nil
}

// has is what XiVO holds of one of the person's things, or "" where there is none in
// use.
func (p *person) has(t record.Thing) string {
	b, known := p.next.Fields[string(t)]
	if known {
		return record.Value(without(b.XiVO, b.GivenUp)).First()
	}
	if p.user == nil {
		return ""
	}
	return p.user.Values[string(t)].First()
}

// number drops the context of a number.
func number(v string) string {
	n, _, _ := strings.Cut(v, "@")
	return n
}

// dialled writes a direct number as it is dialled from abroad; where it belongs to
// no site, as XiVO has it.
func (n Numbering) dialled(did string, s *Site) string {
	if text, err := n.Written(string(record.DID), did, s, FormatInternational); err == nil {
		return text
	}
	return number(did)
}

// given are the login and the secrets that the person was created with. A crash
// may lie between the creation and the mail: the journal knows them, sealed.
func (r *runner) given(p *person) (map[string]string, error) {
	told := map[string]string{}
	for c, err := range r.Store.History(p.next.Number, p.entryID()) {
		if err != nil {
			return nil, err
		}
		if c.Side != record.XiVO || c.Step != record.Done && c.Step != record.Intent {
			continue
		}
		for _, name := range []string{ctiUsername, ctiPassword, "password", "voicemail_password"} {
			if d, set := c.Fields[name]; set && told[name] == "" && c.Op != record.Delete {
				told[name] = d.After.First()
			}
		}
		if c.Op == record.Create && c.Thing == record.User {
			break
		}
	}
	return told, nil
}

// mailedRecently counts the people whose mail entered the outbox in the last 24
// hours, apart from what a person let through.
func (e *Engine) mailedRecently(note func(name, who string)) error {
	runs := map[uint64]*record.Run{}
	for m, err := range e.Store.Mails() {
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if !IsOnboarding(m) || m.Created.Before(e.now().Add(-guardWindow)) {
			continue
		}
		if runs[m.Run] == nil {
			run, err := e.Store.Run(m.Run)
			if err != nil { // it is forgotten; then nobody knows what was let through
				run = record.Run{}
			}
			runs[m.Run] = &run
		}
		if !letThrough(runs[m.Run], GuardMails) {
			note(GuardMails, m.Entry)
		}
	}
	return nil
}

// stillOwed tells whether a user whom a crash left half-made is to get a mail: not
// one whom a rollback was bringing back.
func (r *runner) stillOwed(c record.Change) (bool, error) {
	if !r.Settings.Onboarding.On {
		return false, nil
	}
	run, err := r.Store.Run(c.Run)
	return len(run.RolledBack) == 0, err
}
