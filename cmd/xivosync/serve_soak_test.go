package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// soakRuns is how many runs the soak makes, soakPeople how many there are first.
const (
	soakRuns   = 200
	soakPeople = 20
)

// soaking is a service under random edits, faults, restarts and reloads.
type soaking struct {
	*station
	*rand.Rand
	people, serial int
	// writes counts what XiVO was asked to write.
	writes atomic.Int64
}

// usage is what the service's process needs.
type usage struct{ memory, files, goroutines, store float64 }

// TestSoak makes two hundred runs over the socket of a service. In the end both
// sides agree wherever no conflict is open; what the journal says that XiVO was
// sent is what XiVO was sent; and the service needs no more than before.
func TestSoak(t *testing.T) {
	t.Parallel()
	s := &soaking{station: newStation(t, soakPeople, ""), Rand: rand.New(rand.NewPCG(1, 2)), people: soakPeople}
	s.tune(60)
	s.sim.OnRequest(nil, func(r *http.Request, status int) {
		if r.Method != http.MethodGet && strings.HasPrefix(r.URL.Path, "/1.1/") {
			s.writes.Add(1)
		}
	})
	s.run(0, "run", "--allow", "first-run")
	s.serve()
	var warm, half usage
	for n := range soakRuns {
		s.disturb(n)
		for range s.IntN(4) {
			s.edit()
		}
		fault := s.IntN(6) == 0
		if fault {
			s.sim.Inject(xivosim.Fault{Method: http.MethodPut, Path: "/1.1/users/**", Nth: 1,
				Effect: []xivosim.Effect{xivosim.DropBefore, xivosim.DropAfter, xivosim.FailAfter, xivosim.RevokeTokens}[s.IntN(4)]})
		}
		s.oneRun(fault)
		s.sim.ClearFaults()
		switch n {
		case soakRuns/2 + 20: // after the last restart, and once the store has its size
			warm = s.usage()
		case soakRuns * 3 / 4:
			half = s.usage()
		}
	}
	end := s.usage()
	t.Logf("after run %d: %s", soakRuns/2+20, warm)
	t.Logf("after run %d: %s", soakRuns*3/4, half)
	t.Logf("after run %d: %s", soakRuns, end)
	if end.goroutines > warm.goroutines+3 || end.files > warm.files+3 || end.memory > warm.memory*1.3+8e6 || end.store > warm.store*1.3 {
		t.Error("the service needs more and more")
	}
	s.run(0, "run", "--audit")
	s.agree()
	s.quiet()
	s.run(0, "state", "check")
	s.stop(syscall.SIGTERM)
}

func (u usage) String() string {
	return fmt.Sprintf("%.0f MB of memory, %.0f files, %.0f goroutines, %.1f MB of store", u.memory/1e6, u.files, u.goroutines, u.store/1e6)
}

// tune writes the configuration; a service takes it at its next reload.
func (s *soaking) tune(keep int) {
	s.configure(hardly + "[guard]\ncreates = { count = 1000 }\nupdates = { count = 1000 }\nclears = { count = 1000, cap = 0 }\n" +
		"writebacks = { count = 1000, cap = 0 }\nremovals = { count = 1000, cap = 0 }\n[metrics]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n")
	text, err := os.ReadFile(s.config())
	if err != nil {
		s.t.Fatal(err)
	}
	more := strings.Replace(string(text), "[state]\n", fmt.Sprintf("[state]\nkeep_runs = %d\nkeep_for = \"1d\"\n", keep), 1)
	more = strings.Replace(more, "level = \"warn\"", "level = \"info\"", 1)
	if err := os.WriteFile(s.config(), []byte(more), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// disturb restarts the service in the first half, and has it load its
// configuration anew now and then.
func (s *soaking) disturb(n int) {
	switch {
	case n > 0 && n <= soakRuns/2 && n%50 == 0:
		s.stop(syscall.SIGTERM)
		s.serve()
	case n < soakRuns/2 && n%50 == 25:
		_ = s.service.cmd.Process.Kill()
		<-s.service.ended
		s.serve()
	case n%10 == 5:
		before := strings.Count(s.service.log.String(), "loaded anew")
		s.signal(syscall.SIGHUP)
		s.says("loaded anew", before+1)
	}
}

// edit changes something on either side.
func (s *soaking) edit() {
	n := s.IntN(s.people)
	s.serial++
	text := fmt.Sprint("Text ", s.serial)
	switch s.IntN(7) {
	case 0, 1:
		s.slapd.Modify(dnOf(n), "sn", text)
	case 2:
		s.slapd.Modify(dnOf(n), "mail", fmt.Sprintf("ldap%d@parts.test", s.serial))
	case 3:
		if s.user(uid(n)) != nil {
			s.editUser(n, fmt.Sprintf(`{"email":"xivo%d@parts.test"}`, s.serial))
		}
	case 4:
		if s.user(uid(n)) != nil {
			s.editUser(n, fmt.Sprintf(`{"lastname":%q}`, text))
		}
	case 5:
		if s.people < soakPeople+15 {
			s.slapd.Add(ldaptest.People(s.people+1, 1)[s.people])
			s.people++
		}
	case 6:
		s.slapd.Modify(dnOf(n), "employeeType", []string{"disabled", "internal"}[s.IntN(2)])
	}
}

// oneRun makes a run. Without a fault it serves everybody, and says itself what
// it sent.
func (s *soaking) oneRun(fault bool) {
	s.t.Helper()
	before := s.writes.Load()
	cmd := s.command("run", "--json")
	out, err := cmd.Output()
	code := codeOf(s.t, err)
	if fault {
		return
	}
	var run record.Run
	if err := json.Unmarshal(out, &run); err != nil || code != 0 {
		s.t.Fatalf("exit code %d: %s, %v", code, out, err)
	}
	if sent := s.writes.Load() - before; run.Requests[record.XiVO].Write != sent {
		s.t.Errorf("run %d: XiVO was asked for %d changes, the journal says %d", run.Number, sent, run.Requests[record.XiVO].Write)
	}
}

// usage asks the service's own metrics.
func (s *soaking) usage() (u usage) {
	s.t.Helper()
	_, text := s.fetch("/metrics")
	for name, to := range map[string]*float64{
		"process_resident_memory_bytes": &u.memory, "process_open_fds": &u.files, "go_goroutines": &u.goroutines,
	} {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(text)
		if m == nil {
			s.t.Fatalf("no %s", name)
		}
		*to, _ = strconv.ParseFloat(m[1], 64)
	}
	info, err := os.Stat(filepath.Join(s.dir, "state.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	u.store = float64(info.Size())
	return u
}

// agree compares both sides as they are, wherever no conflict is open.
func (s *soaking) agree() {
	s.t.Helper()
	out, _ := s.run(0, "conflicts", "list", "--json")
	var conflicts []struct{ Record, Field string }
	if err := json.Unmarshal([]byte(out), &conflicts); err != nil {
		s.t.Fatal(err)
	}
	open := map[string]bool{}
	for _, c := range conflicts {
		open[c.Record+"/"+c.Field] = true
	}
	compared := 0
	for _, e := range s.slapd.Search(ldaptest.PeopleDN, "(uid=*)", "uid", "sn", "mail", "employeeType") {
		id := e.GetAttributeValue("uid")
		u := s.user(id)
		disabled := e.GetAttributeValue("employeeType") == "disabled"
		switch {
		case u == nil && !disabled:
			s.t.Errorf("%s has no user", id)
		case u == nil:
		case u["enabled"] == disabled:
			s.t.Errorf("%s is enabled %v in XiVO, disabled %v in the directory", id, u["enabled"], disabled)
		case !disabled:
			for field, attribute := range map[string]string{"lastname": "sn", "email": "mail"} {
				compared++
				if l := e.GetAttributeValue(attribute); u[field] != l && !open[id+"/"+field] {
					s.t.Errorf("%s: %s is %q, %s is %v, and no conflict tells", id, attribute, l, field, u[field])
				}
			}
		}
	}
	s.t.Logf("%d values compared, %d conflicts open", compared, len(open))
}
