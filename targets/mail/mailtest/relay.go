// Package mailtest is a mail relay for tests: a real SMTP server on this machine
// that wants STARTTLS and a login, keeps what it takes, and fails when it is
// told to.
package mailtest

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"io"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The login that the relay wants.
const (
	Username = "xivosync"
	Password = "relay-secret-7"
)

// Relay is a running relay.
type Relay struct {
	// Port is where it listens; CA is the authority of its
	// certificate, as PEM, and Name what the certificate bears.
	Port int
	CA   []byte
	Name string

	server *smtp.Server
	mu     sync.Mutex
	taken  []Taken
	faults []Fault
	tries  int
	step   func(name string)
}

// Taken is a message that the relay accepted.
type Taken struct {
	From, To string
	Text     []byte
}

// Message parses what was taken.
func (m Taken) Message(t testing.TB) *mail.Message {
	t.Helper()
	msg, err := mail.ReadMessage(bytes.NewReader(m.Text))
	if err != nil {
		t.Fatalf("the message cannot be read: %v\n%s", err, m.Text)
	}
	return msg
}

// Fault is what the relay does to one try in place of accepting it.
type Fault struct {
	// Code answers, at the recipient, or at the end of the message where AtEnd.
	Code  int
	AtEnd bool
	// CutBefore closes the connection in the middle of the message, CutAfter when
	// all of it is there and kept, but before the answer.
	CutBefore, CutAfter bool
	// OnlyFor, where set, is the address that the fault is for; others pass.
	OnlyFor string
}

// Options say how the relay behaves.
type Options struct {
	// Name is what the certificate bears; empty: 127.0.0.1.
	Name string
	// Address is where it listens; empty: a free port of 127.0.0.1.
	Address string
	// Implicit TLS in place of STARTTLS; Plain has neither and wants no login.
	Implicit, Plain bool
}

// Start runs a relay until the test ends.
func Start(t testing.TB, opt Options) *Relay {
	t.Helper()
	if opt.Name == "" {
		opt.Name = "127.0.0.1"
	}
	r := &Relay{Name: opt.Name}
	own, ca, err := certificate(opt.Name)
	if err != nil {
		t.Fatal(err)
	}
	r.CA = ca
	r.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{relay: r, conn: c, known: opt.Plain}, nil
	}))
	r.server.Domain, r.server.AllowInsecureAuth = "relay.test", false
	r.server.ReadTimeout, r.server.WriteTimeout = time.Minute, time.Minute
	r.server.ErrorLog = quiet{}
	secured := &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
	l, err := net.Listen("tcp", cmp.Or(opt.Address, "127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	r.Port = l.Addr().(*net.TCPAddr).Port
	switch {
	case opt.Implicit:
		l = tls.NewListener(l, secured)
	case !opt.Plain:
		r.server.TLSConfig = secured
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.server.Serve(l) // ends with the test
	}()
	t.Cleanup(func() {
		_ = r.server.Close()
		_ = l.Close() // the server may not have got as far as knowing it
		<-done
	})
	return r
}

// Fail makes the next tries fail, one after the other.
func (r *Relay) Fail(faults ...Fault) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, faults...)
}

// OnStep has a function called before each answer of the relay: to a login, a
// sender, a recipient and the end of a message, by these names: auth, mail, rcpt,
// data, and kept once the message is kept.
func (r *Relay) OnStep(f func(name string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.step = f
}

func (r *Relay) at(name string) {
	r.mu.Lock()
	f := r.step
	r.mu.Unlock()
	if f != nil {
		f(name)
	}
}

// Taken returns the messages that were accepted, in order.
func (r *Relay) Taken() []Taken {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.taken)
}

// Tries counts the messages that somebody wanted to hand in.
func (r *Relay) Tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tries
}

// fault takes the fault that is meant for the recipient off the list.
func (r *Relay) fault(to string) Fault {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries++
	for i, f := range r.faults {
		if f.OnlyFor == "" || strings.EqualFold(f.OnlyFor, to) {
			r.faults = slices.Delete(r.faults, i, i+1)
			return f
		}
	}
	return Fault{}
}

func (r *Relay) keep(m Taken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = append(r.taken, m)
}

// session is one connection.
type session struct {
	relay    *Relay
	conn     *smtp.Conn
	known    bool
	from, to string
	fault    Fault
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != Username || password != Password {
			return smtp.ErrAuthFailed
		}
		s.known = true
		s.relay.at("auth")
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	s.from = from
	s.relay.at("mail")
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to, s.fault = to, s.relay.fault(to)
	s.relay.at("rcpt")
	if s.fault.Code != 0 && !s.fault.AtEnd {
		return refusal(s.fault.Code)
	}
	return nil
}

func (s *session) Data(body io.Reader) error {
	if s.fault.CutBefore {
		_, _ = io.CopyN(io.Discard, body, 20)
		_ = s.conn.Conn().Close()
		return nil
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	s.relay.at("data")
	if s.fault.Code != 0 {
		return refusal(s.fault.Code)
	}
	s.relay.keep(Taken{s.from, s.to, text})
	s.relay.at("kept")
	if s.fault.CutAfter {
		_ = s.conn.Conn().Close()
	}
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", "" }
func (s *session) Logout() error { return nil }

// refusal is an answer of the kind that relays give.
func refusal(code int) error {
	text := "mailbox unavailable"
	if code < 500 {
		text = "try again later"
	}
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 2, 0}, Message: text}
}

// quiet drops the server's log: what matters of it reaches the client.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}
