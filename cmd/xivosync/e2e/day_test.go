package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"xivosync/reconcile"
)

// aDay is a world whose next run has everything to do that a run can have: two
// joiners with line, number, mailbox, DIDs, agent and login, of whom one draws the
// number; a name, an address and a number that changed on either side, two people
// who swap theirs, a DID given up and one replaced, queues that changed; a leaver, a
// return, a leaver whose grace is over; a user to adopt, and a decision to carry
// out. One conflict stays open.
func aDay(t testing.TB, change ...func(*world)) *world {
	t.Helper()
	w := office(t)
	w.Onboarding = reconcile.Onboarding{On: true, Credentials: reconcile.CredentialsInitial, Domain: "parts.test"}
	for _, c := range change {
		c(w)
	}
	day := 24 * time.Hour
	w.mustRun(allow(everyGuard...))
	w.slapd.Modify(hired(12).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(29 * day)
	w.slapd.Modify(hired(9).DN, "employeeType", "disabled")
	w.slapd.Modify(hired(14).DN, "mail", "ldap.w14@parts.test")
	w.edit("w14", map[string]any{"email": "xivo.w14@parts.test"})
	w.slapd.Modify(hired(15).DN, "mail", "ldap.w15@parts.test")
	w.edit("w15", map[string]any{"email": "xivo.w15@parts.test"})
	w.mustRun()
	w.decide("w14", "email", "ldap")
	w.later(2 * day)

	w.slapd.Add(hired(20, agentNumber, "8020", "departmentNumber", "Sales"))
	w.slapd.Add(hired(21, telephone, outside(21), telephone, outside(61)))
	w.slapd.Modify(hired(21).DN, "ipPhone")
	w.slapd.Modify(hired(2).DN, "sn", "Changed")
	w.slapd.Modify(hired(2).DN, "mail", "changed.w02@parts.test")
	w.edit("w03", map[string]any{"email": "changed.w03@parts.test"})
	w.slapd.Modify(hired(4).DN, "ipPhone", "1104")
	w.slapd.Modify(hired(5).DN, "ipPhone", "1006")
	w.slapd.Modify(hired(6).DN, "ipPhone", "1005")
	w.renumber("1007", "default", "1107")
	w.slapd.Modify(hired(8).DN, "employeeType", "disabled")
	w.slapd.Modify(hired(9).DN, "employeeType", "internal")
	w.slapd.Modify(hired(10).DN, telephone, outside(10), outside(70))
	w.slapd.Modify(hired(11).DN, "departmentNumber", "Support")
	w.slapd.Add(hired(22))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Before", "userfield": "w22", "password": "kept", "email": "w22@parts.test"}, nil)
	return w
}

// office is where the day takes place, with everybody who is there before, and a
// door phone that is nobody's.
func office(t testing.TB) *world {
	t.Helper()
	w := agents(t, hired(1), hired(2), hired(3), hired(4), hired(5), hired(6), hired(7), hired(8, agentNumber, "8008"), hired(9),
		hired(10, telephone, outside(10), telephone, outside(40), telephone, outside(50)), hired(11, agentNumber, "8011", "departmentNumber", "Sales"),
		hired(12, agentNumber, "8012", telephone, outside(12), telephone, outside(52)), hired(14), hired(15))
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "branch"}, nil)
	w.doorPhone("1999")
	w.Specs = append(w.Specs, field("cti", "", reconcile.ToXiVO), field("entity", "", reconcile.ToXiVO),
		field("username", "uid", reconcile.ToXiVO), field("password", "title", reconcile.Initial))
	w.spec("did").Direction = reconcile.Both
	w.Rules = append(w.Rules, reconcile.Rule{Name: "all", Set: map[string]string{reconcile.SetCTI: "Client", reconcile.SetEntity: "branch"}})
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
	return w
}

// TestCrashOfAWholeDay is the crash test: the run of such a day is killed wherever
// it can be.
func TestCrashOfAWholeDay(t *testing.T) {
	t.Parallel()
	var before map[string]string
	killing{
		begin: func(t testing.TB) *world {
			w := aDay(t)
			before = w.secrets()
			return w
		},
		job:     generous,
		again:   func(w *world, _ moment) *reportOfRun { return w.mustRun(allow(everyGuard...)) },
		arrived: func(w *world) { w.keepsSecrets(before) },
		reads:   12, least: 300,
	}.everywhere(t)
}

// keepsSecrets fails where the phone of somebody who stays no longer registers as
// before such a day.
func (w *world) keepsSecrets(before map[string]string) {
	w.t.Helper()
	now := w.secrets()
	for uid, secret := range before {
		if uid != "w08" && uid != "w09" && uid != "w12" && now[uid] != secret { // who leaves, who returns, who is gone
			w.t.Errorf("the phone of %s registers with %s, no longer with %s", uid, now[uid], secret)
		}
	}
}

// secrets are the names and secrets with which the phones of people register. It
// fails where one has none, or two have the same.
func (w *world) secrets() map[string]string {
	w.t.Helper()
	all := w.tables()
	out, seen := map[string]string{}, map[any]bool{}
	for _, sip := range all["endpoints_sip"] {
		for _, own := range []any{sip["username"], sip["secret"]} {
			if own == "" || own == nil || seen[own] {
				w.t.Errorf("the endpoint %v has no name or secret of its own", sip)
			}
			seen[own] = true
		}
		for _, l := range all.by("lines", "endpoint_id", sip["id"]) {
			for _, u := range all.by("user_lines", "line_id", l["id"]) {
				out[all.user(u["user_id"])] = fmt.Sprint(sip["username"], " ", sip["secret"])
			}
		}
	}
	return out
}

// generous lets through whatever so full a day may trip.
func generous(j *job) { j.Allow = append(j.Allow, everyGuard...) }
