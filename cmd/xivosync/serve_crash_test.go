package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
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

// ofXiVO tells requests to confd, and whether they write.
func ofXiVO(r *http.Request) (confd, writes bool) {
	confd = strings.HasPrefix(r.URL.Path, "/1.1/")
	return confd, confd && r.Method != http.MethodGet
}

// TestCrashOfTheService kills the service at every request to XiVO of a run that
// somebody asked for over its socket, after every one that writes, and around the
// write to the directory. Started anew, one more run over the socket ends as the
// run does that nobody kills.
func TestCrashOfTheService(t *testing.T) {
	t.Parallel()
	s := crashStation(t)
	s.serve()
	var mu sync.Mutex
	requests, writing := 0, 0
	s.sim.OnRequest(func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if confd, writes := ofXiVO(r); confd {
			if requests++; writes {
				writing++
			}
		}
	}, nil)
	s.run(0, "run")
	s.sim.OnRequest(nil, nil)
	want := s.ending()
	s.quiet()
	s.stop(syscall.SIGTERM)
	if requests < 10 || writing < 4 || len(want.Conflicts) != 1 {
		t.Fatalf("%d requests, %d writing, conflicts %v: is it still the run that is wanted?", requests, writing, want.Conflicts)
	}
	t.Logf("%d requests, %d of them writing", requests, writing)
	for nth := 1; nth <= requests; nth++ {
		t.Run(fmt.Sprint("before request ", nth), func(t *testing.T) {
			t.Parallel()
			crash(t, want, func(s *station) {
				s.sim.OnRequest(s.strike(nth, func(r *http.Request) bool { confd, _ := ofXiVO(r); return confd }), nil)
			})
		})
	}
	for nth := 1; nth <= writing; nth++ {
		t.Run(fmt.Sprint("after writing request ", nth), func(t *testing.T) {
			t.Parallel()
			crash(t, want, func(s *station) {
				strike := s.strike(nth, func(r *http.Request) bool { _, writes := ofXiVO(r); return writes })
				s.sim.OnRequest(nil, func(r *http.Request, _ int) { strike(r) })
			})
		})
	}
	for name, meddle := range map[string]func(*ldaptest.Meddler, ldaptest.Meddling){
		"before": func(m *ldaptest.Meddler, f ldaptest.Meddling) { m.OnRequest(ldaptest.ModifyRequest, f) },
		"after":  func(m *ldaptest.Meddler, f ldaptest.Meddling) { m.OnAnswer(ldaptest.ModifyResponse, f) },
	} {
		t.Run(name+" the write to the directory", func(t *testing.T) {
			t.Parallel()
			crash(t, want, func(s *station) {
				m := ldaptest.NewMeddler(t, s.slapd.URL)
				s.ldapURL = m.URL()
				s.configure(hardly + through)
				meddle(m, func(*ber.Packet) *ber.Packet { _ = s.process.Load().Kill(); return nil })
			})
		})
	}
}

// crash has a run killed as arranged, and wants the next one to end as if it had
// not been.
func crash(t *testing.T, want aftermath, arrange func(*station)) {
	s := crashStation(t)
	arrange(s)
	s.serve()
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
}

// strike kills the service at the nth request that is meant, whose connection is
// closed without an answer.
func (s *station) strike(nth int, meant func(*http.Request) bool) func(*http.Request) {
	var mu sync.Mutex
	n := 0
	hit := func(r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if meant(r) {
			n++
			return n == nth
		}
		return false
	}
	return func(r *http.Request) {
		if hit(r) {
			_ = s.process.Load().Kill()
			panic(http.ErrAbortHandler)
		}
	}
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
