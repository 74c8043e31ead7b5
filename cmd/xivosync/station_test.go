package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// station is a real slapd, a simulated XiVO, and a configuration; its service is
// a process of its own.
type station struct {
	t      *testing.T
	slapd  *ldaptest.Server
	sim    *xivosim.Sim
	server *xivosim.Server
	dir    string
	// ldapURL is that of slapd, or of what stands before it.
	ldapURL string
	service *serving
	// process is that of the service, for whoever kills it out of a request.
	process atomic.Pointer[os.Process]
}

// serving is a process of "xivosync serve".
type serving struct {
	cmd *exec.Cmd
	// log is what it said, and ended tells how it ended.
	log   *lockedBuffer
	ended chan error
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newStation(t *testing.T, people int, schedule string) *station {
	t.Helper()
	s := &station{t: t, dir: t.TempDir(), sim: xivosim.New(xivosim.Options{})}
	s.slapd = ldaptest.Slapd(t, ldaptest.Options{People: ldaptest.People(people, 1)})
	s.ldapURL = s.slapd.URL
	var err error
	if s.server, err = s.sim.Listen(xivosim.Addresses{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.server.Close() })
	s.configure(schedule)
	return s
}

// configure writes the configuration, with that schedule and what else it needs.
func (s *station) configure(more string) {
	s.t.Helper()
	text := fmt.Sprintf(`[ldap]
url = %q
bind_dn = %q
password = "env:LDAP_PASSWORD"
base = %q
filter = "(uid=*)"
disabled = "(employeeType=disabled)"
[xivo]
url = %q
auth_url = %q
username = "xivosync"
password = "env:XIVO_PASSWORD"
[state]
path = %q
[identifier]
ldap = "uid"
xivo = "userfield"
[fields.firstname]
ldap = "givenName"
[fields.lastname]
ldap = "sn"
[fields.email]
ldap = "mail"
direction = "both"
[fields.outgoing_caller_id]
direction = "none"
`, s.ldapURL, s.slapd.BindDN, ldaptest.PeopleDN, s.server.URL, s.server.AuthURL, filepath.Join(s.dir, "state.db"))
	if err := os.WriteFile(s.config(), []byte(text+more), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) config() string { return filepath.Join(s.dir, "xivosync.toml") }

func (s *station) command(args ...string) *exec.Cmd {
	cmd := exec.Command("xivosync", append([]string{"-c", s.config()}, args...)...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LDAP_PASSWORD="+s.slapd.Password, "XIVO_PASSWORD=secret", "INVOCATION_ID=", "SUDO_USER=", "NOTIFY_SOCKET=", clockVariable+"="+s.clockFile())
	return cmd
}

// run carries out a command and wants its exit code.
func (s *station) run(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	var out, err bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &err
	got := codeOf(s.t, cmd.Run())
	if got != code {
		s.t.Errorf("%v: exit code %d, want %d\n%s%s", args, got, code, out.String(), err.String())
	}
	return out.String(), err.String()
}

func codeOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatal(err)
	return 0
}

// serve starts the service and waits until it answers.
func (s *station) serve(env ...string) *serving {
	s.t.Helper()
	v := &serving{cmd: s.command("serve"), log: &lockedBuffer{}, ended: make(chan error, 1)}
	v.cmd.Stderr, v.cmd.Stdout = v.log, v.log
	v.cmd.Env = append(v.cmd.Env, env...)
	if err := v.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.process.Store(v.cmd.Process)
	go func() { v.ended <- v.cmd.Wait() }()
	s.t.Cleanup(func() { _ = v.cmd.Process.Kill() }) // gone already, unless the test failed
	s.t.Cleanup(func() {
		if s.t.Failed() {
			s.t.Logf("the service said:\n%s", v.log)
		}
	})
	s.service = v
	s.says("serving")
	return v
}

// says waits until the service has said something so often.
func (s *station) says(text string, times ...int) {
	s.t.Helper()
	n := 1
	if len(times) > 0 {
		n = times[0]
	}
	s.until("the service says "+text, func() bool { return strings.Count(s.service.log.String(), text) >= n })
}

// until polls a condition.
func (s *station) until(what string, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("not within a minute: %s", what)
		}
	}
}

// stop ends the service by a signal and returns its exit code.
func (s *station) stop(by syscall.Signal) int {
	s.t.Helper()
	s.signal(by)
	select {
	case err := <-s.service.ended:
		return codeOf(s.t, err)
	case <-time.After(time.Minute):
		s.t.Fatal("the service does not end")
		return 0
	}
}

func (s *station) signal(by syscall.Signal) {
	s.t.Helper()
	if err := s.service.cmd.Process.Signal(by); err != nil {
		s.t.Fatal(err)
	}
}

// runs are those of the journal, newest first.
func (s *station) runs() []record.Run {
	s.t.Helper()
	out, _ := s.run(0, "runs", "--json", "--last", "0")
	var list []record.Run
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
	return list
}

// newest waits for a finished run of that number or a later one.
func (s *station) newest(number uint64) record.Run {
	s.t.Helper()
	var run record.Run
	s.until(fmt.Sprint("run ", number), func() bool {
		list := s.runs()
		if len(list) == 0 {
			return false
		}
		run = list[0]
		return run.Number >= number && run.Finished != nil
	})
	return run
}

// user returns what XiVO holds of a person.
func (s *station) user(id string) map[string]any {
	s.t.Helper()
	var list struct{ Items []map[string]any }
	s.confd(http.MethodGet, "/users", "", &list)
	for _, u := range list.Items {
		if u["userfield"] == id {
			return u
		}
	}
	return nil
}

func (s *station) confd(method, path, body string, into any) {
	s.t.Helper()
	r := httptest.NewRequest(method, "/1.1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	s.sim.LocalConfd().ServeHTTP(answer, r)
	if answer.Code >= http.StatusBadRequest {
		s.t.Fatalf("%s %s: %d %s", method, path, answer.Code, answer.Body)
	}
	if into != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), into); err != nil {
			s.t.Fatal(err)
		}
	}
}

// editUser changes what XiVO holds of the nth person.
func (s *station) editUser(n int, body string) {
	s.t.Helper()
	s.confd(http.MethodPut, "/users/"+s.user(uid(n))["uuid"].(string), body, nil)
}

// halt keeps the nth request of that kind waiting in XiVO: reached tells that it has
// come, and it goes on once let is closed.
func (s *station) halt(nth int32, method, prefix string) (reached, let chan struct{}) {
	reached, let = make(chan struct{}), make(chan struct{})
	var n atomic.Int32
	s.sim.OnRequest(func(r *http.Request) {
		if r.Method == method && strings.HasPrefix(r.URL.Path, prefix) && n.Add(1) == nth {
			close(reached)
			<-let
		}
	}, nil)
	return reached, let
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

// uid is the identifier of the nth person.
func uid(n int) string { return ldaptest.People(n+1, 1)[n].First("uid") }

func dnOf(n int) string { return ldaptest.People(n+1, 1)[n].DN }
