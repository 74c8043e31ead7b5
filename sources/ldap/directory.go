package ldap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"xivosync/reconcile/record"
)

// Directory is an open directory. Its methods may be called at the same time;
// each uses a connection of its own, and one is kept for the next.
type Directory struct {
	cfg    Config
	url    string
	server server
	layout *layout
	// groups are those of the last listing, nil until one was made.
	groups atomic.Pointer[groups]

	reads, writes atomic.Int64

	mu     sync.Mutex
	idle   *session
	closed bool
}

// errClosed is returned when a closed directory is asked for something.
var errClosed = errors.New("the directory is closed")

// Open connects to the first server that answers, logs in and finds out what the
// server is. A refused login is not tried again, nor elsewhere: on Active
// Directory that locks the account.
func Open(ctx context.Context, cfg Config) (*Directory, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, down("configuration", "", err)
	}
	d := &Directory{cfg: cfg}
	s, err := d.connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.discover(ctx, s); err != nil {
		s.close()
		return nil, err
	}
	d.release(s)
	return d, nil
}

// connect tries the servers in order and remembers the one that answered.
func (d *Directory) connect(ctx context.Context) (*session, error) {
	var failures []error
	for _, u := range d.cfg.URLs {
		s, err := dial(ctx, d.cfg, u)
		if err == nil {
			d.url = u
			return s, nil
		}
		err = down(u, "connect", err)
		var refused *loginError
		if ctx.Err() != nil || errors.As(err, &refused) && !lost(refused.err) {
			return nil, err
		}
		d.cfg.Log.Warn("server does not answer", "url", u, "error", err)
		failures = append(failures, err)
	}
	if len(failures) == 1 {
		return nil, failures[0]
	}
	return nil, &record.Error{Side: record.LDAP, Class: record.Down, Err: errors.Join(failures...)}
}

// borrow returns a session that is the caller's alone until it is released.
func (d *Directory) borrow(ctx context.Context) (*session, error) {
	d.mu.Lock()
	s, closed := d.idle, d.closed
	d.idle = nil
	d.mu.Unlock()
	switch {
	case closed:
		return nil, down(d.url, "connect", errClosed)
	case s != nil && s.usable():
		return s, nil
	case s != nil:
		s.close()
	}
	return d.redial(ctx)
}

// redial makes a new session with the server that this run began with. A name may
// stand for several domain controllers, of which one may lag behind another.
func (d *Directory) redial(ctx context.Context) (*session, error) {
	s, err := dial(ctx, d.cfg, d.url)
	if err != nil {
		return nil, down(d.url, "connect", err)
	}
	if err := d.sameController(ctx, s); err != nil {
		s.close()
		return nil, down(d.url, "connect again", err)
	}
	return s, nil
}

// sameController fails when another domain controller answers than at first.
func (d *Directory) sameController(ctx context.Context, s *session) error {
	if d.server.service == "" {
		return nil
	}
	root, err := d.entry(ctx, s, "", []string{serviceAttribute})
	if err != nil {
		return err
	}
	if now := root.GetEqualFoldAttributeValue(serviceAttribute); now != d.server.service {
		return fmt.Errorf("another domain controller answers (%s) than at the beginning of the run (%s): name one of them in url, not the domain", now, d.server.service)
	}
	return nil
}

// release keeps the session for the next one who borrows, if it is any good.
func (d *Directory) release(s *session) {
	d.mu.Lock()
	keep := !d.closed && d.idle == nil && s.usable()
	if keep {
		d.idle = s
	}
	d.mu.Unlock()
	if !keep {
		s.close()
	}
}

// ask runs an operation that only reads. When the connection turns out to be
// dead, as after a restart of the server, it is run once more on a new one.
func (d *Directory) ask(ctx context.Context, operation func(*session) error) error {
	s, err := d.borrow(ctx)
	if err != nil {
		return err
	}
	err = operation(s)
	d.release(s)
	if !lost(err) || ctx.Err() != nil {
		return err
	}
	d.cfg.Log.Info("connection lost, connecting again", "url", d.url, "error", err)
	if s, err = d.redial(ctx); err != nil {
		return err
	}
	err = operation(s)
	d.release(s)
	return err
}

// Requests counts the searches and modifications that were sent.
func (d *Directory) Requests() record.Requests {
	return record.Requests{Read: d.reads.Load(), Write: d.writes.Load()}
}

// Close ends the connection. Operations that are under way are not waited for;
// their connections are closed when they end.
func (d *Directory) Close() error {
	d.mu.Lock()
	s := d.idle
	d.idle, d.closed = nil, true
	d.mu.Unlock()
	if s != nil {
		s.close()
	}
	return nil
}

// String names the server.
func (d *Directory) String() string { return fmt.Sprintf("ldap directory at %s", d.url) }
