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

// detailed is a world in which numbers and mailboxes are set up from attributes
// and from the rules of a department.
func detailed(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := phones(t, people...)
	w.Specs = append(w.Specs,
		field("voicemail_email", "mail", reconcile.ToXiVO),
		field("voicemail_language", "preferredLanguage", reconcile.ToXiVO),
		field("voicemail_attach_audio", "", reconcile.ToXiVO),
		field("voicemail_ask_password", "", reconcile.ToXiVO),
		field("did_destination", "", reconcile.ToXiVO),
		field("did_ring_time", "", reconcile.ToXiVO),
		field("did_caller_id_mode", "", reconcile.ToXiVO),
		field("did_caller_id_name", "departmentNumber", reconcile.ToXiVO),
	)
	w.spec("email").Direction = reconcile.ToXiVO
	rule := func(department string, set map[string]string) {
		w.Rules = append(w.Rules, reconcile.Rule{Name: department, When: reconcile.Condition{Attribute: "departmentNumber", Equals: department}, Set: set})
	}
	rule("Sales", map[string]string{"did_ring_time": "20", "did_caller_id_mode": "prepend", "voicemail_attach_audio": "true"})
	rule("Night", map[string]string{"did_destination": "voicemail", "did_ring_time": "20", "voicemail_ask_password": "false"})
	return w
}

// box is what an independent reader finds of somebody's mailbox.
func (w *world) box(uid string) string {
	w.t.Helper()
	all := w.tables()
	u := all.by("users", "userfield", uid)
	if len(u) != 1 {
		return fmt.Sprintf("%d users", len(u))
	}
	for _, v := range all["voicemails"] {
		if v["id"] == u[0]["voicemail_id"] {
			return fmt.Sprint(v["number"], " ", v["email"], " ", v["language"], " attach ", v["attach_audio"], " ask ", v["ask_password"])
		}
	}
	return "none"
}

// route is where a direct number leads.
func (w *world) route(number string) string {
	w.t.Helper()
	all := w.tables()
	for _, x := range all.by("extensions", "exten", number) {
		if x["context"] != "from-extern" {
			continue
		}
		for _, i := range all.by("incalls", "id", x["owner_id"]) {
			to := i["destination"].(map[string]any)
			out := fmt.Sprint(to["type"])
			for _, name := range []string{"caller_id_mode", "caller_id_name", "preprocess_subroutine"} {
				if i[name] != nil {
					out += fmt.Sprint(" ", i[name])
				}
			}
			if to["ring_time"] != nil {
				out += fmt.Sprint(" ring ", to["ring_time"])
			}
			return out
		}
	}
	return "nowhere"
}

func (w *world) wantBox(uid, want string) {
	w.t.Helper()
	if got := w.box(uid); got != want {
		w.t.Errorf("the mailbox of %s is %q, want %q", uid, got, want)
	}
}

func (w *world) wantRoute(number, want string) {
	w.t.Helper()
	if got := w.route(number); got != want {
		w.t.Errorf("%s leads to %q, want %q", number, got, want)
	}
}

// reads counts what was asked of confd since the log was reset.
func (w *world) reads() (paths []string) {
	for _, r := range w.sim.Log() {
		if r.Method == http.MethodGet && strings.HasPrefix(r.Path, "/1.1/") {
			paths = append(paths, r.Path)
		}
	}
	return paths
}

// surveyOnly fails where a run that changes nothing asks for more than the survey.
func (w *world) surveyOnly() {
	w.t.Helper()
	w.quiet()
	paths := slices.DeleteFunc(w.reads(), func(p string) bool { return strings.Contains(p, "/infos") })
	if len(paths) != 3 {
		w.t.Errorf("a run that changes nothing asked for %v", paths)
	}
}

// TestAMailboxFollowsTheDirectory: its e-mail, language and flags come at its
// creation and follow; what nothing says stays XiVO's.
func TestAMailboxFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "preferredLanguage", "fr_FR"), worker(2, "departmentNumber", "Sales"))
	w.good()
	w.surveyOnly()
	w.wantBox("w01", "1001 w01@parts.test fr_FR attach <nil> ask true")
	dn := worker(1).DN
	w.slapd.Modify(dn, "mail", "b@x.test")
	w.slapd.Modify(dn, "departmentNumber", "Sales")
	w.good()
	w.surveyOnly()
	w.wantBox("w01", "1001 b@x.test fr_FR attach true ask true")
	w.slapd.Modify(dn, "mail")
	w.slapd.Modify(dn, "departmentNumber", "Night")
	w.slapd.Modify(dn, "preferredLanguage", "de_DE")
	w.good()
	w.wantBox("w01", "1001 <nil> de_DE attach <nil> ask false")
	w.slapd.Modify(dn, "departmentNumber")
	w.good()
	w.wantBox("w01", "1001 <nil> de_DE attach <nil> ask true")
}

// TestAMailboxThatWasEditedInXiVO is restored where the directory has an opinion
// that the survey can see; what is not mapped is never sent.
func TestAMailboxThatWasEditedInXiVO(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1))
	w.good()
	w.rest(http.MethodPut, "/1.1/voicemails/1", map[string]any{"email": "other@x.test", "timezone": "eu-fr", "max_messages": 7, "attach_audio": false}, nil)
	w.sim.ResetLog()
	w.good()
	w.wantBox("w01", "1001 w01@parts.test <nil> attach false ask true")
	if v := w.tables()["voicemails"][0]; v["timezone"] != "eu-fr" || fmt.Sprint(v["max_messages"]) != "7" {
		t.Errorf("what is not mapped changed: %v", v)
	}
	w.surveyOnly()
}

// TestASharedMailboxIsLeftAlone: nothing of it is written, whatever the directory
// says.
func TestASharedMailboxIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1))
	w.good()
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Second"}, nil)
	w.rest(http.MethodPut, "/1.1/users/2/voicemails/1", nil, nil)
	w.slapd.Modify(worker(1).DN, "mail", "b@x.test")
	w.good()
	w.wantBox("w01", "1001 w01@parts.test <nil> attach <nil> ask true")
	w.wantUser("w01", "email", "b@x.test")
}

// TestTheRoutingOfADirectNumber comes at its creation and follows attributes and
// rules, to the mailbox and back; the number stays the person's.
func TestTheRoutingOfADirectNumber(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "departmentNumber", "Sales"), worker(2, "departmentNumber", "Night"), worker(3))
	w.good()
	w.surveyOnly()
	w.wantRoute("1001", "user prepend Sales ring 20")
	w.wantRoute("1002", "voicemail Night")
	w.wantRoute("1003", "user")
	one, two := worker(1).DN, worker(2).DN
	w.slapd.Modify(one, "departmentNumber", "Night")
	w.slapd.Modify(two, "departmentNumber", "Sales")
	w.good()
	w.surveyOnly()
	w.wantRoute("1001", "voicemail Night")
	w.wantRoute("1002", "user prepend Sales ring 20")
	// A number that leads to the mailbox is renumbered, and another one follows it.
	w.slapd.Modify(one, "telephoneNumber", "+33 4 72 10 10 77", "+33 4 72 10 10 78")
	w.good()
	w.surveyOnly()
	w.wantRoute("1077", "voicemail Night")
	w.wantRoute("1078", "voicemail Night")
	w.wantRoute("1001", "nowhere")
	w.slapd.Modify(one, "departmentNumber")
	w.good()
	w.surveyOnly()
	w.wantRoute("1077", "user")
	w.wantRoute("1078", "user")
	// A leaver's number stops to work wherever it leads, and comes back.
	w.slapd.Modify(two, "departmentNumber", "Night")
	w.good()
	for _, kind := range []string{"disabled", "internal"} {
		w.slapd.Modify(two, "employeeType", kind)
		w.good()
		if got := fmt.Sprint(slices.DeleteFunc(w.tables().by("extensions", "exten", "1002"), func(x row) bool { return x["context"] != "from-extern" })); strings.Contains(got, "commented:true") != (kind == "disabled") {
			t.Errorf("%s: %s", kind, got)
		}
	}
	w.wantRoute("1002", "voicemail Night")
}

// TestADirectNumberToTheMailboxOfAnAdoptedUser is recognised as theirs, by the
// number that the directory says.
func TestADirectNumberToTheMailboxOfAnAdoptedUser(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "departmentNumber", "Night"))
	w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Worker", "lastname": "w01", "userfield": "w01"}, nil)
	w.rest(http.MethodPost, "/1.1/voicemails", map[string]any{"name": "x", "number": "1001", "context": "default"}, nil)
	w.rest(http.MethodPut, "/1.1/users/1/voicemails/1", nil, nil)
	var x struct{ ID int }
	w.rest(http.MethodPost, "/1.1/extensions", map[string]any{"exten": "1001", "context": "from-extern"}, &x)
	w.rest(http.MethodPost, "/1.1/incalls", map[string]any{"destination": map[string]any{"type": "voicemail", "voicemail_id": 1}}, nil)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/incalls/1/extensions/%d", x.ID), nil, nil)
	w.good()
	w.surveyOnly()
	w.wantRoute("1001", "voicemail Night")
	w.wantBox("w01", "1001 w01@parts.test <nil> attach <nil> ask false")
	if n := len(w.tables()["incalls"]); n != 1 {
		t.Errorf("%d incalls", n)
	}
}

// TestADirectNumberWithoutAMailbox leads to the user, and the wish is reported.
func TestADirectNumberWithoutAMailbox(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "departmentNumber", "Night"), worker(2))
	w.Rules[1].Set[reconcile.SetVoicemail] = "false"
	report := w.mustRun()
	wantFound(t, report, []string{"w01 did_destination rejected"}, "mailbox", "there is none")
	w.wantRoute("1001", "user Night")
	w.quiet()
	w.slapd.Modify(worker(2).DN, "departmentNumber", "Night")
	w.Rules[1].Set[reconcile.SetVoicemail] = "true"
	w.good()
	w.wantRoute("1001", "voicemail Night")
	w.wantRoute("1002", "voicemail Night")
}

// TestDetailsThatCannotBeUsed hold only themselves.
func TestDetailsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "preferredLanguage", "French"), worker(2, "departmentNumber", "Sales"))
	w.Rules[0].Set["did_ring_time"] = "99999"
	wantFound(t, w.mustRun(), []string{"w01 voicemail_language rejected", "w02 did_ring_time out_of_range"}, "fr_FR")
	w.wantBox("w01", "1001 w01@parts.test <nil> attach <nil> ask true")
	w.wantRoute("1002", "user prepend Sales")
	w.quiet()
}

// TestAPINFromTheDirectory goes into the mailbox when it is made, and is left
// alone afterwards; nobody is shown it.
func TestAPINFromTheDirectory(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1, "roomNumber", "4711"), worker(2))
	w.Specs = append(w.Specs, field("voicemail_password", "roomNumber", reconcile.Initial))
	report := w.good()
	pins := text(w.tables()["voicemails"], "password")
	mine, drawn, _ := strings.Cut(pins, "+")
	if mine != "4711" || len(drawn) != 6 {
		t.Errorf("PINs %s", pins)
	}
	for _, c := range report.Plan.Changes() {
		if b := string(encode(t, c)); strings.Contains(b, "4711") {
			t.Errorf("the plan shows the PIN: %s", b)
		}
	}
	w.slapd.Modify(worker(1).DN, "roomNumber", "4712")
	w.good()
	if now := text(w.tables()["voicemails"], "password"); now != pins {
		t.Errorf("PINs %s became %s", pins, now)
	}
}

// TestAPINThatFollows is compared, and sent when it changes.
func TestAPINThatFollows(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1, "roomNumber", "4711"))
	w.Specs = append(w.Specs, field("voicemail_password", "roomNumber", reconcile.ToXiVO))
	w.good()
	w.slapd.Modify(worker(1).DN, "roomNumber", "4712")
	w.good()
	if pin := text(w.tables()["voicemails"], "password"); pin != "4712" {
		t.Errorf("PIN %s", pin)
	}
}

// TestADetailIsRefusedOrLost: each writing request of an update is refused, and
// answered 500 after it was carried out; the next run ends right.
func TestADetailIsRefusedOrLost(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/1.1/voicemails/*", "/1.1/incalls/*"} {
		for name, fault := range map[string]xivosim.Fault{
			"refused":          {Status: 400, Body: `["Input Error - no"]`},
			"500 before":       {Status: 500, Body: `["Unexpected error: x"]`},
			"500 after commit": {Status: 500, Effect: xivosim.FailAfter},
		} {
			t.Run(path[5:8]+" "+name, func(t *testing.T) {
				t.Parallel()
				w := detailed(t, worker(1))
				w.good()
				w.slapd.Modify(worker(1).DN, "mail", "b@x.test")
				w.slapd.Modify(worker(1).DN, "departmentNumber", "Night")
				fault.Method, fault.Path, fault.Nth = http.MethodPut, path, 1
				w.sim.Inject(fault)
				w.mustRun()
				w.sim.ClearFaults()
				w.mustRun(func(o *reconcile.Options) { o.Mode = record.Audit })
				w.wantBox("w01", "1001 b@x.test <nil> attach <nil> ask false")
				w.wantRoute("1001", "voicemail Night")
				w.quiet()
			})
		}
	}
}

// TestThingsOfOneAttributeStandOrFallTogether: the mailbox does not move while
// the phone cannot, and both do when the number is free.
func TestThingsOfOneAttributeStandOrFallTogether(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.good()
	w.rest(http.MethodPost, "/1.1/extensions", map[string]any{"exten": "1500", "context": "default"}, nil)
	for _, number := range []string{"1500", "3000"} { // somebody else's, and out of range
		w.slapd.Modify(worker(1).DN, "ipPhone", number)
		report := w.mustRun()
		find(t, report.Found, "w01", "extension")
		w.wantPhone("w01", "1001", "1001", "1001")
		w.quiet()
	}
	w.slapd.Modify(worker(1).DN, "ipPhone", "1501")
	w.good()
	w.wantPhone("w01", "1501", "1501", "1001")
}

// TestADirectNumberThatIsDeleted takes its routing with it, and another one keeps
// its own.
func TestADirectNumberThatIsDeleted(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "departmentNumber", "Night", "telephoneNumber", "+33 4 72 10 10 77", "telephoneNumber", "+33 4 72 10 10 78"), worker(2))
	w.spec("did").OnClear = reconcile.OnClearDelete
	w.good()
	w.slapd.Modify(worker(1).DN, "telephoneNumber", "+33 4 72 10 10 78")
	w.good()
	w.wantRoute("1077", "nowhere")
	w.wantRoute("1078", "voicemail Night")
	w.surveyOnly()
}

// TestARollbackOfDetails puts mailbox and routing back as they were, and holds
// them until the directory says something else; what somebody changed since stays.
func TestARollbackOfDetails(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "preferredLanguage", "fr_FR"), worker(2, "telephoneNumber", "+33 4 72 10 10 77", "telephoneNumber", "+33 4 72 10 10 78"))
	w.good()
	one, two := worker(1).DN, worker(2).DN
	w.slapd.Modify(one, "mail", "b@x.test")
	w.slapd.Modify(one, "preferredLanguage", "de_DE")
	w.slapd.Modify(two, "departmentNumber", "Night")
	run := w.mustRun().Run.Number
	w.wantBox("w01", "1001 b@x.test de_DE attach <nil> ask true")
	w.wantRoute("1077", "voicemail Night")
	w.rest(http.MethodPut, "/1.1/voicemails/1", map[string]any{"language": "en_US"}, nil)
	report := w.rollback(run)
	if len(report.Left) != 1 || report.Left[0].Field != "voicemail_language" {
		t.Errorf("left %+v", report.Left)
	}
	w.wantBox("w01", "1001 w01@parts.test en_US attach <nil> ask true")
	for _, number := range []string{"1077", "1078"} {
		w.wantRoute(number, "user")
	}
	w.wantBox("w02", "1002 w02@parts.test <nil> attach <nil> ask true")
	w.mustRun()
	w.wantRoute("1077", "user")
	if got := w.box("w01"); !strings.Contains(got, "w01@parts.test") {
		t.Errorf("the next run undid the rollback: %s", got)
	}
	w.slapd.Modify(one, "mail", "c@x.test")
	w.slapd.Modify(two, "departmentNumber", "Sales")
	w.mustRun()
	w.wantRoute("1078", "user prepend Sales ring 20")
	if got := w.box("w01"); !strings.Contains(got, "c@x.test") {
		t.Errorf("a new value does not arrive: %s", got)
	}
}

// TestAnAuditSeesWhatTheSurveyHides: routing and language that were changed in
// XiVO are noticed by an audit, and restored.
func TestAnAuditSeesWhatTheSurveyHides(t *testing.T) {
	t.Parallel()
	w := detailed(t, worker(1, "preferredLanguage", "fr_FR", "departmentNumber", "Sales"), worker(2))
	w.good()
	audit := func(o *reconcile.Options) { o.Mode = record.Audit }
	w.sim.ResetLog()
	if report := w.mustRun(audit); len(w.writes()) > 0 || len(report.Plan.Changes()) > 0 {
		t.Errorf("an audit of what is in step sent %v", w.writes())
	}
	w.rest(http.MethodPut, "/1.1/voicemails/1", map[string]any{"language": "en_US"}, nil)
	w.rest(http.MethodPut, "/1.1/incalls/1", map[string]any{"destination": map[string]any{"type": "user", "user_id": 1, "ring_time": 50}}, nil)
	w.quiet()
	w.mustRun(audit)
	w.wantBox("w01", "1001 w01@parts.test fr_FR attach true ask true")
	w.wantRoute("1001", "user prepend Sales ring 20")
	w.quiet()
}
