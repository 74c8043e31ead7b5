package e2e

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/xivo/xivosim"
)

// TestALeaverIsDeleted takes down everything that is the leaver's, in the only
// right order, and leaves everybody else as they were; the numbers are free then.
func TestALeaverIsDeleted(t *testing.T) {
	t.Parallel()
	w := fully(t)
	w.Removal.Policy = reconcile.RemovalDelete
	before := w.estate()
	w.slapd.Add(hired(2, telephone, outside(2), telephone, outside(52)))
	w.mustRun()
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.sim.ResetLog()
	report := w.mustRun()
	if report.Counts.Deleted != 1 || report.Outcome != record.OutcomeDone {
		t.Fatalf("%s %+v %v%s", report.Outcome, report.Counts, report.Failures, told(report.Found))
	}
	w.wantEstate(before, "not as before the leaver came")
	var order []string
	for _, request := range w.writes() {
		order = append(order, resource(request))
	}
	want := []string{
		"DELETE incalls extensions", "DELETE incalls", "DELETE extensions", "DELETE incalls extensions", "DELETE incalls", "DELETE extensions",
		"DELETE users voicemails", "DELETE voicemails",
		"DELETE users lines", "DELETE lines extensions", "DELETE lines endpoints sip", "DELETE extensions", "DELETE lines", "DELETE endpoints sip",
		"DELETE users",
	}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("the teardown (-want +got):\n%s", diff)
	}
	note := report.Plan.Notes[slices.IndexFunc(report.Plan.Notes, func(n reconcile.Note) bool { return n.Field == "user" })]
	wantWords(t, note.Text, "no rollback brings back", "uuid and id", "messages in mailbox 1002@default", "queues")
	w.quiet()

	// Somebody else gets the numbers, and the account is a new user when it is
	// enabled again.
	w.slapd.Modify(hired(2).DN, "ipPhone", "1003")
	w.slapd.Modify(hired(2).DN, telephone, outside(3))
	w.slapd.Add(hired(4, "ipPhone", "1002", telephone, outside(2)))
	w.slapd.Modify(hired(2).DN, "employeeType", "internal")
	w.mustRun()
	w.wantPhone("w04", "1002", "1002", "1002")
	w.wantPhone("w02", "1003", "1003", "1003")
	w.quiet()
}

// TestALeaverIsDeletedAfterGrace deactivates first; nobody gets the number until
// grace is over, and who takes it in the very run of the deletion gets it.
func TestALeaverIsDeletedAfterGrace(t *testing.T) {
	t.Parallel()
	w := fully(t, hired(2), hired(3))
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.slapd.Delete(hired(2).DN)
	w.slapd.Modify(hired(3).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(25 * time.Hour)
	if report := w.mustRun(); report.Counts.Deactivated != 1 || report.Counts.Deleted != 0 {
		t.Fatalf("%+v", report.Counts)
	}
	w.quiet()
	secret := w.secretOf("w03")
	w.later(28 * 24 * time.Hour)
	w.quiet()
	w.slapd.Modify(hired(3).DN, "employeeType", "internal")
	w.mustRun()
	if w.secretOf("w03") == secret {
		t.Error("whoever came back inside grace did not get the old secret again")
	}
	w.wantPhone("w03", "1003", "1003", "1003")
	w.later(48 * time.Hour)
	w.slapd.Add(hired(4, "ipPhone", "1002", telephone, outside(2)))
	report := w.mustRun()
	if report.Counts.Deleted != 1 || report.Counts.Created != 1 || report.Outcome != record.OutcomeDone || len(report.Found) > 0 {
		t.Fatalf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantPhone("w04", "1002", "1002", "1002")
	if _, there := w.users()["w02"]; there {
		t.Error("the leaver is still there")
	}
	w.quiet()
}

// TestNobodyIsDeletedWhomOthersNeed finds keys, forwards, fallbacks and incalls
// of others and fallbacks of groups, deactivates meanwhile, and deletes when they
// are gone, by itself.
func TestNobodyIsDeletedWhomOthersNeed(t *testing.T) {
	t.Parallel()
	w := fully(t, hired(2), hired(3))
	w.Removal.Policy = reconcile.RemovalDelete
	leaver, other := w.user("w02"), "/1.1/users/"+w.user("w03")["uuid"].(string)
	w.rest(http.MethodPut, other+"/funckeys/3", map[string]any{"blf": true, "destination": map[string]any{"type": "user", "user_id": leaver["id"]}}, nil)
	w.rest(http.MethodPut, other+"/forwards/busy", map[string]any{"enabled": true, "destination": "1002"}, nil)
	w.rest(http.MethodPut, other+"/fallbacks", map[string]any{"fail_destination": map[string]any{"type": "user", "user_id": leaver["id"]}}, nil)
	var incall struct{ ID int }
	w.rest(http.MethodPost, "/1.1/incalls", map[string]any{"destination": map[string]any{"type": "voicemail", "voicemail_id": leaver["voicemail"].(map[string]any)["id"]}}, &incall)
	var group struct{ ID int }
	w.rest(http.MethodPost, "/1.1/groups", map[string]any{"name": "sales"}, &group)
	ring := fmt.Sprintf("/1.1/groups/%d/fallbacks", group.ID)
	w.rest(http.MethodPut, ring, map[string]any{"noanswer_destination": map[string]any{"type": "user", "user_id": leaver["id"]}}, nil)
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	first := w.mustRun()
	c := find(t, first.Found, "w02", "")
	wantWords(t, c.Message, "key 3 of", "the busy forward of", "the fail_destination of", fmt.Sprintf("incall %d", incall.ID), "the noanswer_destination of group sales")
	wantWords(t, c.Hint, "delete_anyway", "does not tell: destinations of queues and schedules")
	w.sim.ResetLog()
	report := w.quietly("a deletion that is not let through")
	wantWords(t, find(t, report.Found, "w02", "").Message, "key 3 of")
	for _, r := range w.sim.Log() {
		if strings.HasSuffix(r.Path, "/funckeys") && !strings.HasPrefix(r.Path, other) || r.Path == "/1.1/incalls" {
			t.Errorf("%s %s, although the pointers are known", r.Method, r.Path)
		}
	}
	w.wantUser("w02", "enabled", false)

	w.rest(http.MethodDelete, other+"/funckeys/3", nil, nil)
	w.rest(http.MethodPut, other+"/forwards/busy", map[string]any{"enabled": false}, nil)
	w.rest(http.MethodPut, other+"/fallbacks", map[string]any{"fail_destination": nil}, nil)
	report = w.quietly("a deletion for which an incall and a group are left")
	if c := find(t, report.Found, "w02", ""); strings.Contains(c.Message, "key 3") || !strings.Contains(c.Message, "group sales") {
		t.Errorf("what is gone is still listed, or what is left is not: %s", c.Message)
	}
	w.Removal.DeleteAnyway = true
	wantWords(t, fmt.Sprint(w.plan().Notes), "no rollback brings back", fmt.Sprintf("incall %d", incall.ID), "it cannot be read in XiVO")
	w.Removal.DeleteAnyway = false
	w.rest(http.MethodPut, ring, map[string]any{"noanswer_destination": nil}, nil)
	w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%d", incall.ID), nil, nil)
	if report := w.mustRun(); report.Counts.Deleted != 1 || len(report.Found) > 0 {
		t.Errorf("%+v%s", report.Counts, told(report.Found))
	}
	w.quiet()
}

// TestWhatIsNotTheirsAloneStaysUntouched meets a phone on the line, a shared line,
// a shared mailbox and a second line: each is told with what to do, and nothing of
// it is deleted.
func TestWhatIsNotTheirsAloneStaysUntouched(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		share func(w *world, user, other map[string]any) (undo func())
		words []string
	}{
		"a phone on the line": {func(w *world, user, _ map[string]any) func() {
			var d struct{ ID string }
			w.rest(http.MethodPost, "/1.1/devices", map[string]any{"mac": "00:11:22:33:44:55"}, &d)
			path := fmt.Sprintf("/1.1/lines/%v/devices/%s", lineOf(user), d.ID)
			w.rest(http.MethodPut, path, nil, nil)
			return func() { w.rest(http.MethodDelete, path, nil, nil) }
		}, []string{"device", "reset it to autoprov"}},
		"a shared line": {func(w *world, user, other map[string]any) func() {
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/users/%v/lines/%v", other["id"], lineOf(other)), nil, nil)
			path := fmt.Sprintf("/1.1/users/%v/lines/%v", other["id"], lineOf(user))
			w.rest(http.MethodPut, path, nil, nil)
			return func() { w.rest(http.MethodDelete, path, nil, nil) }
		}, []string{"shared by 2 users", "take the line off"}},
		"a shared mailbox": {func(w *world, user, other map[string]any) func() {
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/users/%v/voicemails", other["id"]), nil, nil)
			w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v/voicemails/%v", other["id"], user["voicemail"].(map[string]any)["id"]), nil, nil)
			return func() { w.rest(http.MethodDelete, fmt.Sprintf("/1.1/users/%v/voicemails", other["id"]), nil, nil) }
		}, []string{"mailbox", "shared by 2 users"}},
		"a second line": {func(w *world, user, other map[string]any) func() {
			path := fmt.Sprintf("/1.1/users/%v/lines/%v", user["id"], lineOf(other))
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/users/%v/lines/%v", other["id"], lineOf(other)), nil, nil)
			w.rest(http.MethodPut, path, nil, nil)
			return func() { w.rest(http.MethodDelete, path, nil, nil) }
		}, []string{"2 lines", "take off line"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fully(t, hired(2))
			w.Removal.Policy = reconcile.RemovalDelete
			var lone map[string]any
			w.rest(http.MethodPost, "/1.1/users", map[string]any{"firstname": "Lone"}, &lone)
			w.equip(lone)
			undo := tc.share(w, w.user("w02"), w.reread(lone))
			w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
			w.mustRun()
			before := w.estate()
			report := w.quietly("a deletion that is hindered")
			wantWords(t, find(t, report.Found, "w02", "").Message, tc.words...)
			w.wantEstate(before, "touched")
			undo()
			if report := w.mustRun(); report.Counts.Deleted != 1 || len(report.Found) > 0 {
				t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
			}
			w.reread(lone)
			w.quiet()
		})
	}
}

// lineOf is the id of a user's first line.
func lineOf(user map[string]any) any { return user["lines"].([]any)[0].(map[string]any)["id"] }

func (w *world) reread(user map[string]any) (now map[string]any) {
	w.t.Helper()
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/users/%v", user["id"]), nil, &now)
	return now
}

// equip gives a user a line and a mailbox behind the synchroniser's back.
func (w *world) equip(user map[string]any) {
	w.t.Helper()
	var sip, line, exten, box struct{ ID int }
	w.rest(http.MethodPost, "/1.1/endpoints/sip", map[string]any{}, &sip)
	w.rest(http.MethodPost, "/1.1/lines", map[string]any{"context": "default"}, &line)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/lines/%d/endpoints/sip/%d", line.ID, sip.ID), nil, nil)
	w.rest(http.MethodPost, "/1.1/extensions", map[string]any{"exten": "1899", "context": "default"}, &exten)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/lines/%d/extensions/%d", line.ID, exten.ID), nil, nil)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v/lines/%d", user["id"], line.ID), nil, nil)
	w.rest(http.MethodPost, "/1.1/voicemails", map[string]any{"name": "Lone", "number": "1899", "context": "default"}, &box)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v/voicemails/%d", user["id"], box.ID), nil, nil)
}

// TestADeletionKeepsWhatItTakesToUndoIt reads from the journal everything that a
// rollback can bring back, and finds no secret outside of its boxes.
func TestADeletionKeepsWhatItTakesToUndoIt(t *testing.T) {
	t.Parallel()
	w := fully(t, hired(2), hired(3))
	w.Removal.Policy, w.Removal.DeleteAnyway = reconcile.RemovalDelete, true
	leaver, other := w.user("w02"), w.user("w03")
	mine := "/1.1/users/" + leaver["uuid"].(string)
	w.rest(http.MethodPut, mine, map[string]any{"timezone": "Europe/Paris", "call_permission_password": "4711", "ring_seconds": 25}, nil)
	w.rest(http.MethodPut, mine+"/funckeys/1", map[string]any{"blf": true, "label": "Boss", "destination": map[string]any{"type": "user", "user_id": other["id"]}}, nil)
	w.rest(http.MethodPut, mine+"/forwards/noanswer", map[string]any{"enabled": true, "destination": "1003"}, nil)
	w.rest(http.MethodPut, mine+"/services/dnd", map[string]any{"enabled": true}, nil)
	var group, permission struct{ ID int }
	w.rest(http.MethodPost, "/1.1/groups", map[string]any{"name": "sales"}, &group)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/groups/%d/members/users", group.ID), map[string]any{"users": []any{map[string]any{"uuid": leaver["uuid"]}}}, nil)
	w.rest(http.MethodPost, "/1.1/callpermissions", map[string]any{"name": "perm", "extensions": []string{"_00X."}}, &permission)
	w.rest(http.MethodPut, fmt.Sprintf("%s/callpermissions/%d", mine, permission.ID), nil, nil)
	secrets := []string{"pass0002", w.secretOf("w02"), "4711"}
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	report := w.mustRun()
	if report.Counts.Deleted != 1 {
		t.Fatalf("%+v%s", report.Counts, told(report.Found))
	}
	got := map[string]map[string]string{}
	for _, c := range w.changes(report.Number) {
		if c.Op != record.Delete {
			continue
		}
		held := map[string]string{}
		for name, d := range c.Fields {
			if held[name] = d.Before.String(); d.Secret {
				held[name] = "secret " + held[name]
			}
		}
		got[string(c.Thing)] = held
	}
	want := map[string]map[string]string{
		"user": {
			"firstname": "Worker", "password": "secret " + secrets[0], "call_permission_password": "secret 4711", "timezone": "Europe/Paris", "ring_seconds": "25",
			"cti_enabled": "true", "cti_profile": "Client", "entity": "branch", "service_dnd": "true", "forward_noanswer": `{"enabled":true,"destination":"1003"}`,
			"groups": fmt.Sprint(group.ID), "callpermissions": fmt.Sprint(permission.ID), "enabled": "true", "userfield": "w02",
			"funckeys": fmt.Sprintf(`{"keys":{"1":{"blf":true,"destination":{"type":"user","user_id":%v},"label":"Boss"}}}`, other["id"]),
		},
		"extension": {"extension": "1002@default", "sip_secret": "secret " + secrets[1]},
		"voicemail": {"voicemail": "1002@default", "voicemail_email": "w02@parts.test", "voicemail_name": "Worker w02"},
		"did":       {"did": "1002@from-extern", "did_destination": "user"},
	}
	for thing, fields := range want {
		for name, text := range fields {
			if got[thing][name] != text {
				t.Errorf("%s %s: %q, want %q", thing, name, got[thing][name], text)
			}
		}
	}
	for thing, names := range map[string][]string{"extension": {"sip_username", "provisioning_code"}, "voicemail": {"voicemail_password", "voicemail_settings"}} {
		for _, name := range names {
			if got[thing][name] == "" {
				t.Errorf("%s has no %s: %v", thing, name, got[thing])
			}
		}
	}
	file, err := os.ReadFile(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	printed := string(file) + string(encode(t, report)) + string(encode(t, report.Plan))
	for _, secret := range secrets[:2] {
		if strings.Contains(printed, secret) {
			t.Errorf("%s is in clear in the store or in a report", secret)
		}
	}
}

// changes are those of one run, as the journal has them.
func (w *world) changes(run uint64) (list []record.Change) {
	w.t.Helper()
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for c, err := range db.Changes(run) {
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// TestAgentOfALeaver is taken off, and keeps its queues; on_clear = "delete"
// removes it with the user.
func TestAgentOfALeaver(t *testing.T) {
	t.Parallel()
	for policy, want := range map[reconcile.OnClear]string{
		reconcile.OnClearDeactivate: "Worker w02 fr_FR support:1 sales:0",
		reconcile.OnClearDelete:     "0 agents",
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := agents(t, agentWorker(1, "departmentNumber", "Sales"), agentWorker(2, "departmentNumber", "Sales"))
			w.spec("agent").OnClear = policy
			w.settle()
			w.Removal.Policy = reconcile.RemovalDelete
			w.slapd.Modify(agentWorker(2).DN, "employeeType", "disabled")
			if report := w.mustRun(); report.Counts.Deleted != 1 {
				t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
			}
			w.wantAgent("8002", want)
			w.wantAgent("8001", "Worker w01 fr_FR of w01 support:1 sales:0")
			w.quiet()
		})
	}
}

// TestAReturnInTheMiddleOfADeletion comes back when the deletion was refused half
// way: what is gone by then is made again.
func TestAReturnInTheMiddleOfADeletion(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]string{"at the mailbox": "/1.1/voicemails/*", "at the user": "/1.1/users/*"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fully(t, hired(2, telephone, outside(2), telephone, outside(52)))
			w.Removal.Policy = reconcile.RemovalDelete
			before := w.estate()
			w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
			w.sim.Inject(xivosim.Fault{Method: http.MethodDelete, Path: refused, Effect: xivosim.AnswerInstead, Status: 400, Body: noThankYou})
			report := w.mustRun()
			if report.Outcome != record.OutcomePartial || report.Counts.Deleted != 0 {
				t.Fatalf("%s %+v", report.Outcome, report.Counts)
			}
			w.sim.ClearFaults()
			w.slapd.Modify(hired(2).DN, "employeeType", "internal")
			w.mustRun()
			if report := w.mustRun(); len(report.Found) > 0 {
				t.Errorf("still there is%s", told(report.Found))
			}
			w.wantPhone("w02", "1002", "1002", "1002", "1052")
			w.wantEstate(before, "not as before")
			w.quiet()
		})
	}
}

// TestALeaverWhomSomebodyElseDeletes is forgotten, since that is what was to come.
func TestALeaverWhomSomebodyElseDeletes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, crowd(4))
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.settle()
	w.slapd.Modify(dn("a01"), "employeeType", "disabled")
	w.mustRun()
	w.rest(http.MethodDelete, "/1.1/users/"+w.user("a01")["uuid"].(string), nil, nil)
	if report := w.mustRun(); len(report.Found) > 0 {
		t.Errorf("found%s", told(report.Found))
	}
	w.quiet()
	w.slapd.Modify(dn("a01"), "employeeType", "internal")
	if report := w.mustRun(); report.Counts.Created != 1 {
		t.Errorf("%+v", report.Counts)
	}
	w.quiet()
}

// TestADIDThatLeadsToTheMailboxGoes is the leaver's own although it leads to no
// user; with a deactivation before, and a number that was given up.
func TestADIDThatLeadsToTheMailboxGoes(t *testing.T) {
	t.Parallel()
	w := fully(t)
	before := w.estate()
	w.slapd.Add(hired(2, telephone, outside(2), telephone, outside(52)))
	w.mustRun()
	leaver := w.user("w02")
	var incalls struct{ Items []struct{ ID int } }
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/incalls?user_id=%v", leaver["id"]), nil, &incalls)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/incalls/%d", incalls.Items[0].ID),
		map[string]any{"destination": map[string]any{"type": "voicemail", "voicemail_id": leaver["voicemail"].(map[string]any)["id"]}}, nil)
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.Removal.DeleteAfter = 24 * time.Hour
	w.mustRun()
	w.later(25 * time.Hour)
	if report := w.mustRun(); report.Counts.Deleted != 1 || len(report.Found) > 0 {
		t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantEstate(before, "not as before the leaver came")
	w.quiet()
}

// TestALeaverWithParkedAndGivenUpThings has a number that was given away in grace,
// and a mailbox that the directory had emptied before.
func TestALeaverWithParkedAndGivenUpThings(t *testing.T) {
	t.Parallel()
	w := fully(t)
	w.slapd.Add(hired(2, telephone, outside(2), telephone, outside(52)))
	w.spec("did").Direction = reconcile.Both
	w.mustRun(allow(reconcile.GuardConfiguration))
	w.slapd.Modify(hired(2).DN, telephone, outside(52))
	w.mustRun()
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.slapd.Delete(hired(2).DN)
	w.mustRun()
	w.later(25 * time.Hour)
	w.mustRun()
	w.slapd.Add(hired(4, "ipPhone", "1002", telephone, outside(4)))
	w.mustRun()
	w.wantPhone("w04", "1002", "1002", "1004")
	w.later(30 * 24 * time.Hour)
	if report := w.mustRun(); report.Counts.Deleted != 1 || len(report.Found) > 0 {
		t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantPhone("w04", "1002", "1002", "1004")
	all := w.tables()
	if n := len(all["lines"]); n != 2 {
		t.Errorf("%d lines are left", n)
	}
	for _, table := range []string{"voicemails", "endpoints_sip", "incalls"} {
		if n := len(all[table]); n != 2 {
			t.Errorf("%d %s are left", n, table)
		}
	}
	w.quiet()
}
