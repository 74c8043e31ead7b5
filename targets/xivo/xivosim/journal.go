package xivosim

import (
	"net/http"
	"slices"
)

// Request is one request that was answered, or dropped: then Status is 0.
type Request struct {
	Method, Path string // Path with its query
	Status       int
}

// Counts are the requests since the start or the last [Sim.ResetLog].
type Counts struct {
	Reads  int // GET, HEAD, OPTIONS
	Writes int
}

// journal is the log of the requests to confd and to the web interface;
// those to xivo-auth are not in it.
type journal struct {
	requests []Request
	counts   Counts
}

func (j *journal) add(r *http.Request, status int) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		j.counts.Reads++
	default:
		j.counts.Writes++
	}
	j.requests = append(j.requests, Request{r.Method, r.URL.RequestURI(), status})
}

// Counts returns the number of requests by class.
func (s *Sim) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.counts
}

// Log returns the requests in the order in which they ended.
func (s *Sim) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal.requests)
}

// ResetLog forgets the requests and their counts.
func (s *Sim) ResetLog() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = journal{}
}

// OnRequest has before called when a request arrives, and after, with its
// status, when it has been answered. They may use the Sim. Nil stops it.
func (s *Sim) OnRequest(before func(*http.Request), after func(r *http.Request, status int)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// watched counts, logs, calls the hooks and lets a fault strike.
func (s *Sim) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		before, after := s.before, s.after
		s.mu.Unlock()
		if before != nil {
			before(r)
		}
		f := s.strike(r)
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			s.mu.Lock()
			s.journal.add(r, seen.status)
			s.mu.Unlock()
			if after != nil {
				after(r, seen.status)
			}
		}()
		f.serve(s, seen, r, next)
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets an http.ResponseController through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
