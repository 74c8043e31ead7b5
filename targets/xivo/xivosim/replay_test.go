package xivosim

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const recordings = "../../../testdata/confd"

// recording is one file of testdata/confd.
type recording struct {
	Scenario string `json:"scenario"`
	Steps    []step `json:"steps"`
}

type step struct {
	N       int               `json:"n"`
	Note    string            `json:"note"`
	Base    string            `json:"base"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"request_headers"`
	Body    json.RawMessage   `json:"request_body"`
	Raw     *string           `json:"request_body_raw"`
	Hex     string            `json:"request_body_hex"`
	SQL     string            `json:"sql"`

	Status   int               `json:"status"`
	Reply    map[string]string `json:"response_headers"`
	Response json.RawMessage   `json:"response_body"`
	Text     *string           `json:"response_text"`
}

// leftOut are the resources that are not simulated, and why. A step whose
// path begins with one is not sent.
var leftOut = map[string]string{
	"lines_sip": "deprecated resource that no client of ours uses",
}

// struck are the steps of the backend failures: what has to go wrong.
var struck = map[int]Fault{
	2:  {Effect: FailAfter},
	4:  {Effect: FailAfter, Body: aborted},
	6:  {Effect: FailAfter, Body: aborted},
	8:  {Effect: FailAfter, Body: aborted},
	12: {Effect: AnswerInstead, Body: provdDown},
	15: {Effect: AnswerInstead, Body: provdDown},
}

const (
	aborted   = `["Unexpected error: ('Connection aborted.', BadStatusLine('No status line received - the server has closed the connection',))"]`
	provdDown = `["Unexpected error: HTTP Error 500: Internal Server Error"]`
)

// TestReplay sends every recorded request to a fresh XiVO and wants the
// recorded answer.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(recordings, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", recordings, err)
	}
	replayed, skipped := 0, map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var rec recording
		if err := json.Unmarshal(raw, &rec); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Run(rec.Scenario, func(t *testing.T) {
			p := newPlayer(t, rec.Scenario)
			for _, s := range rec.Steps {
				if reason := reasonToSkip(s); reason != "" {
					skipped[reason]++
					continue
				}
				p.play(s)
				replayed++
			}
		})
	}
	t.Logf("%d steps replayed", replayed)
	for _, reason := range slices.Sorted(mapsKeys(skipped)) {
		t.Logf("%d steps left out: %s", skipped[reason], reason)
	}
}

func reasonToSkip(s step) string {
	if s.Status == 0 && s.SQL == "" {
		return "a remark, not a request"
	}
	path := strings.TrimPrefix(s.Path, "/1.1/")
	for prefix, reason := range leftOut {
		if path == prefix || strings.HasPrefix(path, prefix+"/") || strings.HasPrefix(path, prefix+"?") {
			return prefix + ": " + reason
		}
	}
	return ""
}

// player sends the steps of one recording, with the recorded generated values
// replaced by ours.
type player struct {
	t        *testing.T
	scenario string
	sim      *Sim
	bound    map[string]string // recorded value to ours
	sent     strings.Builder   // everything the client said: not generated
}

func newPlayer(t *testing.T, scenario string) *player {
	sim := New(Options{Username: "admin", Password: "proformatique", Rand: newTestRand()})
	sim.GrantToken("test-token")
	return &player{t: t, scenario: scenario, sim: sim, bound: map[string]string{}}
}

func (p *player) play(s step) {
	if s.SQL != "" {
		p.applySQL(s)
		return
	}
	before := p.t.Failed()
	if f, ok := struck[s.N]; ok && p.scenario == "22_backend_failures" {
		p.sim.Inject(f)
		defer p.sim.ClearFaults()
	}
	h := p.sim.LocalConfd()
	base := "http://127.0.0.1:9487"
	if s.Base != "" {
		base = s.Base
		h = p.sim.Confd()
	}
	req := p.request(base, s)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	p.compare(s, w)
	if p.t.Failed() && !before {
		p.t.Logf("first difference at step %d (%s): %s %s %s", s.N, s.Note, s.Method, s.Path, s.Body)
	}
}

// applySQL is the row that the recorder put into the database by hand.
func (p *player) applySQL(s step) {
	if !strings.HasPrefix(s.SQL, "INSERT INTO agentfeatures") {
		p.t.Fatalf("step %d: unknown statement %s", s.N, s.SQL)
	}
	p.sim.AddAgent(Agent{Number: "8000", Firstname: "Ag", Lastname: "Ent", Context: "default", Group: 1})
}

func (p *player) request(base string, s step) *http.Request {
	var body []byte
	switch {
	case s.Raw != nil:
		body = []byte(*s.Raw)
	case s.Hex != "":
		body, _ = hex.DecodeString(s.Hex)
	default:
		body = s.Body
	}
	p.sent.WriteString(s.Path + string(body))
	req := httptest.NewRequest(s.Method, base+p.ours(s.Path), bytes.NewReader([]byte(p.ours(string(body)))))
	for name, value := range s.Headers {
		if name == "Host" || name == "Content-Length" {
			continue
		}
		if name == "Authorization" && strings.HasPrefix(value, "Digest ") {
			value = p.digest(s.Method, value)
		}
		req.Header.Set(name, p.ours(value))
	}
	return req
}

// digest computes the response anew where the recorded one was right.
func (p *player) digest(method, value string) string {
	d := map[string]string{}
	for _, m := range digestField.FindAllStringSubmatch(value, -1) {
		d[m[1]] = m[2]
	}
	right := digestResponse("admin", "proformatique", d["nonce"], method, d["uri"])
	if right != d["response"] {
		return value
	}
	ours := digestResponse("admin", "proformatique", p.ours(d["nonce"]), method, d["uri"])
	return strings.ReplaceAll(value, right, ours)
}

// ours puts our generated values in the place of the recorded ones.
func (p *player) ours(s string) string {
	for recorded, mine := range p.bound {
		s = strings.ReplaceAll(s, recorded, mine)
		s = strings.ReplaceAll(s, strings.ToUpper(recorded), strings.ToUpper(mine))
	}
	return s
}

func pathOf(location string) string {
	u, err := url.Parse(location)
	if err != nil {
		return location
	}
	return u.RequestURI()
}
