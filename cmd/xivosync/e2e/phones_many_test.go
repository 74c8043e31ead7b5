package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// town is a site of the many: hundreds of people each.
type town struct {
	name   string
	first  int // the thousand of its extensions
	public string
}

var towns = []town{{"lyon", 1000, "+33 4 72 10"}, {"paris", 2000, "+33 1 23 45"}, {"lille", 3000, "+33 3 20 11"}}

// site has a context of its own for numbers, a pool at its end, and a block of a
// thousand public numbers that are delivered as national ones.
func (o town) site(t testing.TB) reconcile.Site {
	t.Helper()
	block, err := reconcile.ParseBlock(fmt.Sprintf("%s 0000-0999", o.public), "FR")
	if err != nil {
		t.Fatal(err)
	}
	at := func(n int) string { return fmt.Sprint(o.first + n) }
	return reconcile.Site{Name: o.name, Context: o.name, Extensions: []reconcile.Range{{First: at(0), Last: at(999)}},
		Pool: []reconcile.Range{{First: at(900), Last: at(999)}}, DIDContext: "from-extern", Block: block, DIDLength: 10, Prefix: fmt.Sprint(o.first / 1000)}
}

// resident is the i-th person of a town. Every fifth has no number and draws one;
// every seventh has no DID, every ninth two. Every third is an agent, in one of the
// queues or, for want of a department, in none.
func (o town) resident(i int) ldaptest.Person {
	pairs := []string{"givenName", "Given", "l", o.name}
	if i%5 != 0 {
		pairs = append(pairs, "ipPhone", fmt.Sprint(o.first+i))
	}
	if i%7 != 0 {
		pairs = append(pairs, telephone, o.did(i))
	}
	if i%9 == 0 {
		pairs = append(pairs, telephone, o.did(500+i))
	}
	if i%3 == 0 {
		pairs = append(pairs, agentNumber, o.agent(i))
	}
	if q := queueOf(i); q > 0 {
		pairs = append(pairs, "departmentNumber", fmt.Sprint(q))
	}
	return ldaptest.Plain(fmt.Sprintf("%s%03d", o.name, i), pairs...)
}

func (o town) did(i int) string { return fmt.Sprintf("%s %02d %02d", o.public, i/100, i%100) }

func (o town) agent(i int) string { return fmt.Sprint(70000 + o.first + i) }

// queueOf numbers the queue of a resident from 1 to 4; 0 is none.
func queueOf(i int) int { return i % 5 }

// delivered is how the operator of XiVO's incalls writes it.
func (o town) delivered(i int) string {
	digits := []byte{'0'}
	for _, c := range []byte(o.did(i)[len("+33"):]) {
		if c != ' ' {
			digits = append(digits, c)
		}
	}
	return string(digits)
}

// eachTown is how many people of a town there are, but for the last one.
const eachTown = 167

// inTowns is a world of 500 people at three sites, with pools and four queues.
func inTowns(t testing.TB) (*world, []ldaptest.Person) {
	t.Helper()
	var people []ldaptest.Person
	for _, o := range towns {
		for i := range eachTown {
			people = append(people, o.resident(i))
		}
	}
	people = people[:500]
	w := newWorld(t, people)
	for _, o := range towns {
		w.Sites = append(w.Sites, o.site(t))
		w.sim.PutContext(xivosim.Context{Name: o.name, Type: "internal", Enabled: true,
			Users: []xivosim.Range{{Start: fmt.Sprint(o.first), End: fmt.Sprint(o.first + 999)}}})
		w.Rules = append(w.Rules, reconcile.Rule{Name: o.name, When: reconcile.Condition{Attribute: "l", Equals: o.name}, Set: map[string]string{"site": o.name}})
	}
	w.sim.PutContext(xivosim.Context{Name: "from-extern", Type: "incall", Enabled: true,
		Incalls: []xivosim.Range{{Start: "0100000000", End: "0999999999", DIDLength: 10}}})
	w.Specs = append(w.Specs, field("extension", "ipPhone", reconcile.Both), field("voicemail", "ipPhone", reconcile.ToXiVO), field("did", telephone, reconcile.Both),
		field("agent", agentNumber, reconcile.ToXiVO))
	for q := 1; q <= 4; q++ {
		name := fmt.Sprintf("queue%d", q)
		w.Rules = append(w.Rules, reconcile.Rule{Name: name, When: reconcile.Condition{Attribute: "departmentNumber", Equals: fmt.Sprint(q)},
			Queues: []reconcile.AgentQueue{{ID: w.sim.AddQueue(name), Name: name, Penalty: 10 * q}}})
	}
	w.Guards.Limits = nil
	return w, people
}

// TestFiveHundredPhones provisions 500 people at three sites, with pools, and
// agents in four queues. A reader of plain
// HTTP finds exactly what is expected, and a second run writes nothing and asks
// no more than a survey does.
func TestFiveHundredPhones(t *testing.T) {
	t.Parallel()
	w, people := inTowns(t)
	report := w.mustRun(allow(reconcile.GuardFirstRun, reconcile.GuardCreates, reconcile.GuardWritebacks))
	if report.Counts.Created != 500 || len(report.Failures)+len(report.Found) > 0 {
		t.Fatalf("%s %+v %v%s", report.Outcome, report.Counts, report.Failures, told(report.Found))
	}
	w.wantTowns(people, eachTown)
	w.wantAgents(people, eachTown)
	w.sim.ResetLog()
	w.quiet()
	if reads := w.sim.Counts().Reads; reads > 5 { // who it is, the survey's three, the list of agents
		t.Errorf("a run without changes asked %d times, more than the survey: %v", reads, w.sim.Log())
	}
}

// found is what the reader finds of one person.
type found struct{ Extension, Context, Mailbox, DIDs string }

// wantTowns reads XiVO list by list and compares it with what the directory asks
// for.
func (w *world) wantTowns(people []ldaptest.Person, each int) {
	w.t.Helper()
	got, want := w.holdings(), map[string]found{}
	drawn := map[string]bool{}
	for n, p := range people {
		o, i := towns[n/each], n%each
		uid := p.First("uid")
		f := found{Extension: fmt.Sprint(o.first + i), Context: o.name}
		if i%5 == 0 {
			f.Extension = got[uid].Extension
			if drawn[f.Extension] || f.Extension < fmt.Sprint(o.first+900) || f.Extension > fmt.Sprint(o.first+999) {
				w.t.Errorf("%s drew %q, twice or out of the pool", uid, f.Extension)
			}
			drawn[f.Extension] = true
			w.wantEntry(p.DN, "ipPhone", f.Extension)
		}
		f.Mailbox = f.Extension + "@" + o.name
		var dids []string
		if i%7 != 0 {
			dids = append(dids, o.delivered(i))
		}
		if i%9 == 0 {
			dids = append(dids, o.delivered(500+i))
		}
		f.DIDs = fmt.Sprint(dids)
		want[uid] = f
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("XiVO holds (-want +got):\n%s", diff)
	}
	for path, n := range map[string]int{"/1.1/lines": 500, "/1.1/endpoints/sip": 500, "/1.1/voicemails": 500} {
		var list struct{ Items []map[string]any }
		w.rest(http.MethodGet, path, nil, &list)
		if len(list.Items) != n {
			w.t.Errorf("%s lists %d, want %d", path, len(list.Items), n)
		}
	}
}

// holdings reads everybody's things, from the lists of each kind of thing.
func (w *world) holdings() map[string]found {
	w.t.Helper()
	list := func(path string) []map[string]any {
		var l struct{ Items []map[string]any }
		w.rest(http.MethodGet, path, nil, &l)
		return l.Items
	}
	boxes, dids := map[any]string{}, map[any][]string{}
	for _, v := range list("/1.1/voicemails") {
		boxes[v["id"]] = fmt.Sprintf("%v@%v", v["number"], v["context"])
	}
	for _, i := range list("/1.1/incalls") {
		to := i["destination"].(map[string]any)["user_id"]
		for _, x := range i["extensions"].([]any) {
			dids[to] = append(dids[to], x.(map[string]any)["exten"].(string))
		}
	}
	out := map[string]found{}
	for _, u := range w.list() {
		var f found
		for _, l := range u["lines"].([]any) {
			for _, x := range l.(map[string]any)["extensions"].([]any) {
				f.Extension += x.(map[string]any)["exten"].(string)
				f.Context += x.(map[string]any)["context"].(string)
			}
		}
		if v, _ := u["voicemail"].(map[string]any); v != nil {
			f.Mailbox = boxes[v["id"]]
		}
		slices.Sort(dids[u["id"]])
		f.DIDs = fmt.Sprint(dids[u["id"]])
		out[u["userfield"].(string)] = f
	}
	return out
}

// wantAgents finds the agents of the web interface's list, whose they are, and for
// each of the four queues whether they are in it, with which penalty.
func (w *world) wantAgents(people []ldaptest.Person, each int) {
	w.t.Helper()
	var agents []struct{ ID, Number string }
	xivo := w.plainReader()
	xivo.get(w.srv.WebURL+"/callcenter/json.php/restricted/settings/agents/?act=list", &agents)
	seats := map[string]string{}
	for _, a := range agents {
		for q := 1; q <= 4; q++ {
			var member struct {
				Penalty int `json:"penalty"`
			}
			if xivo.get(fmt.Sprintf("%s/1.1/queues/%d/members/agents/%s", w.srv.URL, q, a.ID), &member) == http.StatusOK {
				seats[a.Number] += fmt.Sprintf("queue%d:%d", q, member.Penalty)
			}
		}
	}
	numbers := map[string]string{}
	for _, a := range agents {
		numbers[a.ID] = a.Number
	}
	got, want := map[string]string{}, map[string]string{}
	for _, u := range w.list() {
		var of struct {
			Agent int `json:"agent_id"`
		}
		if xivo.get(fmt.Sprintf("%s/1.1/users/%v/agents", w.srv.URL, u["uuid"]), &of) == http.StatusOK && of.Agent > 0 {
			number := numbers[fmt.Sprint(of.Agent)]
			got[u["userfield"].(string)] = number + " " + seats[number]
		}
	}
	for n, p := range people {
		o, i := towns[n/each], n%each
		if i%3 != 0 {
			continue
		}
		seat := ""
		if q := queueOf(i); q > 0 {
			seat = fmt.Sprintf("queue%d:%d", q, 10*q)
		}
		want[p.First("uid")] = o.agent(i) + " " + seat
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.t.Errorf("XiVO's agents (-want +got):\n%s", diff)
	}
	if len(agents) != len(want) {
		w.t.Errorf("XiVO has %d agents, want %d", len(agents), len(want))
	}
}

// plainReader asks with nothing but HTTP and the user's name and password.
type plainReader struct {
	*world
	client http.Client
	token  string
}

func (w *world) plainReader() *plainReader {
	w.t.Helper()
	p := &plainReader{world: w, client: http.Client{Transport: &http.Transport{}}}
	w.t.Cleanup(p.client.CloseIdleConnections)
	var answer struct{ Data struct{ Token string } }
	p.send(http.MethodPost, w.srv.AuthURL+"/0.1/token", `{"backend":"xivo_service","expiration":600}`, &answer)
	p.token = answer.Data.Token
	return p
}

func (p *plainReader) get(url string, into any) int {
	return p.send(http.MethodGet, url, "", into)
}

// send returns the status, and what a good answer holds.
func (p *plainReader) send(method, url, body string, into any) int {
	p.t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.SetBasicAuth(p.XiVO.Username, p.XiVO.Password)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("X-Auth-Token", p.token)
	}
	res, err := p.client.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode < 300 {
		if err := json.Unmarshal(text, into); err != nil {
			p.t.Fatalf("%s %s: %v", method, url, err)
		}
	} else if res.StatusCode != http.StatusNotFound {
		p.t.Fatalf("%s %s: %d %s", method, url, res.StatusCode, text)
	}
	return res.StatusCode
}
