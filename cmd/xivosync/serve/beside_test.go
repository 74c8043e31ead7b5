package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// TestNobodyIsPushedAside: neither a service that answers nor a file that is no
// socket has to make way.
func TestNobodyIsPushedAside(t *testing.T) {
	path := control(t, func(context.Context, *Call) int { return 7 })
	if l, err := Listen(path); err == nil {
		t.Error("two services at one socket:", l.Close())
	} else if !strings.Contains(err.Error(), "another service answers") {
		t.Error(err)
	}
	if code, _, _ := ask(t, t.Context(), path, Request{}, Files{}); code != 7 {
		t.Errorf("the first service answers %d", code)
	}
	file := filepath.Join(t.TempDir(), "xivosync.toml")
	if err := os.WriteFile(file, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a socket in place of a file: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "dear" {
		t.Errorf("the file: %q %v", text, err)
	}
}

// TestABusyServiceIsNotPushedAside: one that takes no connection for the moment lives.
func TestABusyServiceIsNotPushedAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := errors.Join(syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}), syscall.Listen(fd, 0)); err != nil {
		t.Fatal(err)
	}
	for { // until nobody more may wait
		conn, err := Dial(path)
		if err != nil {
			break
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	if l, err := Listen(path); err == nil {
		t.Error("it was pushed aside:", l.Close())
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// short is a listener of a machine that has no room for the first connections.
type short struct {
	net.Listener
	left int
}

func (s *short) Accept() (net.Conn, error) {
	if s.left--; s.left >= 0 {
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return s.Listener.Accept()
}

func TestAShortageDoesNotEndTheService(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() {
		over <- (&Server{Handle: func(context.Context, *Call) int { return 7 }, Log: hclog.NewNullLogger()}).Serve(ctx, &short{l, 1})
	}()
	if code, _, _ := ask(t, t.Context(), path, Request{}, Files{}); code != 7 {
		t.Errorf("the service answers %d", code)
	}
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// TestASleeperKeepsNobody: somebody was put to sleep while a file of theirs is to be
// written. The command ends, and gives back what it holds.
func TestASleeperKeepsNobody(t *testing.T) {
	asked := make(chan error, 1)
	path := control(t, func(_ context.Context, c *Call) int {
		c.wire.slowest = 50 * time.Millisecond
		asked <- c.WriteFile("plan.json", []byte("{}"))
		return 1
	})
	conn, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(Request{}); err != nil {
		t.Fatal(err)
	}
	if err := <-asked; err == nil || !strings.Contains(err.Error(), "no answer in 50ms") {
		t.Errorf("got %v", err)
	}
}
