package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// status is one line on a terminal that tells how far a run is. Elsewhere it
// shows nothing. It passes on what is written to it (logs), so that the line is
// out of the way.
type status struct {
	mu    sync.Mutex
	w     io.Writer
	on    bool
	drawn bool
	last  time.Time
}

// pause between two drawings: more often would cost more than it tells.
const pause = 100 * time.Millisecond

func newStatus(w io.Writer) *status { return &status{w: w, on: isTerminal(w)} }

// show draws how far a phase is; a total of zero is not known.
func (s *status) show(phase string, done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on || time.Since(s.last) < pause {
		return
	}
	s.last, s.drawn = time.Now(), true
	if total > 0 {
		fmt.Fprintf(s.w, "\r\x1b[K%s: %d of %d", phase, done, total)
		return
	}
	fmt.Fprintf(s.w, "\r\x1b[K%s: %d", phase, done)
}

// clear takes the line away.
func (s *status) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
}

func (s *status) wipe() {
	if s.drawn {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.drawn = false
	}
}

// Write passes a log line on.
func (s *status) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	return s.w.Write(text)
}
