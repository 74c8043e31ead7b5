package ldap

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// session is one connection that is logged in. One operation uses it at a time.
//
// The library's calls know no context, so a context that ends closes the
// connection under the call, which then returns at once. The network connection
// is closed itself: the library's Close waits for a writer that may be stuck.
type session struct {
	conn    *goldap.Conn
	raw     net.Conn
	broken  atomic.Bool
	observe func(took time.Duration, failed bool)
}

// dial connects to one server, encrypts, and logs in. It is the only place that
// does; the whole of it is under the timeout of one answer.
func dial(ctx context.Context, cfg Config, rawURL string) (*session, error) {
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	raw, err := dialRaw(ctx, cfg, u)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	_ = raw.SetDeadline(time.Now().Add(cfg.Timeout))
	s, err := encrypt(ctx, cfg, u, raw)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	if err := s.login(ctx, cfg); err != nil {
		s.close()
		return nil, err
	}
	_ = raw.SetDeadline(time.Time{})
	return s, nil
}

func dialRaw(ctx context.Context, cfg Config, u *url.URL) (net.Conn, error) {
	d := net.Dialer{Timeout: cfg.Timeout}
	if u.Scheme == "ldapi" {
		return d.DialContext(ctx, "unix", u.Path)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ldap": goldap.DefaultLdapPort, "ldaps": goldap.DefaultLdapsPort}[u.Scheme]
	}
	return d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
}

// encrypt returns the session over raw, after the TLS handshake where one is
// wanted.
func encrypt(ctx context.Context, cfg Config, u *url.URL, raw net.Conn) (*session, error) {
	if u.Scheme == "ldaps" {
		conn := tls.Client(raw, cfg.tlsFor(u))
		if err := conn.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS handshake: %w", err)
		}
		return start(conn, raw, true, cfg), nil
	}
	s := start(raw, raw, false, cfg)
	if !cfg.StartTLS || u.Scheme == "ldapi" {
		return s, nil
	}
	if err := s.do(ctx, func() error { return s.conn.StartTLS(cfg.tlsFor(u)) }); err != nil {
		s.close()
		return nil, fmt.Errorf("StartTLS: %w", err)
	}
	return s, nil
}

func start(conn, raw net.Conn, encrypted bool, cfg Config) *session {
	s := &session{conn: goldap.NewConn(conn, encrypted), raw: raw, observe: cfg.Observe}
	s.conn.SetTimeout(cfg.Timeout)
	s.conn.Start()
	return s
}

func (c Config) tlsFor(u *url.URL) *tls.Config {
	out := &tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}
	if out.ServerName == "" {
		out.ServerName = u.Hostname()
	}
	if len(c.CA) > 0 {
		out.RootCAs = x509.NewCertPool()
		out.RootCAs.AppendCertsFromPEM(c.CA)
	}
	return out
}

func (s *session) login(ctx context.Context, cfg Config) error {
	if cfg.BindDN == "" {
		return nil
	}
	err := s.do(ctx, func() error { return s.conn.Bind(cfg.BindDN, cfg.Password) })
	if err != nil {
		return &loginError{account: cfg.BindDN, err: err}
	}
	return nil
}

// do runs one call of the library. When no answer came, or ctx ended meanwhile,
// the error is a *lostError and the session must not be used again.
func (s *session) do(ctx context.Context, call func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	stop := context.AfterFunc(ctx, s.abort)
	begin := time.Now()
	err := call()
	s.observe(time.Since(begin), unanswered(err))
	if !stop() {
		s.broken.Store(true)
		if err != nil {
			return &lostError{context.Cause(ctx)}
		}
	}
	if unanswered(err) {
		s.broken.Store(true)
		return &lostError{err}
	}
	return err
}

func (s *session) abort() {
	s.broken.Store(true)
	_ = s.raw.Close()
}

func (s *session) usable() bool { return !s.broken.Load() && !s.conn.IsClosing() }

func (s *session) close() {
	if s.broken.Load() {
		_ = s.raw.Close()
	}
	_ = s.conn.Close()
}

// lostError is returned when no answer came: nobody knows what the server did.
type lostError struct{ err error }

func (e *lostError) Error() string { return e.err.Error() }
func (e *lostError) Unwrap() error { return e.err }

// lost tells whether err comes from a connection that gave no answer.
func lost(err error) bool {
	var e *lostError
	return errors.As(err, &e)
}

// unanswered tells whether err means that no answer came, rather than a bad one.
// Not every network error of the library is of its own type: a connection that
// ends within an answer gives a plain one.
func unanswered(err error) bool {
	if err == nil {
		return false
	}
	var answer *goldap.Error
	if !errors.As(err, &answer) {
		return true
	}
	switch answer.ResultCode {
	case goldap.ErrorNetwork, goldap.ErrorUnexpectedMessage, goldap.ErrorUnexpectedResponse, goldap.ErrorMalformedPacket:
		return true
	}
	return false
}
