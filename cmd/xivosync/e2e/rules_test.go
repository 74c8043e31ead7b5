package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// reading is how a directory tells groups; both have to come to the same.
var reading = map[string]bool{"people show their groups": true, "groups are read": false}

// ruled is a world of agents in which rules can set everything, with or without
// the overlay that shows people their groups.
func ruled(t testing.TB, overlay bool, people ...ldaptest.Person) *world {
	t.Helper()
	w := newWorld(t, people, func(o *options) { o.slapd.NoMemberOf = !overlay })
	paris := reconcile.Site{Name: "paris", Context: "paris", Extensions: []reconcile.Range{{First: "2000", Last: "2999"}},
		Pool: []reconcile.Range{{First: "2500", Last: "2599"}}, DIDContext: "from-extern"}
	w.Sites = []reconcile.Site{lyon(t), paris}
	w.sim.PutContext(xivosim.Context{Name: "paris", Type: "internal", Enabled: true, Users: []xivosim.Range{{Start: "2000", End: "2999"}}})
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "branch"}, nil)
	w.Specs = append(w.Specs, field("extension", "ipPhone", reconcile.Both), field("voicemail", "ipPhone", reconcile.ToXiVO), field("agent", agentNumber, reconcile.ToXiVO),
		field("cti", "", reconcile.ToXiVO), field("entity", "", reconcile.ToXiVO), field("language", "preferredLanguage", reconcile.ToXiVO),
		field("username", "uid", reconcile.ToXiVO), field("password", "title", reconcile.Initial))
	return w
}

// caller is a person who can be an agent and log in; an empty value is none.
func caller(n int, pairs ...string) ldaptest.Person {
	p := hired(n, append(pairs, agentNumber, fmt.Sprint(8000+n))...)
	for attribute, values := range p.Attributes {
		if slices.Contains(values, "") {
			delete(p.Attributes, attribute)
		}
	}
	return p
}

// callers are those in the group callcenter: what it gives.
func (w *world) callers() reconcile.Rule {
	return reconcile.Rule{Name: "call center", When: reconcile.Condition{Group: "CN=Callcenter, " + ldaptest.GroupsDN},
		Set:    map[string]string{reconcile.SetCTI: "Agent", reconcile.SetEntity: "branch", reconcile.SetSite: "paris", reconcile.SetLanguage: "fr_FR"},
		Queues: []reconcile.AgentQueue{{ID: w.sim.AddQueue("support"), Name: "support", Penalty: 3}}}
}

// given is what rules gave a person, as an independent reader finds it.
func (w *world) given(uid string) string {
	w.t.Helper()
	all := w.tables()
	u := all.by("users", "userfield", uid)
	if len(u) != 1 {
		w.t.Fatalf("%d users %s", len(u), uid)
	}
	parts := []string{fmt.Sprintf("%v", u[0]["language"]), text(all.by("entities", "id", u[0]["entity_id"]), "name")}
	cti := "no cti"
	if u[0]["cti_enabled"] == true {
		cti = text(all.by("cti_profiles", "id", u[0]["cti_profile_id"]), "name")
	}
	parts = append(parts, cti)
	for _, a := range all.by("agents", "id", u[0]["agent_id"]) {
		parts = append(parts, w.agent(fmt.Sprint(a["number"])))
	}
	return strings.Join(parts, ", ")
}

func (w *world) wantGiven(uid, want string) {
	w.t.Helper()
	if got := w.given(uid); got != want {
		w.t.Errorf("%s is given %q, want %q", uid, got, want)
	}
}

// why explains a person as the command does.
func (w *world) why(id string) reconcile.Explanation {
	w.t.Helper()
	var out []reconcile.Explanation
	err := w.open(w.log, w.wrap, func(e *reconcile.Engine) (err error) {
		out, err = e.Why(context.Background(), id)
		return err
	})
	if err != nil || len(out) != 1 {
		w.t.Fatalf("why %s: %d persons, %v", id, len(out), err)
	}
	return out[0]
}

// TestRulesByGroup gives whoever is put into a group what its rule says, and
// takes it from whoever is taken out, though nothing of the person's own entry
// changed; with a directory that shows people their groups, and one that does not.
func TestRulesByGroup(t *testing.T) {
	t.Parallel()
	for name, overlay := range reading {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ruled(t, overlay, caller(1, "ipPhone", ""), caller(2, "ipPhone", "2002"), caller(3))
			w.slapd.Add(ldaptest.Group("callcenter", caller(1).DN))
			w.Rules = reconcile.Rules{w.callers()}
			w.good()
			w.wantEntry(caller(1).DN, "ipPhone", "2500") // of the pool of the rule's site
			w.wantGiven("w01", "fr_FR, branch, Agent, Worker w01 fr_FR of w01 support:3")
			w.wantGiven("w02", "<nil>, xivotest, no cti, Worker w02  of w02")
			for _, r := range w.why("w01").Rules {
				if r.Rule != "call center" {
					t.Errorf("%+v is not told to come from its rule", r)
				}
			}
			if n := len(w.why("w01").Rules); n != 5 {
				t.Errorf("why tells %d settings, want 5", n)
			}

			w.slapd.Modify(ldaptest.GroupDN("callcenter"), "member", caller(1).DN, caller(2).DN)
			// XiVO takes no entity once a line exists.
			wantFound(t, w.mustRun(), []string{"w02 entity immutable"}, "branch", "xivotest")
			w.quiet()
			w.wantGiven("w02", "fr_FR, xivotest, Agent, Worker w02 fr_FR of w02 support:3")
			w.wantGiven("w03", "<nil>, xivotest, no cti, Worker w03  of w03")

			w.slapd.Modify(ldaptest.GroupDN("callcenter"), "member", caller(1).DN)
			w.good()
			// No rule speaks of the agent's language any more, so it stays as it is.
			w.wantGiven("w02", "<nil>, xivotest, no cti, Worker w02 fr_FR of w02")
			w.wantGiven("w01", "fr_FR, branch, Agent, Worker w01 fr_FR of w01 support:3")
			w.slapd.Modify(ldaptest.GroupDN("callcenter"), "member", caller(3).DN)
			w.mustRun()
			w.wantGiven("w01", "<nil>, branch, no cti, Worker w01 fr_FR of w01") // nobody is taken out of an entity
			if rules := w.why("w02").Rules; len(rules) > 0 {
				t.Errorf("w02 is out, and why tells %+v", rules)
			}
		})
	}
}

// TestAGroupThatIsGone stops the run before anything is planned: nobody loses
// what the group gave.
func TestAGroupThatIsGone(t *testing.T) {
	t.Parallel()
	w := ruled(t, false, caller(1), caller(2))
	w.slapd.Add(ldaptest.Group("callcenter", caller(1).DN))
	w.Rules = reconcile.Rules{w.callers()}
	w.mustRun()
	w.slapd.Rename(ldaptest.GroupDN("callcenter"), "cn=renamed", "")
	w.failing("read the group", "check the DN")
	w.slapd.Rename("cn=renamed,"+ldaptest.GroupsDN, "cn=callcenter", "")
	w.quiet()
}

// TestAThingForAGroup has the condition of a field look at a group, not at a rule.
func TestAThingForAGroup(t *testing.T) {
	t.Parallel()
	for name, overlay := range reading {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ruled(t, overlay, caller(1), caller(2))
			w.slapd.Add(ldaptest.Group("callcenter", caller(2).DN))
			w.When = map[string]string{"agent": "(memberOf=" + ldaptest.GroupDN("callcenter") + ")", "voicemail": "(!(memberof=" + ldaptest.GroupDN("callcenter") + "))"}
			w.good()
			w.wantAgent("8001", "0 agents")
			w.wantAgent("8002", "Worker w02  of w02")
			w.wantPhone("w01", "1001", "1001")
			w.wantPhone("w02", "1002", "")
			w.slapd.Modify(ldaptest.GroupDN("callcenter"), "member", caller(1).DN, caller(2).DN)
			w.good()
			w.wantAgent("8001", "Worker w01  of w01")
		})
	}
}

// TestEveryKindOfWhen gives a language by each kind of condition, alone and
// joined, and the first rule that matches decides.
func TestEveryKindOfWhen(t *testing.T) {
	t.Parallel()
	filter, err := reconcile.ParseFilter("(&(l=lyon)(!(departmentNumber=7*)))")
	if err != nil {
		t.Fatal(err)
	}
	board := "ou=board," + ldaptest.PeopleDN
	people := []ldaptest.Person{caller(1, "l", "  LYON"), caller(2, "departmentNumber", "75"), caller(3), caller(4, "l", "Lyon", "departmentNumber", "12"), caller(5, "l", "Lille", "departmentNumber", "75"), caller(6)}
	w := ruled(t, false, people[:5]...)
	w.slapd.Add(ldaptest.Person{DN: board, Attributes: map[string][]string{"objectClass": {"organizationalUnit"}, "ou": {"board"}}})
	people[5].DN = "uid=w06," + board
	w.slapd.Add(people[5])
	w.slapd.Add(ldaptest.UniqueGroup("late", caller(3).DN))
	in := func(language string, when reconcile.Condition) reconcile.Rule {
		return reconcile.Rule{Name: language, When: when, Set: map[string]string{reconcile.SetLanguage: language}}
	}
	w.Rules = reconcile.Rules{
		in("nn_NO", reconcile.Condition{Attribute: "l", Equals: "Lille", Under: board}), // both have to hold
		in("fr_CA", reconcile.Condition{Filter: filter, Matches: mustWhole(t, "1."), Attribute: "departmentNumber"}),
		in("fr_FR", reconcile.Condition{Attribute: "l", Equals: "lyon"}),
		in("de_DE", reconcile.Condition{Attribute: "departmentNumber", Matches: mustWhole(t, "7[0-9]")}),
		in("es_ES", reconcile.Condition{Group: ldaptest.GroupDN("late")}),
		in("nl_NL", reconcile.Condition{Under: "OU=Board, " + ldaptest.PeopleDN}),
		in("en_US", reconcile.Condition{}),
	}
	w.good()
	for uid, language := range map[string]string{"w01": "fr_FR", "w02": "de_DE", "w03": "es_ES", "w04": "fr_CA", "w05": "de_DE", "w06": "nl_NL"} {
		if got := w.user(uid)["language"]; got != language {
			t.Errorf("%s speaks %v, want %s", uid, got, language)
		}
	}
	w.slapd.Rename(people[5].DN, "uid=w06", ldaptest.PeopleDN) // what it holds is as it was
	w.slapd.Modify(ldaptest.GroupDN("late"), "uniqueMember", caller(4).DN)
	w.good()
	for uid, language := range map[string]string{"w03": "en_US", "w04": "fr_CA", "w06": "en_US"} {
		if got := w.user(uid)["language"]; got != language {
			t.Errorf("%s speaks %v now, want %s", uid, got, language)
		}
	}
}

// TestEverySetting is set by a rule of its own, and a later rule cannot change it.
func TestEverySetting(t *testing.T) {
	t.Parallel()
	w := ruled(t, false, caller(1, "l", "x", "ipPhone", "2001", "telephoneNumber", ""), caller(2, "l", "y", "ipPhone", "2002", "telephoneNumber", "01 23 45 67 89"))
	w.Specs = append(w.Specs, field("did", "telephoneNumber", reconcile.ToXiVO))
	w.sim.PutContext(xivosim.Context{Name: "attic", Type: "internal", Enabled: true, Users: []xivosim.Range{{Start: "2000", End: "2999"}}})
	w.sim.PutContext(xivosim.Context{Name: "outside", Type: "incall", Enabled: true, Incalls: []xivosim.Range{{Start: "0100000000", End: "0199999999"}}})
	support := w.sim.AddQueue("support")
	x := reconcile.Condition{Attribute: "l", Equals: "x"}
	y := reconcile.Condition{Attribute: "l", Equals: "y"}
	w.Rules = reconcile.Rules{
		{Name: "x", When: x, Set: map[string]string{reconcile.SetSite: "paris", reconcile.SetVoicemail: "false", reconcile.SetCTI: "Agent"}, Queues: []reconcile.AgentQueue{}},
		{Name: "y", When: y, Set: map[string]string{reconcile.SetContext: "attic", reconcile.SetDIDContext: "outside", reconcile.SetEntity: "branch"}},
		{Name: "all", Set: map[string]string{reconcile.SetSite: "paris", reconcile.SetVoicemail: "true", reconcile.SetCTI: "Client", reconcile.SetLanguage: "fr_FR", reconcile.SetContext: "paris", reconcile.SetEntity: "xivotest"},
			Queues: []reconcile.AgentQueue{{ID: support, Name: "support", Penalty: 2}}},
	}
	w.good()
	w.wantPhone("w01", "2001", "")
	w.wantPhone("w02", "2002", "2002", "0123456789")
	w.wantGiven("w01", "fr_FR, xivotest, Agent, Worker w01 fr_FR of w01")
	w.wantGiven("w02", "fr_FR, branch, Client, Worker w02 fr_FR of w02 support:2")
	for number, context := range map[string]string{"2001": "paris", "2002": "attic", "0123456789": "outside"} {
		if w.exten(number, context) == nil {
			t.Errorf("%s is not in %s", number, context)
		}
	}
}
