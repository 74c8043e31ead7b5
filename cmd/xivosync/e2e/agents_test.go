package e2e

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// agentNumber is the attribute that makes somebody an agent in these tests.
const agentNumber = "employeeNumber"

// agents is a world in which whoever has an employeeNumber is an agent, and
// those of the sales department are in two queues.
func agents(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := phones(t, people...)
	w.Specs = append(w.Specs, field("agent", agentNumber, reconcile.ToXiVO))
	support, sales := w.sim.AddQueue("support"), w.sim.AddQueue("sales")
	in := func(department string, set map[string]string, queues ...reconcile.AgentQueue) reconcile.Rule {
		return reconcile.Rule{Name: department, When: reconcile.Condition{Attribute: "departmentNumber", Equals: department}, Set: set, Queues: queues}
	}
	w.Rules = reconcile.Rules{
		in("Sales", map[string]string{reconcile.SetLanguage: "fr_FR"}, reconcile.AgentQueue{ID: support, Name: "support", Penalty: 1}, reconcile.AgentQueue{ID: sales, Name: "sales"}),
		in("Support", map[string]string{reconcile.SetLanguage: "de_DE"}, reconcile.AgentQueue{ID: support, Name: "support", Penalty: 4}),
	}
	return w
}

func agentWorker(n int, pairs ...string) ldaptest.Person {
	return worker(n, append(pairs, agentNumber, fmt.Sprint(8000+n))...)
}

// agent is what XiVO holds of an agent: names, language, whose it is, and its
// penalties by queue.
func (w *world) agent(number string) string {
	w.t.Helper()
	all := w.tables()
	rows := all.by("agents", "number", number)
	if len(rows) != 1 {
		return fmt.Sprintf("%d agents", len(rows))
	}
	a := rows[0]
	parts := []string{fmt.Sprint(a["firstname"]), fmt.Sprint(a["lastname"]), fmt.Sprint(a["language"])}
	for _, u := range all.by("users", "agent_id", a["id"]) {
		parts = append(parts, "of "+fmt.Sprint(u["userfield"]))
	}
	queues := all["queues"]
	slices.SortFunc(queues, func(a, b row) int { return cmp.Compare(fmt.Sprint(a["id"]), fmt.Sprint(b["id"])) })
	for _, q := range queues {
		members, _ := q["members"].(map[string]any)
		if penalty, in := members[fmt.Sprint(a["id"])]; in {
			parts = append(parts, fmt.Sprintf("%v:%v", q["name"], penalty))
		}
	}
	return strings.Join(parts, " ")
}

func (w *world) wantAgent(number, want string) {
	w.t.Helper()
	if got := w.agent(number); got != want {
		w.t.Errorf("agent %s is %q, want %q", number, got, want)
	}
}

// wantFound fails unless the run found exactly these conflicts, as "person field
// kind", and the messages and hints have the words.
func wantFound(t testing.TB, report *reportOfRun, want []string, words ...string) {
	t.Helper()
	var got []string
	var said strings.Builder
	for _, c := range report.Found {
		got = append(got, fmt.Sprintf("%s %s %s", c.Person.Identifier, c.Field, c.Kind))
		fmt.Fprintln(&said, c.Message, c.Hint)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("conflicts %q, want %q:%s", got, want, told(report.Found))
	}
	wantWords(t, said.String(), words...)
}

// TestAgentsAreMadeAndFollow is the life of an agent: made with name, language
// and queues; all of them follow the directory.
func TestAgentsAreMadeAndFollow(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2), worker(3))
	w.good()
	w.wantPhone("w01", "1001", "1001", "1001")
	w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
	w.wantAgent("8002", "Worker w02  of w02")
	dn := worker(1).DN
	w.slapd.Modify(dn, "sn", "Newname")
	w.slapd.Modify(dn, "departmentNumber", "Support")
	w.good()
	w.wantAgent("8001", "Worker Newname de_DE of w01 support:4")
	w.slapd.Modify(dn, "departmentNumber")
	w.good()
	w.wantAgent("8001", "Worker Newname de_DE of w01")
	w.slapd.Modify(worker(3).DN, agentNumber, "8003")
	w.good()
	w.wantAgent("8003", "Worker w03  of w03")
}

// TestAnAgentThatIsThereIsTaken associates by number; somebody else's is not.
func TestAnAgentThatIsThereIsTaken(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2))
	w.sim.AddAgent(xivosim.Agent{Number: "8001", Firstname: "Old", Lastname: "Name", Context: "default", Group: 1})
	taken := w.sim.AddAgent(xivosim.Agent{Number: "8002", Firstname: "Some", Lastname: "Body", Context: "default", Group: 1})
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Some", "lastname": "Body"}, nil)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/1/agents/%d", taken), nil, nil)
	report := w.mustRun()
	wantFound(t, report, []string{"w02 agent resource_exists"}, "held by another user", "Some Body")
	w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
	w.wantAgent("8002", "Some Body  of <nil>")
	w.wantPhone("w02", "1002", "1002", "1002")
	w.quiet()
}

// TestAnAgentOfAnAdoptedUser is compared at first sight.
func TestAnAgentOfAnAdoptedUser(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1), agentWorker(2))
	for n := range 2 {
		name := []string{"Worker", "Other"}[n]
		id := w.sim.AddAgent(xivosim.Agent{Number: fmt.Sprint(8001 + n), Firstname: name, Lastname: fmt.Sprintf("w%02d", n+1), Context: "default", Group: 1})
		w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Worker", "userfield": fmt.Sprintf("w%02d", n+1)}, nil)
		w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%d/agents/%d", n+1, id), nil, nil)
	}
	w.sim.ResetLog()
	w.mustRun()
	edits := slices.DeleteFunc(w.writes(), func(s string) bool { return !strings.Contains(s, "callcenter") })
	if len(edits) != 1 {
		t.Errorf("%d agents were edited, want only the one that differs: %v", len(edits), edits)
	}
	w.wantAgent("8001", "Worker w01  of w01")
	w.wantAgent("8002", "Worker w02  of w02")
	w.quiet()
}

// TestAnAgentsNumberNeverChanges: it is a conflict while planning, and nothing is
// sent.
func TestAnAgentsNumberNeverChanges(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2))
	w.good()
	w.slapd.Modify(worker(1).DN, agentNumber, "8055")
	w.slapd.Modify(worker(1).DN, "departmentNumber", "Support")
	w.slapd.Modify(worker(1).DN, "mobile", "06 12 34 56 78")
	w.sim.ResetLog()
	wantFound(t, w.mustRun(), []string{"w01 agent immutable"}, "8055", "8001", "cannot change")
	if sent := w.writes(); len(sent) != 1 {
		t.Errorf("sent %v, want the mobile number only", sent)
	}
	w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
	w.wantAgent("8055", "0 agents")
	w.quiet()
	// Taken off by hand, the person gets the new one.
	w.rest(http.MethodDelete, fmt.Sprintf("/1.1/users/%v/agents", w.user("w01")["uuid"]), nil, nil)
	w.good()
	w.wantAgent("8055", "Worker w01 de_DE of w01 support:4")
}

// TestAgentsWhereXiVOCannotMakeThem reports each once, with what to do by hand,
// and serves the person; by hand it closes.
func TestAgentsWhereXiVOCannotMakeThem(t *testing.T) {
	t.Parallel()
	for name, without := range map[string]func(w *world){
		"no right":   func(w *world) { w.sim.Inject(xivosim.Fault{Path: "/callcenter/**", Status: 403, Body: " "}) },
		"no service": func(w *world) { w.sim.Inject(xivosim.Fault{Path: "/callcenter/**", Status: 404, Body: "<html>"}) },
		"a 500":      func(w *world) { w.sim.Inject(xivosim.Fault{Path: "/callcenter/**", Status: 500, Body: " "}) },
		"nobody":     func(w *world) { w.XiVO.WebURL = "http://127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := agents(t, agentWorker(1, "departmentNumber", "Sales"), worker(2))
			without(w)
			wantFound(t, w.mustRun(), []string{"w01 agent rejected"}, "create agent 8001 by hand")
			w.wantPhone("w01", "1001", "1001", "1001")
			w.quiet()
			id := w.sim.AddAgent(xivosim.Agent{Number: "8001", Firstname: "Worker", Lastname: "w01", Context: "default", Group: 1})
			w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v/agents/%d", w.user("w01")["uuid"], id), nil, nil)
			w.good()
		})
	}
}

// TestAnAgentThatIsRefused costs a new person nothing else, and is not asked for
// again as long as nothing changes.
func TestAnAgentThatIsRefused(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1), worker(2))
	w.Rules = append(w.Rules, reconcile.Rule{Name: "xx", Set: map[string]string{reconcile.SetLanguage: "xx_XX"}})
	wantFound(t, w.mustRun(), []string{"w01 agent rejected"}, "the agent service refuses act=add")
	w.wantPhone("w01", "1001", "1001", "1001")
	w.quiet()
	w.slapd.Modify(worker(1).DN, "departmentNumber", "Sales")
	w.good()
	w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
}

// TestAWrongQueue is refused by XiVO and reported by itself: the name arrives.
func TestAWrongQueue(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1, "departmentNumber", "Sales"))
	w.good()
	w.Rules[0].Queues = []reconcile.AgentQueue{{ID: 99, Name: "nosuch"}}
	w.slapd.Modify(worker(1).DN, "sn", "Newname")
	wantFound(t, w.mustRun(), []string{"w01 queues rejected"}, "99")
	w.wantAgent("8001", "Worker Newname fr_FR of w01 support:1 sales:0")
	w.quiet()
}

// TestAnAgentThatIsNotAskedForAnyMore stays, unless on_clear says delete.
func TestAnAgentThatIsNotAskedForAnyMore(t *testing.T) {
	t.Parallel()
	for clear, want := range map[reconcile.OnClear]string{
		reconcile.OnClearDeactivate: "Worker w01 fr_FR of w01 support:1 sales:0",
		reconcile.OnClearKeep:       "Worker w01 fr_FR of w01 support:1 sales:0",
		reconcile.OnClearDelete:     "0 agents",
	} {
		t.Run(string(clear), func(t *testing.T) {
			t.Parallel()
			w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2))
			w.spec("agent").OnClear = clear
			w.good()
			w.slapd.Modify(worker(1).DN, agentNumber)
			w.good()
			w.wantAgent("8001", want)
			w.slapd.Modify(worker(1).DN, agentNumber, "8001")
			w.good()
			w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
		})
	}
}

// TestALeaversAgentStays with its queues, and is what it was on the return.
func TestALeaversAgentStays(t *testing.T) {
	t.Parallel()
	w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2))
	w.good()
	dn := worker(1).DN
	for _, kind := range []string{"disabled", "internal"} {
		w.slapd.Modify(dn, "employeeType", kind)
		w.good()
		w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
	}
	if w.user("w01")["enabled"] != true {
		t.Error("the person is not back")
	}
}

// TestTheWebInterfaceIsDown holds the agents only, each told once; whatever else
// is asked of confd is done, and the agents follow when it is back.
func TestTheWebInterfaceIsDown(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(w *world){
		"an error":   func(w *world) { w.sim.Inject(xivosim.Fault{Path: "/callcenter/**", Status: 500, Body: " "}) },
		"no machine": func(w *world) { w.XiVO.WebURL = "http://127.0.0.1:1" },
	} {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, people are known: %v", name, known), func(t *testing.T) {
				t.Parallel()
				w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2), agentWorker(3, "departmentNumber", "Support"), worker(4))
				w.good()
				web := w.XiVO.WebURL
				down(w)
				if !known {
					w.Path += ".new" // everybody is new to us, and read in full
				}
				for n := 1; n <= 4; n++ {
					w.slapd.Modify(worker(n).DN, "sn", "Newname")
				}
				w.slapd.Modify(worker(4).DN, agentNumber, "8004") // becomes an agent
				w.slapd.Add(agentWorker(5))
				want := []string{"w04 agent rejected", "w05 agent rejected"}
				if known { // else nothing of their agents is known that could differ
					want = []string{"w01 agent rejected", "w02 agent rejected", "w03 agent rejected", "w04 agent rejected", "w05 agent rejected"}
				}
				wantFound(t, w.mustRun(), want, `agent "8004"`)
				for n := 1; n <= 4; n++ {
					if uid := fmt.Sprintf("w%02d", n); w.user(uid)["lastname"] != "Newname" {
						t.Errorf("%s is not renamed", uid)
					}
				}
				w.wantPhone("w05", "1005", "1005", "1005")
				w.quiet()
				w.XiVO.WebURL = web
				w.sim.ClearFaults()
				w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit })
				for number, want := range map[string]string{"8001": "Worker Newname fr_FR of w01 support:1 sales:0", "8002": "Worker Newname  of w02",
					"8003": "Worker Newname de_DE of w03 support:4", "8004": "Worker Newname  of w04", "8005": "Worker w05  of w05"} {
					w.wantAgent(number, want)
				}
				w.good()
			})
		}
	}
}
