package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"

	"github.com/google/go-cmp/cmp"
)

// hold holds somebody, or one of their fields, by hand.
func (w *world) hold(id, field string) {
	w.t.Helper()
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		_, err := e.HoldByHand(context.Background(), reconcile.HoldRequest{ID: id, Field: field, Who: "ann", Why: "so"})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// holding are the holds, as "person field".
func (w *world) holding() (out []string) {
	w.t.Helper()
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		for h, err := range e.Store.Holds() {
			if err != nil {
				return err
			}
			out = append(out, h.Person.Identifier+" "+h.Field)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// release ends all holds.
func (w *world) release() {
	w.t.Helper()
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		var all []record.Hold
		for h, err := range e.Store.Holds() {
			if err != nil {
				return err
			}
			all = append(all, h)
		}
		return reconcile.Release(e.Store, all...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestADayIsRolledBackAndStaysSo takes back a run that had everything to do: three
// runs later both sides are as before it. Released, the run's work is done again.
func TestADayIsRolledBackAndStaysSo(t *testing.T) {
	t.Parallel()
	w := aDay(t)
	before := w.faceless()
	run := w.mustRun(allow(everyGuard...))
	after := w.worked()
	back := w.rollback(run.Number, letting(everyGuard...))
	if len(back.Left)+len(back.Failures) > 0 {
		t.Errorf("left %v, failures %v", back.Left, back.Failures)
	}
	w.wantContent("after the rollback", before, w.faceless())
	w.unchanged(3)
	w.wantContent("three runs later", before, w.faceless())
	w.slapd.Modify(hired(2).DN, "sn", "Later")
	report := w.mustRun()
	for _, c := range report.Plan.Changes() {
		if c.Person.Identifier != "w02" || !slices.Equal(c.FieldNames(), []string{"lastname"}) {
			t.Errorf("the change of a last name lets %v of %s through", c.FieldNames(), c.Person.Identifier)
		}
	}
	w.wantUser("w02", "lastname", "Later")
	w.slapd.Modify(hired(2).DN, "sn", "Changed")
	w.mustRun()
	w.release()
	w.later(31 * 24 * time.Hour) // who came back is in grace anew
	w.mustRun(allow(everyGuard...))
	w.decide("w14", "email", "ldap") // which was carried out, and taken back
	w.mustRun(allow(everyGuard...))
	if diff := cmp.Diff(after, w.worked()); diff != "" {
		t.Errorf("released (-the run +now)\n%s", diff)
	}
	w.quiet()
}

// worked is what there is after the work of a day, but for the mails, and for the
// queues: their members have another number when they are made anew.
func (w *world) worked() ended {
	out := w.ended()
	out.Mails = nil
	out.XiVO = slices.DeleteFunc(out.XiVO, func(row string) bool { return strings.HasPrefix(row, "queues ") })
	return out
}

// TestADrawnNumberIsRolledBack takes back the run that drew numbers from the pool:
// nobody has one then, and the runs after it draw none for those who are held. A
// joiner gets the first number; who is released, the next.
func TestADrawnNumberIsRolledBack(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"a joiner": false, "somebody who is there": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1))
			w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
			without := worker(2)
			if there {
				w.mustRun()
				w.Sites[0].Pool = nil // there is none yet
				w.slapd.Add(without)
				w.slapd.Modify(without.DN, "ipPhone")
				w.slapd.Modify(without.DN, "telephoneNumber")
				w.mustRun()
				w.wantPhone("w02", "", "")
				w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
				w.slapd.Modify(without.DN, "sn", "Seen")
			} else {
				w.mustRun()
				w.slapd.Add(without)
				w.slapd.Modify(without.DN, "ipPhone")
				w.slapd.Modify(without.DN, "telephoneNumber")
			}
			before := w.content()
			run := w.mustRun(allow(everyGuard...))
			w.wantEntry(without.DN, "ipPhone", "1500")
			back := w.rollback(run.Number, letting(everyGuard...))
			if len(back.Left)+len(back.Failures) > 0 {
				t.Errorf("left %v, failures %v", back.Left, back.Failures)
			}
			w.wantContent("after the rollback", before, w.content())
			w.unchanged(3)
			w.wantContent("three runs later", before, w.content())
			w.slapd.Add(worker(3))
			w.slapd.Modify(worker(3).DN, "ipPhone")
			w.slapd.Modify(worker(3).DN, "telephoneNumber")
			w.mustRun(allow(everyGuard...))
			w.wantEntry(worker(3).DN, "ipPhone", "1500")
			w.release()
			w.mustRun(allow(everyGuard...))
			w.wantEntry(without.DN, "ipPhone", "1501")
			w.wantPhone("w02", "1501", "1501")
			w.quiet()
		})
	}
}

// TestNoNumberIsDrawnForWhatIsHeld asks for no number while the number is held, or
// the person.
func TestNoNumberIsDrawnForWhatIsHeld(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"extension", ""} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1), worker(2))
			w.mustRun()
			w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
			w.slapd.Add(worker(3))
			w.slapd.Modify(worker(3).DN, "ipPhone")
			w.hold("w03", field)
			w.mustRun(allow(everyGuard...))
			w.unchanged(2)
			w.wantEntry(worker(3).DN, "ipPhone")
			w.release()
			w.mustRun(allow(everyGuard...))
			w.wantEntry(worker(3).DN, "ipPhone", "1500")
			w.wantPhone("w03", "1500", "1500", "1003")
			w.quiet()
		})
	}
}

// TestAHoldAndOnClear empties the number of somebody whose phone is held: nothing
// happens to it before the release. A run that gave the phone up and was rolled back
// gives it up once more only when the number was there again in between.
func TestAHoldAndOnClear(t *testing.T) {
	t.Parallel()
	for _, policy := range []reconcile.OnClear{reconcile.OnClearDeactivate, reconcile.OnClearDelete} {
		for _, how := range []string{"by hand", "by a rollback"} {
			t.Run(string(policy)+" "+how, func(t *testing.T) {
				t.Parallel()
				w := phones(t, worker(1), worker(2), worker(3))
				for _, name := range []string{"extension", "voicemail", "did"} {
					w.spec(name).OnClear = policy
				}
				w.mustRun()
				before := w.faceless()
				empty := func() {
					w.slapd.Modify(worker(1).DN, "ipPhone")
					w.slapd.Modify(worker(1).DN, "telephoneNumber")
				}
				if how == "by hand" {
					for _, name := range []string{"extension", "voicemail", "did"} {
						w.hold("w01", name)
					}
					empty()
				} else {
					empty()
					run := w.mustRun(allow(everyGuard...))
					if run.Outcome != record.OutcomeDone {
						t.Fatalf("%s: %v", run.Outcome, run.Failures)
					}
					if back := w.rollback(run.Number, letting(everyGuard...)); len(back.Left)+len(back.Failures) > 0 {
						t.Errorf("left %v, failures %v", back.Left, back.Failures)
					}
				}
				w.unchanged(3)
				w.wantPhone("w01", "1001", "1001", "1001")
				if how == "by hand" {
					w.release()
				} else {
					w.slapd.Modify(worker(1).DN, "ipPhone", "1001")
					w.slapd.Modify(worker(1).DN, "telephoneNumber", worker(1).First("telephoneNumber"))
					w.unchanged(2)
					w.wantContent("there again", before, w.faceless())
					if held := w.holding(); len(held) > 0 {
						t.Errorf("held: %v", held)
					}
					empty()
				}
				w.mustRun(allow(everyGuard...))
				if got := w.phone("w01"); policy == reconcile.OnClearDelete && len(got.Extension)+len(got.Voicemail)+len(got.DID) > 0 {
					t.Errorf("the phone is still %v", got)
				}
				if secret := w.secretsOf("w01"); policy == reconcile.OnClearDeactivate && secret == "" {
					t.Error("the line is gone")
				}
				w.quiet()
			})
		}
	}
}

// secretsOf is the secret with which somebody's phone registers; "" without one.
func (w *world) secretsOf(uid string) string {
	w.t.Helper()
	if lines, _ := w.users()[uid]["lines"].([]any); len(lines) == 0 {
		return ""
	}
	return w.secretOf(uid)
}

// TestADecisionAboutAHeldThingWaits decides about a line, a direct number, a mailbox
// and an agent that are held: nothing is done before the release, and then what was
// decided.
func TestADecisionAboutAHeldThingWaits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		field, take string
		happens     func(w *world)
		want        func(w *world)
	}{
		"a line": {"extension", "1055", func(w *world) {
			w.slapd.Modify(worker(1).DN, "ipPhone", "1999")
		}, func(w *world) {
			w.wantEntry(worker(1).DN, "ipPhone", "1055")
			w.wantPhone("w01", "1055", "1055", "1001")
		}},
		"a line that both changed": {"extension", "ldap", func(w *world) {
			w.slapd.Modify(worker(1).DN, "ipPhone", "1051")
			w.renumber("1001", "default", "1052")
		}, func(w *world) { w.wantPhone("w01", "1051", "1051", "1001") }},
		"a direct number": {"did", "ldap", func(w *world) {
			w.takeOff(1)
		}, func(w *world) { w.wantPhone("w01", "1001", "1001", "1001") }},
		"a mailbox": {"voicemail", "1056", func(w *world) {
			w.rest(http.MethodPost, "/1.1/voicemails", map[string]any{"name": "Lone", "number": "1055", "context": "default"}, nil)
			w.slapd.Modify(worker(1).DN, "ipPhone", "1055")
		}, func(w *world) {
			w.wantEntry(worker(1).DN, "ipPhone", "1056")
			w.wantPhone("w01", "1056", "1056", "1001")
		}},
		"an agent": {"agent", "8055", func(w *world) {
			w.slapd.Modify(worker(1).DN, agentNumber, "8002")
		}, func(w *world) { w.wantEntry(worker(1).DN, agentNumber, "8055") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := agents(t, worker(1), agentWorker(2))
			w.spec("did").Direction = reconcile.Both
			w.doorPhone("1999")
			w.settle()
			tc.happens(w)
			w.mustRun()
			w.decide("w01", tc.field, tc.take)
			w.hold("w01", tc.field)
			before := w.content()
			w.unchanged(3)
			w.wantContent("while it is held", before, w.content())
			if c := find(t, w.waiting(), "w01", tc.field); c.State != record.Decided {
				t.Fatalf("it is %s: %s", c.State, c.Reopened)
			}
			w.release()
			w.mustRun()
			if left := w.waiting(); len(left) > 0 {
				t.Errorf("left are %s", told(left))
			}
			tc.want(w)
			w.quiet()
		})
	}
}

// takeOff deletes the direct numbers of a worker in XiVO.
func (w *world) takeOff(n int) {
	w.t.Helper()
	var incalls struct{ Items []map[string]any }
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/incalls?user_id=%v", w.user(fmt.Sprintf("w%02d", n))["id"]), nil, &incalls)
	for _, i := range incalls.Items {
		for _, x := range i["extensions"].([]any) {
			id := x.(map[string]any)["id"]
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v/extensions/%v", i["id"], id), nil, nil)
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/extensions/%v", id), nil, nil)
		}
		w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v", i["id"]), nil, nil)
	}
}
