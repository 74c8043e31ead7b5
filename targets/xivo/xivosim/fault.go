package xivosim

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// Effect is what a fault does to a request.
type Effect int

const (
	// AnswerInstead answers Status and Body without doing anything.
	AnswerInstead Effect = iota
	// FailAfter does the request and then answers Status and Body: by default
	// the 500 of a sysconfd that fails after the commit.
	FailAfter
	// DropBefore closes the connection without doing the request.
	DropBefore
	// DropAfter does the request and closes the connection without an answer.
	DropAfter
	// Delay waits before the request is done.
	Delay
	// Ignore answers 204 and does nothing.
	Ignore
	// RevokeTokens makes every token invalid, then does the request.
	RevokeTokens
)

const authPrefix = "/0.1/"

const sysconfdDown = `["Unexpected error: sysconfd error: status 500 - injected"]`

// Fault strikes requests that match.
type Fault struct {
	Method string // empty for any
	// Path is the path to match, by parts: * is any one part, a last ** any
	// rest. Empty matches everything but xivo-auth, whose requests are struck
	// only by a path that begins with /0.1/.
	Path string
	// Nth is which matching request is struck, 1 the first; 0 strikes all.
	Nth    int
	Effect Effect
	// Status and Body of AnswerInstead and FailAfter. Default 500 and the
	// text of a failing sysconfd.
	Status int
	Body   string
	// Wait is how long Delay waits.
	Wait time.Duration
}

// armedFault counts what it has seen.
type armedFault struct {
	Fault
	seen int
}

// Inject adds faults; the first that matches a request strikes alone.
func (s *Sim) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &armedFault{Fault: f})
	}
}

// ClearFaults takes every fault away.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike returns the fault for a request, nil for none, and counts it for all
// that match.
func (s *Sim) strike(r *http.Request) (hit *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		if f.Method != "" && f.Method != r.Method || !matchPath(f.Path, r.URL.Path) {
			continue
		}
		if strings.HasPrefix(r.URL.Path, authPrefix) && !strings.HasPrefix(f.Path, authPrefix) {
			continue
		}
		f.seen++
		if hit == nil && (f.Nth == 0 || f.Nth == f.seen) {
			hit = &f.Fault
		}
	}
	return hit
}

func matchPath(pattern, path string) bool {
	if pattern == "" {
		return true
	}
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, part := range want {
		switch {
		case part == "**":
			return len(have) >= i
		case i >= len(have), part != "*" && part != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}

// serve lets the request through as the fault wants it; a nil fault wants nothing.
func (f *Fault) serve(s *Sim, w http.ResponseWriter, r *http.Request, next http.Handler) {
	if f == nil {
		next.ServeHTTP(w, r)
		return
	}
	switch f.Effect {
	case AnswerInstead:
		f.answer(w, r)
	case FailAfter:
		next.ServeHTTP(&discard{header: http.Header{}}, r)
		f.answer(w, r)
	case DropBefore:
		panic(http.ErrAbortHandler)
	case DropAfter:
		next.ServeHTTP(&discard{header: http.Header{}}, r)
		panic(http.ErrAbortHandler)
	case Delay:
		if pause(r.Context(), f.Wait) != nil {
			panic(http.ErrAbortHandler)
		}
		next.ServeHTTP(w, r)
	case Ignore:
		send(w, r, http.StatusNoContent, "application/json", nil)
	case RevokeTokens:
		s.RevokeTokens()
		next.ServeHTTP(w, r)
	}
}

func (f *Fault) answer(w http.ResponseWriter, r *http.Request) {
	status, body := f.Status, f.Body
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if body == "" {
		body = sysconfdDown
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	send(w, r, status, "application/json", []byte(body))
}

// discard is where the answer of a request goes that nobody is told about.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
