package record

import (
	"errors"
	"fmt"
)

// Class says what an error of a side means for the run.
type Class int

// The classes of error.
const (
	// Down ends the run: the side cannot be reached, or does not let us in.
	Down Class = iota
	// Stale means the target no longer holds what the decision was made from;
	// nothing was written.
	Stale
	// Refused means the target said no; nothing was written.
	Refused
	// Missing means the object is not there.
	Missing
	// Uncertain means that the request may or may not have been carried out, and
	// that looking did not tell.
	Uncertain
)

// Error is an error of one side about one object.
type Error struct {
	Side  Side
	Class Class
	// Object is what was asked about: a DN, a user, a request.
	Object string
	// Message is the target's own words, or ours where it has none.
	Message string
	// Err is the cause, where there is one.
	Err error
}

// Error tells side, object and message.
func (e *Error) Error() string {
	msg := e.Message
	if msg == "" && e.Err != nil {
		msg = e.Err.Error()
	}
	if e.Object == "" {
		return fmt.Sprintf("%s: %s", e.Side, msg)
	}
	return fmt.Sprintf("%s: %s: %s", e.Side, e.Object, msg)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ClassOf returns the class of err: [Down] for what no side has classified,
// since a run that does not understand an error must not go on.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Down
}
