package bench

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// phones is what a person gets besides the fields of the user.
const phones = `
[[numbering.site]]
name = "lyon"
context = "default"
extensions = "10000-19999"
did_context = "from-extern"
did_block = "+33 4 72 11 00 00 - +33 4 72 11 99 99"
did_length = 5

[fields.extension]
ldap = "ipPhone"
direction = "both"

[fields.voicemail]
ldap = "ipPhone"

[fields.did]
ldap = "telephoneNumber"
`

// BenchmarkProvision compares provisioning people with line, DID and mailbox with
// a bare loop that sends the same requests.
func BenchmarkProvision(b *testing.B) {
	for _, n := range []int{100, 1000} {
		b.Run(human(n), func(b *testing.B) {
			for b.Loop() {
				provision(b, n)
			}
		})
	}
}

func provision(b *testing.B, n int) {
	b.StopTimer()
	w := &workplace{n: n, dir: b.TempDir()}
	w.build(b)
	w.slapd = ldaptest.Slapd(b, ldaptest.Options{People: workers(n)})
	tape := &tape{}
	stop := w.serve(b, tape)
	w.configure(b, phones)
	b.StartTimer()
	o := w.program(b, "run", "--json", "--allow", "first-run")
	b.StopTimer()
	stop()
	if o.report.Counts.Created != n {
		b.Fatalf("%d people created, not %d: %s", o.report.Counts.Created, n, o.out)
	}
	stop = w.serve(b, nil)
	bare := w.replay(b, tape.requests)
	stop()
	b.ReportMetric(o.took.Seconds(), "provision-s")
	b.ReportMetric(bare.Seconds(), "bare-loop-s")
	b.ReportMetric(o.took.Seconds()/bare.Seconds(), "provision/bare")
	b.ReportMetric(float64(o.report.Requests["xivo"].Write)/float64(n), "writes/person")
	b.ReportMetric(float64(len(tape.requests))/float64(n), "requests/person")
	b.StartTimer()
}

// workers are people with an internal number and a direct one.
func workers(n int) []ldaptest.Person {
	people := make([]ldaptest.Person, n)
	for i := range people {
		people[i] = ldaptest.Plain(fmt.Sprintf("w%05d", i), "givenName", "Worker")
		number(people[i], i)
	}
	return people
}

// serve starts a measured XiVO in this process; the same seed gives the same ids
// each time, so that recorded requests fit.
func (w *workplace) serve(b *testing.B, record *tape) (stop func()) {
	b.Helper()
	sim := xivosim.New(xivosim.Options{Pace: xivosim.PaceMeasured, Rand: rand.NewChaCha8([32]byte{2})})
	putContexts(sim)
	if record != nil {
		sim.OnRequest(record.take, nil)
	}
	srv, err := sim.Listen(xivosim.Addresses{})
	if err != nil {
		b.Fatal(err)
	}
	w.confd, w.author = srv.URL, srv.AuthURL
	return func() { _ = srv.Close() }
}

// tape keeps the requests of a run.
type tape struct {
	mu       sync.Mutex
	requests []taped
}

type taped struct {
	method, path string
	body         []byte
}

// take keeps one request and hands its body on.
func (t *tape) take(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // a body that cannot be read fails where it is decoded
	r.Body = io.NopCloser(bytes.NewReader(body))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests = append(t.requests, taped{r.Method, r.URL.RequestURI(), body})
}

// replay sends the requests one after the other, and looks at no answer.
func (w *workplace) replay(b *testing.B, requests []taped) time.Duration {
	b.Helper()
	token := w.token(b)
	began := time.Now()
	for _, one := range requests {
		r, err := http.NewRequest(one.method, w.confd+one.path, bytes.NewReader(one.body))
		if err != nil {
			b.Fatal(err)
		}
		r.Header.Set("X-Auth-Token", token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err := answer.Body.Close(); err != nil {
			b.Fatal(err)
		}
		if err != nil || answer.StatusCode >= 300 && answer.StatusCode != http.StatusNotFound {
			b.Fatalf("%s %s: %s %v %s", one.method, one.path, answer.Status, err, base64.StdEncoding.EncodeToString(text))
		}
	}
	return time.Since(began)
}

// build compiles the program.
func (w *workplace) build(b *testing.B) {
	b.Helper()
	w.binary = filepath.Join(w.dir, "xivosync")
	goBuild(b, w.binary)
}

// configure writes the configuration, with more fields after the usual ones.
func (w *workplace) configure(b *testing.B, more string) {
	b.Helper()
	w.write(b, "ldap.secret", w.slapd.Password)
	w.write(b, "xivo.secret", "secret")
	text := fmt.Sprintf(configuration, w.slapd.URL, w.slapd.BindDN, "file:"+filepath.Join(w.dir, "ldap.secret"),
		ldaptest.PeopleDN, w.confd, w.author, "file:"+filepath.Join(w.dir, "xivo.secret"), filepath.Join(w.dir, "state.db"))
	w.write(b, "xivosync.toml", text+strings.TrimPrefix(more, "\n"))
}
