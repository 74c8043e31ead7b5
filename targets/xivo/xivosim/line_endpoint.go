package xivosim

func lineEndpointRoutes() (routes []*route) {
	for _, kind := range []string{"sip", "sccp", "custom"} {
		routes = append(routes,
			&route{path: "lines/{line}/endpoints/" + kind, acl: "lines.{line}.endpoints." + kind, methods: methods{
				"GET": func(c *call) (*answer, error) { return c.getLineEndpoint(kind) },
			}},
			&route{path: "lines/{line}/endpoints/" + kind + "/{" + kind + "}", acl: "lines.{line}.endpoints." + kind + ".{" + kind + "}", methods: methods{
				"PUT":    func(c *call) (*answer, error) { return c.putLineEndpoint(kind) },
				"DELETE": func(c *call) (*answer, error) { return c.deleteLineEndpoint(kind) },
			}},
			&route{path: "endpoints/" + kind + "/{" + kind + "}/lines", acl: "endpoints." + kind + ".{" + kind + "}.lines", methods: methods{
				"GET": func(c *call) (*answer, error) { return c.getEndpointLine(kind) },
			}},
		)
	}
	return routes
}

// checkEndpoint fetches the endpoint of the path, whatever its kind.
func (c *call) checkEndpoint(kind string) (id int, err error) {
	if kind == "sip" {
		s, err := c.sipEndpoint()
		if err != nil {
			return 0, err
		}
		return s.ID, nil
	}
	e, err := c.plainEndpoint(kind)
	if err != nil {
		return 0, err
	}
	return e.ID, nil
}

func (c *call) showLineEndpoint(l *Line) (*answer, error) {
	return ok(map[string]any{
		"line_id": l.ID, "endpoint_id": l.EndpointID, "endpoint": l.Endpoint,
		"links": []link{c.at("lines", "lines", l.ID), c.at("endpoint_"+l.Endpoint, "endpoints/"+l.Endpoint, l.EndpointID)},
	})
}

func (c *call) getLineEndpoint(kind string) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	if l.Endpoint != kind {
		return nil, notFound("LineEndpoint", meta{"line_id", l.ID})
	}
	return c.showLineEndpoint(l)
}

func (c *call) getEndpointLine(kind string) (*answer, error) {
	id, err := c.checkEndpoint(kind)
	if err != nil {
		return nil, err
	}
	lineID, used := c.lineEndpoint.first(tie{kind, id})
	if !used {
		return nil, notFound("LineEndpoint", meta{"endpoint_id", id})
	}
	return c.showLineEndpoint(c.lines.get(lineID))
}

// pathLineEndpoint fetches what a line-endpoint association is about.
func (c *call) pathLineEndpoint(kind string) (l *Line, endpointID int, err error) {
	if l, err = c.line(); err != nil {
		return nil, 0, err
	}
	endpointID, err = c.checkEndpoint(kind)
	return l, endpointID, err
}

func (c *call) putLineEndpoint(kind string) (*answer, error) {
	l, id, err := c.pathLineEndpoint(kind)
	if err != nil {
		return nil, err
	}
	if err := c.attachEndpoint(l, kind, id); err != nil {
		return nil, err
	}
	return noContent()
}

// attachEndpoint wants a line without endpoint and an endpoint without line;
// the error names the pair that stands in the way.
func (c *call) attachEndpoint(l *Line, kind string, id int) error {
	taken := l
	if other, used := c.lineEndpoint.first(tie{kind, id}); used && l.EndpointID == 0 {
		taken = c.lines.get(other)
	}
	if taken.EndpointID != 0 {
		return associated("Line", "Endpoint", meta{"line_id", taken.ID}, meta{"endpoint", pyRaw("'" + taken.Endpoint + "'")}, meta{"endpoint_id", taken.EndpointID})
	}
	if err := c.checkRegistrar(l); err != nil {
		return err
	}
	with := *l
	with.Endpoint, with.EndpointID = kind, id
	c.lines.put(l.ID, &with)
	c.refreshLine(l.ID)
	return nil
}

// deleteLineEndpoint is refused while users, an extension or a device are on.
func (c *call) deleteLineEndpoint(kind string) (*answer, error) {
	l, id, err := c.pathLineEndpoint(kind)
	if err != nil {
		return nil, err
	}
	if l.Endpoint != kind || l.EndpointID != id {
		return nil, notAssociated("Line", "Endpoint", meta{"line_id", l.ID}, meta{"endpoint_id", id})
	}
	if ids := c.userIDs(l.ID); len(ids) > 0 {
		return nil, associated("Line", "User", meta{"line_id", l.ID}, meta{"user_ids", pyRaw("'" + joinIDs(ids, ",") + "'")})
	}
	if ids := c.extenIDs(l.ID); len(ids) > 0 {
		return nil, associated("Line", "Extension", meta{"line_id", l.ID}, meta{"extension_ids", pyRaw("'" + joinIDs(ids, ",") + "'")})
	}
	if err := checkNoDevice(l); err != nil {
		return nil, err
	}
	c.detachEndpoint(kind, id)
	if s := c.sip.get(id); kind == "sip" && s.CallerID != "" {
		anonymous := *s
		anonymous.CallerID = ""
		c.sip.put(id, &anonymous)
	}
	return noContent()
}

// checkNoDevice refuses to take anything off a line that is on a phone.
func checkNoDevice(l *Line) error {
	if l.DeviceID != "" {
		return associated("Line", "Device", meta{"line_id", l.ID}, meta{"device_id", l.DeviceID})
	}
	return nil
}
