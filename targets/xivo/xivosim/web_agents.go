package xivosim

import (
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
