package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"xivosync/reconcile"
)

// settledIn gives a user everything that a rollback of the deletion has to bring
// back: forwards, do not disturb, keys, a group, a permission, settings.
func (w *world) settledIn(uid, other string) {
	w.t.Helper()
	user, friend := w.user(uid), w.user(other)
	mine := "/1.1/users/" + user["uuid"].(string)
	w.rest(http.MethodPut, mine, map[string]any{"timezone": "Europe/Paris", "call_permission_password": "4711", "ring_seconds": 25, "description": "by hand"}, nil)
	w.rest(http.MethodPut, mine+"/funckeys/1", map[string]any{"blf": true, "label": "Boss", "destination": map[string]any{"type": "user", "user_id": friend["id"]}}, nil)
	w.rest(http.MethodPut, mine+"/forwards/noanswer", map[string]any{"enabled": true, "destination": "1003"}, nil)
	w.rest(http.MethodPut, mine+"/services/dnd", map[string]any{"enabled": true}, nil)
	var group, permission struct{ ID int }
	w.rest(http.MethodPost, "/1.1/groups", map[string]any{"name": "sales"}, &group)
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/groups/%d/members/users", group.ID), map[string]any{"users": []any{map[string]any{"uuid": friend["uuid"]}, map[string]any{"uuid": user["uuid"]}}}, nil)
	w.rest(http.MethodPost, "/1.1/callpermissions", map[string]any{"name": "perm", "extensions": []string{"_00X."}}, &permission)
	w.rest(http.MethodPut, fmt.Sprintf("%s/callpermissions/%d", mine, permission.ID), nil, nil)
}

// TestADeletedUserComesBack takes a deletion back: but for the ids, an independent
// dump shows nothing that is not as before. The next runs leave the user alone,
// though the account is disabled still.
func TestADeletedUserComesBack(t *testing.T) {
	t.Parallel()
	w := fully(t, hired(2, telephone, outside(2), telephone, outside(52)), hired(3))
	w.Removal.Policy, w.Removal.DeleteAnyway = reconcile.RemovalDelete, true
	w.settledIn("w02", "w03")
	w.mustRun(allow(everyGuard...))
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	before, secret := w.faceless(), w.secretOf("w02")
	run := w.mustRun(allow(everyGuard...))
	if run.Counts.Deleted != 1 || w.users()["w02"] != nil {
		t.Fatalf("%+v%s", run.Counts, told(run.Found))
	}
	gone := w.faceless()
	back := w.rollback(run.Number, letting(everyGuard...))
	if len(back.Left)+len(back.Failures) > 0 || back.Counts.Created != 1 {
		t.Errorf("%+v left %v, failures %v%s", back.Counts, back.Left, back.Failures, told(back.Found))
	}
	w.wantContent("after the rollback", before, w.faceless())
	if w.secretOf("w02") != secret {
		t.Error("the phone has another secret")
	}
	w.unchanged(3)
	w.wantContent("after three runs", before, w.faceless())

	again := w.rollback(back.Number, letting(everyGuard...))
	if len(again.Left)+len(again.Failures) > 0 {
		t.Errorf("the rollback taken back: left %v, failures %v%s", again.Left, again.Failures, told(again.Found))
	}
	w.wantContent("after the rollback of the rollback", gone, w.faceless())
}

// TestWhoeverGotMoreThanTheRunMadeIsLeft creates two people; one of them sets a
// forward, and somebody gives the other a key. Both stay, and the plan says why.
func TestWhoeverGotMoreThanTheRunMadeIsLeft(t *testing.T) {
	t.Parallel()
	w := fully(t, hired(3))
	w.slapd.Add(hired(2))
	w.slapd.Add(hired(4))
	w.slapd.Add(hired(5))
	run := w.mustRun(allow(everyGuard...))
	w.rest(http.MethodPut, "/1.1/users/"+w.user("w02")["uuid"].(string)+"/forwards/noanswer", map[string]any{"enabled": true, "destination": "1003"}, nil)
	w.rest(http.MethodPut, "/1.1/users/"+w.user("w03")["uuid"].(string)+"/funckeys/1",
		map[string]any{"blf": true, "destination": map[string]any{"type": "user", "user_id": w.user("w04")["id"]}}, nil)
	back := w.rollback(run.Number, letting(everyGuard...))
	var left []string
	for _, l := range back.Left {
		left = append(left, l.Identifier)
		t.Log(l.Reason)
	}
	if want := []string{"w02", "w04"}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
	users := w.users()
	if users["w02"] == nil || users["w04"] == nil || users["w05"] != nil {
		t.Error("the wrong people were taken down")
	}
	w.wantPhone("w02", "1002", "1002", "1002")
	w.unchanged(1)
}
