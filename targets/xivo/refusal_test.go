package xivo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// What is refused, by XiVO or by us, changes nothing and says why.
func TestRefusedThings(t *testing.T) {
	long := longText(10 << 10)
	did := func(user string, triples ...string) record.Change {
		return thing(record.DID, record.Create, user, append([]string{"did", "", "4900@from-extern", "incall_description", "", "k"}, triples...)...)
	}
	for name, tc := range map[string]struct {
		change func(ann, bob string) record.Change
		class  record.Class
		words  []string
	}{
		"number taken":    {func(_, b string) record.Change { return newExtension(b, "1001@default", "200000") }, record.Refused, []string{"Extension already exists"}},
		"out of range":    {func(_, b string) record.Change { return newExtension(b, "9999@default", "200000") }, record.Refused, []string{"outside of range"}},
		"no such context": {func(_, b string) record.Change { return newExtension(b, "1200@nowhere", "200000") }, record.Refused, []string{"Context was not found"}},
		"incall context":  {func(_, b string) record.Change { return newExtension(b, "1200@from-extern", "200000") }, record.Refused, []string{"cannot be associated"}},
		"star in a range": {func(_, b string) record.Change { return newExtension(b, "*12@default", "200000") }, record.Refused, []string{"invalid literal"}},
		"username taken": {func(_, b string) record.Change {
			return thing(record.Extension, record.Create, b, "extension", "", "1200@default", "sip_username", "", "u110010", "sip_secret", "", sipSecret, "provisioning_code", "", "200000")
		}, record.Refused, []string{"SIPEndpoint already exists"}},
		"code taken": {func(_, b string) record.Change {
			return thing(record.Extension, record.Create, b, "extension", "", "1200@default", "sip_username", "", "x", "provisioning_code", "", "110010")
		}, record.Refused, []string{"Line already exists"}},
		"refused secret": {func(_, b string) record.Change {
			return thing(record.Extension, record.Create, b, "extension", "", "1200@default", "sip_username", "", "x", "sip_secret", "", sipSecret+"é", "provisioning_code", "", "200000")
		}, record.Refused, []string{"secret", "expected pattern"}},
		"no keys": {func(_, b string) record.Change {
			return thing(record.Extension, record.Create, b, "extension", "", "1200@default")
		}, record.Refused, []string{"sip_username"}},
		"no context":       {func(_, b string) record.Change { return newExtension(b, "1200", "200000") }, record.Refused, []string{"NUMBER@CONTEXT"}},
		"two at a time":    {func(_, b string) record.Change { return twoNumbers(b) }, record.Refused, []string{"one value at a time"}},
		"not UTF-8":        {func(_, b string) record.Change { return newVoicemail(b, "12@a\xff") }, record.Refused, []string{"not UTF-8"}},
		"huge":             {func(_, b string) record.Change { return newVoicemail(b, "12@"+long) }, record.Refused, []string{"Context was not found"}},
		"hostile number":   {func(_, b string) record.Change { return newExtension(b, `1"; DROP--@default`, "200000") }, record.Refused, []string{"exten"}},
		"renumbered since": {func(a, _ string) record.Change { return renumbered(a, "1700@default", "1200@default") }, record.Stale, []string{"extension changed"}},
		"has no line":      {func(_, b string) record.Change { return renumbered(b, "1700@default", "1200@default") }, record.Stale, []string{"no line"}},
		"mailbox taken":    {func(_, b string) record.Change { return newVoicemail(b, "1001@default") }, record.Refused, []string{"Voicemail already exists"}},
		"second mailbox":   {func(a, _ string) record.Change { return newVoicemail(a, "77@default") }, record.Refused, []string{"User is associated with a Voicemail"}},
		"bad PIN": {func(_, b string) record.Change {
			return thing(record.Voicemail, record.Create, b, "voicemail", "", "77@default", "voicemail_password", "", pin+"x")
		}, record.Refused, []string{"password"}},
		"mailbox moved since": {func(a, _ string) record.Change {
			return thing(record.Voicemail, record.Update, a, "voicemail", "5@default", "6@default")
		}, record.Stale, []string{"voicemail changed"}},
		"has no mailbox": {func(_, b string) record.Change {
			return thing(record.Voicemail, record.Delete, b, "voicemail", "5@default", "")
		}, record.Stale, []string{"no mailbox"}},
		"DID taken": {func(_, b string) record.Change { return newDID(b, "4001@from-extern", "k") }, record.Refused, []string{"Extension already exists"}},
		"DID of another": {func(_, b string) record.Change {
			return thing(record.DID, record.Delete, b, "did", "4001@from-extern", "")
		}, record.Stale, []string{"no such number"}},
		"DID to no mailbox":  {func(_, b string) record.Change { return did(b, "did_destination", "", "voicemail") }, record.Refused, []string{"there is none"}},
		"DID to nowhere":     {func(_, b string) record.Change { return did(b, "did_destination", "", "moon") }, record.Refused, []string{"user or voicemail"}},
		"bad ring time":      {func(_, b string) record.Change { return did(b, "did_ring_time", "", "soon") }, record.Refused, []string{"number of seconds"}},
		"bad caller id mode": {func(_, b string) record.Change { return did(b, "did_caller_id_mode", "", "shout") }, record.Refused, []string{"caller_id_mode"}},
		"no such profile":    {func(a, _ string) record.Change { return thing(record.CTI, record.Update, a, "cti", "", "Nobody") }, record.Refused, []string{"no CTI profile"}},
		"login without one":  {func(_, b string) record.Change { return thing(record.CTI, record.Update, b, "cti", "", "Client") }, record.Refused, []string{"username and password"}},
		"profile changed":    {func(a, _ string) record.Change { return thing(record.CTI, record.Update, a, "cti", "Agent", "Client") }, record.Stale, []string{"enabled"}},
		"no such entity": {func(a, _ string) record.Change {
			return thing(record.Entity, record.Update, a, "entity", "xivotest", "moon")
		}, record.Refused, []string{"no entity"}},
		"entity with a line": {func(a, _ string) record.Change {
			return thing(record.Entity, record.Update, a, "entity", "xivotest", "branch")
		}, record.Refused, []string{"User is associated with a Line"}},
		"entity changed": {func(_, b string) record.Change {
			return thing(record.Entity, record.Update, b, "entity", "other", "branch")
		}, record.Stale, []string{"entity changed"}},
		"entity taken away": {func(_, b string) record.Change {
			return thing(record.Entity, record.Delete, b, "entity", "xivotest", "")
		}, record.Refused, []string{"nothing else"}},
		"agent's number": {func(a, _ string) record.Change { return thing(record.Agent, record.Update, a, "agent", "8001", "8002") }, record.Refused, []string{"cannot change the number"}},
		"agent of none": {func(_, b string) record.Change {
			return thing(record.Agent, record.Update, b, "agent_firstname", "", "x")
		}, record.Stale, []string{"no agent"}},
		"second agent":       {func(a, _ string) record.Change { return thing(record.Agent, record.Create, a, "agent", "", "8005") }, record.Refused, []string{"User is associated with a Agent"}},
		"agent's bad number": {func(_, b string) record.Change { return thing(record.Agent, record.Create, b, "agent", "", "eight") }, record.Refused, []string{"without saying why"}},
		"agent's bad language": {func(a, _ string) record.Change {
			return thing(record.Agent, record.Update, a, "agent_language", "", "xx")
		}, record.Refused, []string{"without saying why"}},
		"no such queue": {func(_, b string) record.Change { return seated(b, "8005", "77:0") }, record.Refused, []string{"Queue was not found"}},
		"bad queue":     {func(_, b string) record.Change { return seated(b, "8005", "support") }, record.Refused, []string{"QUEUE_ID:PENALTY"}},
		"no user": {func(_, _ string) record.Change {
			return renumbered("00000000-0000-4000-8000-000000000000", "1@a", "2@a")
		}, record.Missing, []string{"User was not found"}},
		"no uuid":           {func(_, _ string) record.Change { return renumbered("../infos", "1@a", "2@a") }, record.Missing, []string{"not a uuid"}},
		"no such operation": {func(a, _ string) record.Change { return thing(record.CTI, record.LinkUp, a) }, record.Refused, []string{"operation"}},
		"no such thing":     {func(a, _ string) record.Change { return thing("fax", record.Create, a) }, record.Refused, []string{"fax"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := switchboard(t, xivosim.Version1614)
			ann, bob := h.equipped(t, "Ann", "1001").ID, h.create(t, "firstname", "Bob").ID
			h.post(t, "/entities", map[string]any{"name": "branch"})
			h.must(t, thing(record.Agent, record.Create, ann, "agent", "", "8001"))
			before := h.content(t).facts()
			_, err := h.Apply(t.Context(), tc.change(ann, bob))
			wantClass(t, err, tc.class, tc.words...)
			if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
				t.Errorf("(-before +now):\n%s", diff)
			}
			for _, secret := range []string{sipSecret, pin} {
				if strings.Contains(h.log.String(), secret) || strings.Contains(err.Error(), secret) {
					t.Errorf("a secret is told: %v", err)
				}
			}
		})
	}
}

func twoNumbers(user string) record.Change {
	ch := newDID(user, "1@a", "k")
	ch.Fields["did"] = record.Delta{After: record.Value{"4900@from-extern", "4901@from-extern"}}
	return ch
}

func seated(user, number string, queues ...string) record.Change {
	ch := thing(record.Agent, record.Create, user, "agent", "", number)
	ch.Fields["queues"] = record.Delta{After: queues}
	return ch
}

// A line or a mailbox that somebody else has too is neither changed nor taken
// down; a phone on the line is XiVO's to refuse.
func TestWhatIsSharedIsLeftAlone(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	bob, kay := h.equipped(t, "Bob", "1002").ID, h.create(t, "firstname", "Kay").ID
	h.associate(t, "/users/"+kay+"/lines/1")
	h.associate(t, "/users/"+kay+"/voicemails/1")
	two := h.equipped(t, "Two", "1003").ID
	h.must(t, newExtension(kay, "1500@default", "300000")) // Kay's second line
	before := h.content(t).facts()
	for _, user := range []string{bob, kay} {
		for _, op := range []record.Op{record.Update, record.Deactivate, record.Reactivate, record.Delete} {
			_, err := h.Apply(t.Context(), thing(record.Extension, op, user, "extension", "1002@default", "1600@default"))
			wantClass(t, err, record.Refused, "line 1 is shared by 2 users", "by hand")
			_, err = h.Apply(t.Context(), thing(record.Voicemail, op, user, "voicemail", "1002@default", "1600@default"))
			wantClass(t, err, record.Refused, "mailbox 1 is shared by 2 users", "by hand")
		}
		_, err := h.Secret(t.Context(), user)
		wantClass(t, err, record.Missing, "of the user's own")
	}
	h.secondNumber(t, "1003", "1300")
	_, err := h.Apply(t.Context(), thing(record.Extension, record.Delete, two, "extension", "1003@default", ""))
	wantClass(t, err, record.Refused, "has 2 extensions")
	if diff := cmp.Diff(len(before)+2, len(h.content(t).facts())); diff != "" {
		t.Errorf("(-want +now):\n%s", diff)
	}
}

func TestLinesThatCannotBeTakenDown(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	ann, bob := h.equipped(t, "Ann", "1001").ID, h.equipped(t, "Bob", "1002").ID
	h.post(t, "/devices", map[string]any{"mac": "00:11:22:33:44:55"})
	var devices struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := h.ask(t.Context(), get("/devices", nil), &devices); err != nil {
		t.Fatal(err)
	}
	h.associate(t, "/lines/1/devices/"+devices.Items[0].ID)
	h.post(t, "/endpoints/sip", map[string]any{})
	h.post(t, "/lines", map[string]any{"context": "default"})
	h.associate(t, "/lines/3/endpoints/sip/3")
	h.associate(t, fmt.Sprintf("/users/%s/lines/3", bob))
	before := h.content(t).facts()
	_, err := h.Apply(t.Context(), thing(record.Extension, record.Delete, ann, "extension", "1001@default", ""))
	wantClass(t, err, record.Refused, "Line is associated with a Device")
	_, err = h.Apply(t.Context(), thing(record.Extension, record.Delete, bob, "extension", "1002@default", ""))
	wantClass(t, err, record.Refused, "the user has 2 lines")
	if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
		t.Errorf("(-before +now):\n%s", diff)
	}
}

// When taking back fails as well, the error names what is left.
func TestWhatIsLeftIsNamed(t *testing.T) {
	for name, tc := range map[string]struct {
		fault xivosim.Fault
		class record.Class
	}{
		"refused":     {xivosim.Fault{Method: "DELETE", Path: "/1.1/lines/1", Status: 400, Body: `["Resource Error - No"]`}, record.Uncertain},
		"unreachable": {xivosim.Fault{Method: "DELETE", Path: "/1.1/lines/1", Status: 503, Body: "<html>"}, record.Down},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1616)
			u := h.create(t, "firstname", "Ann")
			ch := newExtension(u.ID, "1000@default", "123456")
			before := h.content(t).facts()
			h.sim.Inject(xivosim.Fault{Method: "POST", Path: "/1.1/extensions", Status: 400, Body: `["Resource Error - First"]`}, tc.fault)
			_, err := h.Apply(t.Context(), ch)
			wantClass(t, err, tc.class, "First", "left: SIP endpoint 1, line 1")
			h.sim.ClearFaults()
			h.sim.Inject(xivosim.Fault{Method: "POST", Path: "/1.1/extensions", Status: 400, Body: `["Resource Error - First"]`})
			if step, r, err := h.Resume(t.Context(), ch); step != record.Undone || err != nil || r.ID != u.ID {
				t.Errorf("resume: %q, %v", step, err)
			}
			if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
				t.Errorf("(-before +now):\n%s", diff)
			}
		})
	}
}
