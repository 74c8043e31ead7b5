package e2e

import (
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

// ring is a world with five people who hold every number of a range of five.
func ring(t testing.TB) *world {
	t.Helper()
	var people []ldaptest.Person
	for n := 1; n <= 5; n++ {
		people = append(people, worker(n))
	}
	w := phones(t, people...)
	w.Sites[0].Extensions = []reconcile.Range{{First: "1001", Last: "1005"}}
	w.Specs = append(w.Specs, field("username", "employeeNumber", reconcile.ToXiVO))
	for n := 1; n <= 5; n++ {
		w.slapd.Modify(worker(n).DN, "employeeNumber", fmt.Sprintf("login%d", n))
	}
	w.settle()
	var contexts struct{ Items []map[string]any }
	w.rest(http.MethodGet, "/1.1/contexts", nil, &contexts)
	for _, c := range contexts.Items {
		if c["name"] == "default" {
			full := []map[string]any{{"start": "1001", "end": "1005"}}
			w.rest(http.MethodPut, fmt.Sprintf("/1.1/contexts/%v", c["id"]), map[string]any{"user_ranges": full}, nil)
		}
	}
	w.sim.ResetLog()
	return w
}

// rotate gives each of these people the attribute of the next one.
func (w *world) rotate(attribute string, people ...int) {
	w.t.Helper()
	var values [][]string
	for _, n := range people {
		values = append(values, w.slapd.Values(worker(n).DN, attribute))
	}
	for i, n := range people {
		w.slapd.Modify(worker(n).DN, attribute, values[(i+1)%len(values)]...)
	}
}

// inStep compares everybody's phone with the directory, as plain HTTP shows it.
func (w *world) inStep() {
	w.t.Helper()
	for n := 1; n <= 5; n++ {
		number := w.slapd.Values(worker(n).DN, "ipPhone")[0]
		var dids []string
		for _, s := range w.slapd.Values(worker(n).DN, "telephoneNumber") {
			dids = append(dids, "10"+s[len(s)-2:])
		}
		slices.Sort(dids)
		uid := fmt.Sprintf("w%02d", n)
		w.wantPhone(uid, number, number, dids...)
		w.wantUser(uid, "email", w.slapd.Values(worker(n).DN, "mail")[0], "username", w.slapd.Values(worker(n).DN, "employeeNumber")[0])
	}
	w.nobodyParked()
}

// nobodyParked looks for numbers that are out of the way.
func (w *world) nobodyParked() {
	w.t.Helper()
	for _, x := range w.tables()["extensions"] {
		commented, _ := x["commented"].(bool)
		if x["owner"] != "extenfeatures" && (commented || strings.HasPrefix(fmt.Sprint(x["exten"]), "_")) {
			w.t.Errorf("still parked: %v", x)
		}
	}
}

// rings are what changes hands, and around how many people.
var rings = map[string]func(w *world){
	"a swap of numbers":      func(w *world) { w.rotate("ipPhone", 1, 2) },
	"a ring of five numbers": func(w *world) { w.rotate("ipPhone", 1, 2, 3, 4, 5) },
	"DIDs":                   func(w *world) { w.rotate("telephoneNumber", 1, 3) },
	"e-mails":                func(w *world) { w.rotate("mail", 5, 4, 3) },
	"usernames":              func(w *world) { w.rotate("employeeNumber", 2, 5) },
	"everything": func(w *world) {
		w.rotate("ipPhone", 1, 2, 3)
		w.rotate("ipPhone", 4, 5)
		w.rotate("telephoneNumber", 5, 4, 3, 2, 1)
		w.rotate("mail", 1, 2)
		w.rotate("employeeNumber", 2, 3, 4)
		w.slapd.Modify(worker(3).DN, "sn", "Changed")
	},
}

// TestValuesChangeHandsWithTheRangeFull makes everybody's value arrive in one
// run, although none is free.
func TestValuesChangeHandsWithTheRangeFull(t *testing.T) {
	t.Parallel()
	for name, change := range rings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ring(t)
			change(w)
			report := w.mustRun()
			if report.Outcome != record.OutcomeDone || len(report.Found)+len(report.Failures) > 0 {
				t.Errorf("%s: %v%s", report.Outcome, report.Failures, told(report.Found))
			}
			w.inStep()
			w.quiet()
		})
	}
}

// TestSwappedSetsOfDIDs has two people exchange one or all of their several
// external numbers.
func TestSwappedSetsOfDIDs(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][2][]string{
		"one of two":           {{"+33 4 72 10 10 01", "+33 4 72 10 10 22"}, {"+33 4 72 10 10 21", "+33 4 72 10 10 02"}},
		"both":                 {{"+33 4 72 10 10 02", "+33 4 72 10 10 22"}, {"+33 4 72 10 10 01", "+33 4 72 10 10 21"}},
		"one, and another new": {{"+33 4 72 10 10 02", "+33 4 72 10 10 60"}, {"+33 4 72 10 10 01", "+33 4 72 10 10 22"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ring(t)
			w.slapd.Modify(worker(1).DN, "telephoneNumber", "+33 4 72 10 10 01", "+33 4 72 10 10 21")
			w.slapd.Modify(worker(2).DN, "telephoneNumber", "+33 4 72 10 10 02", "+33 4 72 10 10 22")
			w.settle()
			w.slapd.Modify(worker(1).DN, "telephoneNumber", want[0]...)
			w.slapd.Modify(worker(2).DN, "telephoneNumber", want[1]...)
			report := w.mustRun()
			if report.Outcome != record.OutcomeDone || len(report.Found)+len(report.Failures) > 0 {
				t.Errorf("%s: %v%s", report.Outcome, report.Failures, told(report.Found))
			}
			w.inStep()
			w.quiet()
		})
	}
}

// TestEveryRequestOfACycleDisturbed disturbs every writing request of a run in
// which everything changes hands. Nobody stays parked, a refusal takes the
// whole cycle back, and what is left is done as soon as the fault is gone.
func TestEveryRequestOfACycleDisturbed(t *testing.T) {
	t.Parallel()
	begin := func(t testing.TB) *world {
		w := ring(t)
		rings["everything"](w)
		return w
	}
	w := begin(t)
	w.mustRun()
	sent := w.writes()
	want := w.estate()
	t.Logf("%d requests: %s", len(sent), strings.Join(sent, ", "))
	nth := map[string]int{}
	for i, request := range sent {
		method, _, _ := strings.Cut(request, " ")
		nth[method]++
		for _, d := range disturbances {
			fault := xivosim.Fault{Method: method, Nth: nth[method], Effect: d.effect, Status: d.status, Body: d.body}
			t.Run(fmt.Sprintf("%d %s %s", i+1, resource(request), d.name), func(t *testing.T) {
				t.Parallel()
				w := begin(t)
				w.sim.Inject(fault)
				report, err := w.run()
				w.sim.ClearFaults()
				switch {
				case err != nil && record.ClassOf(err) != record.Down:
					t.Fatal(err)
				case err == nil && !d.refused && len(report.Failures)+len(report.Found) > 0:
					t.Errorf("failures %v%s", report.Failures, told(report.Found))
				case err == nil && d.refused && (report.Outcome != record.OutcomePartial || len(report.Found) == 0):
					t.Errorf("%s: %v%s", report.Outcome, report.Failures, told(report.Found))
				}
				if err == nil {
					w.nobodyParked()
				}
				if d.refused {
					w.quietly("the refused cycle was tried again")
					w.mustRun(func(o *optionsOfRun) { o.Mode = record.Audit })
				}
				if last := w.mustRun(); last.Recovered.Unknown > 0 || len(last.Failures)+len(last.Found) > 0 {
					t.Errorf("recovered %+v, failures %v%s", last.Recovered, last.Failures, told(last.Found))
				}
				w.inStep()
				w.wantEstate(want, "not as without the disturbance")
				w.quiet()
			})
		}
	}
}

// TestCrashInACycle kills a run with three cycles.
func TestCrashInACycle(t *testing.T) {
	t.Parallel()
	killing{arrived: (*world).inStep, least: 80, begin: func(t testing.TB) *world {
		w := ring(t)
		w.rotate("ipPhone", 1, 2, 3)
		w.rotate("telephoneNumber", 1, 2)
		w.rotate("mail", 3, 4)
		return w
	}}.everywhere(t)
}

// TestASwapInXiVOTravels has an administrator swap two numbers in XiVO: the
// directory learns them, and the mailboxes follow.
func TestASwapInXiVOTravels(t *testing.T) {
	t.Parallel()
	w := ring(t)
	ids := map[string]any{}
	for _, x := range w.tables()["extensions"] {
		ids[fmt.Sprint(x["exten"])+"@"+fmt.Sprint(x["context"])] = x["id"]
	}
	put := func(id any, exten string) {
		w.rest(http.MethodPut, fmt.Sprintf("/1.1/extensions/%v", id), map[string]any{"exten": exten}, nil)
	}
	put(ids["1001@default"], "_#1")
	put(ids["1002@default"], "1001")
	put(ids["1001@default"], "1002")
	report := w.mustRun()
	if report.Outcome != record.OutcomeDone || len(report.Found)+len(report.Failures) > 0 {
		t.Errorf("%s: %v%s", report.Outcome, report.Failures, told(report.Found))
	}
	w.wantPhone("w01", "1002", "1002", "1001")
	w.wantEntry(worker(2).DN, "ipPhone", "1001")
	w.inStep()
	w.quiet()
}
