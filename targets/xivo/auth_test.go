package xivo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// watchClock is a clock that a test moves.
type watchClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *watchClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *watchClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// tokensOf counts the tokens that a server gave out and took back.
type tokensOf struct {
	http.Handler
	mu          sync.Mutex
	given, back int
}

func (c *tokensOf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	switch r.Method {
	case http.MethodPost:
		c.given++
	case http.MethodDelete:
		c.back++
	}
	c.mu.Unlock()
	c.Handler.ServeHTTP(w, r)
}

// counted puts a counter in front of xivo-auth.
func counted(t *testing.T, opt xivosim.Options, change ...func(*Config)) (*house, *tokensOf) {
	t.Helper()
	count := &tokensOf{}
	h := live(t, opt, append(change, func(c *Config) {
		srv := httptest.NewServer(count)
		t.Cleanup(srv.Close)
		c.AuthURL = srv.URL
	})...)
	count.Handler = h.sim.Auth()
	return h, count
}

func (h *house) mustAnswer(t *testing.T) {
	t.Helper()
	if _, err := h.Identity(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	clock := &watchClock{now: time.Now()}
	h, count := counted(t, xivosim.Options{Now: clock.Now}, func(c *Config) { c.Clock = clock.Now })
	for step, want := range []int{1, 1, 2} { // at 0, 40 and 80 % of its life
		h.mustAnswer(t)
		if count.given != want {
			t.Errorf("step %d: %d tokens", step, count.given)
		}
		clock.pass(lifetime * 2 / 5)
	}
	if refused := h.Requests().Read - 3; refused != 0 {
		t.Errorf("%d requests were sent again", refused)
	}
}

func TestTokenIsRenewedOnceWhenRefused(t *testing.T) {
	h, count := counted(t, xivosim.Options{})
	h.mustAnswer(t)
	h.sim.RevokeTokens()
	h.mustAnswer(t)
	if got := h.Requests().Read; count.given != 2 || got != 3 {
		t.Errorf("%d tokens, %d requests", count.given, got)
	}
}

func TestMissingRightIsNamed(t *testing.T) {
	h, count := counted(t, xivosim.Options{ACLs: []string{"confd.users.read", "confd.infos.read"}})
	_, err := h.Apply(context.Background(), change(record.Create, "", "firstname", "A"))
	wantClass(t, err, record.Down, "ACL confd.users.create")
	if count.given != 2 {
		t.Errorf("%d tokens", count.given)
	}
	if got := h.Requests().Write; got != 2 {
		t.Errorf("%d writes: want the request, and again with a new token", got)
	}
	_, err = collect(h.List(context.Background(), record.Survey))
	wantClass(t, err, record.Down, "ACL confd.users.export.read")
}

func TestCloseGivesTheTokenBack(t *testing.T) {
	h, count := counted(t, xivosim.Options{})
	if err := h.Close(context.Background()); err != nil || count.back != 0 {
		t.Errorf("%v, %d given back before there was one", err, count.back)
	}
	h.mustAnswer(t)
	for range 2 {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if count.back != 1 {
		t.Errorf("given back %d times", count.back)
	}
}

func TestNoToken(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		words  []string
	}{
		"wrong password": {401, `{"reason":["Authentication Failed"],"timestamp":[1.0],"status_code":401}`, []string{"password", `"xivosync"`}},
		"consul is down": {500, `{"reason":["Connection to consul failed"],"timestamp":[1.0],"status_code":500}`, []string{"500", "Connection to consul failed"}},
		"something else": {200, `<html>`, []string{"auth_url"}},
		"no answer":      {502, ``, []string{"502"}},
	} {
		t.Run(name, func(t *testing.T) {
			auth := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			}))
			defer auth.Close()
			h := live(t, xivosim.Options{}, func(c *Config) { c.AuthURL = auth.URL })
			_, err := h.Identity(context.Background())
			wantClass(t, err, record.Down, tc.words...)
			if h.Requests() != (record.Requests{}) {
				t.Error("confd was asked without a token")
			}
		})
	}
}

func TestXivoAuthOutOfReach(t *testing.T) {
	h := live(t, xivosim.Options{}, func(c *Config) { c.AuthURL = "http://127.0.0.1:1" })
	_, err := h.Apply(context.Background(), change(record.Create, "", "firstname", "A"))
	wantClass(t, err, record.Down, "POST /token", "refused")
}

// Everything at once, with all that is logged: no password, no token, no body.
func TestNoSecretIsLogged(t *testing.T) {
	h := live(t, xivosim.Options{Password: "web-service-password"}, func(c *Config) { c.Password = "web-service-password" })
	ctx := context.Background()
	made := h.create(t, "firstname", "Ann", "password", "user-password", "call_permission_password", "4711999", "description", "g", "username", "ann")
	token := h.tokens.token
	var errs []string
	note := func(err error) {
		if err != nil {
			errs = append(errs, err.Error())
		}
	}
	for _, depth := range []record.Depth{record.Survey, record.Detail} {
		_, err := collect(h.List(ctx, depth))
		note(err)
	}
	h.sim.Inject(xivosim.Fault{Method: "PUT", Path: "/1.1/users/*", Body: `["Unexpected error: (IntegrityError) 'UPDATE userfeatures' {'passwd': u'other-password', 'p': u'new password'}"]`})
	for _, value := range []string{"new password", "ok-password"} {
		_, err := h.Apply(ctx, from(change(record.Update, made.ID, "password", value), "password", "user-password"))
		note(err)
	}
	_, err := h.Apply(ctx, from(change(record.Update, made.ID, "password", "ok-password"), "password", "wrong-before"))
	note(err)
	h.sim.ClearFaults()
	_, err = h.Capabilities(ctx)
	note(err)
	h.srv.Close()
	_, err = h.Identity(ctx)
	note(err)
	note(h.Close(ctx))
	if len(errs) < 5 {
		t.Errorf("only %d errors: %q", len(errs), errs)
	}
	all := h.log.String() + strings.Join(errs, "\n")
	for _, secret := range []string{"web-service-password", "user-password", "4711999", "new password", "ok-password", "other-password", "wrong-before", token} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is told", secret)
		}
	}
	if !strings.Contains(h.log.String(), "PUT /users/"+made.ID) {
		t.Errorf("the log does not tell the requests:\n%s", h.log)
	}
}

func TestCapabilities(t *testing.T) {
	for name, tc := range map[string]struct {
		opt  xivosim.Options
		want Capabilities
	}{
		"16.16": {xivosim.Options{}, Capabilities{Users: 1, Export: true, Views: true, Contexts: true}},
		"16.14": {xivosim.Options{Version: xivosim.Version1614}, Capabilities{Users: 1, Export: true, Views: true}},
		"rights missing": {
			xivosim.Options{ACLs: []string{"confd.users.read", "confd.users.*.update", "confd.users.create"}},
			Capabilities{Users: 1, Views: true, Refused: []string{
				"confd.infos.read", "confd.users.export.read", "confd.contexts.read", "confd.users.*.read", "confd.users.*.delete", "confd.incalls.read",
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := live(t, tc.opt)
			_, _ = h.Apply(t.Context(), change(record.Create, "", "firstname", "Ann")) // which may be kept from reading it back
			got, err := h.Capabilities(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if tc.want.Refused == nil && got.UUID == "" {
				t.Error("no uuid")
			}
			got.UUID = ""
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every request that things need has its right, and is asked for by its name.
func TestRightsThatThingsNeed(t *testing.T) {
	h := switchboard(t, xivosim.Version1614)
	if caps, err := h.Capabilities(t.Context()); err != nil || caps.Refused != nil {
		t.Errorf("with all rights: %q, %v", caps.Refused, err)
	}
	needed := strings.Join(h.rightsNeeded(), " ")
	for name, s := range scenes {
		for _, w := range s.writes(t) {
			path, confd := strings.CutPrefix(w[1], "/1.1")
			right := acl(w[0], strings.ReplaceAll(path, "*", annID))
			if confd && !strings.Contains(" "+needed+" ", " "+right+" ") {
				t.Errorf("%s sends %s %s, and %s is not among the rights", name, w[0], path, right)
			}
		}
	}
	few := live(t, xivosim.Options{ACLs: []string{"confd.users.#", "confd.infos.read", "confd.contexts.read", "confd.incalls.read"}}, func(c *Config) {
		c.Fields = []string{"firstname", "voicemail"}
	})
	caps, err := few.Capabilities(t.Context())
	want := []string{
		"confd.voicemails.read", "confd.voicemails.*.users.read", "confd.voicemails.create", "confd.voicemails.*.update", "confd.voicemails.*.delete",
	}
	if diff := cmp.Diff(want, caps.Refused); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
