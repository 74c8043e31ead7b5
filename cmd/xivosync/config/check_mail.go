package config

import (
	netmail "net/mail"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"xivosync/reconcile"
	"xivosync/targets/mail"
)

// mail checks the relay, the addresses, and every template.
func (c *checker) mail() {
	m := c.cfg.Mail
	if m.Host == "" {
		c.unsent(m)
		return
	}
	if m.From == "" && !c.has("mail.from") {
		c.add("mail.from", "add from = \"Telephony <telephony@example.org>\"", "is missing: the mails are from nobody")
	}
	for key, text := range map[string]string{"mail.from": m.From, "mail.reply_to": m.ReplyTo} {
		if _, err := netmail.ParseAddress(text); text != "" && err != nil {
			c.add(key, "write ADDRESS or NAME <ADDRESS>", "%s is no mail address", reconcile.Quoted(text))
		}
	}
	for i, text := range m.Admins {
		if a, err := netmail.ParseAddress(text); err != nil || a.Address != text {
			c.add(index("mail.admins", i), "write ADDRESS", "%s is no mail address", reconcile.Quoted(text))
		}
	}
	if at := "mail.language"; !languageName.MatchString(m.Language) && len(m.Language) != 2 && !c.has(at) {
		c.add(at, "write it like fr or fr_FR", "%q is no language", m.Language)
	}
	if _, err := time.Parse("15:04", m.Digest); m.Digest != "" && err != nil {
		c.add("mail.digest", "", "%q is no time of day such as 07:00", m.Digest)
	}
	c.relay(m)
	c.templates(m)
}

// unsent finds what has no effect, since there are no mails.
func (c *checker) unsent(m Mail) {
	if c.has("mail") {
		return
	}
	if !reflect.DeepEqual(m, Default().Mail) {
		c.add("mail.host", "", "is missing: without a relay there are no mails")
	}
	for i, r := range c.cfg.Rules {
		if r.Set.MailTemplate != "" {
			c.add(index("rule", i)+".set.mail_template", "add [mail] with host and from", "has no effect: there are no mails")
		}
	}
}

// relay checks how the relay is spoken to.
func (c *checker) relay(m Mail) {
	switch {
	case c.has("mail.username") || c.has("mail.password"):
	case m.Username != "" && m.Password.IsZero():
		c.add("mail.password", "", "is missing: username needs a password")
	case m.Username == "" && !m.Password.IsZero():
		c.add("mail.username", "", "is missing: there is a password")
	}
	if m.Security == mail.None && !loopback(m.Host) && !c.has("mail.security") {
		c.add("mail.security", "use starttls or tls, with ca where the relay's certificate is your own",
			"mails with people's data would travel in clear to %s", m.Host)
	}
}

// templates reads and tries every template, and finds rules that name another.
func (c *checker) templates(m Mail) {
	folder := m.Templates
	if dir, err := filepath.Abs(filepath.Dir(c.doc.name)); err == nil {
		folder = rootPath(folder, dir)
	}
	letters, err := mail.Templates(folder)
	if err != nil {
		for one := range strings.Lines(err.Error()) {
			c.add("mail.templates", "", "%s", strings.TrimSpace(one))
		}
		return
	}
	for i, r := range c.cfg.Rules {
		name, at := r.Set.MailTemplate, index("rule", i)+".set.mail_template"
		if name == "" || letters.Has(name) && name != mail.ReportTemplate || c.has(at) {
			continue
		}
		hint := suggestion(name, letters.Kinds())
		if hint == "" {
			hint = "add " + name + ".en.txt to the folder of mail.templates"
		}
		c.add(at, hint, "there is no mail template %s", reconcile.Quoted(name))
	}
}

// onboarding is what the engine has to know of mails.
func (m Mail) onboarding() reconcile.Onboarding {
	from, err := netmail.ParseAddress(m.From)
	if m.Host == "" || err != nil {
		return reconcile.Onboarding{}
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	return reconcile.Onboarding{On: true, Credentials: m.Credentials, Domain: domain}
}

// deciding is what of it changes a plan: whether there are mails, and what they
// tell.
func (m Mail) deciding() Mail {
	if m.Host == "" {
		return Mail{}
	}
	return Mail{Host: "there", Credentials: m.Credentials}
}
