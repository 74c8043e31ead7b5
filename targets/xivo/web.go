package xivo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"net/http/httptrace"
)

// agentsPath is the service of XiVO's web interface that makes agents, which
// confd cannot. It wants the web-service user by HTTP Basic, tells neither the
// id of what it made nor why it refused something, and has an act=deleteall,
// which is never called.
const agentsPath = "/callcenter/json.php/restricted/settings/agents/"

// errNoService is returned when the web interface has no such service, or not
// for us.
var errNoService = errors.New("the agent service of XiVO's web interface is not to be had")

// agent is one of the service's list. PHP writes numbers as texts, or not.
type agent struct {
	ID     lenient `json:"id"`
	Number lenient `json:"number"`
	First  lenient `json:"firstname"`
	Last   lenient `json:"lastname"`
	Lang   lenient `json:"language"`
}

// text is what the list says of the agent under the name of a detail.
func (a agent) text(detail string) string {
	return string(map[string]lenient{"agent_firstname": a.First, "agent_lastname": a.Last, "agent_language": a.Lang}[detail])
}

// lenient is a text, or a number that reads as one.
type lenient string

// UnmarshalJSON takes both; null and false are "".
func (l *lenient) UnmarshalJSON(b []byte) error {
	text := string(b)
	switch {
	case text == "null", text == "false":
		*l = ""
	case strings.HasPrefix(text, `"`):
		return json.Unmarshal(b, (*string)(l))
	default:
		*l = lenient(text)
	}
	return nil
}

func (l lenient) id() int {
	n, _ := strconv.Atoi(string(l))
	return n
}

// agents lists all agents.
func (c *Client) agents(ctx context.Context) ([]agent, error) {
	var list []agent
	err := c.retry(ctx, func() error {
		list = nil
		status, b, err := c.web(ctx, http.MethodGet, url.Values{"act": {"list"}}, nil)
		if err != nil || status == http.StatusNoContent {
			return err
		}
		if err := json.Unmarshal(b, &list); err != nil {
			return fmt.Errorf("%w: it answers something else", errNoService)
		}
		return nil
	})
	return list, err
}

// web makes one exchange with the service. An error is a *lost, a *Problem, or
// wraps errNoService. Bodies hold the passwords of agents: none is logged.
func (c *Client) web(ctx context.Context, method string, query url.Values, body []byte) (int, []byte, error) {
	c.count(method)
	name := method + " agents/?act=" + query.Get("act")
	ctx, w := watched(ctx, name, c.conf.Timeout)
	defer w.Close()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	start := time.Now()
	resp, err := c.http.Do(c.webRequest(ctx, method, query, body))
	c.observe(resp, time.Since(start))
	if err != nil {
		err = w.lost(inner(err), sent.Load())
		c.log.Debug("no answer", "request", name, "error", err, "took", time.Since(start))
		return 0, nil, err
	}
	w.body = resp.Body
	c.log.Debug("answered", "request", name, "status", resp.StatusCode, "took", time.Since(start))
	answer, err := io.ReadAll(io.LimitReader(w, answerLimit))
	switch {
	case err != nil:
		return 0, nil, err
	case resp.StatusCode == http.StatusOK, resp.StatusCode == http.StatusNoContent:
		return resp.StatusCode, answer, nil
	case resp.StatusCode == http.StatusBadRequest, resp.StatusCode >= http.StatusInternalServerError:
		return resp.StatusCode, nil, &Problem{Request: name, Status: resp.StatusCode}
	}
	return resp.StatusCode, nil, fmt.Errorf("%w: %s is answered with %d", errNoService, name, resp.StatusCode)
}

func (c *Client) webRequest(ctx context.Context, method string, query url.Values, body []byte) *http.Request {
	u := *c.at.web
	u.RawQuery = query.Encode()
	r := (&http.Request{Method: method, URL: &u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	r.Header.Set("Accept", "application/json")
	if c.conf.Username != "" {
		r.SetBasicAuth(c.conf.Username, c.conf.Password)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	return r
}
