package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/sources/ldap/ldaptest"
)

// mapped are the attributes of the configuration below.
var mapped = []string{"uid", "givenName", "sn", "mail", "mobile"}

const configuration = `[ldap]
url = %q
bind_dn = %q
password = %q
base = %q
filter = "(uid=*)"

[xivo]
url = %q
auth_url = %q
username = "xivosync"
password = %q

[state]
path = %q

[identifier]
ldap = "uid"
xivo = "userfield"

[numbering]
region = "FR"

[fields.firstname]
ldap = "givenName"

[fields.lastname]
ldap = "sn"

[fields.email]
ldap = "mail"
direction = "both"

[fields.mobile_phone_number]
ldap = "mobile"
transform = [{ number = "e164" }]

[fields.outgoing_caller_id]
direction = "none"
`

// BenchmarkNoOpRun compares a run that changes nothing with the two raw reads
// that it cannot do without, and with reading XiVO the obvious way.
func BenchmarkNoOpRun(b *testing.B) {
	for name, size := range map[string]struct {
		n      int
		phones bool
	}{
		human(10_000): {n: 10_000}, human(10_000) + " with phones": {n: 10_000, phones: true}, human(100_000): {n: 100_000},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measure(b, size.n, size.phones)
			}
		})
	}
}

func measure(b *testing.B, n int, phones bool) {
	b.StopTimer()
	w := newWorkplace(b, n, phones)
	first := w.program(b, "run", "--json", "--audit", "--allow", "first-run")
	if got := first.report.Counts.Adopted; got != n {
		b.Fatalf("%d people linked, not %d: %s", got, n, first.out)
	}
	w.restart(b)
	b.StartTimer()
	ldap := w.rawLDAP(b)
	survey := w.rawSurvey(b)
	noop := w.program(b, "run", "--json")
	b.StopTimer()
	if noop.report.Outcome != "nothing" || noop.report.Requests["xivo"].Write+noop.report.Requests["ldap"].Write > 0 {
		b.Fatalf("the run was no no-op: %s", noop.out)
	}
	slower := max(ldap, survey)
	b.ReportMetric(ldap.Seconds(), "raw-ldap-s")
	b.ReportMetric(survey.Seconds(), "raw-survey-s")
	b.ReportMetric(noop.took.Seconds(), "noop-s")
	b.ReportMetric(noop.took.Seconds()/slower.Seconds(), "noop/slower-raw")
	b.ReportMetric(noop.cpu.Seconds(), "own-cpu-s")
	b.ReportMetric(float64(noop.report.Requests["xivo"].Read), "xivo-requests")
	b.ReportMetric(float64(noop.report.Requests["ldap"].Read), "ldap-requests")
	b.ReportMetric(float64(noop.peak)/(1<<20), "peak-MB")
	if n <= 10_000 {
		audit := w.program(b, "run", "--json", "--audit")
		b.ReportMetric(audit.took.Seconds(), "obvious-lists-s")
		b.ReportMetric(audit.took.Seconds()/noop.took.Seconds(), "obvious/noop")
	}
	b.StartTimer()
}

// workplace is a directory, a XiVO, and the built program with its files.
type workplace struct {
	n             int
	slapd         *ldaptest.Server
	binary, dir   string
	sim           *exec.Cmd
	simulation    simulation
	confd, author string
}

func newWorkplace(b *testing.B, n int, withPhones bool) *workplace {
	b.Helper()
	w := &workplace{n: n, dir: b.TempDir(), simulation: simulation{People: n, Phones: withPhones}}
	w.build(b)
	w.slapd = ldaptest.Slapd(b, ldaptest.Options{People: staff(n, withPhones)})
	w.start(b)
	b.Cleanup(func() { w.stop(b) })
	if withPhones {
		w.configure(b, phones)
	} else {
		w.configure(b, "")
	}
	return w
}

func goBuild(b *testing.B, binary string) {
	b.Helper()
	if out, err := exec.Command("go", "build", "-o", binary, "xivosync/cmd/xivosync").CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
}

func (w *workplace) write(b *testing.B, name, text string) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

// start runs the simulated XiVO in a process of its own, so that its memory and
// its time are not ours.
func (w *workplace) start(b *testing.B) {
	b.Helper()
	spec, err := json.Marshal(w.simulation)
	if err != nil {
		b.Fatal(err)
	}
	w.sim = exec.Command(os.Args[0])
	w.sim.Env = append(os.Environ(), simEnv+"="+string(spec))
	w.sim.Stderr = os.Stderr
	w.sim.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := w.sim.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := w.sim.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("start the simulated XiVO: %v", err)
	}
	var where simulation
	if err := json.Unmarshal([]byte(line), &where); err != nil {
		b.Fatal(err)
	}
	w.confd, w.author = where.Confd, where.Auth
}

func (w *workplace) stop(b *testing.B) {
	b.Helper()
	_ = w.sim.Process.Signal(syscall.SIGTERM)
	if err := w.sim.Wait(); err != nil {
		b.Errorf("stop the simulated XiVO: %v", err)
	}
}

// restart serves the same people at the same addresses, at the measured pace.
func (w *workplace) restart(b *testing.B) {
	b.Helper()
	w.stop(b)
	w.simulation.Measured = true
	w.simulation.Confd, w.simulation.Auth = strings.TrimPrefix(w.confd, "http://"), strings.TrimPrefix(w.author, "http://")
	w.start(b)
}

// outcome is one run of the program.
type outcome struct {
	took, cpu time.Duration
	peak      int64 // bytes
	out       string
	report    struct {
		Run      uint64
		Outcome  string
		Counts   struct{ Adopted, Created, Updated int }
		Requests map[string]struct{ Read, Write int }
	}
}

// program runs the built program for a command that reports a run.
func (w *workplace) program(b *testing.B, args ...string) outcome {
	b.Helper()
	o := w.invoke(b, args...)
	if err := json.Unmarshal([]byte(o.out), &o.report); err != nil {
		b.Fatalf("%v: %v\n%s", args, err, o.out)
	}
	return o
}

// invoke runs the built program.
func (w *workplace) invoke(b *testing.B, args ...string) outcome {
	b.Helper()
	cmd := exec.Command(w.binary, append([]string{"--config", filepath.Join(w.dir, "xivosync.toml")}, args...)...)
	var errs strings.Builder
	cmd.Stderr = &errs
	var out bytes.Buffer
	cmd.Stdout = &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	peak := make(chan int64, 1)
	go func() { peak <- highWater(cmd.Process.Pid) }()
	err := cmd.Wait()
	o := outcome{took: time.Since(began), out: out.String(), peak: <-peak}
	if err != nil {
		b.Fatalf("%v: %v\n%s%s", args, err, &out, errs.String())
	}
	o.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return o
}

// highWater follows a process to its end and returns the most memory, in bytes,
// that it held. What the kernel tells afterwards would be ours: a child begins
// with the size of its parent.
func highWater(pid int) (bytes int64) {
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, rest, there := strings.Cut(string(text), "VmHWM:")
		if err != nil || !there {
			return bytes
		}
		var kilobytes int64
		if _, err := fmt.Sscan(rest, &kilobytes); err == nil && strings.Contains(string(text), "Name:\txivosync\n") {
			bytes = max(bytes, kilobytes<<10)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// rawLDAP reads the mapped attributes page by page and looks at nothing.
func (w *workplace) rawLDAP(b *testing.B) time.Duration {
	b.Helper()
	conn, err := goldap.DialURL(w.slapd.URL)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Bind(w.slapd.BindDN, w.slapd.Password); err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	paging := goldap.NewControlPaging(500)
	n := 0
	for {
		r, err := conn.Search(goldap.NewSearchRequest(ldaptest.PeopleDN, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false,
			"(uid=*)", mapped, []goldap.Control{paging}))
		if err != nil {
			b.Fatal(err)
		}
		n += len(r.Entries)
		next, _ := goldap.FindControl(r.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if next == nil || len(next.Cookie) == 0 {
			break
		}
		paging.SetCookie(next.Cookie)
	}
	if n != w.n {
		b.Fatalf("the raw read saw %d people", n)
	}
	return time.Since(began)
}

// rawSurvey sends the three requests and throws the answers away.
func (w *workplace) rawSurvey(b *testing.B) time.Duration {
	b.Helper()
	token := w.token(b)
	began := time.Now()
	for _, path := range []string{"/1.1/users?view=directory", "/1.1/users?view=summary", "/1.1/users/export"} {
		r, err := http.NewRequest(http.MethodGet, w.confd+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("X-Auth-Token", token)
		r.Header.Set("Accept", "application/json")
		w.drain(b, r)
	}
	return time.Since(began)
}

func (w *workplace) drain(b *testing.B, r *http.Request) []byte {
	b.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s", r.URL.Path, answer.Status)
	}
	if strings.HasPrefix(r.URL.Path, "/0.1/") {
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		b.Fatal(err)
	}
	return nil
}

func (w *workplace) token(b *testing.B) string {
	b.Helper()
	address, err := url.JoinPath(w.author, "/0.1/token")
	if err != nil {
		b.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(`{"backend":"xivo_service"}`))
	if err != nil {
		b.Fatal(err)
	}
	r.SetBasicAuth("xivosync", "secret")
	r.Header.Set("Content-Type", "application/json")
	var answer struct{ Data struct{ Token string } }
	if err := json.Unmarshal(w.drain(b, r), &answer); err != nil {
		b.Fatal(err)
	}
	return answer.Data.Token
}
