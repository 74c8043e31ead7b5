package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/mail/mailtest"
)

// phonesConfig is what these tests configure besides the users: everybody gets a phone,
// a mailbox and a login.
const phonesConfig = `
[numbering]
region = "FR"
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "1000-1999"
did_context = "from-extern"
did_block = "+33 4 72 10 10 00-99"
did_length = 4
prefix = "10"
[fields.extension]
ldap = "ipPhone"
[fields.voicemail]
ldap = "ipPhone"
[fields.did]
ldap = "telephoneNumber"
[fields.cti]
[[rule]]
when = {}
set = { cti = "Client" }
[report]
dir = "reports"
[log]
level = "trace"
`

// posting is a station with a mail relay.
type posting struct {
	*station
	relay *mailtest.Relay
	// port is where the relay is reached, or what stands before it.
	port int
	// numbers are the people's, by uid.
	numbers map[string]int
}

// newPosting starts one; more goes into [mail].
func newPosting(t *testing.T, opt mailtest.Options, more string) *posting {
	t.Helper()
	p := &posting{station: newStation(t, 0, ""), relay: mailtest.Start(t, opt), numbers: map[string]int{}}
	p.port = p.relay.Port
	for name, text := range map[string]string{"relay.pem": string(p.relay.CA), "relay.secret": mailtest.Password} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.mails(more)
	return p
}

// mails configures the relay, with more in [mail].
func (p *posting) mails(more string) {
	p.t.Helper()
	p.configure(phonesConfig + fmt.Sprintf(`[mail]
host = "127.0.0.1"
port = %d
ca = "relay.pem"
username = %q
password = "file:relay.secret"
from = "Téléphonie <phones@example.org>"
%s
`, p.port, mailtest.Username, more))
}

// hire adds people to the directory, each with a number.
func (p *posting) hire(uids ...string) {
	p.t.Helper()
	for _, uid := range uids {
		p.slapd.Add(p.hired(uid))
	}
}

func (p *posting) hired(uid string) ldaptest.Person {
	n := len(p.numbers)
	p.numbers[uid] = 1010 + n
	return ldaptest.Plain(uid, "givenName", "Zoé-"+uid, "ipPhone", fmt.Sprint(1010+n), "telephoneNumber", fmt.Sprintf("+33 4 72 10 10 %02d", 10+n))
}

// outbox lists all mails.
func (p *posting) outbox() []map[string]any {
	p.t.Helper()
	out, _ := p.run(0, "outbox", "list", "--all", "--json")
	var mails []map[string]any
	if err := json.Unmarshal([]byte(out), &mails); err != nil {
		p.t.Fatal(err)
	}
	return mails
}

// pinOf is the code of somebody's mailbox in XiVO.
func (p *posting) pinOf(uid string) string {
	p.t.Helper()
	var boxes struct{ Items []map[string]any }
	p.confd(http.MethodGet, "/voicemails", "", &boxes)
	for _, b := range boxes.Items {
		if b["number"] == fmt.Sprint(p.numbers[uid]) {
			return b["password"].(string)
		}
	}
	p.t.Fatalf("%s has no mailbox in %v", uid, boxes)
	return ""
}

// wantOne fails unless each of them was sent exactly one mail.
func (p *posting) wantOne(uids ...string) map[string]mailtest.Taken {
	p.t.Helper()
	byName := map[string]mailtest.Taken{}
	for _, m := range p.relay.Taken() {
		uid, _, _ := strings.Cut(m.To, "@")
		if _, twice := byName[uid]; twice {
			p.t.Errorf("%s got two mails", m.To)
		}
		byName[uid] = m
	}
	for _, uid := range uids {
		if _, sent := byName[uid]; !sent {
			p.t.Errorf("%s got no mail", uid)
		}
	}
	if len(byName) != len(uids) {
		p.t.Errorf("%d got mails, want %v", len(byName), uids)
	}
	return byName
}

var code = regexp.MustCompile(`\d{6}`)

func TestWhoeverIsCreatedGetsOneMail(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "language = \"fr\"\ncredentials = \"initial_password\"")
	p.hire("zoe", "ann")
	said := []string{}
	hear := func(code int, args ...string) string {
		t.Helper()
		out, log := p.run(code, args...)
		said = append(said, out, log)
		return out
	}
	text := hear(0, "plan", "--allow", "first-run")
	if !strings.Contains(text, "2 onboarding mails would go out, to:") || !strings.Contains(text, "zoe") {
		t.Errorf("the plan: %s", text)
	}
	var plan struct {
		Mails  []record.Person
		Counts record.Counts
	}
	if err := json.Unmarshal([]byte(hear(0, "plan", "--json", "-o", "plan.json")), &plan); err != nil || len(plan.Mails) != 2 || plan.Counts.Mails != 2 {
		t.Errorf("the plan: %+v %v", plan, err)
	}
	if len(p.relay.Taken()) > 0 {
		t.Fatal("a plan sent mails")
	}
	text = hear(0, "run", "--allow", "first-run")
	if !strings.Contains(text, "2 mails sent.") || !strings.Contains(text, "2 created, 2 mails") {
		t.Errorf("the run: %s", text)
	}
	secrets := []string{mailtest.Password}
	for uid, taken := range p.wantOne("zoe", "ann") {
		msg, parts := taken.Message(t), taken.Parts(t)
		user := p.user(uid)
		pin, password, login := p.pinOf(uid), user["password"].(string), user["username"].(string)
		secrets = append(secrets, password)
		if !code.MatchString(pin) || len(password) < 12 {
			t.Fatalf("PIN %q, password %q", pin, password)
		}
		for kind, part := range parts {
			part = strings.NewReplacer("&#43;", "+", "&#64;", "@").Replace(part)
			for _, want := range []string{"Zoé-" + uid, pin, password, login, "+33 4 72 10 10", "téléphone"} {
				if !strings.Contains(part, want) {
					t.Errorf("%s: no %q in\n%s", kind, want, part)
				}
			}
		}
		if len(parts) != 2 || msg.Header.Get("Auto-Submitted") != "auto-generated" || !strings.HasSuffix(msg.Header.Get("Message-Id"), "@example.org>") {
			t.Errorf("%d parts, %v", len(parts), msg.Header)
		}
		secrets = append(secrets, "PIN\": \""+pin, `"`+pin+`"`)
	}
	hear(0, "run")
	hear(0, "run", "--audit")
	p.wantOne("zoe", "ann")
	hear(0, "runs", "1", "--json")
	hear(0, "runs", "1")
	hear(0, "outbox", "list", "--all")
	hear(0, "outbox", "show", "1")
	hear(0, "conflicts", "list", "--json")
	hear(0, "why", "zoe")
	p.nowhere(secrets, said)
	for _, m := range p.outbox() {
		if m["state"] != "sent" || m["run"] != 1.0 || m["tries"] != 1.0 {
			t.Errorf("%v", m)
		}
	}
	p.run(1, "outbox", "preview", "1")
	p.run(2, "outbox", "retry", "1")
	p.run(2, "outbox", "drop", "1")
	p.run(2, "outbox", "show", "9")
}

// nowhere looks for secrets in what was said and in every file but those that
// hold them, as they are and as base64.
func (p *posting) nowhere(secrets, said []string) {
	p.t.Helper()
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".secret") {
			return err
		}
		text, err := os.ReadFile(path)
		said = append(said, string(text))
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, secret := range secrets {
		for _, text := range said {
			if strings.Contains(text, secret) || len(secret) > 10 && strings.Contains(text, base64.StdEncoding.EncodeToString([]byte(secret))) {
				p.t.Errorf("%q is told in %.200q", secret, text)
			}
		}
	}
}

func TestNoPolicyTellsMoreThanItSays(t *testing.T) {
	t.Parallel()
	for policy, want := range map[reconcile.Credentials][3]bool{
		reconcile.CredentialsNone: {}, reconcile.CredentialsReset: {true, false, true}, reconcile.CredentialsInitial: {true, true, false},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			p := newPosting(t, mailtest.Options{}, fmt.Sprintf("credentials = %q", policy))
			p.hire("zoe")
			p.run(0, "run", "--allow", "first-run")
			text := p.wantOne("zoe")["zoe"].Parts(t)["text/plain"]
			got := [3]bool{strings.Contains(text, p.pinOf("zoe")), strings.Contains(text, p.user("zoe")["password"].(string)), strings.Contains(text, "ask the telephony desk for a reset")}
			if got != want {
				t.Errorf("PIN, password, hint: %v, want %v in\n%s", got, want, text)
			}
		})
	}
}

func TestWhatARelayDoesToAMail(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault mailtest.Fault
		state string
		taken int
		says  string
	}{
		"451 at the recipient":     {mailtest.Fault{Code: 451}, "waiting", 0, "try again later"},
		"452 at the end":           {mailtest.Fault{Code: 452, AtEnd: true}, "waiting", 0, "try again later"},
		"550":                      {mailtest.Fault{Code: 550}, "failed", 0, "mailbox unavailable"},
		"cut before the final dot": {mailtest.Fault{CutBefore: true}, "uncertain", 0, "may have been delivered"},
		"cut after the final dot":  {mailtest.Fault{CutAfter: true}, "uncertain", 1, "may have been delivered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPosting(t, mailtest.Options{}, "credentials = \"initial_password\"")
			p.hire("ann", "zoe")
			fault := tc.fault
			fault.OnlyFor = "zoe@parts.test"
			p.relay.Fail(fault)
			out, _ := p.run(0, "run", "--allow", "first-run")
			if !strings.Contains(out, "1 mail sent.") || !strings.Contains(out, tc.says) {
				t.Errorf("the run: %s", out)
			}
			mails := p.outbox()
			if len(mails) != 2 {
				t.Fatalf("%v", mails)
			}
			var zoe map[string]any
			for _, m := range mails {
				if m["to"] == "zoe@parts.test" {
					zoe = m
				} else if m["state"] != "sent" {
					t.Errorf("the other: %v", m)
				}
			}
			if zoe["state"] != tc.state || zoe["tries"] != 1.0 || !strings.Contains(zoe["error"].(string), tc.says) {
				t.Fatalf("%v", zoe)
			}
			if next, waits := zoe["next"].(string); tc.state == "waiting" {
				at, err := time.Parse(time.RFC3339, next)
				if pause := time.Until(at); !waits || err != nil || pause < 3*time.Minute || pause > 6*time.Minute {
					t.Errorf("next try at %v", zoe["next"])
				}
			}
			p.run(0, "run") // it is not due, or left to people
			if n := len(p.relay.Taken()); n != 1+tc.taken {
				t.Errorf("%d taken", n)
			}
			id := fmt.Sprint(zoe["id"])
			preview, _ := p.run(0, "outbox", "preview", id)
			if !strings.Contains(preview, "Hello Zoé-zoe") || !strings.Contains(preview, "••••••") || strings.Contains(preview, p.pinOf("zoe")) || strings.Contains(preview, p.user("zoe")["password"].(string)) {
				t.Errorf("preview: %s", preview)
			}
			first := ""
			if tc.taken > 0 {
				first = p.relay.Taken()[1].Message(t).Header.Get("Message-Id")
			}
			p.run(0, "outbox", "retry", id)
			taken := p.relay.Taken()
			last := taken[len(taken)-1].Message(t).Header.Get("Message-Id")
			if len(taken) != 2+tc.taken || first != "" && first != last {
				t.Errorf("%d taken, Message-IDs %s and %s", len(taken), first, last)
			}
			if tc.taken == 0 {
				p.wantOne("ann", "zoe")
			}
		})
	}
}

func TestARelayThatIsNotReachedFailsNoRun(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{Name: "relay.example.org"}, "")
	p.hire("ann", "zoe")
	out, _ := p.run(0, "run", "--allow", "first-run")
	if strings.Count(out, "No mail could be sent") != 1 || !strings.Contains(out, "certificate") || !strings.Contains(out, "they wait in the outbox") {
		t.Errorf("a certificate of the wrong name: %s", out)
	}
	if out, _ := p.run(1, "check", "--mail", "me@example.org"); !strings.Contains(out, "certificate") {
		t.Errorf("check: %s", out)
	}
	if n := p.relay.Tries(); n != 0 {
		t.Fatalf("%d mails were offered to a stranger", n)
	}
	p.mails("server_name = \"relay.example.org\"")
	if out, _ := p.run(0, "check", "--mail", "me@example.org"); !strings.Contains(out, "took a test mail for me@example.org") {
		t.Errorf("check: %s", out)
	}
	if n := len(p.relay.Taken()); n != 1 {
		t.Fatalf("%d test mails", n)
	}
	for _, m := range p.outbox() {
		if m["state"] != "waiting" {
			t.Errorf("%v", m)
		}
		p.run(0, "outbox", "retry", fmt.Sprint(m["id"]))
	}
	if n := len(p.relay.Taken()); n != 3 {
		t.Errorf("%d mails", n)
	}
}

func TestTheMailsGuard(t *testing.T) {
	t.Parallel()
	for _, trip := range []string{"stop", "hold"} {
		t.Run(trip, func(t *testing.T) {
			t.Parallel()
			p := newPosting(t, mailtest.Options{}, "[guard]\nmails = { count = 2 }\non_trip = \""+trip+"\"")
			p.hire("a", "b")
			p.run(0, "run", "--allow", "first-run")
			p.hire("c")
			out, _ := p.run(3, "run")
			if !strings.Contains(out, "mails") || !strings.Contains(out, "3 people in the last 24 hours") {
				t.Errorf("%s", out)
			}
			p.wantOne("a", "b")
			if made := p.user("c") != nil; made != (trip == "hold") {
				t.Errorf("the phone was made: %v", made)
			}
			p.run(0, "run", "--allow", "mails")
			p.wantOne("a", "b", "c")
			p.run(0, "run")
		})
	}
}

// TestARollbackSendsNoSecondMail: neither the rollback, nor the creation after it.
func TestARollbackSendsNoSecondMail(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	p.hire("a", "b")
	p.run(0, "run", "--allow", "first-run")
	p.hire("c")
	p.run(0, "run")
	out, _ := p.run(0, "runs", "2")
	if !strings.Contains(out, "Mails:") || !strings.Contains(out, "c@parts.test") {
		t.Errorf("%s", out)
	}
	out, _ = p.run(0, "rollback", "2", "--allow", "first-run")
	if !strings.Contains(out, "a mail to c@parts.test went out and cannot be taken back") {
		t.Errorf("%s", out)
	}
	if p.user("c") != nil {
		t.Fatal("c is there still")
	}
	p.run(0, "holds", "release", "c")
	p.run(0, "run")
	if p.user("c") == nil {
		t.Fatal("c is not there again")
	}
	p.wantOne("a", "b", "c")
}

// TestAMailThatARollbackDroppedIsNotTheOnlyOne: who is created again after it has had
// none.
func TestAMailThatARollbackDroppedIsNotTheOnlyOne(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	p.hire("a", "b")
	p.run(0, "run", "--allow", "first-run")
	p.hire("c")
	p.relay.Fail(mailtest.Fault{Code: 451})
	p.run(0, "run")
	p.run(0, "rollback", "2")
	p.wantOne("a", "b")
	p.run(0, "holds", "release", "c")
	p.run(0, "run")
	p.wantOne("a", "b", "c")
	p.run(0, "run")
	p.wantOne("a", "b", "c")
}

// TestNobodyElseGetsAMail: not who was there, who comes back, who has no address.
func TestNobodyElseGetsAMail(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	p.hire("there", "back", "deaf")
	p.slapd.Modify(p.dn("deaf"), "mail")
	p.confd(http.MethodPost, "/users", `{"firstname":"There","lastname":"Before","userfield":"there"}`, nil)
	out, _ := p.run(0, "run", "--allow", "first-run")
	if !strings.Contains(out, "no onboarding mail: there is no e-mail address") {
		t.Errorf("%s", out)
	}
	p.wantOne("back")
	p.slapd.Modify(p.dn("back"), "employeeType", "disabled")
	p.run(0, "run")
	p.slapd.Modify(p.dn("back"), "employeeType", "internal")
	p.run(0, "run")
	p.wantOne("back")
}

func (p *posting) dn(uid string) string { return "uid=" + uid + "," + ldaptest.PeopleDN }

// TestAMailWaitsForANumberInConflict and tells it, once it is settled.
func TestAMailWaitsForANumberInConflict(t *testing.T) {
	t.Parallel()
	p := newPosting(t, mailtest.Options{}, "")
	p.hire("a")
	p.slapd.Add(ldaptest.Plain("b", "givenName", "B", "ipPhone", "9999"))
	out, _ := p.run(0, "run", "--allow", "first-run")
	if !strings.Contains(out, "the onboarding mail waits until the conflict is settled") {
		t.Errorf("%s", out)
	}
	p.wantOne("a")
	p.slapd.Modify(p.dn("b"), "ipPhone", "1099")
	p.run(0, "run")
	if text := p.wantOne("a", "b")["b"].Parts(t)["text/plain"]; !strings.Contains(text, "1099") {
		t.Errorf("%s", text)
	}
	p.run(0, "run")
	p.wantOne("a", "b")
}

// TestAdminsAreTold of a stop, of new conflicts, and of the day, each once.
func TestAdminsAreTold(t *testing.T) {
	t.Parallel()
	const admins = "admins = [\"admin@example.org\"]\n"
	p := newPosting(t, mailtest.Options{}, admins+"[guard]\nmails = { count = 1 }")
	told := func(n int) string {
		t.Helper()
		var texts []string
		for _, m := range p.relay.Taken() {
			if m.To == "admin@example.org" {
				texts = append(texts, m.Parts(t)["text/plain"])
			}
		}
		if len(texts) != n {
			t.Fatalf("%d reports, want %d: %s", len(texts), n, texts)
		}
		return texts[n-1]
	}
	p.hire("a", "b")
	p.run(3, "run", "--allow", "first-run")
	p.run(3, "run", "--allow", "first-run")
	if text := told(1); !strings.Contains(text, "a guard stopped run 1") || !strings.Contains(text, "--allow mails") {
		t.Errorf("%s", text)
	}
	p.run(0, "run", "--allow", "first-run,mails")
	p.slapd.Modify(p.dn("a"), "ipPhone", "9999")
	p.run(0, "run")
	p.run(0, "run")
	if text := told(2); !strings.Contains(text, "new: 1 conflict") || !strings.Contains(text, "extension") {
		t.Errorf("%s", text)
	}
	p.mails(admins + "digest = \"00:00\"")
	p.run(0, "run")
	p.run(0, "run")
	if text := told(3); !strings.Contains(text, "the last 24 hours") || !strings.Contains(text, "2 created") || !strings.Contains(text, "1 conflict open") || !strings.Contains(text, "stopped by a guard") {
		t.Errorf("%s", text)
	}
}
