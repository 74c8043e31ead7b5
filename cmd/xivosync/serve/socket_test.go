package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

// control serves calls at a socket of its own, which it returns.
func control(t *testing.T, handle func(context.Context, *Call) int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "control.sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() {
		over <- (&Server{Handle: handle, Log: hclog.NewNullLogger()}).Serve(ctx, l)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("the socket is left: %v", err)
		}
	})
	return path
}

// ask has a command carried out.
func ask(t *testing.T, ctx context.Context, path string, r Request, files Files) (code int, out, err string) {
	t.Helper()
	conn, e := Dial(path)
	if e != nil {
		t.Fatal(e)
	}
	var o, s bytes.Buffer
	code, e = Forward(ctx, conn, r, &o, &s, files)
	if e != nil {
		t.Fatal(e)
	}
	return code, o.String(), s.String()
}

func TestACommandIsCarriedOutElsewhere(t *testing.T) {
	path := control(t, func(_ context.Context, c *Call) int {
		fmt.Fprintf(c.Stdout, "%v by %s in %s", c.Args, c.Who, c.Dir)
		fmt.Fprint(c.Stderr, "\xff told") // whatever the bytes are
		return 4
	})
	code, out, err := ask(t, t.Context(), path, Request{Args: []string{"why", "ann"}, Dir: "/home"}, Files{})
	if code != 4 || !strings.HasPrefix(out, "[why ann] by ") || !strings.HasSuffix(out, " in /home") || err != "\xff told" {
		t.Errorf("%d %q %q", code, out, err)
	}
}

func TestFilesStayThoseOfWhoeverAsks(t *testing.T) {
	big := bytes.Repeat([]byte("0123456789abcdef"), 20_000)
	var wrote []byte
	files := Files{
		Named: func(path string) bool { return strings.HasPrefix(path, "named") },
		Read: func(path string) ([]byte, error) {
			if path == "named-none" {
				return nil, os.ErrNotExist
			}
			return big, nil
		},
		Write: func(_ string, data []byte) error { wrote = bytes.Clone(data); return nil },
	}
	path := control(t, func(_ context.Context, c *Call) int {
		data, err := c.ReadFile("named")
		if err != nil || !bytes.Equal(data, big) {
			t.Errorf("read %d bytes, %v", len(data), err)
		}
		if _, err := c.ReadFile("named-none"); err == nil || !strings.Contains(err.Error(), "not exist") {
			t.Errorf("what is not there: %v", err)
		}
		if _, err := c.ReadFile("/etc/shadow"); err == nil || !strings.Contains(err.Error(), "does not name") {
			t.Errorf("what is not named: %v", err)
		}
		if err := c.WriteFile("/etc/passwd", []byte("root::0:0")); err == nil {
			t.Error("what is not named was written")
		}
		if err := c.WriteFile("named", nil); err != nil {
			t.Error(err)
		}
		if err := c.WriteFile("named", big); err != nil {
			t.Error(err)
		}
		return 0
	})
	if code, _, _ := ask(t, t.Context(), path, Request{}, files); code != 0 || !bytes.Equal(wrote, big) {
		t.Errorf("%d, wrote %d bytes", code, len(wrote))
	}
}

func TestWhoeverAsksMayStopOrGo(t *testing.T) {
	for name, tc := range map[string]struct {
		leave func(cancel context.CancelFunc, conn net.Conn)
		cause error
	}{
		"stops": {func(cancel context.CancelFunc, _ net.Conn) { cancel() }, errUnwanted},
		"goes":  {func(_ context.CancelFunc, conn net.Conn) { _ = conn.Close() }, errGone},
	} {
		t.Run(name, func(t *testing.T) {
			begun, cause := make(chan struct{}), make(chan error, 1)
			path := control(t, func(ctx context.Context, c *Call) int {
				close(begun)
				<-ctx.Done()
				cause <- context.Cause(ctx)
				fmt.Fprint(c.Stdout, "stopped")
				return 1
			})
			conn, err := Dial(path)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { <-begun; tc.leave(cancel, conn) }()
			var out bytes.Buffer
			code, err := Forward(ctx, conn, Request{}, &out, io.Discard, Files{})
			if got := <-cause; got != tc.cause {
				t.Errorf("ended by %v", got)
			}
			if name == "stops" && (err != nil || code != 1 || out.String() != "stopped") {
				t.Errorf("%d %v %s", code, err, out.String())
			}
			if name == "goes" && !errors.Is(err, ErrLost) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestNonsenseOnTheSocket(t *testing.T) {
	path := control(t, func(context.Context, *Call) int { t.Error("carried out"); return 0 })
	for _, text := range []string{"", "GET / HTTP/1.1\r\n\r\n", "{", `{"args":"no list"}`, `{"args":["` + strings.Repeat("x", longestRequest) + `"]}`} {
		conn, err := Dial(path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.UnixConn).CloseWrite()
		if answer, _ := io.ReadAll(conn); len(answer) > 0 {
			t.Errorf("%.20q is answered by %q", text, answer)
		}
		_ = conn.Close()
	}
}

func TestASocketThatACrashLeftIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("long-", 30), "control.sock") // longer than the system takes
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	dead, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.(*socket).UnixListener.Close() // its file stays
	if _, err := Dial(path); err == nil {
		t.Error("somebody answers")
	}
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if conn, err := l.Accept(); err == nil {
			_ = conn.Close()
		}
	}()
	conn, err := Dial(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestOthersAreTurnedAway speaks as the user nobody.
func TestOthersAreTurnedAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can speak as somebody else")
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("/tmp", "control")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o666)); err != nil { // as if the mode did not guard it
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() {
		over <- (&Server{Handle: func(context.Context, *Call) int { t.Error("carried out"); return 0 }, Log: hclog.NewNullLogger()}).Serve(ctx, l)
	}()
	said := speakAs(t, nobody, path)
	var told frame
	if err := json.Unmarshal([]byte(strings.SplitN(said, "\n", 2)[0]), &told); err != nil || !strings.Contains(string(told.Err), "may not command this service") {
		t.Errorf("nobody was told %q", said)
	}
	cancel()
	if err := <-over; err != nil {
		t.Error(err)
	}
}

// TestASlowReaderKeepsNobody lets the other end sleep: the call is broken off, so
// that what it holds is given back.
func TestASlowReaderKeepsNobody(t *testing.T) {
	one, two := net.Pipe()
	defer two.Close()
	w := newWire(one)
	w.slowest = 50 * time.Millisecond
	begin := time.Now()
	for range 5 {
		if err := w.send(frame{Out: []byte("text")}); err == nil {
			t.Fatal("taken by nobody")
		}
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("each frame waits: %s", took)
	}
	go func() { _, _ = io.Copy(io.Discard, two) }()
	if err := w.send(frame{}); err == nil {
		t.Error("it goes on in the middle")
	}
	_ = one.Close()
}

// FuzzCollector puts files together from whatever comes.
func FuzzCollector(f *testing.F) {
	f.Add(`{"reply":true,"data":"AAAA","more":true}`)
	f.Fuzz(func(t *testing.T, text string) {
		var one frame
		if json.Unmarshal([]byte(text), &one) != nil {
			return
		}
		var c collector
		if whole, err := c.add(one); err == nil && whole == one.More {
			t.Errorf("%s: whole %v", text, whole)
		}
	})
}
