package xivo

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// What was taken down with its image is made again from it, exactly as it was.
func TestImagesMakeTheSameAgain(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		u := h.equipped(t, "Ann", "1001")
		h.must(t,
			thing(record.DID, record.Create, u.ID, "did", "", "4900@from-extern", "incall_description", "", "xivosync 7/1", "did_ring_time", "", "12.5",
				"did_caller_id_mode", "", "prepend", "did_caller_id_name", "", "Ext", "did_subroutine", "", "sub"),
			thing(record.DID, record.Create, u.ID, "did", "", "4901@from-extern", "incall_description", "", "xivosync 7/2", "did_destination", "", "voicemail"),
			thing(record.Agent, record.Create, u.ID, "agent", "", "8001", "agent_firstname", "", "Ag", "agent_language", "", "fr_FR"))
		before := h.content(t).facts()
		var again []record.Change
		for _, of := range [][2]string{{"did", "4900@from-extern"}, {"did", "4901@from-extern"}, {"voicemail", "1001@default"}, {"extension", "1001@default"}, {"agent", "8001"}} {
			image, err := h.Image(t.Context(), record.Thing(of[0]), u.ID, of[1])
			if err != nil {
				t.Fatal(of, err)
			}
			down := thing(record.Thing(of[0]), record.Delete, u.ID)
			maps.Copy(down.Fields, image)
			up := reversed(down)
			up.Op = record.Create
			again = append(again, up)
			down.Fields["agent_remove"] = record.Delta{After: record.Text("true")}
			h.must(t, down)
		}
		h.must(t, again[2], again[3], again[0], again[1], again[4])
		if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
			t.Errorf("(-before +now):\n%s", diff)
		}
	})
}

func TestImagesOfWhatIsNotThere(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	u := h.create(t, "firstname", "Ann")
	for _, kind := range []record.Thing{record.Extension, record.Voicemail, record.DID, record.Agent} {
		_, err := h.Image(t.Context(), kind, u.ID, "1001@default")
		wantClass(t, err, record.Missing)
	}
	_, err := h.Image(t.Context(), record.CTI, u.ID, "Client")
	wantClass(t, err, record.Refused, "no image")
}

// An update of two requests of which the second is refused for ever is turned
// round, also when the first was made before a crash.
func TestResumeTurnsAnUpdateRound(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(user string) record.Change
	}{
		"renumbering": {func(u string) record.Change {
			return thing(record.Extension, record.Update, u, "extension", "1001@default", "1002@default", "sip_username", "u110010", "other")
		}},
		"deactivation": {func(u string) record.Change { return secrets(record.Deactivate, u, sipSecret, "other") }},
		"reactivation": {func(u string) record.Change { return secrets(record.Reactivate, u, sipSecret, "other") }},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1616)
			u := h.equipped(t, "Ann", "1001")
			ch := tc.change(u.ID)
			if ch.Op == record.Reactivate {
				h.must(t, thing(record.Extension, record.Deactivate, u.ID, "extension", "1001@default", ""))
			}
			before := h.content(t).facts()
			h.dieAfter(1, ch)
			h.sim.Inject(xivosim.Fault{Method: "PUT", Path: "/1.1/endpoints/sip/*", Status: 400, Body: `["Resource Error - No"]`})
			if step, _, err := h.Resume(t.Context(), ch); step != record.Undone || err != nil {
				t.Errorf("%q, %v", step, err)
			}
			h.sim.ClearFaults()
			if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
				t.Errorf("(-before +now):\n%s", diff)
			}
			ch.Fields["sip_username"] = record.Delta{Before: record.Text("neither"), After: record.Text("nor")}
			step, _, err := h.Resume(t.Context(), ch)
			if step != record.Unknown {
				t.Errorf("%q, %v", step, err)
			}
			wantClass(t, err, record.Uncertain, "username changed")
		})
	}
}
