package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/targets/xivo/xivosim"
)

// TestTheListedRightsDoForADay makes a whole day and takes a run back with exactly
// the rights that docs/accounts.md lists: XiVO refuses nothing, everything is as it
// is with all rights, and no right is listed that nothing asks for.
func TestTheListedRightsDoForADay(t *testing.T) {
	t.Parallel()
	list := listedRights(t)
	want := aDay(t).mustRun(allow(everyGuard...)).Counts
	used := map[string]bool{}
	w := aDay(t, func(w *world) {
		w.sim.Restrict(list...)
		w.sim.ResetLog()
	})
	report := w.mustRun(allow(everyGuard...))
	if diff := cmp.Diff(want, report.Counts); diff != "" {
		t.Errorf("the day with the listed rights (-all rights +listed):\n%s", diff)
	}
	if len(report.Failures) > 0 {
		t.Errorf("failed: %+v", report.Failures)
	}
	w.slapd.Modify(hired(21).DN, "mail", "undo.w21@parts.test")
	taken := w.mustRun(allow(everyGuard...))
	if back := w.rollback(taken.Run.Number); len(back.Left) > 0 {
		t.Errorf("left: %+v", back.Left)
	}
	for _, r := range w.sim.Log() {
		if r.Status == http.StatusUnauthorized {
			t.Errorf("XiVO refused %s %s", r.Method, r.Path)
		}
		used[rightOf(r)] = true
	}
	for _, right := range list {
		if !used[right] && onOtherDays[right] == "" {
			t.Errorf("nothing asked for %s", right)
		}
	}
}

// onOtherDays are the rights that are not needed on such a day, and for what they are.
var onOtherDays = map[string]string{
	"confd.contexts.read":      "check, and numbers outside what a context allows",
	"confd.endpoints.sip.read": "a SIP username that is mapped or swapped",
	"confd.groups.*.read":      "deletions on a XiVO whose confd has groups",
	"confd.incalls.*.update":   "[fields.did_destination] and the other settings of a direct number",
}

// TestARollbackBeyondTheListedRights brings back a deleted user who had a forward,
// with the listed rights: it stops and names the right that it lacks, and goes on
// when it is given.
func TestARollbackBeyondTheListedRights(t *testing.T) {
	t.Parallel()
	w := aDay(t, func(w *world) { w.sim.Restrict(listedRights(t)...) })
	forward := func() string { return fmt.Sprintf("/1.1/users/%v/forwards/unconditional", w.users()["w12"]["uuid"]) }
	w.rest(http.MethodPut, forward(), map[string]any{"enabled": true, "destination": "0612345678"}, nil)
	day := w.mustRun(allow(everyGuard...)).Run.Number
	opt := reconcile.RollbackOptions{First: day, Trigger: "rollback", Who: "ada", Allow: everyGuard}
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		_, err := e.Rollback(context.Background(), opt)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "lacks the ACL confd.users.*.forwards.unconditional.update") {
		t.Fatalf("the rollback with the listed rights: %v", err)
	}
	w.sim.Restrict("confd.#")
	w.rollback(day, func(o *reconcile.RollbackOptions) { o.Allow = everyGuard })
	var got map[string]any
	w.rest(http.MethodGet, forward(), nil, &got)
	if diff := cmp.Diff(map[string]any{"enabled": true, "destination": "0612345678"}, got); diff != "" {
		t.Errorf("the forward that came back (-want +got):\n%s", diff)
	}
}

// listedRights are those of docs/accounts.md.
func listedRights(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("../../../docs/accounts.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```acl\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, strings.Fields(block[1])...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

var anyID = regexp.MustCompile(`/([0-9]+|[0-9a-f]{8}-[0-9a-f-]{27})\b`)

// rightOf is the right that confd wants for a request.
func rightOf(r xivosim.Request) string {
	path, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/1.1"), "?")
	verb := map[string]string{"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}[r.Method]
	return "confd" + strings.ReplaceAll(anyID.ReplaceAllString(path, "/*"), "/", ".") + "." + verb
}
