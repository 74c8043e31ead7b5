package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Server carries out the commands of other processes.
type Server struct {
	// Handle carries one out, prints to the call, and returns the exit code. Its
	// context ends when the process is gone or wants the command to stop.
	Handle func(ctx context.Context, call *Call) int
	Log    hclog.Logger
}

// Call is a command on its way.
type Call struct {
	Request
	// Who wants it: a user of this machine, as the system says.
	Who string
	// Stdout and Stderr are those of the process.
	Stdout, Stderr io.Writer
	wire           *wire
	replies        chan frame
	gone           <-chan struct{}
}

// patience is how long a connection may take to say what it wants.
const patience = 10 * time.Second

// breath is how long to wait when the machine has no room for one more connection.
const breath = time.Second

// passes tells whether a connection that could not be taken is no reason to end the
// service: others will be, when files are closed or memory is free.
func passes(err error) bool {
	return slices.ContainsFunc([]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED},
		func(short error) bool { return errors.Is(err, short) })
}

// most is how many commands are carried out, or wait, at a time.
const most = 32

// Serve carries out commands until ctx ends, and returns when the last of them
// has ended. It closes the listener.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		_ = l.Close()
		close(closed)
	})
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan struct{}, most)
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			if err == nil {
				_ = conn.Close()
			}
			<-closed
			return nil
		}
		if err != nil && !passes(err) {
			_ = l.Close()
			return fmt.Errorf("control socket: %w", err)
		}
		if err != nil {
			s.Log.Error("the control socket takes no command for the moment", "error", err)
			select {
			case <-time.After(breath):
			case <-ctx.Done():
			}
			continue
		}
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			defer conn.Close()
			if err := s.converse(ctx, conn); err != nil {
				s.Log.Warn("a command over the control socket came to nothing", "error", err)
			}
		})
	}
}

// converse carries out the command of one connection.
func (s *Server) converse(ctx context.Context, conn net.Conn) error {
	who, uid, err := identify(conn)
	if err != nil {
		return err
	}
	out := newWire(conn)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	limited := &io.LimitedReader{R: conn, N: longestRequest}
	in := json.NewDecoder(limited)
	var request Request
	if err := in.Decode(&request); errors.Is(err, io.EOF) {
		return nil // somebody only looked whether the service is there
	} else if err != nil {
		return fmt.Errorf("read request of %s: %w", who, err)
	}
	// Only now, since what was not read would keep the answer from arriving.
	if uid != 0 && uid != os.Geteuid() {
		return errors.Join(fmt.Errorf("%s may not command this service", who), refuse(out, who))
	}
	_ = conn.SetReadDeadline(time.Time{})
	limited.N = 1 << 62
	if uid == 0 && request.Sudo != "" {
		who = request.Sudo
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	call := &Call{
		Request: request, Who: who, wire: out, replies: make(chan frame), gone: ctx.Done(),
		Stdout: printer{out, false}, Stderr: printer{out, true},
	}
	var listening sync.WaitGroup
	listening.Go(func() { call.listen(in, cancel) })
	code := s.Handle(ctx, call)
	err = out.send(frame{Exit: &code})
	cancel(nil)
	_ = conn.Close()
	listening.Wait()
	if errors.Is(err, fs.ErrClosed) || errors.Is(err, net.ErrClosed) || context.Cause(ctx) == errGone {
		return nil // the process went away, as it may
	}
	return err
}

// Who went away, or wants the command to stop.
const (
	errGone     = Stopped("whoever asked for it went away")
	errUnwanted = Stopped("stopped by whoever asked for it")
)

// listen takes what the process sends until it is gone.
func (c *Call) listen(in *json.Decoder, cancel context.CancelCauseFunc) {
	for {
		var f frame
		if err := in.Decode(&f); err != nil {
			cancel(errGone)
			return
		}
		if f.Cancel {
			cancel(errUnwanted)
		}
		if f.Reply {
			select {
			case c.replies <- f:
			case <-c.gone:
			}
		}
	}
}

// ReadFile returns the content of a file of the process. It can be had only if
// its command line names it.
func (c *Call) ReadFile(path string) ([]byte, error) {
	if err := c.wire.send(frame{Read: path}); err != nil {
		return nil, err
	}
	return c.reply()
}

// WriteFile has the process write a file that its command line names.
func (c *Call) WriteFile(path string, data []byte) error {
	if err := c.wire.stream(data, frame{Write: path}); err != nil {
		return err
	}
	_, err := c.reply()
	return err
}

func (c *Call) reply() ([]byte, error) {
	var got collector
	for {
		select {
		case <-time.After(c.wire.slowest):
			return nil, fmt.Errorf("whoever asked for it does nothing with its file: no answer in %s", c.wire.slowest)
		case f := <-c.replies:
			if whole, err := got.add(f); whole || err != nil {
				return got.data, err
			}
		case <-c.gone:
			return nil, errGone
		}
	}
}

// identify tells who is at the other end.
func identify(conn net.Conn) (who string, uid int, err error) {
	if uid, err = peer(conn); err != nil {
		return "", 0, fmt.Errorf("who is at the control socket: %w", err)
	}
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username, uid, nil
	}
	return fmt.Sprintf("uid %d", uid), uid, nil
}

// refuse says that this user has nothing to say here.
func refuse(out *wire, who string) error {
	me := fmt.Sprintf("uid %d", os.Geteuid())
	if u, err := user.Current(); err == nil {
		me = u.Username
	}
	one := 1
	text := fmt.Sprintf("xivosync: %s may not command this service; become %s or root\n", who, me)
	return errors.Join(out.send(frame{Err: []byte(text)}), out.send(frame{Exit: &one}))
}
