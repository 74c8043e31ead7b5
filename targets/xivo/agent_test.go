package xivo

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

func TestAgents(t *testing.T) {
	versions(t, func(t *testing.T, version string) {
		h := switchboard(t, version)
		u := h.agent(t)
		if got := u.Values["agent"].First(); got != "8001" {
			t.Errorf("agent %q", got)
		}
		for _, depth := range []record.Depth{record.Survey, record.Detail} {
			if r := h.all(t, depth)[0]; r.Values["agent"].First() != "8001" || r.Doubtful {
				t.Errorf("depth %d: %+v", depth, r)
			}
		}
		ch := thing(record.Agent, record.Update, u.ID, "agent", "8001", "8001", "agent_firstname", "Ag", "Agnes", "agent_language", "", "fr_FR")
		ch.Fields["queues"] = record.Delta{Before: record.Value{"1:1", "2:0"}, After: record.Value{"1:4", "3:2"}}
		h.must(t, ch)
		for _, fact := range []string{"agent 8001 Agnes  fr_FR 1", "queue one with 8001:4", "queue three with 8001:2"} {
			h.wantFact(t, fact)
		}
		before := h.content(t).facts()
		h.must(t, ch, thing(record.Agent, record.Deactivate, u.ID, "agent", "8001", "8001"), thing(record.Agent, record.Reactivate, u.ID, "agent", "8001", "8001"))
		if diff := cmp.Diff(before, h.content(t).facts()); diff != "" {
			t.Errorf("(-before +now):\n%s", diff)
		}
		gone := h.must(t, thing(record.Agent, record.Delete, u.ID, "agent", "8001", ""))
		if v, told := gone.Values["agent"]; !told || !v.Empty() {
			t.Errorf("agent %q, told %t", v, told)
		}
		h.wantFact(t, "agent 8001 Agnes")
		h.wantFact(t, "queue one with 8001:4")
		// The agent that is there is taken, and named like its person.
		back := h.must(t, thing(record.Agent, record.Create, u.ID, "agent", "", "8001", "agent_firstname", "", "Other"))
		if got := back.Values["agent"].First(); got != "8001" {
			t.Errorf("agent %q", got)
		}
		h.wantFact(t, "agent 8001 Other")
	})
}

// A XiVO without the agent service: agents are neither told nor made, and the
// refusal says what to do by hand. Whoever is none is known to be none.
func TestAgentsWithoutTheService(t *testing.T) {
	for name, fault := range map[string]xivosim.Fault{
		"no right":    {Status: 403, Body: " "},
		"no such":     {Status: 404, Body: "<html>"},
		"a login":     {Status: 302, Body: "<html>"},
		"a page":      {Status: 200, Body: "<html>"},
		"no password": {Status: 401, Body: " "},
	} {
		t.Run(name, func(t *testing.T) {
			h := switchboard(t, xivosim.Version1616)
			ann, bob := h.agent(t).ID, h.create(t, "firstname", "Bob").ID
			fault.Path = "/callcenter/**"
			h.sim.Inject(fault)
			for _, depth := range []record.Depth{record.Survey, record.Detail} {
				for _, r := range h.all(t, depth) {
					v, told := r.Values["agent"]
					if told != (r.ID == bob) || !v.Empty() || r.Doubtful {
						t.Errorf("depth %d: %s: %q, told %t", depth, r.Name, v, told)
					}
				}
			}
			_, err := h.Apply(t.Context(), thing(record.Agent, record.Create, bob, "agent", "", "8002"))
			wantClass(t, err, record.Refused, "create agent 8002 by hand")
			_, err = h.Apply(t.Context(), thing(record.Agent, record.Update, ann, "agent_firstname", "", "x"))
			wantClass(t, err, record.Refused, "by hand")
			_, err = h.Owner(t.Context(), "agent", "8001")
			wantClass(t, err, record.Refused, "agent service")
			h.must(t, thing(record.Agent, record.Delete, ann, "agent", "8001", ""))
		})
	}
}

// Nobody listens where the web interface should be.
func TestAgentsWithoutAWebInterface(t *testing.T) {
	h := switchboard(t, xivosim.Version1616, func(c *Config) { c.WebURL = "http://127.0.0.1:1" })
	u := h.create(t, "firstname", "Bob")
	_, err := h.Apply(t.Context(), thing(record.Agent, record.Create, u.ID, "agent", "", "8002"))
	wantClass(t, err, record.Refused, "create agent 8002 by hand")
}
