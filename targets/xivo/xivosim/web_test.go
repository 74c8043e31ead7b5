package xivosim

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// web sends a request to the agents service.
func web(sim *Sim, method, query, body string) (status int, answer string) {
	r := httptest.NewRequest(method, agentsPath+"?"+query, strings.NewReader(body))
	r.SetBasicAuth("xivosync", "secret")
	w := httptest.NewRecorder()
	sim.Web().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

const newAgent = `{"agentfeatures":{"firstname":"Ann","lastname":"Agent","number":"8001","passwd":"12","context":"default","language":"fr_FR","numgroup":"1","autologoff":"0","description":""},"user-select":[1],"queue-select":[1],"queue":{}}`

// TestAgentsService is a life of an agent, step after step.
func TestAgentsService(t *testing.T) {
	sim := newTestSim(Options{})
	sim.AddQueue("sales")
	h := sim.LocalConfd()
	want(t, h, 201, "POST", "/1.1/users", newUser)
	for _, step := range []struct {
		name, method, query, body string
		status                    int
		part                      string // of the answer
	}{
		{"nobody yet", "GET", "act=list", "", 204, ""},
		{"no such one", "GET", "act=view&id=1", "", 204, ""},
		{"whom?", "GET", "act=view", "", 404, ""},
		{"a bad number", "POST", "act=add", strings.Replace(newAgent, "8001", "80-01", 1), 400, ""},
		{"no such context", "POST", "act=add", strings.Replace(newAgent, "default", "nosuch", 1), 400, ""},
		{"no such group", "POST", "act=add", strings.Replace(newAgent, `"numgroup":"1"`, `"numgroup":"9"`, 1), 400, ""},
		{"made", "POST", "act=add", newAgent, 200, ""},
		{"the number is taken", "POST", "act=add", newAgent, 400, ""},
		{"listed, the id as text", "GET", "act=list", "", 200, `"id":"1"`},
		{"found", "GET", "act=search&search=agen", "", 200, `"8001"`},
		{"not found", "GET", "act=search&search=zzz", "", 204, ""},
		{"seen with user and queue", "GET", "act=view&id=1", "", 200, `"usermember":[1]`},
		{"merged, the number stays", "POST", "act=edit&id=1", `{"agentfeatures":{"lastname":"Other","number":"9"}}`, 200, ""},
		{"as it is now", "GET", "act=list", "", 200, `"lastname":"Other","number":"8001"`},
		{"edit of nobody", "POST", "act=edit&id=7", `{}`, 204, ""},
		{"delete of nobody", "GET", "act=delete&id=7", "", 404, ""},
	} {
		status, answer := web(sim, step.method, step.query, step.body)
		if status != step.status || !strings.Contains(answer, step.part) {
			t.Fatalf("%s: %d %s, want %d with %s", step.name, status, answer, step.status, step.part)
		}
	}
	if got := want(t, h, 200, "GET", "/1.1/users/1/agents", "")["agent_id"]; got != 1.0 {
		t.Errorf("agent_id %v, want 1", got)
	}
	want(t, h, 200, "GET", "/1.1/queues/1/members/agents/1", "")
	if status, _ := web(sim, "GET", "act=delete&id=1", ""); status != 200 {
		t.Errorf("delete: %d", status)
	}
	if got := want(t, h, 200, "GET", "/1.1/users/1/agents", "")["agent_id"]; got != 0.0 {
		t.Errorf("agent_id %v after the delete, want the 0 that is left behind", got)
	}
	directory := items(t, want(t, h, 200, "GET", "/1.1/users?view=directory", ""))
	if directory[0]["agent_id"] != "0" {
		t.Errorf(`agent_id %v in the directory, want "0"`, directory[0]["agent_id"])
	}
}

func TestAgentsServiceWantsCredentials(t *testing.T) {
	w := ask(newTestSim(Options{}).Web(), "GET", agentsPath+"?act=list", "")
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") != `Basic realm="Access Restricted"` {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
