package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

// agents is a file in which people become agents in queues by a rule.
const agents = minimal + `
[fields.agent]
ldap = "employeeNumber"
when = "(departmentNumber=Sales)"
on_clear = "keep"
[xivo.queues]
support = 3
sales = 5
[[rule]]
when = {}
set = { language = "fr_FR", queues = [{ name = "support", penalty = 1 }] }
`

func TestAgentsAreTaken(t *testing.T) {
	cfg, err := Parse("xivosync.toml", []byte(agents))
	if err != nil {
		t.Fatal(err)
	}
	s, err := cfg.Settings(xivo.Fields())
	if err != nil {
		t.Fatal(err)
	}
	if m := s.Mapping("agent"); m.When == nil || m.OnClear != reconcile.OnClearKeep || m.Attribute != "employeeNumber" {
		t.Errorf("got %+v", m)
	}
	if diff := cmp.Diff([]reconcile.AgentQueue{{ID: 3, Name: "support", Penalty: 1}}, s.Rules[0].Queues); diff != "" {
		t.Error(diff)
	}
	cfg.XiVO.Queues["support"] = 4
	if other, _ := cfg.Settings(xivo.Fields()); other.Mapped == s.Mapped {
		t.Error("another queue under the same name is not noticed")
	}
}

func TestWrongQueuesAreRefused(t *testing.T) {
	for name, tc := range map[string]struct{ replace, with, want string }{
		"an unknown queue":             {`name = "support"`, `name = "suport"`, "there is no id for the queue suport"},
		"no ids at all":                {"[xivo.queues]\nsupport = 3\nsales = 5\n", "", "there is no id for the queue support"},
		"no id":                        {"support = 3", "support = 0", "0 is no id of a queue"},
		"one id twice":                 {"support = 3", "support = 5", "5 is the id of sales, too"},
		"a number as a text":           {"support = 3", `support = "3"`, "whole number"},
		"what it is shown as":          {"sales = 5", `"Our sales" = 5`, "is no name of a queue"},
		"queues of nobody":             {"[fields.agent]\nldap = \"employeeNumber\"\nwhen = \"(departmentNumber=Sales)\"\non_clear = \"keep\"\n", "[fields.language]\n", "agent is not among the fields"},
		"a language of none":           {"[fields.agent]\nldap = \"employeeNumber\"\nwhen = \"(departmentNumber=Sales)\"\non_clear = \"keep\"\n", "", "language is not among the fields"},
		"agentd":                       {"[identifier]", "agentd_url = \"https://x\"\n[identifier]", "the login of agents"},
		"a web interface in the clear": {"[identifier]", "web_url = \"http://pbx.example.org\"\n[identifier]", "in clear"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(agents, tc.replace) {
				t.Fatalf("the file has no %q", tc.replace)
			}
			_, err := Parse("xivosync.toml", []byte(strings.Replace(agents, tc.replace, tc.with, 1)))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
