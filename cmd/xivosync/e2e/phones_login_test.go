package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// logins is a world in which everybody may log in, by a rule.
func logins(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := phones(t, people...)
	w.Specs = append(w.Specs, field("cti", "", reconcile.ToXiVO))
	w.Rules = reconcile.Rules{{Name: "all", Set: map[string]string{reconcile.SetCTI: "Client"}}}
	return w
}

// login is what XiVO has of somebody's login.
func (w *world) login(uid string) (username, password string, enabled any) {
	w.t.Helper()
	var cti map[string]any
	u := w.user(uid)
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/users/%v/cti", u["uuid"]), nil, &cti)
	username, _ = u["username"].(string)
	password, _ = u["password"].(string)
	return username, password, cti["enabled"]
}

// TestALoginIsMadeWhereNobodySaysHow: username by e-mail, or else identifier, and
// a password of its own that nobody is shown; what is there stays.
func TestALoginIsMadeWhereNobodySaysHow(t *testing.T) {
	t.Parallel()
	w := logins(t, worker(1), worker(2))
	w.slapd.Modify(worker(2).DN, "mail")
	w.slapd.Modify(worker(1).DN, "mail", "w01+x@parts.test")
	report := w.good()
	seen := map[string]bool{}
	for uid, want := range map[string]string{"w01": "w01+x@parts.test", "w02": "w02"} {
		username, password, enabled := w.login(uid)
		if username != want || enabled != true {
			t.Errorf("%s logs in as %q, enabled %v", uid, username, enabled)
		}
		if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(password) || seen[password] {
			t.Errorf("the password of %s is %q", uid, password)
		}
		seen[password] = true
		for _, c := range report.Plan.Changes() {
			if strings.Contains(string(encode(t, c)), password) {
				t.Errorf("the plan shows a password")
			}
		}
	}
	_, before, _ := w.login("w01")
	w.slapd.Modify(worker(1).DN, "employeeType", "disabled")
	w.good()
	if _, _, enabled := w.login("w01"); enabled != false {
		t.Error("a leaver may log in")
	}
	w.slapd.Modify(worker(1).DN, "employeeType", "internal")
	w.good()
	if username, after, enabled := w.login("w01"); username != "w01+x@parts.test" || after != before || enabled != true {
		t.Errorf("back as %q, enabled %v, password changed %v", username, enabled, after != before)
	}
}

// TestALoginOfSomebodyWhoIsThere keeps the username, gets the password that is
// missing, and leaves both alone where they are.
func TestALoginOfSomebodyWhoIsThere(t *testing.T) {
	t.Parallel()
	w := logins(t, worker(1), worker(2))
	w.Rules[0].When = reconcile.Condition{Attribute: "departmentNumber", Equals: "In"}
	w.good()
	w.edit("w01", map[string]any{"username": "own.name"})
	w.edit("w02", map[string]any{"username": "two", "password": "kept-one"})
	for n := 1; n <= 2; n++ {
		w.slapd.Modify(worker(n).DN, "departmentNumber", "In")
	}
	w.good()
	if username, password, enabled := w.login("w01"); username != "own.name" || len(password) != 16 || enabled != true {
		t.Errorf("%s, %d characters, %v", username, len(password), enabled)
	}
	if username, password, enabled := w.login("w02"); username != "two" || password != "kept-one" || enabled != true {
		t.Errorf("%s %s %v", username, password, enabled)
	}
}

// TestALoginUnderATakenUsername is found while planning, with who has it; the
// person is made without a login, and gets one when the username is free.
func TestALoginUnderATakenUsername(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]string{"an e-mail address": "w01@parts.test", "an identifier": "w01"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := logins(t, worker(1), worker(2))
			if taken == "w01" {
				w.slapd.Modify(worker(1).DN, "mail")
			}
			var other map[string]any
			w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Door", "lastname": "Phone", "username": taken}, &other)
			plan := w.plan()
			c := find(t, plan.Conflicts, "w01", "cti")
			if c.Kind != record.ResourceExists {
				t.Errorf("%s", c.Kind)
			}
			wantWords(t, c.Message+c.Owner, taken, "Door Phone")
			report := w.mustRun()
			if len(report.Failures) > 0 || report.Counts.Created != 2 {
				t.Errorf("%+v %v", report.Counts, report.Failures)
			}
			wantFound(t, report, []string{"w01 cti resource_exists"}, "Door Phone")
			w.wantPhone("w01", "1001", "1001", "1001")
			if _, _, enabled := w.login("w02"); enabled != true {
				t.Error("somebody else has no login")
			}
			w.quietly("a login that is taken")
			w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v", other["id"]), map[string]any{"username": "door"}, nil)
			w.good()
			if username, _, enabled := w.login("w01"); username != taken || enabled != true {
				t.Errorf("logs in as %q, enabled %v", username, enabled)
			}
		})
	}
}

// TestAMappedLogin is what the directory says; nothing is drawn.
func TestAMappedLogin(t *testing.T) {
	t.Parallel()
	w := logins(t, worker(1, "roomNumber", "pass-word"))
	w.Specs = append(w.Specs, field("username", "uid", reconcile.ToXiVO), field("password", "roomNumber", reconcile.Initial))
	w.good()
	if username, password, enabled := w.login("w01"); username != "w01" || password != "pass-word" || enabled != true {
		t.Errorf("%s %s %v", username, password, enabled)
	}
}

// TestALoginOfSomebodyWhoIsAdopted waits for the username and the password that
// the directory brings to a user who had neither.
func TestALoginOfSomebodyWhoIsAdopted(t *testing.T) {
	t.Parallel()
	w := logins(t, worker(1, "roomNumber", "pass-word"), worker(2, "roomNumber", "pass-word"))
	w.Specs = append(w.Specs, field("username", "uid", reconcile.ToXiVO), field("password", "roomNumber", reconcile.ToXiVO))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Before", "userfield": "w01"}, nil)
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Before", "userfield": "w02", "username": "other", "password": "other"}, nil)
	w.good()
	for _, uid := range []string{"w01", "w02"} {
		if username, password, enabled := w.login(uid); username != uid || password != "pass-word" || enabled != true {
			t.Errorf("%s logs in as %s %s, enabled %v", uid, username, password, enabled)
		}
	}
}

// TestWhatXiVOCannotTake is found while planning, with the field, the kind and
// what to do: a profile is not taken away by another empty one, and an entity not
// changed once there is a line.
func TestWhatXiVOCannotTake(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.Specs = append(w.Specs, field("entity", "departmentNumber", reconcile.ToXiVO))
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "branch"}, nil)
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "works"}, nil)
	w.slapd.Modify(worker(1).DN, "departmentNumber", "branch")
	w.good()
	w.slapd.Modify(worker(1).DN, "departmentNumber", "works")
	w.sim.ResetLog()
	report := w.mustRun()
	wantFound(t, report, []string{"w01 entity immutable"}, "works", "branch", "line")
	if sent := w.writes(); len(sent) > 0 {
		t.Errorf("sent %v", sent)
	}
	w.quiet()
	w.slapd.Modify(worker(1).DN, "departmentNumber", "branch")
	w.good()
}

// TestASIPUsernameFromTheDirectory is that of the endpoint, follows, changes
// hands, and is not taken from somebody else: then the phone gets one of its own.
func TestASIPUsernameFromTheDirectory(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1, "roomNumber", "one"), worker(2, "roomNumber", "two"), worker(3))
	w.Specs = append(w.Specs, field("sip_username", "roomNumber", reconcile.ToXiVO))
	w.rest(http.MethodPost, "/1.1/endpoints/sip", map[string]any{"username": "door"}, nil)
	w.good()
	names := func() string {
		var out []string
		for _, uid := range []string{"w01", "w02"} {
			line := w.users()[uid]["lines"].([]any)[0].(map[string]any)
			out = append(out, fmt.Sprint(line["endpoint_sip"].(map[string]any)["username"]))
		}
		return strings.Join(out, " ")
	}
	if got := names(); got != "one two" {
		t.Errorf("endpoints %s", got)
	}
	w.slapd.Modify(worker(1).DN, "roomNumber", "two")
	w.slapd.Modify(worker(2).DN, "roomNumber", "one")
	w.good()
	if got := names(); got != "two one" {
		t.Errorf("after a swap, endpoints %s", got)
	}
	w.slapd.Modify(worker(1).DN, "roomNumber", "door")
	report := w.mustRun()
	c := find(t, report.Found, "w01", "sip_username")
	if c.Kind != record.ResourceExists {
		t.Errorf("%s", c.Kind)
	}
	wantWords(t, c.Message+" "+c.Hint, "door", "delete by hand")
	if got := names(); got != "two one" {
		t.Errorf("endpoints %s", got)
	}
	w.quiet()
	w.slapd.Add(worker(4, "roomNumber", "door"))
	wantFound(t, w.mustRun(), []string{"w01 sip_username resource_exists", "w04 sip_username resource_exists"}, "several people")
	w.wantPhone("w04", "1004", "1004", "1004")
	w.quiet()
}

// TestACallerIDThatCarriesTheNumber follows a renumbering.
func TestACallerIDThatCarriesTheNumber(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1))
	w.Specs = append(w.Specs, field("caller_id", "ipPhone", reconcile.ToXiVO, reconcile.Transform{Replace: &reconcile.Replace{Pattern: "^(.*)$", With: `"Desk" <$1>`}}))
	w.good()
	w.wantUser("w01", "caller_id", `"Desk" <1001>`)
	w.slapd.Modify(worker(1).DN, "ipPhone", "1101")
	w.good()
	w.wantUser("w01", "caller_id", `"Desk" <1101>`)
	w.wantPhone("w01", "1101", "1101", "1001")
}

// TestASavedPlanBringsALoginWithItsUsername: the login that takes the username which
// the same plan brings is the one that was looked at.
func TestASavedPlanBringsALoginWithItsUsername(t *testing.T) {
	t.Parallel()
	w := logins(t, worker(1))
	w.Specs = append(w.Specs, field("username", "displayName", reconcile.ToXiVO))
	rules := w.Rules
	w.Rules = nil
	w.good()
	w.Rules = rules
	w.slapd.Modify(worker(1).DN, "displayName", "worker.one")
	report := w.mustRun(w.approve())
	if len(report.Plan.Stale)+len(report.Failures) > 0 {
		t.Errorf("left out: %v %v", report.Plan.Stale, report.Failures)
	}
	if username, _, enabled := w.login("w01"); username != "worker.one" || enabled != true {
		t.Errorf("w01 logs in as %q, enabled %v", username, enabled)
	}
	w.quiet()
}
