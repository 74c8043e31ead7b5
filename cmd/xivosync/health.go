package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile/record"
)

// The states of health.
const (
	healthOK     = "ok"
	healthPaused = "paused"
	healthDown   = "down"
	healthEnding = "stopping"
)

// health is what /health tells; its keys are stable. It names no people: anybody
// who reaches the address may read it.
type health struct {
	Status string `json:"status"`
	// Paused is there while only plans are made, Down while a side cannot be
	// reached.
	Paused *pausedHealth `json:"paused,omitempty"`
	Down   *downHealth   `json:"down,omitempty"`
	// Running is the mode of the run that is going, "command" for one that
	// somebody asked for, "mails" while mails are sent.
	Running string `json:"running,omitempty"`
	// Last is the last run of this service, LastSuccess when the last one ended
	// that came to its end for everybody.
	Last        *lastHealth               `json:"last,omitempty"`
	LastSuccess *time.Time                `json:"last_success,omitempty"`
	Next        map[record.Mode]time.Time `json:"next"`
}

type pausedHealth struct {
	Since  time.Time `json:"since"`
	Run    uint64    `json:"run"`
	Guards []string  `json:"guards"`
}

type downHealth struct {
	Side  record.Side `json:"side"`
	Since time.Time   `json:"since"`
	Tries int         `json:"tries"`
}

type lastHealth struct {
	Run      uint64         `json:"run"`
	Mode     record.Mode    `json:"mode"`
	Outcome  record.Outcome `json:"outcome"`
	Finished *time.Time     `json:"finished"`
}

// health tells how the service does.
func (s *service) health() health {
	status := s.loop.Status()
	s.mu.Lock()
	last, good := s.last, s.good
	s.mu.Unlock()
	h := health{Status: healthOK, Next: map[record.Mode]time.Time{}}
	now := s.clock().Wall
	for mode, wait := range status.Next {
		h.Next[mode] = now.Add(wait).Truncate(time.Second)
	}
	if turn := status.Current; turn != nil {
		switch h.Running = string(turn.Mode); {
		case turn.Asked():
			h.Running = "command"
		case turn.Mails:
			h.Running = "mails"
		}
	}
	if last != nil {
		h.Last = &lastHealth{last.Number, last.Mode, last.Outcome, last.Finished}
	}
	if !good.IsZero() {
		h.LastSuccess = &good
	}
	h.judge(status)
	return h
}

// judge says what is wrong: a service whose loop has ended has no next run.
func (h *health) judge(status schedule.Status) {
	if p := status.Pause; p != nil {
		h.Status, h.Paused = healthPaused, &pausedHealth{p.Since, p.Run, p.Guards}
	}
	if t := status.Trouble; t != nil {
		h.Status, h.Down = healthDown, &downHealth{t.Side, t.Since, t.Tries}
	}
	if status.Next == nil {
		h.Status = healthEnding
	}
}

// ServeHTTP answers 200 while all is well, else 503, with the same text.
func (s *service) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := s.health()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if h.Status != healthOK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(h) // whoever asked may have gone
}

// show serves /metrics and /health until ctx ends; without a listener it only
// waits.
func (s *service) show(ctx context.Context, l net.Listener) error {
	if l == nil {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.figures.Handler())
	mux.Handle("GET /health", s)
	return serveHTTP(ctx, l, mux)
}

// serveHTTP answers requests until ctx ends.
func serveHTTP(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: closing, WriteTimeout: time.Minute, IdleTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen opens the address of /metrics and /health, where there is one.
func listen(address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	return net.Listen("tcp", address)
}

// address is where a listener listens, "" for none.
func address(l net.Listener) string {
	if l == nil {
		return ""
	}
	return l.Addr().String()
}
