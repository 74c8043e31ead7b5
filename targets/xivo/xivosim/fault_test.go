package xivosim

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const newUser = `{"firstname":"Ann"}`

func TestFaultsBeforeAndAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		fault  Fault
		status int
		text   string
		users  int // who is there afterwards
	}{
		"answered instead":   {Fault{Effect: AnswerInstead, Status: 503, Body: "busy"}, 503, "busy", 0},
		"fails after commit": {Fault{Effect: FailAfter}, 500, "sysconfd error", 1},
		"accepted, ignored":  {Fault{Effect: Ignore}, 204, "", 0},
		"another method":     {Fault{Method: "PUT", Effect: AnswerInstead}, 201, "Ann", 1},
		"another path":       {Fault{Path: "/1.1/lines", Effect: AnswerInstead}, 201, "Ann", 1},
		"any rest":           {Fault{Path: "/1.1/**", Effect: AnswerInstead}, 500, "", 0},
		"second only":        {Fault{Nth: 2, Effect: AnswerInstead}, 201, "Ann", 1},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			sim.Inject(tc.fault)
			w := ask(sim.LocalConfd(), "POST", "/1.1/users", newUser)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("%d %s, want %d with %q", w.Code, w.Body.String(), tc.status, tc.text)
			}
			if n := len(sim.Users()); n != tc.users {
				t.Errorf("%d users, want %d", n, tc.users)
			}
		})
	}
}

func TestFaultNth(t *testing.T) {
	sim := newTestSim(Options{})
	sim.Inject(Fault{Method: "POST", Path: "/1.1/*", Nth: 2, Effect: AnswerInstead})
	var got []int
	for range 3 {
		got = append(got, ask(sim.LocalConfd(), "POST", "/1.1/users", newUser).Code)
	}
	if diff := cmp.Diff([]int{201, 500, 201}, got); diff != "" {
		t.Error(diff)
	}
}

func TestDroppedConnections(t *testing.T) {
	for name, tc := range map[string]struct {
		effect Effect
		users  int
	}{
		"before": {DropBefore, 0},
		"after":  {DropAfter, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			sim.GrantToken("t")
			sim.Inject(Fault{Effect: tc.effect})
			srv := listen(t, sim)
			r, _ := http.NewRequest("POST", srv.URL+"/1.1/users", strings.NewReader(newUser))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Auth-Token", "t")
			if resp, err := http.DefaultClient.Do(r); err == nil {
				resp.Body.Close()
				t.Errorf("answered %d, want a broken connection", resp.StatusCode)
			}
			if n := len(sim.Users()); n != tc.users {
				t.Errorf("%d users, want %d", n, tc.users)
			}
		})
	}
}

func TestRevokedInTheMiddle(t *testing.T) {
	sim := newTestSim(Options{})
	sim.GrantToken("t")
	sim.Inject(Fault{Nth: 2, Effect: RevokeTokens})
	srv := listen(t, sim)
	for i, status := range []int{200, 401} {
		if got := withToken(t, "GET", srv.URL+"/1.1/infos", "t"); got != status {
			t.Errorf("request %d: %d, want %d", i+1, got, status)
		}
	}
}

// A fault of any path leaves xivo-auth alone; one of its own path does not.
func TestFaultOfAuth(t *testing.T) {
	for name, tc := range map[string]struct {
		path   string
		status int
	}{
		"any path":      {"", 200},
		"its own path":  {"/0.1/token", 500},
		"all of its":    {"/0.1/**", 500},
		"that of confd": {"/1.1/**", 200},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			sim.Inject(Fault{Path: tc.path, Effect: AnswerInstead})
			status, _ := getToken(t, listen(t, sim), "secret", `{"backend":"xivo_service"}`)
			if status != tc.status {
				t.Errorf("%d, want %d", status, tc.status)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newTestSim(Options{})
		sim.Inject(Fault{Effect: Delay, Wait: 3 * time.Second})
		start := time.Now()
		want(t, sim.LocalConfd(), 200, "GET", "/1.1/infos", "")
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("took %v, want 3s", d)
		}
	})
}

func TestJournalAndHooks(t *testing.T) {
	sim := newTestSim(Options{})
	var seen []string
	sim.OnRequest(
		func(r *http.Request) { seen = append(seen, "before "+r.Method) },
		func(r *http.Request, status int) { seen = append(seen, "after "+http.StatusText(status)) },
	)
	h := sim.LocalConfd()
	want(t, h, 201, "POST", "/1.1/users", newUser)
	want(t, h, 200, "GET", "/1.1/users?view=summary", "")
	if diff := cmp.Diff([]string{"before POST", "after Created", "before GET", "after OK"}, seen); diff != "" {
		t.Error(diff)
	}
	log := []Request{{"POST", "/1.1/users", 201}, {"GET", "/1.1/users?view=summary", 200}}
	if diff := cmp.Diff(log, sim.Log()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Counts{Reads: 1, Writes: 1}, sim.Counts()); diff != "" {
		t.Error(diff)
	}
	sim.ResetLog()
	if n := len(sim.Log()); n != 0 {
		t.Errorf("%d requests after the reset", n)
	}
}
