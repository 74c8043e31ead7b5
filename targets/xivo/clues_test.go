package xivo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// mapThings maps the things that the recordings tell of.
func mapThings(c *Config) {
	c.Fields = []string{"firstname", "extension", "did", "voicemail", "cti", "entity"}
}

// tellOf writes what is told of a person's things on one line.
func tellOf(r record.Record) string {
	if r.Doubtful {
		return "doubtful"
	}
	var parts []string
	for _, name := range []string{"extension", "did", "voicemail", "agent", "cti"} {
		v, told := r.Values[name]
		if told {
			parts = append(parts, name+"="+strings.Join(v, ","))
		}
	}
	return strings.Join(parts, " ")
}

// The surveys of the recording 25, step by step: what the survey hides and
// invents of things (confd-api, section 11).
func TestRecordedSurveysOfThings(t *testing.T) {
	ann := "extension=1001@default did=4001@from-extern,4002@from-extern voicemail=1001@default cti="
	bob := "extension=1002@default did=4003@from-extern voicemail=1002@default cti="
	cyd := "extension= did= voicemail= cti="
	first := "did=4002@from-extern"
	want := map[int]map[string]string{
		34: {"Ann": ann, "Bob": bob, "Cyd": cyd},
		38: {"Ann": ann + "Client", "Bob": bob, "Cyd": cyd},
		// Deactivated: the export goes on showing what is still there.
		45: {"Ann": ann + "Client", "Bob": bob, "Cyd": cyd},
		55: {"Ann": ann + "Client", "Bob": bob, "Cyd": cyd},
		// A DID that leads to the mailbox, or to nothing, is not told.
		59: {"Ann": "extension=1001@default " + first + " voicemail=1001@default cti=Client", "Bob": bob, "Cyd": cyd},
		63: {"Ann": "extension=1001@default " + first + " voicemail=1001@default cti=Client", "Bob": bob, "Cyd": cyd},
		// A second line is not told.
		74: {"Ann": ann + "Client", "Bob": bob, "Cyd": cyd},
		// A line that two people have, and a mailbox.
		79: {"Ann": ann + "Client", "Bob": "doubtful", "Cyd": cyd, "Kay": "doubtful"},
		83: {"Ann": ann + "Client", "Bob": "doubtful", "Cyd": cyd, "Kay": "doubtful"},
	}
	answers := canned{}
	seen := 0
	for _, s := range recorded(t, "25_survey.json") {
		if s.Method != "GET" || s.Status != 200 {
			continue
		}
		answers[s.Path] = string(s.Body)
		if s.Path != summaryURI || want[s.N] == nil {
			continue
		}
		seen++
		got := map[string]string{}
		list, err := collect(against(t, maps.Clone(answers), mapThings).List(t.Context(), record.Survey))
		if err != nil {
			t.Fatalf("step %d: %v", s.N, err)
		}
		for _, r := range list {
			name, _, _ := strings.Cut(r.Name, " ")
			got[name] = tellOf(r)
			if v, told := r.Values["entity"]; told == r.Doubtful || told && v.First() != "xivotest" {
				t.Errorf("step %d: entity of %s: %q", s.N, name, v)
			}
		}
		if diff := cmp.Diff(want[s.N], got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", s.N, diff)
		}
	}
	if seen != len(want) {
		t.Errorf("%d surveys", seen)
	}
}

// What no recording holds: rows of two extensions, answers that disagree, ids
// of agents that stand for none.
func TestSurveyedThingsInDoubt(t *testing.T) {
	full := []string{
		"firstname", "Ann", "exten", "1001", "context", "default", "voicemail_number", "1001", "voicemail_context", "default", "incall_exten", "4002;4001",
		"incall_context", "from-extern;from-extern", "cti_profile_name", "Client", "cti_profile_enabled", "1",
	}
	shown := []any{"line_id", 1, "agent_id", nil, "exten", "1001", "context", "default", "voicemail_number", "1001", "description", "guid"}
	told := "extension=1001@default did=4001@from-extern,4002@from-extern voicemail=1001@default agent= cti=Client"
	for name, tc := range map[string]struct {
		export  []string // what differs
		view    []any    // what differs in the directory view
		summary []any
		want    string
	}{
		"at one":                       {want: told},
		"commented":                    {view: []any{"exten", nil, "context", nil}, summary: []any{"extension", nil, "context", nil}, want: told},
		"disabled":                     {view: []any{"voicemail_number", nil}, want: told},
		"number of another":            {view: []any{"exten", "1002"}, summary: []any{"extension", "1002"}, want: "doubtful"},
		"views disagree":               {view: []any{"exten", nil}, want: "doubtful"},
		"context of another":           {view: []any{"context", "other"}, summary: []any{"context", "other"}, want: "doubtful"},
		"mailbox of another":           {view: []any{"voicemail_number", "1002"}, want: "doubtful"},
		"lists of unequal length":      {export: []string{"incall_context", "from-extern"}, want: "doubtful"},
		"a number without a line":      {view: []any{"line_id", nil}, want: "doubtful"},
		"a line without a number":      {export: []string{"exten", ""}, view: []any{"exten", nil, "context", nil}, summary: []any{"extension", nil, "context", nil}, want: strings.TrimPrefix(told, "extension=1001@default ")},
		"no line":                      {export: []string{"exten", "", "context", ""}, view: []any{"line_id", nil, "exten", nil, "context", nil}, summary: []any{"extension", nil, "context", nil}, want: strings.Replace(told, "1001@default", "", 1)},
		"agent 0":                      {view: []any{"agent_id", "0"}, want: told},
		"agent 0 as a number":          {view: []any{"agent_id", 0}, want: told},
		"an agent whom nobody names":   {view: []any{"agent_id", "7"}, want: strings.Replace(told, "agent= ", "", 1)},
		"profile without login":        {export: []string{"cti_profile_enabled", "0"}, want: strings.TrimSuffix(told, "Client")},
		"line disabled":                {summary: []any{"protocol", nil, "provisioning_code", nil}, want: told},
		"login without profile":        {export: []string{"cti_profile_name", ""}, want: strings.TrimSuffix(told, "Client")},
		"parked":                       {export: []string{"exten", "_#1001"}, view: []any{"exten", nil, "context", nil}, summary: []any{"extension", nil, "context", nil}, want: strings.Replace(told, "extension=1001", "extension=_#1001", 1)},
		"hostile":                      {export: []string{"cti_profile_name", "<b>;\"'\n"}, want: strings.TrimSuffix(told, "Client") + "<b>;\"'\n"},
		"neither text nor number":      {view: []any{"line_id", true}, want: "doubtful"},
		"DID whose context is missing": {export: []string{"incall_context", ""}, want: "doubtful"},
	} {
		t.Run(name, func(t *testing.T) {
			r := row(annID, append(full, tc.export...)...)
			d := anyView(survey[1], r, append(shown, tc.view...)...)
			s := anyView(survey[2], r, append([]any{"extension", "1001", "context", "default", "entity", "x"}, tc.summary...)...)
			answers := canned{exportURI: thingsExported(t, r), directoryURI: viewed(t, d), summaryURI: viewed(t, s)}
			list, err := collect(against(t, answers, func(c *Config) {
				c.Fields = []string{"firstname", "extension", "did", "voicemail", "agent", "cti", "entity"}
				c.WebURL = c.URL
			}).List(t.Context(), record.Survey))
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			if diff := cmp.Diff(tc.want, tellOf(list[0])); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// anyView is a view's row with values of any type.
func anyView(a answer, from map[string]string, pairs ...any) map[string]any {
	v := view(a, 1, from)
	for i := 0; i < len(pairs); i += 2 {
		v[pairs[i].(string)] = pairs[i+1]
	}
	return v
}

// thingsExported is the export with the columns of things.
func thingsExported(t testing.TB, rows ...map[string]string) string {
	t.Helper()
	headers := append([]string{"uuid"}, survey[0].tells...)
	for key := range survey[0].proves {
		headers = append(headers, key)
	}
	return asJSON(t, map[string]any{"content": rows, "headers": headers})
}

// What the survey leaves in doubt, detail tells; whoever is not the only one on
// a line or a mailbox is left alone, and so is a line with two numbers.
func TestDetailOfWhatIsShared(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		bob := h.equipped(t, "Bob", "1002")
		kay := h.create(t, "firstname", "Kay")
		two := h.equipped(t, "Two", "1003")
		h.secondNumber(t, "1003", "1300")
		second := h.equipped(t, "Sec", "1004")
		h.associate(t, fmt.Sprintf("/users/%s/lines/1", kay.ID))
		h.associate(t, fmt.Sprintf("/users/%s/voicemails/1", kay.ID))
		want := map[string]string{
			bob.ID:    "did=4002@from-extern agent= cti=",
			kay.ID:    "did= agent= cti=",
			two.ID:    "did=4003@from-extern voicemail=1003@default agent= cti=",
			second.ID: "extension=1004@default did=4004@from-extern voicemail=1004@default agent= cti=",
		}
		doubt := map[string]bool{}
		for _, r := range h.all(t, record.Survey) {
			doubt[r.ID] = r.Doubtful
			full, err := h.Read(t.Context(), r.ID)
			if err != nil || tellOf(full) != want[r.ID] {
				t.Errorf("%s: %s, %v; want %s", r.Name, tellOf(full), err, want[r.ID])
			}
		}
		if diff := cmp.Diff(map[string]bool{bob.ID: true, kay.ID: true, two.ID: true, second.ID: false}, doubt); diff != "" {
			t.Errorf("doubtful (-want +got):\n%s", diff)
		}
		for _, r := range h.all(t, record.Detail) {
			if tellOf(r) != want[r.ID] {
				t.Errorf("detail of %s: %s; want %s", r.Name, tellOf(r), want[r.ID])
			}
		}
	})
}

// associate sends an association that no change makes.
func (h *house) associate(t testing.TB, path string) {
	t.Helper()
	if _, err := h.deliver(t.Context(), associate(path)); err != nil {
		t.Fatal(err)
	}
}

// secondNumber gives the line with that number another one, as only the web
// interface can.
func (h *house) secondNumber(t testing.TB, on, number string) {
	t.Helper()
	h.post(t, "/extensions", map[string]any{"exten": number, "context": "default"})
	var b bytes.Buffer
	if err := h.sim.Dump(&b); err != nil {
		t.Fatal(err)
	}
	var d map[string]any
	if err := json.Unmarshal(b.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	ids := map[string]any{}
	for _, x := range d["extensions"].([]any) {
		ids[x.(map[string]any)["exten"].(string)] = x.(map[string]any)["id"]
	}
	links := d["line_extensions"].([]any)
	for _, l := range links {
		if l := l.(map[string]any); l["extension_id"] == ids[on] {
			links = append(links, map[string]any{"id": len(links) + 1, "line_id": l["line_id"], "extension_id": ids[number], "main": false})
		}
	}
	d["line_extensions"] = links
	if err := h.sim.Load(strings.NewReader(asJSON(t, d))); err != nil {
		t.Fatal(err)
	}
}

// A server without the export: everybody's things are read one by one.
func TestThingsWithoutTheExport(t *testing.T) {
	h := switchboard(t, xivosim.Version1614)
	u := h.equipped(t, "Ann", "1001")
	h.sim.Inject(xivosim.Fault{Method: "GET", Path: "/1.1/users/export", Status: 404, Body: "<html>"})
	for _, depth := range []record.Depth{record.Survey, record.Detail} {
		list := h.all(t, depth)
		if diff := cmp.Diff(u.Values, list[0].Values); diff != "" || list[0].Doubtful {
			t.Errorf("depth %d (-want +got):\n%s", depth, diff)
		}
	}
}
