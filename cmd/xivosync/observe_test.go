package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile/record"
)

// fetch asks the service's public address.
func (s *station) fetch(path string) (int, string) {
	s.t.Helper()
	at := regexp.MustCompile(`metrics=(127\.0\.0\.1:\d+)`).FindStringSubmatch(s.service.log.String())
	if at == nil {
		s.t.Fatal("the service does not say where its metrics are")
	}
	answer, err := http.Get("http://" + at[1] + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// health is how the service says that it does.
func (s *station) health() (h health) {
	s.t.Helper()
	if _, body := s.fetch("/health"); json.Unmarshal([]byte(body), &h) != nil {
		s.t.Fatalf("health: %s", body)
	}
	return h
}

func TestMetricsAndHealth(t *testing.T) {
	t.Parallel()
	textfile := filepath.Join(t.TempDir(), "xivosync.prom")
	s := newStation(t, 4, seldom+through+"[metrics]\ntextfile = \""+textfile+"\"\n")
	s.run(3, "run")
	s.run(0, "run", "--allow", "first-run")
	s.run(0, "run")
	text, err := os.ReadFile(textfile)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`xivosync_runs_total{mode="full",outcome="done"} 1`, `xivosync_runs_total{mode="full",outcome="guarded"} 1`,
		`xivosync_runs_total{mode="full",outcome="nothing"} 1`, `xivosync_changes_total{kind="created"} 4`,
		`xivosync_guard_stops_total{guard="first-run"} 1`, `xivosync_linked 4`, `xivosync_phase_duration_seconds_count{phase="write"} `,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the textfile lacks %s:\n%s", want, text)
		}
	}
	if info, err := os.Stat(textfile); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the textfile: %v %v", info, err)
	}
	s.configure(hardly + "[guard]\nupdates = { count = 0, share = 0.0 }\n[metrics]\nlisten = \"127.0.0.1:0\"\n")
	s.serve()
	code, body := s.fetch("/health")
	var h struct {
		Status      string
		LastSuccess *time.Time `json:"last_success"`
		Next        map[record.Mode]time.Time
		Paused      struct{ Guards []string }
	}
	if err := json.Unmarshal([]byte(body), &h); err != nil || code != 200 || h.Status != "ok" || h.LastSuccess == nil || h.Next[record.Full].IsZero() {
		t.Errorf("%d %s %v", code, body, err)
	}
	if _, body := s.fetch("/metrics"); !regexp.MustCompile(`xivosync_last_success_timestamp_seconds\{mode="full"\} 1\.\d+e\+09`).MatchString(body) {
		t.Errorf("the last success is not known after the start:\n%s", body)
	}
	s.slapd.Modify(dnOf(1), "sn", "Guarded")
	s.run(3, "run")
	code, body = s.fetch("/health")
	if err := json.Unmarshal([]byte(body), &h); err != nil || code != 503 || h.Status != "paused" || len(h.Paused.Guards) == 0 {
		t.Errorf("%d %s %v", code, body, err)
	}
	s.until("the metrics tell the pause", func() bool {
		_, body := s.fetch("/metrics")
		return strings.Contains(body, "xivosync_paused 1") && strings.Contains(body, `xivosync_guard_stops_total{guard="updates"} 1`)
	})
	_, body = s.fetch("/metrics")
	for _, want := range []string{`xivosync_request_duration_seconds_count{side="ldap"} `, `xivosync_request_duration_seconds_count{side="xivo"} `, "process_open_fds"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, uid(1)) || strings.Contains(body, "Guarded") {
		t.Error("a person is named")
	}
	s.stop(syscall.SIGTERM)
}

// manager is a service manager that notes what it is told.
func manager(t *testing.T) (socket string, told *lockedBuffer) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "notify")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	told = &lockedBuffer{}
	go func() {
		for buffer := make([]byte, 4096); ; {
			n, err := conn.Read(buffer)
			if err != nil {
				return
			}
			_, _ = told.Write(append(buffer[:n:n], '\n'))
		}
	}()
	return socket, told
}

func TestTheServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	s := newStation(t, 2, hardly+through)
	socket, told := manager(t)
	s.serve("NOTIFY_SOCKET="+socket, "WATCHDOG_USEC=200000")
	hears := func(text string, times int) {
		t.Helper()
		s.until("the manager hears "+text, func() bool { return strings.Count(told.String(), text) >= times })
	}
	hears("READY=1", 1)
	hears("STATUS=waiting; next: full run", 1)
	hears("WATCHDOG=1", 10)
	s.signal(syscall.SIGHUP)
	hears("RELOADING=1\nMONOTONIC_USEC=", 1)
	hears("READY=1", 2)
	s.run(3, "run")
	hears("STATUS=carrying out a command", 1)
	hears("STATUS=PAUSED since run 1: guard first-run", 1)
	s.stop(syscall.SIGTERM)
	hears("STOPPING=1", 1)
}

func TestEveryLineOfTheLogIsForPrograms(t *testing.T) {
	t.Parallel()
	s := newStation(t, 3, "[schedule]\nincremental = \"\"\nfull = \"10s\"\naudit = \"\"\n"+through+"[log]\nformat = \"json\"\nlevel = \"debug\"\n")
	s.run(0, "run", "--allow", "first-run")
	s.slapd.Modify(dnOf(1), "mail", "a@b.c")
	s.confd(http.MethodPut, "/users/"+s.user(uid(2))["uuid"].(string), `{"lastname":"Drifted"}`, nil)
	s.serve()
	s.says("run ended")
	s.stop(syscall.SIGTERM)
	var begun float64
	for line := range strings.Lines(s.service.log.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Errorf("%v: %s", err, line)
			continue
		}
		run, numbered := fields["run"].(float64)
		if numbered {
			begun = run
		}
		if module, _ := fields["@module"].(string); begun > 0 && strings.HasPrefix(module, "xivosync.xivo") && !numbered && !strings.Contains(line, "token") && !strings.Contains(line, "auth") {
			t.Errorf("a line of a run without its number: %s", line)
		}
	}
	if begun != 2 {
		t.Errorf("the last run that is named is %v", begun)
	}
}
