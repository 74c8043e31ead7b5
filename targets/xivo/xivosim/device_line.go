package xivosim

import "slices"

func (c *content) deviceLines(id string) (lines []int) {
	for l := range c.lines.all() {
		if l.DeviceID == id {
			lines = append(lines, l.ID)
		}
	}
	slices.Sort(lines)
	return lines
}

func (c *call) showLineDevice(lineID int, deviceID string) map[string]any {
	return map[string]any{
		"line_id": lineID, "device_id": deviceID,
		"links": []link{c.at("lines", "lines", lineID), c.deviceLink(deviceID)},
	}
}

func listDeviceLines(c *call) (*answer, error) {
	d, err := c.device()
	if err != nil {
		return nil, err
	}
	var items []map[string]any
	for _, id := range c.deviceLines(d.ID) {
		items = append(items, c.showLineDevice(id, d.ID))
	}
	return ok(pageOf(items))
}

func getLineDevice(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	if l.DeviceID == "" {
		return nil, notFound("LineDevice", meta{"line_id", l.ID})
	}
	return ok(c.showLineDevice(l.ID, l.DeviceID))
}

// putLineDevice wants a line that is complete.
func putLineDevice(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	d, err := c.device()
	if err != nil {
		return nil, err
	}
	if err := checkNoDevice(l); err != nil {
		return nil, err
	}
	switch {
	case l.EndpointID == 0:
		return nil, mustBeAssociated("Line", "Endpoint", meta{"line_id", l.ID})
	case c.extensOfLine.len(l.ID) == 0:
		return nil, mustBeAssociated("Line", "Extension", meta{"line_id", l.ID})
	case c.linksOfLine.len(l.ID) == 0:
		return nil, mustBeAssociated("User", "Line", meta{"line_id", l.ID})
	}
	with := *l
	with.DeviceID = d.ID
	c.lines.put(l.ID, &with)
	return noContent()
}

func deleteLineDevice(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	d, err := c.device()
	if err != nil {
		return nil, err
	}
	if l.DeviceID != d.ID {
		return nil, notAssociated("Line", "Device", meta{"line_id", l.ID}, meta{"device_id", d.ID})
	}
	without := *l
	without.DeviceID = ""
	c.lines.put(l.ID, &without)
	return noContent()
}
