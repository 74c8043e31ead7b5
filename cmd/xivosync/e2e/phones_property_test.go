package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// TestPhonesSettle edits phones, agents and logins at random on both sides, with
// random refusals. Runs come to rest; then both sides agree about everybody of
// whom nothing is open, no number is used twice, nothing hangs in the air, and
// what belongs to nobody in the directory is as it was.
func TestPhonesSettle(t *testing.T) {
	t.Parallel()
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGame(t, seed)
			for round := range 8 {
				g.round(round)
				if t.Failed() {
					t.Fatalf("round %d, after:\n  %s", round, strings.Join(g.told, "\n  "))
				}
			}
		})
	}
}

// game is a world with what was done to it.
type game struct {
	*world
	r      *rand.Rand
	people int
	others map[string]string
	told   []string
	// mode is how the runs read; full where it is empty.
	mode record.Mode
}

func newGame(t *testing.T, seed uint64) *game {
	g := &game{r: rand.New(rand.NewPCG(seed, 7)), people: 4}
	var people []ldaptest.Person
	for n := 1; n <= g.people; n++ {
		people = append(people, hired(n, agentNumber, fmt.Sprint(8000+n), "departmentNumber", []string{"Sales", "Support"}[n%2]))
	}
	g.world = bothWays(t, people...)
	g.agents()
	g.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
	g.spec("did").OnClear = []reconcile.OnClear{reconcile.OnClearDeactivate, reconcile.OnClearDelete, reconcile.OnClearKeep}[seed%3]
	g.doorPhone("1009")
	g.doorPhone("1501", g.stranger("Door"))
	g.mailbox("1008", g.stranger("Fax"), g.stranger("Desk"))
	g.incall("1007", map[string]any{"type": "user", "user_id": g.stranger("Gate")})
	g.others = g.dumped()
	maps.DeleteFunc(g.others, func(place, _ string) bool { return strings.HasPrefix(place, "queues ") }) // its rows hold everybody's membership
	for _, table := range []string{"users", "lines", "incalls", "voicemails", "extensions", "endpoints_sip", "agents"} {
		if g.others[table+" 1"] == "" {
			t.Fatalf("the dump has no first row of %s to compare", table)
		}
	}
	return g
}

// agents lets whoever has an employeeNumber be an agent, in the queues of their
// department, the salespeople with a login. An agent of a user who is in no
// directory is in both queues.
func (g *game) agents() {
	g.Specs = append(g.Specs, field("agent", agentNumber, reconcile.ToXiVO), field("cti", "", reconcile.ToXiVO),
		field("username", "uid", reconcile.ToXiVO), field("password", "title", reconcile.Initial))
	support, sales := g.sim.AddQueue("support"), g.sim.AddQueue("sales")
	in := func(department string, set map[string]string, queues ...reconcile.AgentQueue) reconcile.Rule {
		return reconcile.Rule{Name: department, When: reconcile.Condition{Attribute: "departmentNumber", Equals: department}, Set: set, Queues: queues}
	}
	g.Rules = reconcile.Rules{
		in("Sales", map[string]string{reconcile.SetCTI: "Agent"}, reconcile.AgentQueue{ID: support, Name: "support", Penalty: 1}, reconcile.AgentQueue{ID: sales, Name: "sales"}),
		in("Support", nil, reconcile.AgentQueue{ID: support, Name: "support", Penalty: 4}),
	}
	agent := g.sim.AddAgent(xivosim.Agent{Number: "8099", Firstname: "Stranger", Lastname: "Agent", Context: "default", Group: 1})
	g.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v/agents/%d", g.stranger("Agent"), agent), nil, nil)
	for _, queue := range []int{support, sales} {
		g.rest(http.MethodPost, fmt.Sprintf("/1.1/queues/%d/members/agents", queue), map[string]any{"agent_id": agent, "penalty": 7}, nil)
	}
}

// departments are what their people's agents and logins are.
var departments = map[string][2]string{"": {"", "false"}, "Sales": {" sales:0 support:1", "true"}, "Support": {" support:4", "false"}}

// wantDepartment compares agent and login of one person with the directory.
func (g *game) wantDepartment(dn string, u row, all tables) {
	g.t.Helper()
	var department string
	if v := g.slapd.Values(dn, "departmentNumber"); len(v) > 0 {
		department = v[0]
	}
	want := departments[department]
	if login := fmt.Sprint(u["cti_enabled"] == true); login != want[1] {
		g.t.Errorf("%v of %q: the login is %s", u["userfield"], department, login)
	}
	number := g.slapd.Values(dn, agentNumber)
	if len(number) == 0 {
		return
	}
	if got := text(all.by("agents", "id", u["agent_id"]), "number"); got != number[0] {
		g.t.Errorf("%v is agent %q, want %s", u["userfield"], got, number[0])
	}
	if got := all.seats(u["agent_id"]); got != want[0] {
		g.t.Errorf("%v of %q is in the queues%s, want%s", u["userfield"], department, got, want[0])
	}
}

// seats are the queues of an agent with their penalties.
func (t tables) seats(agent any) string {
	var out []string
	for _, q := range t["queues"] {
		members, _ := q["members"].(map[string]any)
		if penalty, in := members[fmt.Sprint(agent)]; in {
			out = append(out, fmt.Sprintf(" %v:%v", q["name"], penalty))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

func (g *game) tell(format string, args ...any) {
	g.told = append(g.told, fmt.Sprintf(format, args...))
}

// number is one of a few, so that people meet.
func (g *game) number() int { return 1 + g.r.IntN(12) }

func (g *game) round(n int) {
	if n > 0 {
		for range 1 + g.r.IntN(4) {
			g.edit()
		}
	}
	if g.r.IntN(3) == 0 {
		f := xivosim.Fault{Method: []string{http.MethodPost, http.MethodPut, http.MethodDelete}[g.r.IntN(3)], Nth: 1 + g.r.IntN(8), Status: http.StatusBadRequest, Body: noThankYou}
		g.tell("refuse %s %d", f.Method, f.Nth)
		g.sim.Inject(f)
	}
	for i := 0; ; i++ {
		g.sim.ResetLog()
		report, err := g.run(inMode(g.mode), allow(reconcile.GuardRemovals, reconcile.GuardClears, reconcile.GuardRenumberings, reconcile.GuardCreates,
			reconcile.GuardUpdates, reconcile.GuardWritebacks, reconcile.GuardSource))
		if err != nil {
			g.t.Fatalf("run: %v\n  %s", err, strings.Join(g.told, "\n  "))
		}
		g.sim.ClearFaults()
		g.tell("run: %s %+v %v%s", report.Outcome, report.Counts, report.Failures, told(report.Found))
		if len(report.Plan.Changes()) == 0 {
			g.judge(report)
			return
		}
		if i == 5 {
			g.t.Errorf("still not quiet: %+v", report.Plan.Changes()[0])
			return
		}
	}
}

// edit changes something on one side.
func (g *game) edit() {
	n := 1 + g.r.IntN(g.people)
	uid, dn := fmt.Sprintf("w%02d", n), worker(n).DN
	switch g.r.IntN(14) {
	case 0, 1:
		to := fmt.Sprint(1000 + g.number())
		g.tell("%s ipPhone %s", uid, to)
		g.slapd.Modify(dn, "ipPhone", to)
	case 2:
		g.tell("%s ipPhone none", uid)
		g.slapd.Modify(dn, "ipPhone")
	case 3, 4:
		var to []string
		for range g.r.IntN(4) {
			if s := outside(g.number()); !slices.Contains(to, s) {
				to = append(to, s)
			}
		}
		g.tell("%s telephone %v", uid, to)
		g.slapd.Modify(dn, telephone, to...)
	case 5:
		to := []string{"disabled", "internal"}[g.r.IntN(2)]
		g.tell("%s %s", uid, to)
		g.slapd.Modify(dn, "employeeType", to)
	case 6:
		g.people++
		g.tell("add w%02d", g.people)
		g.slapd.Add(hired(g.people))
	case 7, 8:
		g.editExtension(uid)
	case 9:
		g.addIncall(uid)
	case 10:
		g.removeIncall(uid)
	case 11, 12:
		to := [][]string{{"Sales"}, {"Support"}, nil}[g.r.IntN(3)]
		g.tell("%s is of the department %v", uid, to)
		g.slapd.Modify(dn, "departmentNumber", to...)
	case 13:
		if g.slapd.Values(dn, agentNumber) == nil {
			g.tell("%s becomes an agent", uid)
			g.slapd.Modify(dn, agentNumber, fmt.Sprint(8000+n))
		}
	}
}

// mine is the row of a user, nil where there is none, or is deactivated.
func (g *game) mine(uid string) row {
	u := g.tables().by("users", "userfield", uid)
	if len(u) != 1 || u[0]["enabled"] != true {
		return nil
	}
	return u[0]
}

func (g *game) free(number, context string) bool {
	return len(slices.DeleteFunc(g.tables().by("extensions", "exten", number), func(r row) bool { return r["context"] != context })) == 0
}

func (g *game) editExtension(uid string) {
	u := g.mine(uid)
	to := fmt.Sprint(1000 + g.number())
	if u == nil || !g.free(to, "default") {
		return
	}
	for _, x := range g.tables().by("extensions", "owner", "user") {
		if x["owner_id"] == u["id"] && x["commented"] != true {
			g.tell("XiVO: %s %v becomes %s", uid, x["exten"], to)
			g.rest(http.MethodPut, fmt.Sprintf("/1.1/extensions/%v", x["id"]), map[string]any{"exten": to}, nil)
			return
		}
	}
}

func (g *game) addIncall(uid string) {
	u := g.mine(uid)
	to := fmt.Sprint(1000 + g.number())
	if u == nil || !g.free(to, "from-extern") {
		return
	}
	g.tell("XiVO: %s gets DID %s", uid, to)
	g.incall(to, map[string]any{"type": "user", "user_id": u["id"]})
}

func (g *game) removeIncall(uid string) {
	u := g.mine(uid)
	if u == nil {
		return
	}
	all := g.tables()
	for _, i := range all["incalls"] {
		if i["destination"].(row)["user_id"] != u["id"] {
			continue
		}
		for _, x := range all.by("extensions", "owner_id", i["id"]) {
			if x["owner"] == "incall" {
				g.tell("XiVO: %s loses DID %v", uid, x["exten"])
				g.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v/extensions/%v", i["id"], x["id"]), nil, nil)
				g.rest(http.MethodDelete, fmt.Sprintf("/1.1/extensions/%v", x["id"]), nil, nil)
				g.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v", i["id"]), nil, nil)
				return
			}
		}
	}
}

// judge looks at both systems at rest.
func (g *game) judge(report *reportOfRun) {
	g.t.Helper()
	g.keepsRows(g.others)
	all := g.tables()
	if got := all.seats(all.by("agents", "number", "8099")[0]["id"]); got != " sales:7 support:7" {
		g.t.Errorf("the agent of nobody's business is in%s", got)
	}
	used := map[string]bool{}
	for _, x := range all["extensions"] {
		key := fmt.Sprintf("%v@%v", x["exten"], x["context"])
		if used[key] {
			g.t.Errorf("%s is there twice", key)
		}
		used[key] = true
		if x["owner"] == nil {
			g.t.Errorf("%s hangs in the air", key)
		}
	}
	for table, n := range map[string]int{"endpoints_sip": len(all["lines"]), "line_extensions": len(all["lines"])} {
		if len(all[table]) != n {
			g.t.Errorf("%d lines, and %d %s", n, len(all[table]), table)
		}
	}
	for _, i := range all["incalls"] {
		if len(slices.DeleteFunc(all.by("extensions", "owner_id", i["id"]), func(r row) bool { return r["owner"] != "incall" })) != 1 {
			g.t.Errorf("incall without a number, or with several: %v", i)
		}
	}
	open := map[string]bool{}
	for _, c := range report.Found {
		open[c.Person.Identifier] = true
	}
	for n := 1; n <= g.people; n++ {
		if uid := fmt.Sprintf("w%02d", n); !open[uid] {
			g.agree(uid, worker(n).DN)
		}
	}
}

// agree compares the two sides of one person.
func (g *game) agree(uid, dn string) {
	g.t.Helper()
	all := g.tables()
	u, disabled := all.by("users", "userfield", uid), slices.Contains(g.slapd.Values(dn, "employeeType"), "disabled")
	if len(u) == 0 && disabled {
		return // nobody to make
	}
	if len(u) != 1 {
		g.t.Errorf("%s: %d users", uid, len(u))
		return
	}
	var works, boxes, dids []string
	for _, x := range all["extensions"] {
		if x["commented"] == true {
			continue
		}
		if x["owner"] == "user" && x["owner_id"] == u[0]["id"] {
			works = append(works, fmt.Sprint(x["exten"]))
		}
		if x["owner"] == "incall" {
			if i := all.by("incalls", "id", x["owner_id"]); len(i) == 1 && i[0]["destination"].(row)["user_id"] == u[0]["id"] {
				dids = append(dids, fmt.Sprint(x["exten"]))
			}
		}
	}
	for _, v := range all.by("voicemails", "id", u[0]["voicemail_id"]) {
		if v["enabled"] == true {
			boxes = append(boxes, fmt.Sprint(v["number"]))
		}
	}
	var ipPhone, telephones []string
	if !disabled {
		g.wantDepartment(dn, u[0], all)
		ipPhone = g.slapd.Values(dn, "ipPhone")
		for _, s := range g.slapd.Values(dn, telephone) {
			telephones = append(telephones, "10"+s[len(s)-2:])
		}
	}
	if g.spec("did").OnClear == reconcile.OnClearKeep { // what was removed stays
		dids = slices.DeleteFunc(dids, func(d string) bool { return !slices.Contains(telephones, d) })
	}
	slices.Sort(dids)
	slices.Sort(telephones)
	for what, pair := range map[string][2][]string{"extension": {ipPhone, works}, "voicemail": {ipPhone, boxes}, "did": {telephones, dids}} {
		if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
			g.t.Errorf("%s: %s in the directory %v, in XiVO %v", uid, what, pair[0], pair[1])
		}
	}
}
