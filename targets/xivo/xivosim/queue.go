package xivosim

import (
	"maps"
	"strconv"
)

func queueRoutes() []*route {
	return []*route{
		{path: "queues/{queue}/members/agents", acl: "queues.{queue}.members.agents", methods: methods{"POST": postMember}},
		{path: "queues/{queue}/members/agents/{agent}", acl: "queues.{queue}.members.agents.{agent}", methods: methods{
			"GET": getMember, "PUT": putMember, "DELETE": deleteMember,
		}},
	}
}

// AddQueue makes a queue, which no API does, and returns its id.
func (s *Sim) AddQueue(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &Queue{ID: s.content.queues.newID(), Name: name}
	s.content.queues.put(q.ID, q)
	s.content.commit()
	return q.ID
}

type member struct {
	AgentID int `json:"agent_id"`
	QueueID int `json:"queue_id"`
	Penalty int `json:"penalty"`
}

var memberSchema = schema[member]{
	wholeField(func(m *member) *int { return &m.AgentID }, rule{name: "agent_id", required: true}),
	wholeField(func(m *member) *int { return &m.Penalty }, rule{name: "penalty"}),
}

func (c *call) queue() (*Queue, error) {
	id := c.params.id("queue")
	if q := c.queues.get(id); q != nil {
		return q, nil
	}
	return nil, notFound("Queue", meta{"queue_id", id})
}

// seat writes an agent's place in a queue.
func (c *content) seat(q *Queue, agentID, penalty int) {
	with := *q
	with.Members = maps.Clone(q.Members)
	if with.Members == nil {
		with.Members = map[int]int{}
	}
	with.Members[agentID] = penalty
	c.queues.put(q.ID, &with)
}

func postMember(c *call) (*answer, error) {
	q, err := c.queue()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, memberSchema, true)
	if err != nil {
		return nil, err
	}
	m := member{QueueID: q.ID}
	apply(&m)
	if c.agents.get(m.AgentID) == nil {
		return nil, unknownRef("agent_id", "Agent")
	}
	if _, in := q.Members[m.AgentID]; in {
		return nil, associated("Agent", "Queue", meta{"agent_id", m.AgentID}, meta{"queue_id", q.ID})
	}
	c.seat(q, m.AgentID, m.Penalty)
	return created("queues/"+strconv.Itoa(q.ID)+"/members/agents/"+strconv.Itoa(m.AgentID), m)
}

// pathMember fetches a queue, an agent and his place in it.
func (c *call) pathMember() (*Queue, member, error) {
	q, err := c.queue()
	if err != nil {
		return nil, member{}, err
	}
	id := c.params.id("agent")
	if c.agents.get(id) == nil {
		return nil, member{}, notFound("Agent", meta{"agent_id", id})
	}
	penalty, in := q.Members[id]
	if !in {
		return nil, member{}, notFound("QueueMember", meta{"agent_id", id}, meta{"queue_id", q.ID})
	}
	return q, member{id, q.ID, penalty}, nil
}

func getMember(c *call) (*answer, error) {
	_, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	return ok(m)
}

// putMember takes the penalty for granted, as confd does.
func putMember(c *call) (*answer, error) {
	q, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	apply, err := memberSchema[1:].load(body, false)
	if err != nil {
		return nil, err
	}
	if _, given := body["penalty"]; !given {
		return nil, unexpected("'penalty'")
	}
	apply(&m)
	c.seat(q, m.AgentID, m.Penalty)
	return noContent()
}

func deleteMember(c *call) (*answer, error) {
	q, m, err := c.pathMember()
	if err != nil {
		return nil, err
	}
	c.unseat(q.ID, m.AgentID)
	return noContent()
}
