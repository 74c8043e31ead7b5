package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockVariable names a file that says how many seconds later it is for the program
// than it really is, so that a test need not wait for days.
const clockVariable = "XIVOSYNC_TEST_CLOCK"

// clocked is main under such a clock, where there is one.
func clocked() {
	file := os.Getenv(clockVariable)
	if file == "" {
		main()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	p := newProgram(os.Stdout, os.Stderr)
	p.now = func() time.Time { return time.Now().Add(shiftIn(file)) }
	os.Exit(p.execute(ctx, os.Args[1:]))
}

// shiftIn reads the file; it is written in one piece.
func shiftIn(file string) time.Duration {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return 0
	}
	seconds, wrong := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || wrong != nil {
		panic(fmt.Sprint("the test's clock: ", err, wrong))
	}
	return time.Duration(seconds) * time.Second
}

func (s *station) clockFile() string { return filepath.Join(s.dir, "clock") }

// later lets time pass for the station's processes. A service notices it within a
// minute by itself, and at once when it loads its configuration anew.
func (s *station) later(d time.Duration) {
	s.t.Helper()
	text := strconv.FormatInt(int64((shiftIn(s.clockFile())+d)/time.Second), 10)
	if err := os.WriteFile(s.clockFile()+".new", []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(s.clockFile()+".new", s.clockFile()); err != nil {
		s.t.Fatal(err)
	}
	if s.service == nil {
		return
	}
	before := strings.Count(s.service.log.String(), "loaded anew")
	s.signal(syscall.SIGHUP)
	s.says("loaded anew", before+1)
}
