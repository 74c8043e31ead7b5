package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/targets/mail/mailtest"
)

// mortal builds the program so that it can be told at which step of its store to
// die.
func mortal(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "xivosync")
	out, err := exec.Command("go", "build", "-tags", "mortal", "-o", path, "xivosync/cmd/xivosync").CombinedOutput()
	if err != nil {
		t.Fatalf("build the program: %v\n%s", err, out)
	}
	return path
}

// command is the program with these arguments, for this world.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(w.Program, append([]string{"-c", w.beside("xivosync.toml")}, args...)...)
	cmd.Env = append(os.Environ(), "LDAP_PASSWORD="+w.LDAP.Password, "XIVO_PASSWORD="+w.XiVO.Password, "INVOCATION_ID=", "SUDO_USER=", "NOTIFY_SOCKET=", "RELAY_PASSWORD="+mailtest.Password)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// beside is a file in the folder of the store.
func (w *world) beside(name string) string { return filepath.Join(filepath.Dir(w.Path), name) }

func (w *world) socket() string { return w.Path + ".sock" }

// herald closes ready when the service says that it serves.
type herald struct {
	mu    sync.Mutex
	said  bytes.Buffer
	ready chan struct{}
	once  sync.Once
}

func (h *herald) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said.Write(p)
	if bytes.Contains(h.said.Bytes(), []byte(" serving: ")) {
		h.once.Do(func() { close(h.ready) })
	}
	return len(p), nil
}

func (h *herald) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said.String()
}

// startService starts a service, has another process ask it for the command as
// soon as it serves, and stops it when that has ended.
func (w *world) startService(j job) *child {
	w.t.Helper()
	text, err := w.text()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.beside("xivosync.toml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if w.Relay != nil {
		if err := os.WriteFile(w.beside("relay.pem"), w.Relay.CA, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	c := &child{cmd: w.command("serve"), done: make(chan struct{})}
	said := &herald{ready: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = said, said
	c.cmd.Env = append(c.cmd.Env, "XIVOSYNC_STEPS="+w.beside("steps"))
	if j.KillAt > 0 {
		c.cmd.Env = append(c.cmd.Env, fmt.Sprintf("XIVOSYNC_DIE=%s %d", map[bool]string{true: "after", false: "before"}[j.KillAfter], j.KillAt))
	}
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.cmd.Wait() }()
	go func() {
		defer close(c.done)
		select {
		case c.err = <-ended: // before it served
		case <-said.ready:
			c.asked = w.ask(j.Ask, &c.out)
			_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may be dead
			c.err = errors.Join(<-ended, c.asked)
		}
		c.errors.WriteString(said.String())
		if j.Steps {
			c.out.Reset()
			fmt.Fprintln(&c.out, w.steps())
		}
	}()
	return c
}

// lost is what a command says whose service died.
const lost = "the service ended before the command did"

// errLost is returned where the service died while it carried a command out.
var errLost = errors.New(lost)

// ask has a command carried out over the control socket.
func (w *world) ask(args []string, out *bytes.Buffer) error {
	cmd := w.command(args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &said
	err := cmd.Run()
	switch {
	case err != nil && cmd.ProcessState.ExitCode() == 1 && strings.Contains(said.String(), lost):
		return errLost
	case err != nil:
		return fmt.Errorf("%v: %w: %s%s", args, err, out, &said)
	}
	return nil
}

// steps is how many transactions its services began.
func (w *world) steps() int {
	info, err := os.Stat(w.beside("steps"))
	if err != nil {
		return 0 // there were none
	}
	return int(info.Size())
}

// asked starts a service that nobody kills, by the same configuration, and wants
// it to carry the command out, and to leave nothing when it is stopped.
func (w *world) asked(args ...string) *reportOfRun {
	w.t.Helper()
	c := w.startService(job{Ask: args})
	if killed, err := c.wait(); killed || err != nil {
		w.t.Fatalf("the service: killed %v, %v", killed, err)
	}
	if _, err := os.Stat(w.socket()); !errors.Is(err, os.ErrNotExist) {
		w.t.Errorf("the service has stopped, and its socket is there: %v", err)
	}
	w.Clock = time.Now().UTC()
	var run record.Run
	if err := json.Unmarshal(c.out.Bytes(), &run); err != nil {
		w.t.Fatalf("%v: %s", err, &c.out)
	}
	return &reportOfRun{Run: run}
}
