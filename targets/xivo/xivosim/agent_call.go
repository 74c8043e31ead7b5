package xivosim

func userAgentRoutes() []*route {
	return []*route{
		{path: "users/{user}/agents", acl: "users.{user}.agents", methods: methods{"GET": getUserAgent, "DELETE": deleteUserAgent}},
		{path: "users/{user}/agents/{agent}", acl: "users.{user}.agents.{agent}", methods: methods{"PUT": putUserAgent}},
	}
}

// getUserAgent answers 200 also to who has none: null, or the 0 that the web
// interface leaves behind.
func getUserAgent(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(map[string]any{"user_id": u.ID, "agent_id": u.AgentID, "links": c.links("users", "users", u.ID)})
}

func (u *User) hasAgent() bool { return u.AgentID != nil && *u.AgentID != 0 }

func (c *call) agent() (*Agent, error) {
	id := c.params.id("agent")
	if a := c.agents.get(id); a != nil {
		return a, nil
	}
	return nil, notFound("Agent", meta{"id", id})
}

// putUserAgent refuses a second agent for a user, not a second user for an agent.
func putUserAgent(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	a, err := c.agent()
	if err != nil {
		return nil, err
	}
	if u.hasAgent() {
		return nil, associated("User", "Agent", meta{"user_id", u.ID}, meta{"agent", *u.AgentID})
	}
	with := *u
	with.AgentID = &a.ID
	c.users.put(u.ID, &with)
	return noContent()
}

func deleteUserAgent(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if !u.hasAgent() {
		return nil, notFound("UserAgent", meta{"user_id", u.ID})
	}
	without := *u
	without.AgentID = nil
	c.users.put(u.ID, &without)
	return noContent()
}
