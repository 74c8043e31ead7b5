package xivo

import (
	"testing"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestOwner(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		ann, bob := h.equipped(t, "Ann", "1001").ID, h.equipped(t, "Bob", "1002").ID
		kay := h.create(t, "firstname", "Kay").ID
		h.associate(t, "/users/"+kay+"/lines/2")
		h.associate(t, "/users/"+kay+"/voicemails/2")
		h.must(t, thing(record.DID, record.Create, ann, "did", "", "4900@from-extern", "incall_description", "", "k", "did_destination", "", "voicemail"))
		h.must(t, thing(record.Agent, record.Create, ann, "agent", "", "8001"))
		h.sim.AddAgent(xivosim.Agent{Number: "8002", Firstname: "Idle", Context: "default", Group: 1})
		h.post(t, "/extensions", map[string]any{"exten": "1500", "context": "default"})
		h.post(t, "/voicemails", map[string]any{"number": "1500", "context": "default", "name": "room"})
		h.post(t, "/endpoints/sip", map[string]any{"username": "idle"})
		h.post(t, "/endpoints/sip", map[string]any{"username": "door"})
		h.post(t, "/lines", map[string]any{"context": "default"})
		h.post(t, "/extensions", map[string]any{"exten": "1600", "context": "default"})
		h.associate(t, "/lines/3/endpoints/sip/4")
		h.associate(t, "/lines/3/extensions/40")
		h.post(t, "/incalls", map[string]any{"destination": map[string]any{"type": "hangup"}})
		h.post(t, "/extensions", map[string]any{"exten": "4950", "context": "from-extern"})
		h.associate(t, "/incalls/4/extensions/41")
		h.post(t, "/lines", map[string]any{"context": "default", "provisioning_code": "123456"})
		for name, tc := range map[string]struct {
			field, value  string
			user          string
			thing, remedy string
		}{
			"free":                 {"extension", "1700@default", "", "", ""},
			"another context":      {"extension", "1001@from-extern", "", "", ""},
			"a user's":             {"extension", "1001@default", ann, "line 1 of Ann X", "line 1, extension 34, SIP endpoint 1"},
			"shared line":          {"extension", "1002@default", "", "line 2 shared by " + bob + " (Bob X), " + kay + " (Kay)", "line 2, extension 36, SIP endpoint 2"},
			"on nothing":           {"extension", "1500@default", "", "extension 39, on no line and no incall (XiVO does not tell whether it is a queue's)", "extension 39"},
			"line of nobody":       {"extension", "1600@default", "", "line 3 without a user", "line 3, extension 40, SIP endpoint 4"},
			"free DID":             {"did", "4951@from-extern", "", "", ""},
			"a user's DID":         {"did", "4001@from-extern", ann, "incall 1 of Ann X", "incall 1, extension 35"},
			"DID to a mailbox":     {"did", "4900@from-extern", ann, "incall 3 to mailbox 1 of Ann X", "incall 3, extension 38"},
			"DID elsewhere":        {"did", "4950@from-extern", "", "incall 4 leading to: hangup", "incall 4, extension 41"},
			"free mailbox":         {"voicemail", "1700@default", "", "", ""},
			"a user's mailbox":     {"voicemail", "1001@default", ann, "mailbox 1 of Ann X", "mailbox 1, with its messages"},
			"shared mailbox":       {"voicemail", "1002@default", "", "mailbox 2 shared by " + bob + " (Bob X), " + kay + " (Kay)", "mailbox 2, with its messages"},
			"mailbox of nobody":    {"voicemail", "1500@default", "", "mailbox 3 without a user", "mailbox 3, with its messages"},
			"free agent":           {"agent", "8003", "", "", ""},
			"a user's agent":       {"agent", "8001", ann, "agent 1 of Ann X", "agent 1"},
			"agent of nobody":      {"agent", "8002", "", "agent 2 without a user", "agent 2"},
			"free SIP username":    {"sip_username", "none", "", "", ""},
			"a user's endpoint":    {"sip_username", "u110010", ann, "line 1 of Ann X", "line 1, SIP endpoint 1"},
			"endpoint of nobody":   {"sip_username", "idle", "", "SIP endpoint 3 without a user", "SIP endpoint 3"},
			"endpoint of a line":   {"sip_username", "door", "", "line 3 without a user", "line 3, SIP endpoint 4"},
			"free code":            {"provisioning_code", "654321", "", "", ""},
			"a line's code":        {"provisioning_code", "123456", "", "line 4 without a user", "line 4"},
			"hostile, so not held": {"extension", "1001' OR 1=1 --@default", "", "", ""},
		} {
			t.Run(name, func(t *testing.T) {
				got, err := h.Owner(t.Context(), tc.field, tc.value)
				if err != nil || got.User.ID != tc.user || got.Thing != tc.thing || got.Remedy != tc.remedy || got.Free() != (tc.thing == "") {
					t.Errorf("%+v, %v", got, err)
				}
			})
		}
		_, err := h.Owner(t.Context(), "email", "x")
		wantClass(t, err, record.Refused, "email x")
	})
}
