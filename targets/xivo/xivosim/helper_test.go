package xivosim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func newTestSim(opt Options) *Sim {
	if opt.Rand == nil {
		opt.Rand = newTestRand()
	}
	return New(opt)
}

// ask sends a request to a handler, as JSON when there is a body.
func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:9487"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// want sends a request and fails the test on another status.
func want(t *testing.T, h http.Handler, status int, method, path, body string) map[string]any {
	t.Helper()
	w := ask(h, method, path, body)
	if w.Code != status {
		t.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body.String(), status)
	}
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out) // lists of texts are of no interest
	return out
}

// provision gives a user of that name a line with a number; ids start at 1.
func provision(t *testing.T, h http.Handler, name, number string) (user, line, exten string) {
	t.Helper()
	id := func(path, body string) string {
		return jsonID(want(t, h, 201, "POST", path, body)["id"])
	}
	user = id("/1.1/users", `{"firstname":"`+name+`"}`)
	line = id("/1.1/lines", `{"context":"default"}`)
	sip := id("/1.1/endpoints/sip", `{}`)
	exten = id("/1.1/extensions", `{"exten":"`+number+`","context":"default"}`)
	want(t, h, 204, "PUT", "/1.1/lines/"+line+"/endpoints/sip/"+sip, "")
	want(t, h, 204, "PUT", "/1.1/users/"+user+"/lines/"+line, "")
	want(t, h, 204, "PUT", "/1.1/lines/"+line+"/extensions/"+exten, "")
	return user, line, exten
}

func jsonID(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// clock is a time that a test moves.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { return c.now }

func items(t *testing.T, page map[string]any) []map[string]any {
	t.Helper()
	list, ok := page["items"].([]any)
	if !ok {
		t.Fatalf("no items in %v", page)
	}
	var out []map[string]any
	for _, v := range list {
		out = append(out, v.(map[string]any))
	}
	return out
}
