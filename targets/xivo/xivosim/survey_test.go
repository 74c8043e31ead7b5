package xivosim

import (
	"encoding/json"
	"strings"
	"testing"
)

// exported asks for the export and returns its rows.
func exported(t *testing.T, sim *Sim) []map[string]string {
	t.Helper()
	var out struct {
		Content []map[string]string `json:"content"`
	}
	if err := json.Unmarshal(ask(sim.LocalConfd(), "GET", "/1.1/users/export", "").Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out.Content
}

// Two main extensions on one line, which only the web interface makes, give
// two rows of one person in all three answers.
func TestSeveralExtensions(t *testing.T) {
	for name, main := range map[string]bool{"both main": true, "second not main": false} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			h := sim.LocalConfd()
			provision(t, h, "Ann", "1001")
			want(t, h, 201, "POST", "/1.1/extensions", `{"exten":"1002","context":"default"}`)
			if err := sim.AddLineExtension(1, 35, main); err != nil {
				t.Fatal(err)
			}
			second := "1002"
			if !main {
				second = ""
			}
			rows := exported(t, sim)
			if len(rows) != 2 || rows[0]["exten"] != "1001" || rows[1]["exten"] != second {
				t.Errorf("export: %v", rows)
			}
			directory := items(t, want(t, h, 200, "GET", "/1.1/users?view=directory", ""))
			summary := items(t, want(t, h, 200, "GET", "/1.1/users?view=summary", ""))
			if len(directory) != 2 || len(summary) != 2 || directory[0]["exten"] != summary[1]["extension"] {
				t.Errorf("directory %v, summary %v: want two rows each, in opposite order", directory, summary)
			}
			if n := len(items(t, want(t, h, 200, "GET", "/1.1/users", ""))); n != 1 {
				t.Errorf("%d users in the list, want 1", n)
			}
		})
	}
}

func TestDisabledLine(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	provision(t, h, "Ann", "1001")
	if err := sim.DisableLine(1, true); err != nil {
		t.Fatal(err)
	}
	u := items(t, want(t, h, 200, "GET", "/1.1/users?view=summary", ""))[0]
	if u["extension"] != "1001" || u["protocol"] != nil || u["provisioning_code"] != nil {
		t.Errorf("summary %v: want the number, neither protocol nor code", u)
	}
}

// Whoever loses a line leaves his groups.
func TestDetachingLeavesGroups(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	provision(t, h, "Ann", "1001")
	want(t, h, 201, "POST", "/1.1/groups", `{"name":"sales"}`)
	want(t, h, 204, "PUT", "/1.1/groups/1/members/users", `{"users":[{"uuid":"`+sim.Users()[0].UUID+`"}]}`)
	want(t, h, 204, "DELETE", "/1.1/users/1/lines/1", "")
	if groups := want(t, h, 200, "GET", "/1.1/users/1", "")["groups"].([]any); len(groups) != 0 {
		t.Errorf("groups %v, want none", groups)
	}
}

// A line's deletion leaves its extension to a user who has it no more: no
// incall can have it.
func TestLeftoverExtension(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	provision(t, h, "Ann", "1001")
	want(t, h, 204, "DELETE", "/1.1/lines/1", "")
	want(t, h, 201, "POST", "/1.1/incalls", `{"destination":{"type":"none"}}`)
	w := ask(h, "PUT", "/1.1/incalls/1/extensions/34", "")
	if w.Code != 400 || !strings.Contains(w.Body.String(), "Extension is associated with a user") {
		t.Errorf("%d %s", w.Code, w.Body.String())
	}
}

func TestOlderVersion(t *testing.T) {
	sim := newTestSim(Options{Version: Version1614})
	h := sim.LocalConfd()
	provision(t, h, "Ann", "1001")
	want(t, h, 404, "GET", "/1.1/contexts", "")
	want(t, h, 404, "GET", "/1.1/groups", "")
	want(t, h, 404, "GET", "/1.1/users/1/fallbacks", "")
	for path, newer := range map[string][]string{
		"/1.1/users/1":       {"voicemail", "incalls", "fallbacks", "groups"},
		"/1.1/extensions/34": {"conference"},
	} {
		answer := want(t, h, 200, "GET", path, "")
		for _, name := range newer {
			if _, has := answer[name]; has {
				t.Errorf("%s has %s, which came later", path, name)
			}
		}
	}
}

// An answer that is being sent shows the content it was asked for.
func TestExportIsASnapshot(t *testing.T) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(50); err != nil {
		t.Fatal(err)
	}
	w := &slowWriter{meanwhile: func() {
		want(t, sim.LocalConfd(), 204, "PUT", "/1.1/users/50", `{"firstname":"Changed"}`)
	}}
	sim.mu.Lock()
	rows := sim.content.survey(true)
	sim.mu.Unlock()
	if err := exportJSON(w, rows); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.text.String(), "Changed") {
		t.Error("the export shows a later change")
	}
}

// slowWriter lets something happen while the first byte is on its way.
type slowWriter struct {
	text      strings.Builder
	meanwhile func()
}

func (w *slowWriter) Write(b []byte) (int, error) {
	if w.meanwhile != nil {
		w.meanwhile()
		w.meanwhile = nil
	}
	return w.text.Write(b)
}
