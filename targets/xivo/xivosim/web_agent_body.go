package xivosim

import (
	"encoding/json"
	"slices"
)

var webLanguages = []string{"", "de_DE", "en_US", "es_ES", "fr_FR", "fr_CA", "it_IT", "nl_NL", "pl_PL", "pt_BR", "pt_PT"}

// readAgent writes the body's agentfeatures over an agent and tells whether
// the web interface would take the result.
func (c *webCall) readAgent(a *Agent) bool {
	features, given := c.body["agentfeatures"].(map[string]any)
	if !given {
		return false
	}
	for name, place := range map[string]*string{
		"firstname": &a.Firstname, "lastname": &a.Lastname, "number": &a.Number, "passwd": &a.Password,
		"context": &a.Context, "language": &a.Language, "description": &a.Description,
	} {
		if v, has := features[name]; has {
			*place = phpText(v)
		}
	}
	for name, place := range map[string]*int{"numgroup": &a.Group, "autologoff": &a.AutoLogoff} {
		v, has := features[name]
		n, isNumber := pyInt(v)
		if has && !isNumber {
			return false
		}
		if has {
			*place = n
		}
	}
	return c.acceptable(a)
}

func (c *webCall) acceptable(a *Agent) bool {
	for other := range c.agents.all() {
		if other.Number == a.Number && other.ID != a.ID {
			return false
		}
	}
	return agentNumber.MatchString(a.Number) && agentPassword.MatchString(a.Password) &&
		a.Firstname != "" && len(a.Firstname) <= 128 && len(a.Lastname) <= 128 &&
		(a.Group == 1 || slices.Contains(c.agentGroups, a.Group)) && a.AutoLogoff >= 0 && a.AutoLogoff <= 60 && a.AutoLogoff%5 == 0 &&
		c.contextNamed(a.Context) != nil && slices.Contains(webLanguages, a.Language)
}

// phpText reads a value as PHP's forms do: a number is its text, null is empty.
func phpText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// selected are the ids of one of the body's lists; ok tells that it is there.
func (c *webCall) selected(name string) (ids []int, ok bool) {
	list, ok := c.body[name].([]any)
	for _, v := range list {
		if id, isNumber := pyInt(v); isNumber {
			ids = append(ids, id)
		}
	}
	return ids, ok
}

// selectUsers links exactly the users of the list to the agent.
func (c *webCall) selectUsers(agentID int) {
	ids, given := c.selected("user-select")
	if !given {
		return
	}
	for _, id := range c.usersWithAgent(agentID) {
		if !slices.Contains(ids, id) {
			u := *c.users.get(id)
			u.AgentID = new(0)
			c.users.put(id, &u)
		}
	}
	for _, id := range ids {
		if old := c.users.get(id); old != nil {
			u := *old
			u.AgentID = &agentID
			c.users.put(id, &u)
		}
	}
}

// selectQueues seats the agent in exactly the queues of the list.
func (c *webCall) selectQueues(agentID int) {
	ids, given := c.selected("queue-select")
	if !given {
		return
	}
	for _, id := range c.queuesWithAgent(agentID) {
		if !slices.Contains(ids, id) {
			c.unseat(id, agentID)
		}
	}
	for _, id := range ids {
		if q := c.queues.get(id); q != nil {
			penalty := q.Members[agentID]
			c.seat(q, agentID, penalty)
		}
	}
}
