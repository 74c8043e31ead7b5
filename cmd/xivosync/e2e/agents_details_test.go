package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/sources/ldap/ldaptest"
)

// agentsInFull is a world in which an agent's name, language and group have
// attributes of their own, or rules.
func agentsInFull(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := agents(t, people...)
	w.sim.AddAgentGroup(2)
	w.Specs = append(w.Specs,
		field("agent_firstname", "displayName", reconcile.ToXiVO),
		field("agent_language", "preferredLanguage", reconcile.ToXiVO),
		field("agent_group", "", reconcile.ToXiVO),
	)
	w.Rules[0].Set = map[string]string{"agent_group": "2"}
	w.Rules[1].Set = map[string]string{reconcile.SetLanguage: "de_DE"}
	return w
}

func (w *world) groupOf(number string) string {
	return text(w.tables().by("agents", "number", number), "numgroup")
}

// TestAnAgentFollowsTheDirectory: name, language, group and queues come at its
// creation and follow attributes and rules; what is edited in XiVO is restored
// where its list shows it.
func TestAnAgentFollowsTheDirectory(t *testing.T) {
	t.Parallel()
	w := agentsInFull(t, agentWorker(1, "departmentNumber", "Sales", "displayName", "Zoé", "preferredLanguage", "fr_FR"), agentWorker(2, "displayName", "Bob"))
	w.good()
	w.wantAgent("8001", "Zoé w01 fr_FR of w01 support:1 sales:0")
	w.wantAgent("8002", "Bob w02  of w02")
	if got := w.groupOf("8001") + " " + w.groupOf("8002"); got != "2 1" {
		t.Errorf("groups %s", got)
	}
	dn := worker(1).DN
	w.slapd.Modify(dn, "displayName", "Zora")
	w.slapd.Modify(dn, "departmentNumber", "Support")
	w.good()
	w.wantAgent("8001", "Zora w01 de_DE of w01 support:4")
	if got := w.groupOf("8001"); got != "1" {
		t.Errorf("group %s", got)
	}
	w.slapd.Modify(dn, "departmentNumber")
	w.slapd.Modify(dn, "preferredLanguage")
	w.good()
	w.wantAgent("8001", "Zora w01  of w01")
	w.slapd.Modify(dn, agentNumber, "8055")
	report := w.mustRun()
	wantFound(t, report, []string{"w01 agent immutable"}, "8055", "8001", "cannot change")
	w.wantAgent("8001", "Zora w01  of w01")
	w.quiet()
}

// TestAnAgentEditedInXiVO is restored, by what the list of agents tells.
func TestAnAgentEditedInXiVO(t *testing.T) {
	t.Parallel()
	w := agentsInFull(t, agentWorker(1, "departmentNumber", "Sales", "displayName", "Zoé", "preferredLanguage", "fr_FR"))
	w.good()
	w.editAgent("8001", map[string]any{"firstname": "Other", "language": "en_US"})
	w.good()
	w.wantAgent("8001", "Zoé w01 fr_FR of w01 support:1 sales:0")
}

// editAgent changes an agent by hand, as the web interface does.
func (w *world) editAgent(number string, features map[string]any) {
	w.t.Helper()
	id := w.tables().by("agents", "number", number)[0]["id"]
	body := strings.NewReader(string(encode(w.t, map[string]any{"agentfeatures": features})))
	url := fmt.Sprintf("%s/callcenter/json.php/restricted/settings/agents/?act=edit&id=%v", w.srv.WebURL, id)
	req, err := http.NewRequest(http.MethodPost, url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.SetBasicAuth("xivosync", "secret")
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("edit agent %s: %v %v", number, resp, err)
	}
	_ = resp.Body.Close()
}
