package mail

import (
	"errors"
	"fmt"

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
	// get further.
	Unreached bool
}

// Error tells for whom, and the relay's words.
func (e *Error) Error() string { return fmt.Sprintf("mail to %s: %v", e.To, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

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
