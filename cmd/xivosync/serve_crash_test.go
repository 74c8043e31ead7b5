package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// crashStation is one whose next run creates, updates, writes back, deactivates,
// and has a conflict.
func crashStation(t *testing.T) *station {
	t.Helper()
	s := newStation(t, 6, hardly+through)
	s.run(0, "run", "--allow", "first-run")
	s.slapd.Modify(dnOf(0), "sn", "Changed")
	s.slapd.Modify(dnOf(1), "employeeType", "disabled")
	s.editUser(2, `{"email":"changed.2@parts.test"}`)
	s.slapd.Modify(dnOf(3), "mail", "ldap.3@parts.test")
	s.editUser(3, `{"email":"xivo.3@parts.test"}`)
	s.slapd.Modify(dnOf(4), "givenName", "Other")
	s.editUser(4, `{"lastname":"Drifted"}`)
	s.slapd.Add(ldaptest.People(7, 1)[6])
	return s
}

func (s *station) editUser(n int, body string) {
	s.t.Helper()
	s.confd(http.MethodPut, "/users/"+s.user(uid(n))["uuid"].(string), body, nil)
}

// aftermath is what both systems and the store hold in the end, without what differs
// from one server to the other.
type aftermath struct {
	Users     map[string]map[string]any
	Mails     map[string]string
	Conflicts []string
}

func (s *station) ending() aftermath {
	s.t.Helper()
	e := aftermath{Users: map[string]map[string]any{}, Mails: map[string]string{}}
	var list struct{ Items []map[string]any }
	s.confd(http.MethodGet, "/users", "", &list)
	for _, u := range list.Items {
		id, _ := u["userfield"].(string)
		if e.Users[id] != nil {
			s.t.Errorf("two users %s", id)
		}
		for _, own := range []string{"id", "uuid", "links"} {
			delete(u, own)
		}
		e.Users[id] = u
	}
	for _, entry := range s.slapd.Search(ldaptest.PeopleDN, "(uid=*)", "uid", "mail") {
		e.Mails[entry.GetAttributeValue("uid")] = strings.Join(entry.GetAttributeValues("mail"), ",")
	}
	out, _ := s.run(0, "conflicts", "list", "--json")
	var conflicts []struct{ Kind, Record, Field string }
	if err := json.Unmarshal([]byte(out), &conflicts); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range conflicts {
		e.Conflicts = append(e.Conflicts, c.Kind+" "+c.Record+" "+c.Field)
	}
	return e
}

// TestCrashOfTheService kills the service at every writing request of a run that
// somebody asked for over its socket, before and after it is carried out. Started
// anew, one more run over the socket ends as the run does that nobody kills.
func TestCrashOfTheService(t *testing.T) {
	t.Parallel()
	s := crashStation(t)
	s.serve()
	var mu sync.Mutex
	requests := 0
	s.sim.OnRequest(func(r *http.Request) {
		if mu.Lock(); r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/1.1/") {
			requests++
		}
		mu.Unlock()
	}, nil)
	s.run(0, "run")
	s.sim.OnRequest(nil, nil)
	want := s.ending()
	s.quiet()
	s.stop(syscall.SIGTERM)
	if requests < 4 || len(want.Conflicts) != 1 {
		t.Fatalf("%d requests, conflicts %v: is it still the run that is wanted?", requests, want.Conflicts)
	}
	t.Logf("%d writing requests", requests)
	for nth := 1; nth <= requests; nth++ {
		for _, committed := range []bool{false, true} {
			t.Run(fmt.Sprintf("request %d, committed %v", nth, committed), func(t *testing.T) {
				t.Parallel()
				s := crashStation(t)
				s.serve()
				s.killAt(nth, committed)
				client := s.command("run")
				said := &lockedBuffer{}
				client.Stderr = said
				if code := codeOf(t, client.Run()); code != 1 || !strings.Contains(said.String(), "the service ended before the command did") {
					t.Errorf("the command ended with %d: %s", code, said)
				}
				<-s.service.ended
				s.sim.OnRequest(nil, nil)
				s.serve()
				s.run(0, "run")
				if diff := cmp.Diff(want, s.ending()); diff != "" {
					t.Errorf("the crash made a difference (-without +with):\n%s", diff)
				}
				if run := s.runs()[0]; run.Recovered.Unknown > 0 {
					t.Errorf("recovered %+v", run.Recovered)
				}
				s.quiet()
				s.run(0, "state", "check")
				if code := s.stop(syscall.SIGTERM); code != 0 {
					t.Errorf("it ended with %d", code)
				}
			})
		}
	}
}

// killAt kills the service at the nth writing request.
func (s *station) killAt(nth int, committed bool) {
	var mu sync.Mutex
	n := 0
	strike := func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodGet || !strings.HasPrefix(r.URL.Path, "/1.1/") {
			return false
		}
		n++
		return n == nth
	}
	kill := func() { _ = s.service.cmd.Process.Kill() }
	if committed {
		s.sim.OnRequest(nil, func(r *http.Request, _ int) {
			if strike(r) {
				kill()
				panic(http.ErrAbortHandler)
			}
		})
		return
	}
	s.sim.OnRequest(func(r *http.Request) {
		if strike(r) {
			kill()
			panic(http.ErrAbortHandler)
		}
	}, nil)
}

// quiet wants a run to do nothing.
func (s *station) quiet() {
	s.t.Helper()
	out, _ := s.run(0, "run", "--json")
	var run record.Run
	if err := json.Unmarshal([]byte(out), &run); err != nil || run.Outcome != record.OutcomeNothing {
		s.t.Errorf("a run after it did something: %s %v", out, err)
	}
}
