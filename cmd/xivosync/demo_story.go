package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// demoFields is what the demo keeps in step.
const demoFields = `
[fields.firstname]
ldap = "givenName"

[fields.lastname]
ldap = "sn"

[fields.caller_id]
ldap = "displayName"

[fields.email]
ldap = "mail"
direction = "both"

[fields.mobile_phone_number]
ldap = "mobile"
transform = [{ number = "e164" }]

[fields.outgoing_caller_id]
direction = "none"
`

// demoPhones is what it keeps in step besides: numbers, direct numbers,
// mailboxes, the agents of the call center.
const demoPhones = `
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
direction = "both"

[fields.voicemail]
ldap = "ipPhone"

[fields.did]
ldap = "telephoneNumber"

[fields.agent]
ldap = "employeeNumber"
when = "(departmentNumber=Support)"
`

const demoBase = "ou=people,dc=example,dc=org"

func person(uid string) string { return "uid=" + uid + "," + demoBase }

// story is the main job, told with the real commands.
func (s *stage) story() error {
	if err := s.configure(demoBase, "(objectClass=inetOrgPerson)", "uid", "userfield", demoPhones+demoFields); err != nil {
		return err
	}
	fmt.Fprintln(s.p.out, `A directory with ten people, and a XiVO with a door phone that no entry belongs
to and one user, Pierre, whom somebody typed in by hand long ago. Both exist only
inside this process; the commands are the real ones.`)
	for _, chapter := range []func() error{s.beforehand, s.firstRun, s.quietRun, s.bothWays, s.conflict, s.numbers, s.leaver, s.deletion, s.guarded, s.badRun, s.ending} {
		if err := chapter(); err != nil {
			return err
		}
	}
	return nil
}

// beforehand is what XiVO holds before xivosync comes.
func (s *stage) beforehand() error {
	if err := s.inXiVO(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Door", "lastname": "Phone"}, nil); err != nil {
		return err
	}
	if err := s.inXiVO(http.MethodPost, "/1.1/extensions", map[string]any{"exten": "1050", "context": "default"}, nil); err != nil {
		return err
	}
	return s.inXiVO(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Pierre", "lastname": "ANCIEN", "userfield": "old"}, nil)
}

func (s *stage) firstRun() error {
	s.say("The first run waits for a person to agree: its plan is shown and saved.")
	if err := s.do(exitDone, "plan", "-o", "first.json"); err != nil {
		return err
	}
	s.say("The saved plan is carried out: that, and nothing else.")
	return s.do(exitDone, "run", "--plan", "first.json")
}

func (s *stage) quietRun() error {
	s.say("A second run finds nothing to do, and sends no write to either side.")
	return s.do(exitDone, "run")
}

func (s *stage) bothWays() error {
	s.say("Zoé marries (the directory is edited); François gets another e-mail in XiVO. Each change travels to the other side.")
	if err := s.inDirectory(person("zoe"), "sn", "Martin-Dupont"); err != nil {
		return err
	}
	if err := s.inDirectory(person("zoe"), "displayName", "Zoé Martin-Dupont"); err != nil {
		return err
	}
	if err := s.editUser("francois", "email", "f.lefevre@example.org"); err != nil {
		return err
	}
	return s.do(exitDone, "run")
}

func (s *stage) conflict() error {
	s.say("Aïcha's e-mail is changed on both sides. Nobody is overwritten: it becomes a conflict with its three values, and everybody else is served.")
	if err := s.inDirectory(person("aicha"), "mail", "aicha.bensaid@example.org"); err != nil {
		return err
	}
	if err := s.editUser("aicha", "email", "a.bensaid@example.org"); err != nil {
		return err
	}
	if err := s.inDirectory(person("noel"), "mobile", "06 99 99 99 99"); err != nil {
		return err
	}
	if err := s.do(exitDone, "run"); err != nil {
		return err
	}
	if err := s.do(exitDone, "conflicts", "list"); err != nil {
		return err
	}
	if err := s.do(exitDone, "why", "aicha"); err != nil {
		return err
	}
	s.say("Somebody asks her, and decides: a value of both sides, carried out at once for her alone. The journal keeps who and why.")
	return s.do(exitDone, "conflicts", "decide", "--kind", "field", "--person", person("aicha"), "--take", "ldap", "--why", "she prefers the long one", "--yes", "--apply")
}

func (s *stage) numbers() error {
	s.say("Noël gets another internal number in the directory: the extension is renumbered in place, and the mailbox goes with it. John asks for 1050, which XiVO holds for something else: that is found while planning, before any write.")
	if err := s.inDirectory(person("noel"), "ipPhone", "1106"); err != nil {
		return err
	}
	if err := s.inDirectory(person("smitty"), "ipPhone", "1050"); err != nil {
		return err
	}
	if err := s.do(exitDone, "run"); err != nil {
		return err
	}
	return s.inDirectory(person("smitty"), "ipPhone", "1004")
}

func (s *stage) leaver() error {
	s.say("Zoé leaves: her account is disabled in the directory. Her phone stops working, and keeps its numbers.")
	if err := s.inDirectory(person("zoe"), "employeeType", "former"); err != nil {
		return err
	}
	if err := s.do(exitDone, "run"); err != nil {
		return err
	}
	s.say("She is back, and so is everything that she had.")
	if err := s.inDirectory(person("zoe"), "employeeType", "internal"); err != nil {
		return err
	}
	return s.do(exitDone, "run")
}

// demoDeletes is a removal policy that cannot be taken back as a whole.
const demoDeletes = `
[removal]
policy = "delete"
`

func (s *stage) deletion() error {
	s.say("Leavers may also be deleted, at once or after a time of grace. John leaves: the plan says what nobody could bring back.")
	if err := s.configure(demoBase, "(objectClass=inetOrgPerson)", "uid", "userfield", demoPhones+demoFields+demoDeletes); err != nil {
		return err
	}
	if err := s.inDirectory(person("smitty"), "employeeType", "former"); err != nil {
		return err
	}
	if err := s.do(exitDone, "plan"); err != nil {
		return err
	}
	return s.do(exitDone, "run")
}

func (s *stage) guarded() error {
	s.say("Somebody narrows the filter by mistake: most of the directory seems to be gone. A guard stops the run before anything is concluded from it.")
	if err := s.configure(demoBase, "(departmentNumber=Finance)", "uid", "userfield", demoPhones+demoFields); err != nil {
		return err
	}
	if err := s.do(exitGuarded, "run"); err != nil {
		return err
	}
	s.say("The filter is put right again, and so is everything else.")
	if err := s.configure(demoBase, "(objectClass=inetOrgPerson)", "uid", "userfield", demoPhones+demoFields); err != nil {
		return err
	}
	return s.do(exitDone, "run")
}

func (s *stage) ending() error {
	s.say("Every run is in the journal.")
	if err := s.do(exitDone, "runs"); err != nil {
		return err
	}
	fmt.Fprintln(s.p.out, "\nThat was the demo. With your own directory: copy packaging/xivosync.example.toml, then\n`xivosync check` and `xivosync plan`; both change nothing.")
	return nil
}

// editUser changes a user as XiVO's administrator would.
func (s *stage) editUser(userfield, field, value string) error {
	var list struct {
		Items []struct{ UUID string }
	}
	if err := s.inXiVO(http.MethodGet, "/1.1/users?userfield="+userfield, nil, &list); err != nil {
		return err
	}
	if len(list.Items) != 1 {
		return fmt.Errorf("demo: %d users with userfield %s", len(list.Items), userfield)
	}
	return s.inXiVO(http.MethodPut, "/1.1/users/"+list.Items[0].UUID, map[string]any{field: value}, nil)
}

// inXiVO sends one request to the simulated XiVO, as from its own machine.
func (s *stage) inXiVO(method, path string, body, into any) error {
	var rd io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		rd = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(s.ctx, method, "http://localhost"+path, rd)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	w := &answer{header: http.Header{}}
	s.sim.LocalConfd().ServeHTTP(w, r)
	if w.status >= http.StatusMultipleChoices {
		return fmt.Errorf("demo: %s %s: %d %s", method, path, w.status, strings.TrimSpace(w.body.String()))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(w.body.Bytes(), into)
}

// answer keeps what the simulated XiVO answers.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
