package xivosim

// groupRefs are the groups a user is in. Groups themselves are not simulated.
func (c *call) groupRefs(*User) []groupRef { return []groupRef{} }
