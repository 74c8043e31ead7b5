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
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile/record"
)

// lifetime is what a token is asked to live. xivo-auth tells expiry in local
// time without a zone, so it is reckoned from here; a token is renewed when
// four fifths of its life are over.
const lifetime = time.Hour

// keyring holds the token of one web-service user (xivo-auth, resource /token).
type keyring struct {
	http               *http.Client
	root               *url.URL
	username, password string
	timeout            time.Duration
	clock              func() time.Time
	log                hclog.Logger
	// turn is held by whoever looks at the token or fetches one.
	turn  chan struct{}
	token string
	renew time.Time
}

func newKeyring(web *http.Client, root *url.URL, conf Config, log hclog.Logger) *keyring {
	return &keyring{
		http: web, root: root.JoinPath("token"), username: conf.Username, password: conf.Password,
		timeout: conf.Timeout, clock: conf.Clock, log: log, turn: make(chan struct{}, 1),
	}
}

// take waits for the turn.
func (k *keyring) take(ctx context.Context) error {
	select {
	case k.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &lost{request: "POST /token", late: true, err: context.Cause(ctx)}
	}
}

func (k *keyring) leave() { <-k.turn }

// give returns a token with some life in it.
func (k *keyring) give(ctx context.Context) (string, error) {
	if err := k.take(ctx); err != nil {
		return "", err
	}
	defer k.leave()
	now := k.clock()
	if k.token != "" && now.Before(k.renew) {
		return k.token, nil
	}
	token, err := k.fetch(ctx)
	if err != nil {
		return "", err
	}
	k.token, k.renew = token, now.Add(lifetime*4/5)
	return token, nil
}

// drop forgets a token that was not taken, unless it has been replaced already.
func (k *keyring) drop(token string) {
	k.turn <- struct{}{}
	defer k.leave()
	if k.token == token {
		k.token = ""
	}
}

// fetch asks for a new token.
func (k *keyring) fetch(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]any{"backend": "xivo_service", "expiration": int(lifetime.Seconds())})
	if err != nil {
		return "", err
	}
	status, answer, err := k.send(ctx, http.MethodPost, k.root, body)
	if err != nil {
		return "", err
	}
	var got struct {
		Data struct {
			Token string `json:"token"`
		} `json:"data"`
	}
	if status != http.StatusOK {
		return "", k.refusal(status, answer)
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.Data.Token == "" {
		return "", k.down("xivo-auth answers, but gives no token: is auth_url its address?")
	}
	return got.Data.Token, nil
}

// refusal puts into words why there is no token.
func (k *keyring) refusal(status int, answer []byte) error {
	if status == http.StatusUnauthorized {
		return k.down(fmt.Sprintf("xivo-auth does not accept the password of the web-service user %q (or there is no such user)", k.username))
	}
	var got struct {
		Reason []string `json:"reason"`
	}
	if json.Unmarshal(answer, &got) == nil && len(got.Reason) > 0 {
		return k.down(fmt.Sprintf("xivo-auth gives no token: %d %s", status, scrub(got.Reason[0], []string{k.password})))
	}
	return k.down(fmt.Sprintf("xivo-auth gives no token: it answers %d", status))
}

func (k *keyring) down(message string) error {
	return &record.Error{Side: record.XiVO, Class: record.Down, Object: "POST /token", Message: message}
}

// revoke gives the token back; without one it does nothing.
func (k *keyring) revoke(ctx context.Context) error {
	if err := k.take(ctx); err != nil {
		return err
	}
	defer k.leave()
	token := k.token
	if k.token = ""; token == "" {
		return nil
	}
	status, _, err := k.send(ctx, http.MethodDelete, k.root.JoinPath(token), nil)
	if err == nil && status/100 != 2 && status != http.StatusNotFound {
		err = fmt.Errorf("xivo-auth answers %d", status)
	}
	if err != nil {
		return fmt.Errorf("give the token back: %w", err)
	}
	return nil
}

// allows asks xivo-auth whether the token has the right (confd.users.create).
func (k *keyring) allows(ctx context.Context, scope string) (bool, error) {
	token, err := k.give(ctx)
	if err != nil {
		return false, err
	}
	u := k.root.JoinPath(token)
	u.RawQuery = url.Values{"scope": {scope}}.Encode()
	status, _, err := k.send(ctx, http.MethodHead, u, nil)
	switch {
	case err != nil:
		return false, err
	case status == http.StatusForbidden:
		return false, nil
	case status/100 == 2:
		return true, nil
	}
	return false, k.down(fmt.Sprintf("xivo-auth answers %d to a question about the right %s", status, scope))
}

// send makes one exchange with xivo-auth. Neither the address, which may hold
// the token, nor a body is logged or told in an error.
func (k *keyring) send(ctx context.Context, method string, u *url.URL, body []byte) (int, []byte, error) {
	name := method + " /token"
	ctx, w := watched(ctx, name, k.timeout)
	defer w.Close()
	r := (&http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}}).WithContext(ctx)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(k.username, k.password)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	resp, err := k.http.Do(r)
	if err != nil {
		return 0, nil, w.lost(inner(err), false)
	}
	w.body = resp.Body
	k.log.Debug("answered", "request", name, "status", resp.StatusCode)
	answer, err := io.ReadAll(io.LimitReader(w, problemLimit))
	if err != nil {
		return 0, nil, err
	}
	return resp.StatusCode, answer, nil
}

// unauthorised tells whether confd did not accept the token.
func unauthorised(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == http.StatusUnauthorized
}
