package xivosim

// getFuncKeys shows a user's private template. Nothing writes keys here, so it
// has none.
func getFuncKeys(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(map[string]any{"id": u.FuncKeyTemplateID, "name": nil, "keys": map[string]any{}})
}

// listCallPermissions shows a user's permissions; nothing gives him any here.
func listCallPermissions(c *call) (*answer, error) {
	if _, err := c.user(); err != nil {
		return nil, err
	}
	return ok(pageOf[any](nil))
}
