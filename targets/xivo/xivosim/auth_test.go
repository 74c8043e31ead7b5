package xivosim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"
)

// getToken asks the listening xivo-auth for a token.
func getToken(t *testing.T, srv *Server, password, body string) (status int, answer map[string]any) {
	t.Helper()
	r, _ := http.NewRequest("POST", srv.AuthURL+"/0.1/token", strings.NewReader(body))
	r.SetBasicAuth("xivosync", password)
	return send1(t, r)
}

func send1(t *testing.T, r *http.Request) (status int, answer map[string]any) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	_ = json.Unmarshal(raw, &answer) // not every answer is an object
	return resp.StatusCode, answer
}

func withToken(t *testing.T, method, url, token string) int {
	t.Helper()
	r, _ := http.NewRequest(method, url, nil)
	r.Header.Set("X-Auth-Token", token)
	status, _ := send1(t, r)
	return status
}

func listen(t *testing.T, sim *Sim) *Server {
	t.Helper()
	srv, err := sim.Listen(Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return srv
}

func TestTokens(t *testing.T) {
	now := newClock()
	sim := newTestSim(Options{Now: now.Now, ACLs: []string{"confd.infos.read", "confd.users.*.read"}})
	srv := listen(t, sim)
	for name, tc := range map[string]struct {
		password, body string
		status         int
		reason         string
	}{
		"wrong password":  {"no", `{"backend":"xivo_service"}`, 401, "Authentication Failed"},
		"unknown backend": {"secret", `{"backend":"nosuch"}`, 401, "Authentication Failed"},
		"bad lifetime":    {"secret", `{"backend":"xivo_service","expiration":-1}`, 400, "Invalid expiration"},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := getToken(t, srv, tc.password, tc.body)
			reasons, _ := answer["reason"].([]any)
			if status != tc.status || len(reasons) != 1 || reasons[0] != tc.reason {
				t.Errorf("%d %v, want %d %q", status, answer, tc.status, tc.reason)
			}
		})
	}
	_, answer := getToken(t, srv, "secret", `{"backend":"xivo_service","expiration":60}`)
	token := answer["data"].(map[string]any)["token"].(string)
	check := func(when string, status int, method, url string) {
		t.Helper()
		if got := withToken(t, method, url, token); got != status {
			t.Errorf("%s: %s %s is %d, want %d", when, method, url, got, status)
		}
	}
	check("in its rights", 200, "GET", srv.URL+"/1.1/infos")
	check("one word of the pattern", 404, "GET", srv.URL+"/1.1/users/1")
	check("two words of the pattern", 401, "GET", srv.URL+"/1.1/users/1/lines")
	check("no right to write", 401, "DELETE", srv.URL+"/1.1/users/1")
	check("known", 204, "HEAD", srv.AuthURL+"/0.1/token/"+token)
	check("with the scope", 204, "HEAD", srv.AuthURL+"/0.1/token/"+token+"?scope=confd.infos.read")
	check("without the scope", 403, "GET", srv.AuthURL+"/0.1/token/"+token+"?scope=confd.lines.read")
	now.now = now.now.Add(61 * time.Second)
	check("expired", 401, "GET", srv.URL+"/1.1/infos")
	check("expired", 404, "HEAD", srv.AuthURL+"/0.1/token/"+token)
	_, answer = getToken(t, srv, "secret", `{"backend":"xivo_service"}`)
	token = answer["data"].(map[string]any)["token"].(string)
	check("renewed", 200, "GET", srv.URL+"/1.1/infos")
	check("revoked", 200, "DELETE", srv.AuthURL+"/0.1/token/"+token)
	check("revoked", 401, "GET", srv.URL+"/1.1/infos")
}

func TestACLs(t *testing.T) {
	for name, tc := range map[string]struct {
		acl, scope string
		want       bool
	}{
		"itself":               {"confd.users.read", "confd.users.read", true},
		"everything of confd":  {"confd.#", "confd.users.1.lines.read", true},
		"everything":           {"#", "confd.users.read", true},
		"the scope of old":     {"confd.#", "confd.#", true},
		"star is one word":     {"confd.users.*.read", "confd.users.1.lines.read", false},
		"hash in the middle":   {"confd.#.read", "confd.users.1.lines.read", true},
		"another service":      {"agentd.#", "confd.users.read", false},
		"longer than the rule": {"confd.users", "confd.users.read", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := allowed([]string{tc.acl}, tc.scope); got != tc.want {
				t.Errorf("%s on %s is %v", tc.acl, tc.scope, got)
			}
		})
	}
}

// A client of the digest kind needs to keep cookies.
func TestDigestClient(t *testing.T) {
	srv := listen(t, newTestSim(Options{}))
	jar, _ := cookiejar.New(nil)
	transport := &digest.Transport{Username: "xivosync", Password: "secret", Jar: jar}
	for range 2 {
		resp, err := (&http.Client{Transport: transport}).Get(srv.URL + "/1.1/infos")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("status %d, want 200", resp.StatusCode)
		}
	}
	transport.Jar = nil
	resp, err := (&http.Client{Transport: transport}).Get(srv.URL + "/1.1/infos")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("status %d without cookies, want 401", resp.StatusCode)
	}
}
