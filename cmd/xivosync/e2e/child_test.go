package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// childVariable holds the job of a process that is to make one run and perhaps
// to die of it.
const childVariable = "XIVOSYNC_E2E_CHILD"

// job is what a child process does.
type job struct {
	Setup            setup
	XiVO, Auth, Web  string
	Username, Secret string
	Allow            []string
	Rollback         uint64   // the run to take back; 0 makes a run
	Ask              []string // the process is a service, of which another one asks this command
	KillAt           int      // the writing call to the store at which to die; 0 is never
	KillAfter        bool     // after it, not before
	FullAt           int      // the writing call to the store for which there is no room on the disk; 0 is never
	FullAfter        bool     // nor for anything after it
	FileLimit        uint64
	Steps            bool // print the number of writing calls to the store
}

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		if err := beChild([]byte(text)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func beChild(text []byte) error {
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	s := j.Setup
	signal.Ignore(syscall.SIGXFSZ) // which says what the failing write says
	s.XiVO.URL, s.XiVO.AuthURL, s.XiVO.WebURL, s.XiVO.Username, s.XiVO.Password = j.XiVO, j.Auth, j.Web, j.Username, j.Secret
	if j.FileLimit > 0 {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: j.FileLimit, Max: j.FileLimit}); err != nil {
			return err
		}
	}
	k := &killer{at: j.KillAt, after: j.KillAfter, full: room{at: j.FullAt, after: j.FullAfter}}
	wrap := func(st reconcile.Store) reconcile.Store {
		k.Store = st
		return k
	}
	err := s.open(hclog.NewNullLogger(), wrap, j.do)
	if j.Steps {
		fmt.Println(k.n)
	}
	return err
}

// do makes the run, or takes one back.
func (j job) do(e *reconcile.Engine) error {
	ctx := context.Background()
	if j.Rollback > 0 {
		report, err := e.Rollback(ctx, reconcile.RollbackOptions{First: j.Rollback, Allow: j.Allow, Trigger: "child"})
		if err == nil && len(report.Failures)+len(report.Left) > 0 {
			err = fmt.Errorf("failures: %v, left: %v", report.Failures, report.Left)
		}
		return err
	}
	report, err := e.Run(ctx, reconcile.Options{Mode: record.Full, Trigger: "child", Allow: j.Allow})
	if err == nil && len(report.Failures) > 0 {
		err = fmt.Errorf("failures: %v", report.Failures)
	}
	if err == nil && j.Setup.Relay != nil {
		_, err = j.Setup.post(e.Store.(post.Outbox))
	}
	return err
}

// killer ends its process with SIGKILL before or after one of the calls that
// write to the store, or leaves that call no room on the disk.
type killer struct {
	reconcile.Store
	n, at int
	after bool
	full  room
}

func (k *killer) step(do func() error) error {
	k.n++
	if k.n == k.at && !k.after {
		die()
	}
	err := k.full.during(k.n, do)
	if k.n == k.at && k.after {
		die()
	}
	return err
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func (k *killer) Configure(digests map[string]record.Digest) error {
	return k.step(func() error { return k.Store.Configure(digests) })
}

func (k *killer) Begin(run record.Run) (out record.Run, err error) {
	err = k.step(func() (err error) { out, err = k.Store.Begin(run); return err })
	return out, err
}

func (k *killer) Finish(run record.Run) error {
	return k.step(func() error { return k.Store.Finish(run) })
}

func (k *killer) Open(u record.Unit) error { return k.step(func() error { return k.Store.Open(u) }) }

func (k *killer) Settle(u record.Unit, i, next int, effect reconcile.Effect) error {
	return k.step(func() error { return k.Store.Settle(u, i, next, effect) })
}

func (k *killer) Adopt(units []record.Unit, effect reconcile.Effect) error {
	return k.step(func() error { return k.Store.Adopt(units, effect) })
}

func (k *killer) Keep(effect reconcile.Effect) error {
	return k.step(func() error { return k.Store.Keep(effect) })
}

func (k *killer) UpdateMail(m record.Mail) error {
	return k.step(func() error { return k.Store.UpdateMail(m) })
}

// PendingMails makes a post.Outbox of it.
func (k *killer) PendingMails() iter.Seq2[record.Mail, error] {
	return k.Store.(post.Outbox).PendingMails()
}

func (k *killer) Hold(holds ...record.Hold) error {
	return k.step(func() error { return k.Store.Hold(holds...) })
}

func (k *killer) Release(numbers ...uint64) error {
	return k.step(func() error { return k.Store.Release(numbers...) })
}

func (k *killer) Save(states []record.State) error {
	return k.step(func() error { return k.Store.Save(states) })
}

func (k *killer) Touch(links []record.Link) error {
	return k.step(func() error { return k.Store.Touch(links) })
}

func (k *killer) Forget(links []uint64) error {
	return k.step(func() error { return k.Store.Forget(links) })
}

func (k *killer) Remember(m reconcile.Memory) error {
	return k.step(func() error { return k.Store.Remember(m) })
}

func (k *killer) Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error {
	return k.step(func() error { return k.Store.Reconcile(run, now, found, examined) })
}

// child is a process that makes the next run of the world.
type child struct {
	cmd         *exec.Cmd
	out, errors bytes.Buffer
	done        chan struct{} // closed at its end
	err         error         // how it ended
	asked       error         // of a service: how the command ended that it was asked for
}

// startChild starts one, an hour after the last run.
func (w *world) startChild(change func(*job)) *child {
	w.t.Helper()
	w.Clock = w.Clock.Add(time.Hour)
	j := job{Setup: w.setup, XiVO: w.XiVO.URL, Auth: w.XiVO.AuthURL, Web: w.XiVO.WebURL, Username: w.XiVO.Username, Secret: w.XiVO.Password,
		Allow: []string{reconcile.GuardFirstRun}}
	if change != nil {
		change(&j)
	}
	if len(j.Ask) > 0 {
		return w.startService(j)
	}
	program, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := &child{cmd: exec.Command(program), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childVariable+"="+string(encode(w.t, j)))
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.errors
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		c.err = c.cmd.Wait()
		close(c.done)
	}()
	return c
}

// kill returns when the process is dead.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.done
}

// wait tells whether the process was killed, and how it ended otherwise.
func (c *child) wait() (killed bool, err error) {
	<-c.done
	err = c.err
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() && s.Signal() == syscall.SIGKILL {
			return true, nil
		}
		return false, fmt.Errorf("%w: %s", err, &c.errors)
	}
	return false, err
}
