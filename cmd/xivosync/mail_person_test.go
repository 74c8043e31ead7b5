package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/mail/mailtest"
)

const initial = "credentials = \"initial_password\"\n"

// mailTo is the newest mail to or about somebody.
func (p *posting) mailTo(uid string) (id string, m map[string]any) {
	p.t.Helper()
	for _, one := range p.outbox() {
		if one["record"] == uid {
			m = one
		}
	}
	if m == nil {
		p.t.Fatalf("there is no mail about %s", uid)
	}
	return fmt.Sprint(m["id"]), m
}

// toldLast is the text of the last mail that went to an address.
func (p *posting) toldLast(to string) string {
	p.t.Helper()
	text := ""
	for _, m := range p.relay.Taken() {
		if m.To == to {
			text = m.Parts(p.t)["text/plain"]
		}
	}
	if text == "" {
		p.t.Fatalf("%s got no mail", to)
	}
	return text
}

// TestADroppedMailIsNeverSent: neither by the service, nor on request.
func TestADroppedMailIsNeverSent(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly)
	p.hire("ann", "zoe")
	p.relay.Fail(mailtest.Fault{Code: 451, OnlyFor: "zoe@parts.test"})
	p.serve()
	p.run(0, "run", "--allow", "first-run")
	id, _ := p.mailTo("zoe")
	if out, _ := p.run(0, "outbox", "drop", id); !strings.Contains(out, "dropped: it is never sent") {
		t.Errorf("%s", out)
	}
	p.later(6 * 24 * time.Hour)
	p.run(0, "run")
	p.run(0, "outbox", "send")
	p.run(2, "outbox", "retry", id)
	p.run(1, "outbox", "preview", id)
	p.run(0, "outbox", "drop", id)
	if _, m := p.mailTo("zoe"); m["state"] != "dropped" || m["tries"] != 1.0 || p.relay.Tries() != 2 {
		t.Errorf("%v, %d tries", m, p.relay.Tries())
	}
	p.wantOne("ann")
	p.stop(syscall.SIGTERM)
}

// TestAnUncertainMailWaitsForAPerson for as long as it takes.
func TestAnUncertainMailWaitsForAPerson(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly)
	p.hire("zoe")
	p.relay.Fail(mailtest.Fault{CutAfter: true})
	p.serve()
	p.run(0, "run", "--allow", "first-run")
	for range 7 {
		p.later(24 * time.Hour)
		p.run(0, "run")
	}
	id, m := p.mailTo("zoe")
	if m["state"] != "uncertain" || p.relay.Tries() != 1 {
		t.Fatalf("%v, %d tries", m, p.relay.Tries())
	}
	p.says("may have been delivered")
	p.run(0, "outbox", "retry", id)
	taken := p.relay.Taken()
	if len(taken) != 2 || taken[0].Message(t).Header.Get("Message-Id") != taken[1].Message(t).Header.Get("Message-Id") {
		t.Errorf("%d taken", len(taken))
	}
	if _, m := p.mailTo("zoe"); m["state"] != "sent" || m["tries"] != 2.0 {
		t.Errorf("%v", m)
	}
	p.stop(syscall.SIGTERM)
}

// TestAPreviewOfHostileValues shows them as what they are, and no credentials.
func TestAPreviewOfHostileValues(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial)
	eve := p.hired("eve")
	p.slapd.Add(eve)
	hostile := "Eve\x1b]0;owned\x07<script>alert(1)</script>\u202e"
	p.slapd.Modify(p.dn("eve"), "givenName", hostile)
	p.slapd.Modify(p.dn("eve"), "sn", "{{.Password}}%s\u2028Bcc: boss@example.org")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run", "--allow", "first-run")
	id, _ := p.mailTo("eve")
	secrets := []string{p.user("eve")["password"].(string), p.pinOf("eve")}
	for _, args := range [][]string{{"preview", id}, {"show", id}, {"list"}, {"preview", id, "--json"}, {"show", id, "--json"}, {"list", "--json"}} {
		out, _ := p.run(0, append([]string{"outbox"}, args...)...)
		if strings.ContainsAny(out, "\x1b\x07\u202e\u2028") {
			t.Errorf("%v lets control characters through: %q", args, out)
		}
		for _, secret := range secrets {
			if strings.Contains(out, secret) {
				t.Errorf("%v tells %q", args, secret)
			}
		}
	}
	var shown struct{ To, Subject, Text, HTML string }
	out, _ := p.run(0, "outbox", "preview", id, "--json")
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(shown.HTML, "<script") || !strings.Contains(shown.HTML, "&lt;script&gt;") || !strings.Contains(shown.Text, "<script>") {
		t.Errorf("%+v", shown)
	}
	p.run(0, "outbox", "retry", id)
	msg := p.relay.Taken()[0].Message(t)
	if msg.Header.Get("Bcc") != "" || strings.ContainsAny(msg.Header.Get("To"), "\x1b\x07") {
		t.Errorf("%v", msg.Header)
	}
	if to, err := msg.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != "eve@parts.test" {
		t.Errorf("%v %v", to, err)
	}
}

// TestAnAgentIsToldTheNumber to log in with.
func TestAnAgentIsToldTheNumber(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "[fields.agent]\nldap = \"employeeNumber\"\n")
	text, err := os.ReadFile(p.config())
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "auth_url", fmt.Sprintf("web_url = %q\nauth_url", p.server.WebURL), 1))
	if err := os.WriteFile(p.config(), text, 0o600); err != nil {
		t.Fatal(err)
	}
	p.hire("zoe", "ann")
	p.slapd.Modify(p.dn("zoe"), "employeeNumber", "8042")
	p.run(0, "run", "--allow", "first-run")
	mails := p.wantOne("zoe", "ann")
	for kind, part := range mails["zoe"].Parts(t) {
		if !strings.Contains(part, "8042") || !strings.Contains(strings.ToLower(part), "agent") {
			t.Errorf("%s: %s", kind, part)
		}
	}
	for kind, part := range mails["ann"].Parts(t) {
		if strings.Contains(strings.ToLower(part), "agent") {
			t.Errorf("%s: she is none: %s", kind, part)
		}
	}
}

// TestAMailFollowsThePerson to the address that the directory has by the time when it
// goes out, and tells the numbers of that time.
func TestAMailFollowsThePerson(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly)
	p.hire("wrong", "moves", "leaves")
	p.slapd.Modify(p.dn("wrong"), "mail", "wrong@@parts.test")
	p.relay.Fail(mailtest.Fault{Code: 451, OnlyFor: "moves@parts.test"}, mailtest.Fault{Code: 451, OnlyFor: "leaves@parts.test"})
	out, _ := p.run(0, "run", "--allow", "first-run")
	id, m := p.mailTo("wrong")
	if m["state"] != "failed" || !strings.Contains(m["error"].(string), "no mail address") || !strings.Contains(out, "no mail address") {
		t.Errorf("%v\n%s", m, out)
	}
	if n := p.relay.Tries(); n != 2 {
		t.Errorf("%d tries: nobody is at a wrong address", n)
	}
	p.slapd.Modify(p.dn("wrong"), "mail", "right@parts.test")
	p.slapd.Modify(p.dn("moves"), "mail", "moved@parts.test")
	p.slapd.Modify(p.dn("leaves"), "mail")
	for attribute, value := range map[string]string{"ipPhone": "1077", "telephoneNumber": "+33 4 72 10 10 77"} {
		p.slapd.Modify(p.dn("moves"), attribute, value)
		p.slapd.Modify(p.dn("leaves"), attribute)
	}
	p.run(0, "run") // it is not due yet
	waiting, _ := p.mailTo("moves")
	if out, _ := p.run(0, "outbox", "preview", waiting); !strings.Contains(out, "1077") || !strings.Contains(out, "To: moved@parts.test") {
		t.Errorf("%s", out)
	}
	p.later(time.Hour)
	p.run(0, "run")
	p.wantOne("moved")
	if _, m := p.mailTo("moves"); m["state"] != "sent" || m["to"] != "moved@parts.test" {
		t.Errorf("%v", m)
	}
	text := p.toldLast("moved@parts.test")
	wantSaid(t, text, p.user("moves")["password"].(string), "Internal number   1077", "+33 4 72 10 10 77", "Voicemail         1077")
	if strings.Contains(text, fmt.Sprint(p.numbers["moves"])) {
		t.Errorf("it tells the old number:\n%s", text)
	}
	if _, m := p.mailTo("leaves"); m["state"] != "waiting" || !strings.Contains(m["error"].(string), "no e-mail address at present") {
		t.Errorf("%v", m)
	}
	p.run(0, "outbox", "retry", id)
	p.wantOne("moved", "right")
	p.serve()
	p.slapd.Modify(p.dn("leaves"), "mail", "back@parts.test")
	p.run(0, "run")
	p.later(5 * time.Hour)
	p.until("the last one goes out", func() bool { return len(p.relay.Taken()) == 3 })
	p.stop(syscall.SIGTERM)
	p.wantOne("moved", "right", "back")
	if text := p.toldLast("back@parts.test"); strings.Contains(text, "nternal number") || strings.Contains(text, "PIN") {
		t.Errorf("it tells what is given up:\n%s", text)
	}
}

// TestWhoHasNoAddressAtFirstGetsNoMail later on, and that is said.
func TestWhoHasNoAddressAtFirstGetsNoMail(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	p.hire("ann", "deaf")
	p.slapd.Modify(p.dn("deaf"), "mail")
	out, _ := p.run(0, "run", "--allow", "first-run")
	if !strings.Contains(out, "no onboarding mail: there is no e-mail address") {
		t.Errorf("%s", out)
	}
	p.slapd.Modify(p.dn("deaf"), "mail", "deaf@parts.test")
	p.run(0, "run")
	p.run(0, "run")
	p.wantOne("ann")
}

// TestAMailAboutADeletedUserIsNotSent, and who is created anew is told the password
// of the new user, once.
func TestAMailAboutADeletedUserIsNotSent(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly+"[removal]\npolicy = \"delete\"\n")
	p.hire("ann", "zoe", "tom")
	p.relay.Fail(mailtest.Fault{Code: 451, OnlyFor: "zoe@parts.test"}, mailtest.Fault{Code: 550, OnlyFor: "tom@parts.test"})
	p.run(0, "run", "--allow", "first-run")
	first, _ := p.mailTo("tom")
	old := p.user("zoe")["password"].(string)
	for _, uid := range []string{"zoe", "tom"} {
		p.slapd.Modify(p.dn(uid), "employeeType", "disabled")
	}
	p.run(0, "run", "--allow", "removals")
	if p.user("zoe") != nil {
		t.Fatal("zoe is not deleted")
	}
	p.later(time.Hour)
	out, _ := p.run(0, "outbox", "send")
	if !strings.Contains(out, "no phone in use at present") {
		t.Errorf("%s", out)
	}
	p.wantOne("ann")
	for _, uid := range []string{"zoe", "tom"} {
		p.slapd.Modify(p.dn(uid), "employeeType", "internal")
	}
	p.run(0, "run")
	if now := p.user("zoe")["password"].(string); now == old || !strings.Contains(p.toldLast("zoe@parts.test"), now) {
		t.Errorf("she is told:\n%s", p.toldLast("zoe@parts.test"))
	}
	p.wantOne("ann", "zoe", "tom")
	if out, _ := p.run(2, "outbox", "retry", first); out != "" {
		t.Errorf("%s", out)
	}
	p.serve()
	p.later(6 * 24 * time.Hour)
	p.run(0, "run")
	p.stop(syscall.SIGTERM)
	p.wantOne("ann", "zoe", "tom")
	for _, m := range p.outbox() {
		if m["state"] != "sent" && m["state"] != "dropped" {
			t.Errorf("%v", m)
		}
	}
}

// TestAMailAboutWhoNeverComesBackIsReported after the days of its tries.
func TestAMailAboutWhoNeverComesBackIsReported(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly+"[removal]\npolicy = \"delete\"\n")
	p.hire("ann", "zoe")
	p.relay.Fail(mailtest.Fault{Code: 451, OnlyFor: "zoe@parts.test"})
	p.run(0, "run", "--allow", "first-run")
	p.slapd.Modify(p.dn("zoe"), "employeeType", "disabled")
	p.run(0, "run", "--allow", "removals")
	p.serve()
	for range 6 {
		p.later(24 * time.Hour)
	}
	p.become("zoe@parts.test", "failed")
	if _, m := p.mailTo("zoe"); !strings.Contains(m["error"].(string), "given up after five days: the person has no phone in use") {
		t.Errorf("%v", m)
	}
	p.says("given up after five days")
	p.wantOne("ann")
	p.stop(syscall.SIGTERM)
}

// TestAMailAboutWhoIsRolledBackIsDropped before the service sends it.
func TestAMailAboutWhoIsRolledBackIsDropped(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, initial+hardly)
	p.hire("ann")
	p.serve()
	p.run(0, "run", "--allow", "first-run")
	p.hire("zoe")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run")
	p.run(0, "rollback", "2")
	if _, m := p.mailTo("zoe"); m["state"] != "dropped" || !strings.Contains(m["error"].(string), "rollback as run 3") {
		t.Errorf("%v", m)
	}
	p.later(24 * time.Hour)
	p.run(0, "run")
	p.wantOne("ann")
	p.stop(syscall.SIGTERM)
	if p.user("zoe") != nil || len(p.slapd.Search(ldaptest.PeopleDN, "(uid=zoe)")) != 1 {
		t.Error("it was not rolled back")
	}
}
