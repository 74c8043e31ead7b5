package xivo

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
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
