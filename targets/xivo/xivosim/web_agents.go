package xivosim

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// webAgent is an agent in a list. PHP gives ids as text, and so do we, that
// nobody relies on numbers.
type webAgent struct {
	ID        string `json:"id"`
	Firstname string `json:"firstname"`
	Lastname  string `json:"lastname"`
	Number    string `json:"number"`
	Password  string `json:"passwd"`
	Context   string `json:"context"`
	Language  string `json:"language"`
}

func (c *webCall) listAgents(part string) (int, any) {
	like := newLike("%" + part + "%")
	var out []webAgent
	for _, id := range c.agents.byID() {
		a := c.agents.get(id)
		if part == "" || like.match(a.Firstname) || like.match(a.Lastname) || like.match(a.Number) {
			out = append(out, webAgent{strconv.Itoa(a.ID), a.Firstname, a.Lastname, a.Number, a.Password, a.Context, a.Language})
		}
	}
	if out == nil {
		return http.StatusNoContent, nil
	}
	return http.StatusOK, out
}

// viewAgent shows an agent with its users and queues, false where none are.
func (c *webCall) viewAgent() (int, any) {
	a := c.agents.get(c.id)
	switch {
	case c.id == 0:
		return http.StatusNotFound, nil
	case a == nil:
		return http.StatusNoContent, nil
	}
	return http.StatusOK, map[string]any{
		"agentfeatures": a, "agentgroup": map[string]any{"groupid": a.Group, "name": "default"},
		"usermember": orFalse(c.usersWithAgent(a.ID)), "queuemember": orFalse(c.queuesWithAgent(a.ID)), "queueskills": false,
	}
}

func orFalse(ids []int) any {
	if len(ids) == 0 {
		return false
	}
	return ids
}

func (c *content) usersWithAgent(id int) (ids []int) {
	for u := range c.users.all() {
		if u.AgentID != nil && *u.AgentID == id {
			ids = append(ids, u.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (c *content) queuesWithAgent(id int) (ids []int) {
	for q := range c.queues.all() {
		if _, in := q.Members[id]; in {
			ids = append(ids, q.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func (c *webCall) addAgent() (int, any) {
	a := &Agent{Group: 1}
	if !c.readAgent(a) {
		return http.StatusBadRequest, nil
	}
	a.ID = c.agents.newID()
	c.agents.put(a.ID, a)
	c.selectUsers(a.ID)
	c.selectQueues(a.ID)
	return http.StatusOK, nil
}

// editAgent merges the body over the agent; its number stays what it was.
func (c *webCall) editAgent() (int, any) {
	old := c.agents.get(c.id)
	switch {
	case c.id == 0:
		return http.StatusNotFound, nil
	case old == nil:
		return http.StatusNoContent, nil
	}
	a := *old
	if features, given := c.body["agentfeatures"].(map[string]any); given {
		delete(features, "number")
	}
	if !c.readAgent(&a) {
		return http.StatusBadRequest, nil
	}
	c.agents.put(a.ID, &a)
	c.selectUsers(a.ID)
	c.selectQueues(a.ID)
	return http.StatusOK, nil
}

// deleteAgent leaves 0 where its users had its id.
func (c *webCall) deleteAgent() (int, any) {
	if c.agents.get(c.id) == nil {
		return http.StatusNotFound, nil
	}
	for _, id := range c.usersWithAgent(c.id) {
		u := *c.users.get(id)
		u.AgentID = new(0)
		c.users.put(id, &u)
	}
	for _, id := range c.queuesWithAgent(c.id) {
		c.unseat(id, c.id)
	}
	c.agents.remove(c.id)
	return http.StatusOK, nil
}

func (c *webCall) deleteAgents() (int, any) {
	for _, id := range c.agents.byID() {
		c.id = id
		c.deleteAgent()
	}
	return http.StatusOK, nil
}

func (c *content) unseat(queueID, agentID int) {
	q := *c.queues.get(queueID)
	q.Members = maps.Clone(q.Members)
	delete(q.Members, agentID)
	c.queues.put(queueID, &q)
}

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
		a.Group == 1 && a.AutoLogoff >= 0 && a.AutoLogoff <= 60 && a.AutoLogoff%5 == 0 &&
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
