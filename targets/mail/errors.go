package mail

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"slices"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// Class says what a failure to send means for the mail.
type Class int

// The classes of failure.
const (
	// Temporary failures are worth another try: nothing was delivered.
	Temporary Class = iota
	// Permanent failures stay until somebody changes something.
	Permanent
	// Uncertain means that the relay may have taken the mail: its answer was lost.
	Uncertain
)

// String names the class for a report.
func (c Class) String() string {
	return [...]string{"will be tried again", "refused", "may have been delivered"}[c]
}

// Error is a mail that was not sent.
type Error struct {
	Class Class
	// To is whom it was for.
	To  string
	Err error
	// Unreached tells that the relay did not let us in at all: no other mail would
	// get further, and what is permanent is nothing about this one.
	Unreached bool
}

// Error tells for whom, and the relay's words.
func (e *Error) Error() string { return fmt.Sprintf("mail to %s: %v", e.To, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Unreached tells whether the relay did not let us in at all.
func Unreached(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Unreached
}

// ClassOf returns the class of a failure to send.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Temporary
}

// classOf classifies the library's error. A relay that says 5xx to the mail means
// it; a sender, login or certificate that fails is mended in the configuration,
// and the mail waits meanwhile. Whether a connection broke before or after the final dot
// arrived cannot be told from here.
func classOf(err error) Class {
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return Temporary
	}
	switch {
	case sent.ErrorCode() >= 500 && sent.Reason != gomail.ErrSMTPMailFrom:
		return Permanent
	case sent.ErrorCode() == 0 && sent.Reason == gomail.ErrSMTPDataClose:
		return Uncertain
	}
	return Temporary
}

// notLetIn says why the relay did not let us in. A login that it refuses stays refused
// until somebody changes it.
func (c Config) notLetIn(relay string, err error) (Class, error) {
	var answer *textproto.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer) && slices.Contains(refusedLogin, answer.Code):
		return Permanent, fmt.Errorf("relay %s refuses the login of %q: put username and password of [mail] right: %w", relay, c.Username, err)
	case errors.As(err, &certificate):
		return Temporary, fmt.Errorf("relay %s is not who it should be, or unknown: compare host, server_name and ca of [mail] with its certificate: %w", relay, err)
	case strings.Contains(err.Error(), "STARTTLS"):
		return Temporary, fmt.Errorf("relay %s offers no STARTTLS, or somebody on the way hides it, and nothing is sent in clear: %w", relay, err)
	}
	return Temporary, fmt.Errorf("relay %s: %w", relay, err)
}

// refusedLogin are the answers to a login that will not do (RFC 4954, section 6): the
// mechanism is too weak, the credentials are wrong, encryption is wanted.
var refusedLogin = []int{534, 535, 538}
