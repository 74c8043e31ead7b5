package xivosim

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func dump(t *testing.T, sim *Sim) string {
	t.Helper()
	var b bytes.Buffer
	if err := sim.Dump(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRoundTrip fills a XiVO with one of everything, and wants what is loaded
// from its dump to answer and to go on as the first.
func TestRoundTrip(t *testing.T) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(3); err != nil {
		t.Fatal(err)
	}
	h := sim.LocalConfd()
	agent := sim.AddAgent(Agent{Number: "8000", Firstname: "Ag", Context: "default", Group: 1})
	sim.AddQueue("sales")
	want(t, h, 204, "PUT", "/1.1/users/1/agents/"+jsonID(agent), "")
	want(t, h, 201, "POST", "/1.1/queues/1/members/agents", `{"agent_id":1,"penalty":2}`)
	want(t, h, 204, "PUT", "/1.1/users/1/funckeys", `{"keys":{"1":{"destination":{"type":"user","user_id":2}},"3":{"label":"x","destination":{"type":"custom","exten":"5"}}}}`)
	want(t, h, 201, "POST", "/1.1/groups", `{"name":"all"}`)
	want(t, h, 201, "POST", "/1.1/callpermissions", `{"name":"perm","extensions":["_0X."]}`)
	want(t, h, 204, "PUT", "/1.1/users/2/callpermissions/1", "")
	want(t, h, 204, "PUT", "/1.1/users/2/fallbacks", `{"busy_destination":{"type":"user","user_id":1,"ring_time":5}}`)
	want(t, h, 201, "POST", "/1.1/endpoints/sccp", `{}`)
	want(t, h, 201, "POST", "/1.1/devices", `{"mac":"00:11:22:33:44:55"}`)
	want(t, h, 201, "POST", "/1.1/incalls", `{"destination":{"type":"hangup","cause":"busy","timeout":5}}`)
	want(t, h, 204, "PUT", "/1.1/users/1", `{"lastname":"moved to the end of the heap"}`)

	first := dump(t, sim)
	again := newTestSim(Options{})
	if err := again.Load(strings.NewReader(first)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, dump(t, again)); diff != "" {
		t.Error(diff)
	}
	for _, path := range []string{
		"/users", "/users/export", "/users?view=directory", "/lines", "/endpoints/sip", "/extensions", "/voicemails",
		"/incalls", "/users/1/funckeys", "/users/2/fallbacks", "/groups", "/devices", "/queues/1/members/agents/1",
	} {
		a, b := ask(h, "GET", "/1.1"+path, ""), ask(again.LocalConfd(), "GET", "/1.1"+path, "")
		if diff := cmp.Diff(a.Body.String(), b.Body.String()); diff != "" || a.Code != 200 {
			t.Errorf("%s: %d %s", path, a.Code, diff)
		}
	}
	want(t, again.LocalConfd(), 204, "DELETE", "/1.1/groups/1", "")
	if made := want(t, again.LocalConfd(), 201, "POST", "/1.1/groups", `{"name":"new"}`); made["id"] != 2.0 {
		t.Errorf("group %v, want 2: ids are not given twice", made["id"])
	}
}

func TestLoadRefusesWhatIsUnsound(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":          `{`,
		"no id":            `{"users":[{"firstname":"A"}]}`,
		"a row of null":    `{"users":[null]}`,
		"link to nobody":   `{"user_lines":[{"id":1,"user_id":7,"line_id":1}]}`,
		"bad destination":  `{"incalls":[{"id":1,"destination":{"type":"nosuch"}}]}`,
		"voicemail gone":   `{"users":[{"id":1,"firstname":"A","voicemail_id":4}]}`,
		"member gone":      `{"groups":[{"id":1,"name":"g","user_ids":[3]}]}`,
		"permission gone":  `{"users":[{"id":1,"firstname":"A","call_permission_ids":[4]}]}`,
		"extension to air": `{"line_extensions":[{"id":1,"line_id":7,"extension_id":1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			before := dump(t, sim)
			if err := sim.Load(strings.NewReader(text)); err == nil {
				t.Error("loaded, want an error")
			}
			if diff := cmp.Diff(before, dump(t, sim)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
