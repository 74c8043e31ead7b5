package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"xivosync/reconcile/record"
)

// telephony gives everybody an internal number both ways.
const telephony = `
[numbering]
region = "FR"
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "1000-1999"
[fields.extension]
ldap = "ipPhone"
direction = "both"
`

// newDesk is a station with phones and a service that makes no run by itself.
func newDesk(t *testing.T, people int, more string) *station {
	t.Helper()
	s := newStation(t, people, hardly+through+telephony+more)
	for n := range people {
		s.slapd.Modify(dnOf(n), "ipPhone", fmt.Sprint(1001+n))
	}
	s.run(0, "run", "--allow", "first-run")
	s.serve()
	return s
}

// disagree changes the e-mail on both sides.
func (s *station) disagree(n int, round string) {
	s.t.Helper()
	s.slapd.Modify(dnOf(n), "mail", fmt.Sprintf("ldap%d.%s@parts.test", n, round))
	s.editUser(n, fmt.Sprintf(`{"email":"xivo%d.%s@parts.test"}`, n, round))
}

// conflicts are those that wait, by person and field.
func (s *station) conflicts() map[string]record.Conflict {
	s.t.Helper()
	out, _ := s.run(0, "conflicts", "list", "--json")
	var list []struct {
		ID       uint64               `json:"id"`
		Record   string               `json:"record"`
		Field    string               `json:"field"`
		State    record.ConflictState `json:"state"`
		Decision *record.Decision     `json:"decision"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	found := map[string]record.Conflict{}
	for _, c := range list {
		found[c.Record+" "+c.Field] = record.Conflict{Number: c.ID, State: c.State, Decision: c.Decision}
	}
	return found
}

// conflict is the number of the conflict of a person's field.
func (s *station) conflict(n int, field string) string {
	s.t.Helper()
	c, there := s.conflicts()[uid(n)+" "+field]
	if !there {
		s.t.Fatalf("no conflict of %s of %s: %v", field, uid(n), s.conflicts())
	}
	return fmt.Sprint(c.Number)
}

// email wants both sides to hold one value.
func (s *station) email(n int, want string) {
	s.t.Helper()
	if l, x := s.slapd.Values(dnOf(n), "mail"), s.user(uid(n))["email"]; fmt.Sprint(l) != fmt.Sprint([]string{want}) || x != want {
		s.t.Errorf("the e-mail of %s is %v in the directory and %v in XiVO, want %s", uid(n), l, x, want)
	}
}

// number is the internal number that XiVO holds.
func (s *station) number(n int) string {
	s.t.Helper()
	var lines struct{ Items []map[string]any }
	s.confd(http.MethodGet, "/extensions", "", &lines)
	var user struct {
		Lines []struct {
			Extensions []struct{ Exten string }
		}
	}
	s.confd(http.MethodGet, "/users/"+s.user(uid(n))["uuid"].(string), "", &user)
	if len(user.Lines) == 0 || len(user.Lines[0].Extensions) == 0 {
		return ""
	}
	return user.Lines[0].Extensions[0].Exten
}

// renumber changes an internal number in XiVO by hand.
func (s *station) renumber(n int, to string) {
	s.t.Helper()
	var found struct{ Items []struct{ ID int } }
	s.confd(http.MethodGet, "/extensions?exten="+s.number(n)+"&context=default", "", &found)
	s.confd(http.MethodPut, fmt.Sprintf("/extensions/%d", found.Items[0].ID), fmt.Sprintf(`{"exten":%q}`, to), nil)
}

func wantSaid(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q:\n%s", part, text)
		}
	}
}

// TestADecisionThroughTheService decides about one conflict: for the next run, and
// carried out at once.
func TestADecisionThroughTheService(t *testing.T) {
	t.Parallel()
	s := newDesk(t, 3, "")
	s.disagree(0, "one")
	s.disagree(1, "one")
	s.run(0, "run")
	out, _ := s.run(0, "conflicts", "decide", s.conflict(0, "email"), "ldap", "--why", "she married in May")
	wantSaid(t, out, "decided ldap", "The next run carries it out")
	if c := s.conflicts()[uid(0)+" email"]; c.State != record.Decided || c.Decision == nil || c.Decision.Who == "" {
		t.Errorf("it is %+v", c)
	}
	s.run(0, "run")
	s.email(0, "ldap0.one@parts.test")
	out, _ = s.run(0, "conflicts", "decide", s.conflict(1, "email"), "other@parts.test", "--why", "asked him", "--apply")
	wantSaid(t, out, `"other@parts.test"`, "decided by")
	s.email(1, "other@parts.test")
	if run := s.newest(3); run.Trigger != "decision" || run.Who == "" {
		t.Errorf("the journal has %s by %q", run.Trigger, run.Who)
	}
	if len(s.conflicts()) > 0 {
		t.Errorf("left are %v", s.conflicts())
	}
	if log := s.service.log.String(); strings.Contains(log, "married") || strings.Contains(log, "other@parts") {
		t.Error("the service's log tells what was decided, and why")
	}
	s.run(2, "conflicts", "decide", "1", "ldap", "--why", "again")
	s.quiet()
}

// TestManyDecisionsThroughTheService lists what would be decided; nobody can be
// asked, so that only --yes decides.
func TestManyDecisionsThroughTheService(t *testing.T) {
	t.Parallel()
	s := newDesk(t, 4, "")
	for n := range 3 {
		s.disagree(n, "one")
	}
	s.run(0, "run")
	many := []string{"conflicts", "decide", "--kind", "field", "--take", "xivo", "--why", "moved house"}
	out, err := s.run(2, many...)
	wantSaid(t, out, "xivo0.one@parts.test", "xivo2.one@parts.test")
	wantSaid(t, err, "nothing was decided", "--yes")
	for _, c := range s.conflicts() {
		if c.State != record.Open {
			t.Errorf("decided without an answer: %+v", c)
		}
	}
	s.run(0, append(many, "--yes")...)
	s.run(0, "conflicts", "undecide", s.conflict(2, "email"))
	s.run(0, "run")
	s.email(0, "xivo0.one@parts.test")
	s.email(1, "xivo1.one@parts.test")
	if c := s.conflicts(); len(c) != 1 {
		t.Errorf("left are %v", c)
	}
	s.disagree(0, "two")
	s.run(0, "run")
	s.slapd.Modify(dnOf(3), "sn", "Changed") // of nobody about whom is decided
	out, _ = s.run(0, append(many, "--yes", "--apply", "--json")...)
	var run record.Run
	if err := json.Unmarshal([]byte(out), &run); err != nil || run.Counts.WrittenBack != 2 || run.Counts.Updated != 0 {
		t.Errorf("the run was %s: %v", out, err)
	}
	s.email(0, "xivo0.two@parts.test")
	s.email(2, "xivo2.one@parts.test")
	out, _ = s.run(0, append(many, "--yes", "--apply")...)
	wantSaid(t, out, "Nothing to decide")
}

// TestDecisionsAboutNumbersThroughTheService: what belongs to a person is decided
// about like any field.
func TestDecisionsAboutNumbersThroughTheService(t *testing.T) {
	t.Parallel()
	s := newDesk(t, 3, "")
	for n := range 3 {
		s.slapd.Modify(dnOf(n), "ipPhone", fmt.Sprint(1101+n))
		s.renumber(n, fmt.Sprint(1201+n))
	}
	s.run(0, "run")
	s.run(0, "conflicts", "decide", s.conflict(0, "extension"), "xivo", "--why", "so it is", "--apply")
	s.run(0, "conflicts", "decide", s.conflict(1, "extension"), "1301", "--why", "so it is", "--apply")
	_, err := s.run(2, "conflicts", "decide", s.conflict(2, "extension"), "2301", "--why", "so it is", "--apply")
	wantSaid(t, err, "2301")
	s.run(0, "conflicts", "decide", "--kind", "field", "--take", "ldap", "--why", "so it is", "--apply", "--yes")
	for n, want := range []string{"1201", "1301", "1103"} {
		if l, x := s.slapd.Values(dnOf(n), "ipPhone"), s.number(n); fmt.Sprint(l) != "["+want+"]" || x != want {
			t.Errorf("the number of %s is %v in the directory and %s in XiVO, want %s", uid(n), l, x, want)
		}
	}
	s.quiet()
}

// TestADecisionUnderAHoldWaitsForTheRelease, and says so.
func TestADecisionUnderAHoldWaitsForTheRelease(t *testing.T) {
	t.Parallel()
	s := newDesk(t, 3, "")
	for n := range 3 {
		s.disagree(n, "one")
	}
	s.run(0, "run")
	s.run(0, "hold", uid(0), "--field", "email", "--why", "asked by phone")
	s.run(0, "hold", uid(1), "--why", "on leave")
	out, _ := s.run(4, "conflicts", "decide", "--kind", "field", "--take", "ldap", "--why", "so it is", "--yes", "--apply")
	s.email(2, "ldap2.one@parts.test")
	for n := range 2 {
		id := s.conflict(n, "email")
		wantSaid(t, out, "Conflict "+id)
		if c := s.conflicts()[uid(n)+" email"]; c.State != record.Decided {
			t.Errorf("the decision about %s is %s", uid(n), c.State)
		}
	}
	wantSaid(t, out, "held", "xivosync holds release")
	out, _ = s.run(4, "conflicts", "decide", s.conflict(0, "email"), "xivo", "--why", "otherwise", "--apply")
	wantSaid(t, out, "is about something held (asked by phone)", "xivosync holds release")
	out, _ = s.run(0, "conflicts", "decide", s.conflict(0, "email"), "xivo", "--why", "otherwise")
	wantSaid(t, out, "decided xivo", "is about something held (asked by phone)")
	if strings.Contains(out, "The next run carries it out") {
		t.Errorf("it says: %s", out)
	}
	s.run(0, "run")
	if got := s.user(uid(0))["email"]; got != "xivo0.one@parts.test" {
		t.Errorf("carried out under a hold: %v", got)
	}
	s.run(0, "holds", "release", uid(0))
	s.run(0, "holds", "release", uid(1))
	s.run(0, "run")
	s.email(0, "xivo0.one@parts.test")
	s.email(1, "ldap1.one@parts.test")
	if len(s.conflicts()) > 0 {
		t.Errorf("left are %v", s.conflicts())
	}
	s.quiet()
}

// TestADecisionThatAGuardStops stays decided, and is carried out by whoever lets it
// through.
func TestADecisionThatAGuardStops(t *testing.T) {
	t.Parallel()
	s := newDesk(t, 2, "")
	s.disagree(0, "one")
	s.run(0, "run")
	s.stop(15)
	s.configure(hardly + telephony + "[guard]\nwritebacks = { count = 0 }\n")
	s.serve()
	out, _ := s.run(3, "conflicts", "decide", s.conflict(0, "email"), "xivo", "--why", "so it is", "--apply")
	wantSaid(t, out, "writebacks")
	if c := s.conflicts()[uid(0)+" email"]; c.State != record.Decided {
		t.Errorf("the decision is %s", c.State)
	}
	s.run(0, "run", "--allow", "writebacks")
	s.email(0, "xivo0.one@parts.test")
}
