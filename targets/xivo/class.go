package xivo

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"

	"xivosync/reconcile/record"
)

// errUnsteady is returned when answers contradict themselves because somebody
// changes XiVO while it is read; reading again helps.
var errUnsteady = errors.New("XiVO changed while it was read")

// classified is the one place that says what an error means for the run. The
// object is whom or what it is about.
func classified(object string, err error) error {
	var known *record.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &record.Error{Side: record.XiVO, Class: record.Down, Object: object, Err: err}
	var p *Problem
	if errors.As(err, &p) {
		e.Class, e.Message = p.class(), p.Message()
	} else if text, named := strings.CutPrefix(err.Error(), object+": "); named {
		e.Message = text // the error names the request, which is the object here
	}
	return e
}

// refused is a change that we refuse in XiVO's place, before asking it.
func refused(object, message string) error {
	return &record.Error{Side: record.XiVO, Class: record.Refused, Object: object, Message: message}
}

// stale says that XiVO no longer holds what the change was decided from.
func stale(object, message string) error {
	return &record.Error{Side: record.XiVO, Class: record.Stale, Object: object, Message: message}
}

// missing says that the object is not there.
func missing(object, message string) error {
	return &record.Error{Side: record.XiVO, Class: record.Missing, Object: object, Message: message}
}

// uncertain says that nobody knows whether err kept the change from being made.
func uncertain(object, message string, err error) error {
	return &record.Error{Side: record.XiVO, Class: record.Uncertain, Object: object, Message: message, Err: err}
}

// transient tells whether a read may well succeed a moment later.
func transient(err error) bool {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status >= http.StatusInternalServerError
	}
	var l *lost
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &cert), errors.Is(err, errPin), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &l):
		return !l.late
	}
	return errors.Is(err, errUnsteady) || errors.Is(err, io.ErrUnexpectedEOF)
}
