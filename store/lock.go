package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Holder is the process that has a store open for writing.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Program string    `json:"program"`
	Since   time.Time `json:"since"`
}

// Busy is the error of opening a store that another process has open: for
// writing, or, when it is to be opened for writing, for reading.
type Busy struct {
	Path string
	// Holder is the writing process; nil where it is not known, as when the
	// others only read.
	Holder *Holder
}

// Error says who holds the store.
func (b *Busy) Error() string {
	if b.Holder == nil {
		return fmt.Sprintf("store %s is in use by another process that reads or copies it; try again when it has ended", b.Path)
	}
	h := b.Holder
	return fmt.Sprintf("store %s is in use by %q (process %d on %s) since %s; wait until it has ended, or stop it",
		b.Path, h.Program, h.PID, h.Host, h.Since.Format(time.RFC3339))
}

// holderFile is where the writing process says who it is. The lock itself is on
// the store, so a file that a crash left behind locks nobody out.
func holderFile(path string) string { return path + ".lock" }

// sign writes the holder file.
func sign(path string, now time.Time) error {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	h := Holder{PID: os.Getpid(), Host: host, Program: strings.Join(os.Args, " "), Since: now}
	return replaceFile(holderFile(path), func(w io.Writer) error { return json.NewEncoder(w).Encode(h) })
}

// busy makes the error of a store that is locked.
func busy(path string) *Busy {
	b := &Busy{Path: path}
	text, err := os.ReadFile(holderFile(path))
	if err != nil {
		return b
	}
	var h Holder
	if json.Unmarshal(text, &h) == nil && h.alive() {
		b.Holder = &h
	}
	return b
}

// alive tells whether the process still is; one of another host is believed.
func (h Holder) alive() bool {
	if host, err := os.Hostname(); err != nil || host != h.Host {
		return true
	}
	return h.PID > 0 && !errors.Is(syscall.Kill(h.PID, 0), syscall.ESRCH)
}
