package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// fully is a world in which everybody gets everything, and w01 has it.
func fully(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := phones(t, append([]ldaptest.Person{hired(1)}, people...)...)
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "branch"}, nil)
	w.Specs = append(w.Specs, field("cti", "", reconcile.ToXiVO), field("entity", "", reconcile.ToXiVO),
		field("username", "uid", reconcile.ToXiVO), field("password", "title", reconcile.Initial))
	w.Rules = reconcile.Rules{{Name: "all", Set: map[string]string{reconcile.SetCTI: "Client", reconcile.SetEntity: "branch"}}}
	w.settle()
	w.sim.ResetLog()
	return w
}

// hired is a worker who may log in.
func hired(n int, pairs ...string) ldaptest.Person {
	return worker(n, append([]string{"title", fmt.Sprintf("pass%04d", n)}, pairs...)...)
}

// story is a run of which every request is disturbed.
type story struct {
	// begin makes the world just before it.
	begin func(t testing.TB) *world
	// who is the person it is about.
	who string
	// whole stands or falls together: after a refusal all is as before.
	whole bool
	// stops tells that the run after a refusal stops the person's phone.
	stops bool
}

func joins(t testing.TB) *world {
	w := fully(t)
	w.slapd.Add(hired(2))
	return w
}

func leaves(t testing.TB) *world {
	w := fully(t, hired(2))
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	return w
}

func returns(t testing.TB) *world {
	w := leaves(t)
	w.mustRun()
	w.later(24 * time.Hour)
	w.slapd.Modify(hired(2).DN, "employeeType", "internal")
	w.sim.ResetLog()
	return w
}

func renumbers(t testing.TB) *world {
	w := fully(t, hired(2))
	w.slapd.Modify(hired(2).DN, "ipPhone", "1102")
	w.slapd.Modify(hired(2).DN, "telephoneNumber", "+33 4 72 10 10 82")
	return w
}

// draws is a joiner without a number.
func draws(t testing.TB) *world {
	w := fully(t)
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
	w.slapd.Add(hired(2))
	w.slapd.Modify(hired(2).DN, "ipPhone")
	return w
}

// shuffles has one DID replaced, one added, one given up and one taken up again.
func shuffles(t testing.TB) *world {
	w := fully(t, hired(2, telephone, outside(2), telephone, outside(52), telephone, outside(62)))
	w.spec("did").Direction = reconcile.Both
	w.slapd.Modify(hired(2).DN, telephone, outside(2), outside(52))
	w.mustRun(allow(reconcile.GuardConfiguration))
	w.slapd.Modify(hired(2).DN, telephone, outside(72), outside(62), outside(82))
	w.sim.ResetLog()
	return w
}

// givesUp empties both attributes, which takes everything down.
func givesUp(t testing.TB) *world {
	w := fully(t, hired(2))
	for _, name := range []string{"extension", "voicemail", "did"} {
		w.spec(name).OnClear = reconcile.OnClearDelete
	}
	w.slapd.Modify(hired(2).DN, telephone)
	w.slapd.Modify(hired(2).DN, "ipPhone")
	return w
}

// comesUp fills them again after that was not deleted.
func comesUp(t testing.TB) *world {
	w := fully(t, hired(2))
	w.slapd.Modify(hired(2).DN, telephone)
	w.slapd.Modify(hired(2).DN, "ipPhone")
	w.mustRun()
	w.slapd.Modify(hired(2).DN, telephone, outside(2))
	w.slapd.Modify(hired(2).DN, "ipPhone", "1102")
	w.sim.ResetLog()
	return w
}

// goes is a leaver who is deleted at once.
func goes(t testing.TB) *world {
	w := leaves(t)
	w.Removal.Policy = reconcile.RemovalDelete
	return w
}

// goesLater is a leaver whose grace is over.
func goesLater(t testing.TB) *world {
	w := leaves(t)
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.mustRun()
	w.later(31 * 24 * time.Hour)
	w.sim.ResetLog()
	return w
}

var stories = map[string]story{
	"joins": {joins, "w02", true, false}, "leaves": {leaves, "w02", false, false}, "returns": {returns, "w02", false, false},
	"renumbers": {renumbers, "w02", false, false}, "draws": {draws, "w02", true, false}, "shuffles": {shuffles, "w02", false, false},
	"gives up": {givesUp, "w02", false, false}, "comes up": {comesUp, "w02", false, false},
	"goes": {goes, "w02", false, true}, "goes later": {goesLater, "w02", false, true},
}

// disturbance is what becomes of one request.
type disturbance struct {
	name    string
	effect  xivosim.Effect
	status  int
	body    string
	refused bool
}

const noThankYou = `["Input Error - no thank you"]`

var disturbances = []disturbance{
	{"refused", xivosim.AnswerInstead, http.StatusBadRequest, noThankYou, true},
	{"500 before", xivosim.AnswerInstead, http.StatusInternalServerError, `["Unexpected error: no thank you"]`, true},
	{"500 after", xivosim.FailAfter, 0, "", false},
	{"dropped before", xivosim.DropBefore, 0, "", false},
	{"dropped after", xivosim.DropAfter, 0, "", false},
}

// TestEveryRequestOfAPhoneDisturbed disturbs every writing request of a new
// person, a leaver, a return and a renumbering. Afterwards nothing is half-made
// or doubled, a refusal is told in XiVO's words, and the next run, or the one
// that is asked for once the fault is gone, ends right and then quiet.
func TestEveryRequestOfAPhoneDisturbed(t *testing.T) {
	t.Parallel()
	for name, s := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := s.begin(t)
			before := w.estate()
			report := w.mustRun()
			if report.Outcome != record.OutcomeDone || len(report.Found) > 0 {
				t.Fatalf("%s %v%s", report.Outcome, report.Failures, told(report.Found))
			}
			sent := w.writes()
			want := w.estate()
			w.quiet()
			t.Logf("%d requests: %s", len(sent), strings.Join(sent, ", "))
			nth := map[string]int{}
			for i, request := range sent {
				method, _, _ := strings.Cut(request, " ")
				nth[method]++
				for _, d := range disturbances {
					fault := xivosim.Fault{Method: method, Nth: nth[method], Effect: d.effect, Status: d.status, Body: d.body}
					t.Run(fmt.Sprintf("%d %s %s", i+1, resource(request), d.name), func(t *testing.T) {
						t.Parallel()
						disturbed(t, s, d, fault, before, want)
					})
				}
			}
		})
	}
}

// resource is a request without the numbers.
func resource(request string) string {
	return strings.ReplaceAll(regexp.MustCompile(`/1\.1/|/[0-9a-f-]{36}|/[0-9]+`).ReplaceAllString(request, ""), "/", " ")
}

func disturbed(t *testing.T, s story, d disturbance, fault xivosim.Fault, before, want []string) {
	w := s.begin(t)
	w.sim.Inject(fault)
	report, err := w.run()
	w.sim.ClearFaults()
	if !d.refused {
		if err != nil && record.ClassOf(err) != record.Down {
			t.Fatal(err)
		}
		if err == nil && len(report.Failures)+len(report.Found) > 0 {
			t.Errorf("failures %v%s", report.Failures, told(report.Found))
		}
		if err != nil { // XiVO was not there: the next run goes on
			if last := w.mustRun(); last.Recovered.Unknown > 0 || len(last.Failures)+len(last.Found) > 0 {
				t.Errorf("recovered %+v, failures %v%s", last.Recovered, last.Failures, told(last.Found))
			}
		}
		w.wantEstate(want, "not as without the disturbance")
		w.quiet()
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if report.Outcome != record.OutcomePartial || len(report.Failures) == 0 || !strings.Contains(report.Failures[0].Error, "no thank you") {
		t.Errorf("%s: the refusal is not told: %v%s", report.Outcome, report.Failures, told(report.Found))
	}
	if len(report.Found) == 0 || !strings.Contains(report.Found[0].Message, "no thank you") {
		t.Errorf("no conflict in XiVO's words: %s", told(report.Found))
	}
	if s.whole {
		w.wantEstate(before, "half-made")
	}
	if s.stops {
		w.mustRun()
	}
	w.quietly("the refused write was repeated")
	w.mustRun(func(o *optionsOfRun) { o.Only = []string{s.who} })
	w.wantEstate(want, "not as without the refusal, once it is gone")
	w.quiet()
	if last := w.mustRun(); len(last.Found) > 0 {
		t.Errorf("still there is%s", told(last.Found))
	}
}
