package xivosim

// basicRoutes are the resources about the server itself.
func basicRoutes() []*route {
	return []*route{
		{path: "infos", acl: "infos", methods: methods{"GET": getInfos}},
		{path: "wizard", open: true, methods: methods{"GET": getWizard}},
		{path: "configuration/live_reload", acl: "configuration.live_reload", methods: methods{"GET": getLiveReload, "PUT": putLiveReload}},
	}
}

func getInfos(c *call) (*answer, error) {
	return ok(map[string]string{"uuid": c.uuid})
}

func getWizard(*call) (*answer, error) {
	return ok(map[string]bool{"configured": true})
}

func getLiveReload(c *call) (*answer, error) {
	return ok(map[string]bool{"enabled": c.liveReload})
}

var liveReloadSchema = schema[content]{
	flagField(func(c *content) *bool { return &c.liveReload }, rule{name: "enabled", required: true}),
}

func putLiveReload(c *call) (*answer, error) {
	apply, err := loadBody(c, liveReloadSchema, true)
	if err != nil {
		return nil, err
	}
	apply(c.content)
	return noContent()
}
