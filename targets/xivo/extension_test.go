package xivo

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// The requests of confd-api, section 3.2, in its order and with nothing else
// while more changes follow.
func TestProvisioningSendsTheSequence(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		ch := change(record.Create, "", "firstname", "Ann", "description", "g")
		ch.More = true
		u, err := h.Apply(context.Background(), ch)
		if err != nil || u.ID == "" || len(u.Values) != 0 {
			t.Fatalf("%+v, %v", u, err)
		}
		for _, ch := range []record.Change{
			newExtension(u.ID, "1000@default", "123456"), newVoicemail(u.ID, "1000@default"), newDID(u.ID, "4000@from-extern", "xivosync 1/4"),
		} {
			ch.More = true
			h.must(t, ch)
		}
		want := []string{
			"POST /users",
			"POST /endpoints/sip", "POST /lines", "PUT /lines/1/endpoints/sip/1", "POST /extensions", "PUT /lines/1/extensions/34", "PUT /users/" + u.ID + "/lines/1",
			"POST /voicemails", "PUT /users/" + u.ID + "/voicemails/1",
			"POST /incalls", "POST /extensions", "PUT /incalls/1/extensions/35",
		}
		if diff := cmp.Diff(want, h.sent()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		r, err := h.Read(context.Background(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		values := map[string]record.Value{
			"firstname": {"Ann"}, "lastname": nil, "email": nil, "caller_id": {`"Ann"`}, "description": {"g"},
			"extension": {"1000@default"}, "voicemail": {"1000@default"}, "did": {"4000@from-extern"}, "agent": nil, "cti": nil, "entity": {"xivotest"},
		}
		if diff := cmp.Diff(values, r.Values); diff != "" {
			t.Errorf("read (-want +got):\n%s", diff)
		}
		delete(values, "caller_id")
		for _, s := range h.all(t, record.Survey) {
			if diff := cmp.Diff(values, s.Values); diff != "" || s.Doubtful {
				t.Errorf("surveyed, doubtful %t (-want +got):\n%s", s.Doubtful, diff)
			}
		}
		for _, s := range h.all(t, record.Detail) {
			if diff := cmp.Diff(r.Values, s.Values); diff != "" || s.Doubtful {
				t.Errorf("detail, doubtful %t (-want +got):\n%s", s.Doubtful, diff)
			}
		}
	})
}

// confd-api, section 3.3: what stands between the reads of a teardown.
func TestTeardownSendsTheSequence(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		u := h.equipped(t, "Ann", "1001")
		user := "/users/" + u.ID
		for _, step := range []struct {
			change record.Change
			writes []string
		}{
			{thing(record.DID, record.Delete, u.ID, "did", "4001@from-extern", ""), []string{
				"DELETE /incalls/1/extensions/35", "DELETE /incalls/1", "DELETE /extensions/35",
			}},
			{thing(record.Voicemail, record.Delete, u.ID, "voicemail", "1001@default", ""), []string{"DELETE " + user + "/voicemails", "DELETE /voicemails/1"}},
			{thing(record.Extension, record.Delete, u.ID, "extension", "1001@default", ""), []string{
				"DELETE " + user + "/lines/1", "DELETE /lines/1/extensions/34", "DELETE /lines/1/endpoints/sip/1", "DELETE /extensions/34", "DELETE /lines/1", "DELETE /endpoints/sip/1",
			}},
			{change(record.Delete, u.ID), []string{"DELETE " + user}},
		} {
			step.change.More = true
			h.sim.ResetLog()
			h.must(t, step.change)
			if diff := cmp.Diff(step.writes, onlyWrites(h.sent())); diff != "" {
				t.Errorf("%s (-want +got):\n%s", step.change.Thing, diff)
			}
		}
		if facts := h.content(t).facts(); len(facts) != 0 {
			t.Errorf("left: %q", facts)
		}
	})
}

func onlyWrites(sent []string) []string {
	return slices.DeleteFunc(sent, func(s string) bool { return strings.HasPrefix(s, "GET") })
}

// One read of the object before the write and one afterwards, and nothing is
// sent that changes nothing.
func TestExtensionChanges(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(user string) record.Change
		writes []string
		fact   string
	}{
		"renumber":   {func(u string) record.Change { return renumbered(u, "1001@default", "1002@default") }, []string{"PUT /extensions/34"}, "extension 1002@default commented false"},
		"in effect":  {func(u string) record.Change { return renumbered(u, "1000@default", "1001@default") }, nil, "extension 1001@default commented false"},
		"park":       {func(u string) record.Change { return renumbered(u, "1001@default", "_#1001@default") }, []string{"PUT /extensions/34"}, "extension _#1001@default commented true"},
		"deactivate": {func(u string) record.Change { return secrets(record.Deactivate, u, sipSecret, "other") }, []string{"PUT /extensions/34", "PUT /endpoints/sip/1"}, "sip u110010/other"},
		"username": {func(u string) record.Change {
			return thing(record.Extension, record.Update, u, "sip_username", "u110010", "x")
		}, []string{"PUT /endpoints/sip/1"}, "sip x/" + sipSecret},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1614)
			u := h.equipped(t, "Ann", "1001")
			h.sim.ResetLog()
			h.must(t, tc.change(u.ID))
			if diff := cmp.Diff(tc.writes, onlyWrites(h.sent()), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			h.wantFact(t, tc.fact)
		})
	}
}

func renumbered(user, before, after string) record.Change {
	return thing(record.Extension, record.Update, user, "extension", before, after)
}

func secrets(op record.Op, user, before, after string) record.Change {
	return thing(record.Extension, op, user, "extension", "1001@default", "1001@default", "sip_secret", before, after)
}

// wantFact wants one of the facts to begin so.
func (h *house) wantFact(t testing.TB, prefix string) {
	t.Helper()
	facts := h.content(t).facts()
	if !slices.ContainsFunc(facts, func(f string) bool { return strings.HasPrefix(f, prefix) }) {
		t.Errorf("%q is not among %q", prefix, facts)
	}
}

func TestDeactivateAndReactivateALine(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	u := h.equipped(t, "Ann", "1001")
	before := h.content(t).facts()
	secret, err := h.Secret(t.Context(), u.ID)
	if err != nil || secret != sipSecret {
		t.Fatal(secret, err)
	}
	r := h.must(t, secrets(record.Deactivate, u.ID, secret, "rotated"))
	if r.Values["extension"].First() != "1001@default" {
		t.Errorf("deactivated: %+v", r)
	}
	h.wantFact(t, "extension 1001@default commented true")
	if s := h.all(t, record.Survey)[0]; s.Doubtful || s.Values["extension"].First() != "1001@default" {
		t.Errorf("surveyed: %+v", s)
	}
	_, err = h.Apply(t.Context(), secrets(record.Reactivate, u.ID, "somebody's", secret))
	wantClass(t, err, record.Stale, "XiVO's secret changed")
	if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "rotated") {
		t.Errorf("the error tells a secret: %v", err)
	}
	h.wantFact(t, "extension 1001@default commented true")
	h.must(t, secrets(record.Reactivate, u.ID, "rotated", secret))
	if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
		t.Errorf("(-before +now):\n%s", diff)
	}
}

// Numbers that change hands, as in the recording 26: a ring of three goes round
// by way of a parked number, with extensions, DIDs and mailboxes.
func TestNumbersChangeHands(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	ann, bob, cyd := h.equipped(t, "Ann", "1001").ID, h.equipped(t, "Bob", "1002").ID, h.equipped(t, "Cyd", "1003").ID
	_, err := h.Apply(t.Context(), renumbered(ann, "1001@default", "1002@default"))
	wantClass(t, err, record.Refused, "Extension already exists")
	move := func(kind record.Thing, user, before, after string) {
		t.Helper()
		r := h.must(t, thing(kind, record.Update, user, string(kind), before, after))
		if got := r.Values[string(kind)].First(); got != after {
			t.Errorf("%s is %s, want %s", kind, got, after)
		}
	}
	for _, ring := range []struct {
		kind            record.Thing
		context, parked string
		numbers         [3]string
	}{
		{record.Extension, "default", "_#1001", [3]string{"1001", "1002", "1003"}},
		{record.DID, "from-extern", "_#4001", [3]string{"4001", "4002", "4003"}},
		{record.Voicemail, "default", "99001", [3]string{"1001", "1002", "1003"}},
	} {
		at := func(i int) string { return ring.numbers[i] + "@" + ring.context }
		parked := ring.parked + "@" + ring.context
		move(ring.kind, ann, at(0), parked)
		move(ring.kind, cyd, at(2), at(0))
		move(ring.kind, bob, at(1), at(2))
		move(ring.kind, ann, parked, at(1))
	}
	want := map[string]string{ann: "1002 4002", bob: "1003 4003", cyd: "1001 4001"}
	for _, r := range h.all(t, record.Survey) {
		internal, external, _ := strings.Cut(want[r.ID], " ")
		if got := "extension=" + internal + "@default did=" + external + "@from-extern voicemail=" + internal + "@default agent= cti="; got != tellOf(r) {
			t.Errorf("%s: %s, want %s", r.Name, tellOf(r), got)
		}
	}
	for _, f := range h.content(t).facts() {
		if strings.HasPrefix(f, "extension") && strings.Contains(f, "commented true") {
			t.Error(f)
		}
	}
}
