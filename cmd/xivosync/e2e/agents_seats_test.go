package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"xivosync/reconcile/record"
)

// TestAnAuditRestoresTheQueuesOfAgents: a queue that was given and is no more, or
// with another penalty, is restored by an audit, which alone looks; a queue into
// which somebody put the agent besides stays.
func TestAnAuditRestoresTheQueuesOfAgents(t *testing.T) {
	t.Parallel()
	w := agentsInFull(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2, "departmentNumber", "Support"), agentWorker(3), agentWorker(4, "departmentNumber", "Support"))
	evening := w.sim.AddQueue("evening")
	w.good()
	support, sales := w.Rules[0].Queues[0].ID, w.Rules[0].Queues[1].ID
	agent := func(number string) any { return w.tables().by("agents", "number", number)[0]["id"] }
	seat := func(queue int, number string) string {
		return fmt.Sprintf("/1.1/queues/%d/members/agents/%v", queue, agent(number))
	}
	w.rest(http.MethodDelete, seat(sales, "8001"), nil, nil)
	w.rest(http.MethodPut, seat(support, "8002"), map[string]any{"penalty": 9}, nil)
	w.rest(http.MethodPost, fmt.Sprintf("/1.1/queues/%d/members/agents", evening), map[string]any{"agent_id": agent("8002"), "penalty": 2}, nil)
	w.rest(http.MethodPost, fmt.Sprintf("/1.1/queues/%d/members/agents", support), map[string]any{"agent_id": agent("8003"), "penalty": 5}, nil)
	was := w.agent("8001") + w.agent("8002") + w.agent("8003")
	w.sim.ResetLog()
	w.quiet()
	for _, path := range w.reads() {
		if strings.Contains(path, "/queues/") {
			t.Errorf("a run that is no audit asked for %s", path)
		}
	}
	if now := w.agent("8001") + w.agent("8002") + w.agent("8003"); now != was {
		t.Errorf("a run that is no audit made %s of %s", now, was)
	}
	report := w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit })
	if n := len(report.Plan.Changes()); n != 2 {
		t.Errorf("%d changes: %v", n, report.Plan.Changes())
	}
	w.wantAgent("8001", "w01 w01  of w01 support:1 sales:0")
	w.wantAgent("8002", "w02 w02 de_DE of w02 support:4 evening:2")
	w.wantAgent("8003", "w03 w03  of w03 support:5")
	if report := w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit }); len(report.Plan.Changes()) > 0 {
		t.Errorf("the next audit made %v", report.Plan.Changes())
	}
	w.quiet()
}
