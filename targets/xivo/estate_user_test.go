package xivo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// admin sends one request as somebody else, and returns the answer.
func (h *house) admin(t testing.TB, method, path string, body any) map[string]any {
	t.Helper()
	var rd io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		rd = bytes.NewReader(b)
	}
	req := httptest.NewRequest(method, "http://admin.test/1.1"+path, rd)
	req.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	h.sim.LocalConfd().ServeHTTP(rec, req)
	if rec.Code >= 300 {
		t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var answer map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &answer) // 204 has none
	return answer
}

// leaving asks for the estate of one user, with all that leads to him.
func (h *house) leaving(t testing.TB, user string, dids ...string) record.Estate {
	t.Helper()
	leavers := []record.Leaver{{User: user, DIDs: dids}}
	estates, err := h.Estates(t.Context(), leavers)
	if err != nil || len(estates) != 1 || len(estates[0].Pointers) > 0 {
		t.Fatalf("%+v, %v", estates, err)
	}
	found, _, err := h.Pointers(t.Context(), leavers)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	estates[0].Pointers = found[0]
	return estates[0]
}

type object = map[string]any

// A number that leads to the mailbox is the user's where that is known, and else
// somebody else's way to him; keys, forwards and fallbacks of others are told.
func TestEstatesTellWhatLeadsToAUser(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		ann, bob := h.equipped(t, "Ann", "1001"), h.equipped(t, "Bob", "1002")
		h.must(t, thing(record.DID, record.Create, ann.ID, "did", "", "4901@from-extern", "incall_description", "", "xivosync 7/2", "did_destination", "", "voicemail"))
		want := record.Estate{
			Lost: []string{"uuid and id of the user", "memberships in queues as a user", "schedules", "call filters", "the messages in mailbox 1001@default"},
		}
		if diff := cmp.Diff(want, h.leaving(t, ann.ID, "4901@from-extern")); diff != "" {
			t.Errorf("known (-want +got):\n%s", diff)
		}
		mailbox := h.admin(t, "GET", "/users/"+ann.ID+"/voicemails", nil)["voicemail_id"]
		lone := h.admin(t, "POST", "/incalls", object{"destination": object{"type": "user", "user_id": ann.Serial}})
		h.admin(t, "PUT", "/users/"+bob.ID+"/funckeys/2", object{"destination": object{"type": "user", "user_id": ann.Serial}})
		h.admin(t, "PUT", "/users/"+bob.ID+"/funckeys/3", object{"destination": object{"type": "user", "user_id": bob.Serial}})
		h.admin(t, "PUT", "/users/"+ann.ID+"/funckeys/4", object{"destination": object{"type": "user", "user_id": ann.Serial}})
		h.admin(t, "PUT", "/users/"+bob.ID+"/forwards/unconditional", object{"enabled": true, "destination": "1001"})
		h.admin(t, "PUT", "/users/"+bob.ID+"/forwards/busy", object{"enabled": false, "destination": "1001"})
		pointers := []string{"(4901@from-extern), by the mailbox", fmt.Sprintf("incall %v", lone["id"]), "key 2 of Bob X", "the unconditional forward of Bob X"}
		if version == xivosim.Version1616 {
			h.admin(t, "PUT", "/users/"+bob.ID+"/fallbacks", object{"busy_destination": object{"type": "voicemail", "voicemail_id": mailbox}})
			group := h.admin(t, "POST", "/groups", object{"name": "sales"})
			h.admin(t, "PUT", fmt.Sprintf("/groups/%v/fallbacks", group["id"]), object{"noanswer_destination": object{"type": "user", "user_id": ann.Serial}})
			pointers = append(pointers, "the busy_destination of Bob X", "the noanswer_destination of group sales")
		}
		got := h.leaving(t, ann.ID)
		texts := strings.Join(record.PointerTexts(got.Pointers), "\n")
		if len(got.Pointers) != len(pointers) || slices.ContainsFunc(pointers, func(p string) bool { return !strings.Contains(texts, p) }) {
			t.Errorf("pointers %q, want %q", got.Pointers, pointers)
		}
		h.recheck(t, ann.ID, got.Pointers)
		if len(got.Obstacles) > 0 {
			t.Errorf("%+v", got)
		}
		gone := h.leaving(t, "00000000-0000-4000-8000-000000000000")
		if diff := cmp.Diff(record.Estate{}, gone); diff != "" {
			t.Errorf("of nobody:\n%s", diff)
		}
	})
}

func TestEstatesTellWhatKeepsAUser(t *testing.T) {
	for name, tc := range map[string]struct {
		fields []string
		spoil  func(h *house, t *testing.T, ann, bob record.Record)
		want   string
	}{
		"nothing":             {allThings, func(*house, *testing.T, record.Record, record.Record) {}, ""},
		"lines are not ours":  {[]string{"firstname", "voicemail"}, func(*house, *testing.T, record.Record, record.Record) {}, "extension is not among the fields"},
		"mailboxes are not":   {[]string{"firstname", "extension"}, func(*house, *testing.T, record.Record, record.Record) {}, "voicemail is not among the fields"},
		"a number on 2 lines": {allThings, secondLineWithTheNumber, "is on 2 lines"},
		"a line without SIP": {allThings, func(h *house, t *testing.T, ann, _ record.Record) {
			line := h.admin(t, "GET", "/users/"+ann.ID, nil)["lines"].([]any)[0].(object)
			h.admin(t, "DELETE", fmt.Sprintf("/endpoints/sip/%v", line["endpoint_sip"].(object)["id"]), nil)
		}, "has no SIP endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1616)
			ann, bob := h.equipped(t, "Ann", "1001"), h.equipped(t, "Bob", "1002")
			tc.spoil(h, t, ann, bob)
			conf := h.conf
			conf.Fields = tc.fields
			asked := &house{Client: client(t, conf), sim: h.sim}
			text := strings.Join(asked.leaving(t, ann.ID).Obstacles, "; ")
			if !strings.Contains(text, tc.want) || (tc.want == "") != (text == "") {
				t.Errorf("%q, want %q", text, tc.want)
			}
		})
	}
}

// secondLineWithTheNumber gives Ann's number to a line of nobody.
func secondLineWithTheNumber(h *house, t *testing.T, ann, _ record.Record) {
	line := h.admin(t, "GET", "/users/"+ann.ID, nil)["lines"].([]any)[0].(object)
	sip := h.admin(t, "POST", "/endpoints/sip", object{})
	other := h.admin(t, "POST", "/lines", object{"context": "default"})
	h.admin(t, "PUT", fmt.Sprintf("/lines/%v/endpoints/sip/%v", other["id"], sip["id"]), nil)
	h.admin(t, "PUT", fmt.Sprintf("/users/%s/lines/%v", ann.ID, other["id"]), nil)
	h.admin(t, "PUT", fmt.Sprintf("/lines/%v/extensions/%v", other["id"], line["extensions"].([]any)[0].(object)["id"]), nil)
	h.admin(t, "DELETE", fmt.Sprintf("/users/%s/lines/%v", ann.ID, other["id"]), nil)
}

// recheck looks again for what is known, takes one after the other away, and sees
// the rest each time, for a handful of requests.
func (h *house) recheck(t testing.TB, user string, known []record.Pointer) {
	t.Helper()
	h.sent()
	for left := len(known); left >= 0; left-- {
		estates, err := h.Estates(t.Context(), []record.Leaver{{User: user, Known: known}})
		if err != nil || len(estates[0].Pointers) != left {
			t.Fatalf("%+v, %v; %d are left", estates, err, left)
		}
		if left == 0 {
			return
		}
		switch p := estates[0].Pointers[0]; {
		case strings.Contains(p.Text, "key 2"):
			h.admin(t, "DELETE", p.Place+"/funckeys/2", nil)
		case strings.Contains(p.Text, "forward"):
			h.admin(t, "PUT", p.Place+"/forwards/unconditional", object{"enabled": false})
		case strings.Contains(p.Text, "busy_destination"):
			h.admin(t, "PUT", p.Place+"/fallbacks", object{"busy_destination": nil})
		default:
			h.admin(t, "DELETE", p.Place, nil)
		}
	}
}

// What it costs to look for pointers among a thousand users, and once more while
// one of them is there; README tells the figures.
func TestLookingAmongAThousandUsers(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	ann, bob := h.equipped(t, "Ann", "1001"), h.equipped(t, "Bob", "1002")
	for i := range 998 {
		h.admin(t, "POST", "/users", object{"firstname": fmt.Sprintf("U%d", i)})
	}
	h.admin(t, "PUT", "/users/"+bob.ID+"/funckeys/1", object{"destination": object{"type": "user", "user_id": ann.Serial}})
	h.sent()
	leavers := []record.Leaver{{User: ann.ID}}
	found, _, err := h.Pointers(t.Context(), leavers)
	if err != nil || len(found[0]) != 1 {
		t.Fatal(found, err)
	}
	all := len(h.sent())
	leavers[0].Known = found[0]
	estates, err := h.Estates(t.Context(), leavers)
	if err != nil || len(estates[0].Pointers) != 1 {
		t.Fatal(estates, err)
	}
	again := len(h.sent())
	t.Logf("%d requests to look among 1,000 users, %d to look after what is known", all, again)
	if all > 1015 || again > 12 {
		t.Errorf("%d and %d requests", all, again)
	}
}

// Every user is looked at once, whatever the pages, and only one leaver at a time
// costs no more than another.
func TestEverybodyIsLookedAtOnce(t *testing.T) {
	h := switchboard(t, xivosim.Version1616)
	ann, bob := h.equipped(t, "Ann", "1001"), h.equipped(t, "Bob", "1002")
	for i := range pageSize + 40 {
		h.admin(t, "POST", "/users", object{"firstname": fmt.Sprintf("U%d", i)})
	}
	last := h.admin(t, "POST", "/users", object{"firstname": "Last"})
	h.admin(t, "PUT", fmt.Sprintf("/users/%v/funckeys/1", last["id"]), object{"destination": object{"type": "user", "user_id": bob.Serial}})
	h.sent()
	found, unread, err := h.Pointers(t.Context(), []record.Leaver{{User: ann.ID}, {User: bob.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if len(found[0]) != 0 || !slices.Equal(record.PointerTexts(found[1]), []string{"key 1 of Last"}) || !strings.Contains(unread, "queues") {
		t.Errorf("%+v, unread %q", found, unread)
	}
	asked := map[string]int{}
	for _, request := range h.sent() {
		if strings.HasSuffix(request, "/funckeys") {
			asked[request]++
		}
	}
	if len(asked) != pageSize+43 {
		t.Errorf("the keys of %d users were read, want %d", len(asked), pageSize+43)
	}
	for request, n := range asked {
		if n > 1 {
			t.Errorf("%s %d times", request, n)
		}
	}
}

// The rights that reading an estate and an image takes are among those that
// `check` asks for where users may be deleted.
func TestRightsThatDeletionsNeed(t *testing.T) {
	h := switchboard(t, xivosim.Version1616, func(c *Config) { c.Deletes = true })
	ann := h.equipped(t, "Ann", "1001")
	h.equipped(t, "Bob", "1002")
	h.sent()
	h.leaving(t, ann.ID)
	for _, kind := range []record.Thing{record.User, record.Extension, record.Voicemail, record.DID} {
		value := map[record.Thing]string{record.Extension: "1001@default", record.Voicemail: "1001@default", record.DID: "4001@from-extern"}[kind]
		if _, err := h.Image(t.Context(), kind, ann.ID, value); err != nil {
			t.Fatal(err)
		}
	}
	needed := strings.Join(h.rightsNeeded(), " ")
	for _, request := range h.sent() {
		method, path, _ := strings.Cut(request, " ")
		path, _, _ = strings.Cut(path, "?")
		right := acl(method, path)
		if !strings.HasPrefix(path, "/0.1") && !strings.Contains(" "+needed+" ", " "+right+" ") {
			t.Errorf("%s is sent, and %s is not among the rights", request, right)
		}
	}
}
