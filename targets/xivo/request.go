package xivo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	// answerLimit bounds an answer that is held whole, streamLimit one that is
	// decoded as it comes; both in bytes.
	answerLimit = 64 << 20
	streamLimit = 1 << 30
	// problemLimit bounds what is read of a refusal.
	problemLimit = 64 << 10
)

// request is one request to confd; its path begins below /1.1.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	// secrets are the texts of the body that must not come back in an error.
	secrets []string
}

func get(path string, query url.Values) request {
	return request{method: http.MethodGet, path: path, query: query}
}

// String names the request without its query.
func (q request) String() string { return q.method + " " + q.path }

// build makes the HTTP request. The content type has to be exactly this one:
// with another, confd answers 204 to a PUT and does nothing.
func (q request) build(ctx context.Context, root *url.URL, token string) *http.Request {
	u := root.JoinPath(q.path)
	u.RawQuery = q.query.Encode()
	r := (&http.Request{Method: q.method, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	r.Header.Set("Accept", "application/json")
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	if q.body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.ContentLength = int64(len(q.body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(q.body)), nil }
		r.Body, _ = r.GetBody()
	}
	return r
}

// exchange sends the request and returns the body of a good answer; the error
// is a *Problem or a *lost. A token that is not taken is renewed once: confd
// answers 401 to an old token and to a missing right alike.
func (c *Client) exchange(ctx context.Context, q request) (io.ReadCloser, error) {
	if c.tokens == nil {
		return c.send(ctx, q, "")
	}
	token, err := c.tokens.give(ctx)
	if err != nil {
		return nil, err
	}
	body, err := c.send(ctx, q, token)
	if !unauthorised(err) {
		return body, err
	}
	c.tokens.drop(token)
	if token, err = c.tokens.give(ctx); err != nil {
		return nil, err
	}
	return c.send(ctx, q, token)
}

// send makes one HTTP exchange, counted and logged.
func (c *Client) send(ctx context.Context, q request, token string) (io.ReadCloser, error) {
	c.count(q.method)
	ctx, w := watched(ctx, q.String(), c.conf.Timeout)
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})
	start := time.Now()
	resp, err := c.http.Do(q.build(ctx, c.at.confd, token))
	c.observe(resp, time.Since(start))
	if err != nil {
		err = w.lost(inner(err), sent.Load())
		c.log.Debug("no answer", "request", q.String(), "query", q.query.Encode(), "error", err, "took", time.Since(start))
		return nil, errors.Join(err, w.Close())
	}
	c.log.Debug("answered", "request", q.String(), "query", q.query.Encode(), "status", resp.StatusCode, "took", time.Since(start))
	w.body = resp.Body
	if resp.StatusCode/100 == 2 {
		return w, nil
	}
	defer w.Close()
	return nil, readProblem(q, resp.StatusCode, w)
}

// observe tells how long an answer took to begin; resp is nil where none came.
func (c *Client) observe(resp *http.Response, took time.Duration) {
	c.conf.Observe(took, resp == nil || resp.StatusCode >= http.StatusInternalServerError)
}

func (c *Client) count(method string) {
	if method == http.MethodGet {
		c.reads.Add(1)
		return
	}
	c.wrote.Add(1)
}

// inner takes the address off an error of net/http: it may hold a token.
func inner(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// read sends a GET, hands its body to take, and repeats both when the way there
// was bad; take begins anew each time.
func (c *Client) read(ctx context.Context, q request, take func(io.Reader) error) error {
	return c.retry(ctx, func() error { return c.once(ctx, q, take) })
}

// once is read without repetition.
func (c *Client) once(ctx context.Context, q request, take func(io.Reader) error) error {
	body, err := c.exchange(ctx, q)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := take(body); err != nil {
		return fmt.Errorf("%s: %w", q, err)
	}
	return nil
}

// ask reads the JSON answer of a GET into v.
func (c *Client) ask(ctx context.Context, q request, v any) error {
	return c.read(ctx, q, func(r io.Reader) error { return whole(r, v) })
}

// whole decodes an answer of one JSON value.
func whole(r io.Reader, v any) error {
	b, err := io.ReadAll(io.LimitReader(r, answerLimit+1))
	if err != nil {
		return err
	}
	if len(b) > answerLimit {
		return fmt.Errorf("the answer is longer than %d bytes", answerLimit)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("the answer is not what confd answers: %w", cut(b, err))
	}
	return nil
}

// cut turns a syntax error at the very end into io.ErrUnexpectedEOF: the answer
// was cut off.
func cut(b []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(b)) {
		return io.ErrUnexpectedEOF
	}
	return err
}
