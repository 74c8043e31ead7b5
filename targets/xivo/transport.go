package xivo

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// connections is how many are kept to one host: confd has ten threads for
	// everybody, and an idle connection holds one of them.
	connections = 2
	// idle is below the ten seconds after which confd ends a kept-alive
	// connection, so that a write seldom meets one that is being closed.
	idle = 5 * time.Second
)

// newHTTP returns the one client for confd and xivo-auth. It follows no
// redirection: XiVO sends none, and credentials are not to travel.
func newHTTP(security *tls.Config) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			TLSClientConfig:     security,
			TLSHandshakeTimeout: 10 * time.Second,
			MaxConnsPerHost:     connections,
			MaxIdleConnsPerHost: connections,
			IdleConnTimeout:     idle,
			Protocols:           protocols,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// errSilent is the cause when XiVO let the configured time pass without a byte.
var errSilent = errors.New("no answer in time")

// watch is the body of one exchange, which ends when nothing comes for a while.
type watch struct {
	request string
	body    io.ReadCloser
	timer   *time.Timer
	limit   time.Duration
	cause   func() error
	end     context.CancelCauseFunc
}

// watched starts the clock of one exchange.
func watched(ctx context.Context, request string, limit time.Duration) (context.Context, *watch) {
	ctx, end := context.WithCancelCause(ctx)
	return ctx, &watch{
		request: request, limit: limit, end: end,
		timer: time.AfterFunc(limit, func() { end(errSilent) }),
		cause: func() error { return context.Cause(ctx) },
	}
}

// Read passes bytes on and starts the clock anew.
func (w *watch) Read(p []byte) (int, error) {
	n, err := w.body.Read(p)
	if err != nil && err != io.EOF {
		return n, w.lost(err, true)
	}
	w.timer.Reset(w.limit)
	return n, err
}

// lost tells why there is no answer, or no whole one: rather the reason for
// which the exchange was ended than what came of it.
func (w *watch) lost(err error, sent bool) error {
	cause := w.cause()
	if cause != nil {
		err = cause
	}
	return &lost{request: w.request, sent: sent, late: cause != nil, err: err}
}

// Close ends the exchange.
func (w *watch) Close() error {
	w.timer.Stop()
	defer w.end(nil)
	if w.body == nil {
		return nil
	}
	return w.body.Close()
}

// lost is a request that got no answer, or not all of it.
type lost struct {
	request string
	// sent tells that a connection was there, so that XiVO may have read the
	// request; late that it was we who waited no longer.
	sent, late bool
	err        error
}

func (l *lost) Error() string { return l.request + ": " + l.err.Error() }
func (l *lost) Unwrap() error { return l.err }
