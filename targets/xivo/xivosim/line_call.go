package xivosim

import (
	"slices"
	"strconv"
)

func lineRoutes() []*route {
	return []*route{
		{path: "lines", acl: "lines", methods: methods{"GET": listLines, "POST": postLine}},
		{path: "lines/{line}", acl: "lines.{line}", methods: methods{"GET": getLine, "PUT": putLine, "DELETE": deleteLine}},
	}
}

func listLines(c *call) (*answer, error) {
	return list(c, c.lines, c.lineColumns(), costLineRow, c.showLine)
}

func (c *call) line() (*Line, error) {
	id := c.params.id("line")
	if l := c.lines.get(id); l != nil {
		return l, nil
	}
	return nil, notFound("Line", meta{"id", id})
}

func getLine(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	return ok(c.showLine(l))
}

func postLine(c *call) (*answer, error) {
	apply, err := loadBody(c, lineSchema, true)
	if err != nil {
		return nil, err
	}
	l, err := c.createLine(apply)
	if err != nil {
		return nil, err
	}
	return created("lines/"+strconv.Itoa(l.ID), c.showLine(l))
}

func (c *call) createLine(apply func(*lineBody)) (*Line, error) {
	l := lineBody{Line: Line{Position: 1, Registrar: "default"}}
	apply(&l)
	if err := c.setCaller(&l); err != nil {
		return nil, err
	}
	if err := c.checkContextName(l.Context); err != nil {
		return nil, err
	}
	if l.caller.code && c.lineCode.takenBy(l.ProvisioningCode, 0) {
		return nil, exists("Line", meta{"provisioning_code", l.ProvisioningCode})
	}
	if err := c.checkRegistrar(&l.Line); l.caller.registrarGiven && err != nil {
		return nil, err
	}
	for !l.caller.code && (l.ProvisioningCode == "" || c.lineCode.takenBy(l.ProvisioningCode, 0)) {
		l.ProvisioningCode = c.sim.code()
	}
	l.ID = c.lines.newID()
	c.lines.put(l.ID, &l.Line)
	return &l.Line, nil
}

func (c *call) checkRegistrar(l *Line) error {
	if !slices.Contains(c.registrars, l.Registrar) {
		return unknownRef("registrar", "Registrar", meta{"registrar", l.Registrar})
	}
	return nil
}

func putLine(c *call) (*answer, error) {
	old, err := c.line()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, lineSchema, false)
	if err != nil {
		return nil, err
	}
	l := lineBody{Line: *old}
	apply(&l)
	if err := c.setCaller(&l); err != nil {
		return nil, err
	}
	if err := c.checkContextName(l.Context); err != nil {
		return nil, err
	}
	if err := c.checkRegistrar(&l.Line); err != nil {
		return nil, err
	}
	c.lines.put(l.ID, &l.Line)
	return noContent()
}

// setCaller writes a line's caller id into its SIP endpoint; a line without
// one cannot have any.
func (c *call) setCaller(l *lineBody) error {
	caller := l.caller
	if !caller.nameGiven && !caller.numGiven {
		return nil
	}
	old := c.lineSIP(&l.Line)
	switch {
	case l.EndpointID == 0 && caller.name == nil && caller.number == nil:
		return nil
	case l.EndpointID == 0:
		return badRequest("Unsupported caller id protocol")
	case caller.nameGiven && caller.name == nil:
		return badRequest("Cannot set caller id to None")
	case caller.numGiven && caller.number == nil:
		return badRequest("Cannot set caller id num to None")
	case l.Endpoint == "custom":
		return badRequest("Cannot set caller id on endpoint of type 'custom'")
	case old == nil && caller.numGiven:
		return badRequest("Cannot set caller id num on endpoint of type '%s'", l.Endpoint)
	case old == nil:
		return nil
	}
	name, number := splitCallerID(old.CallerID)
	if caller.nameGiven {
		name = *caller.name
	}
	if caller.numGiven {
		number = *caller.number
	}
	s := *old
	s.CallerID = joinCallerID(name, number)
	c.sip.put(s.ID, &s)
	return nil
}

// deleteLine is unchecked: the endpoint goes with the line, and so do the
// links with users and extensions. The extension goes on believing that it is
// somebody's, and cannot serve an incall any more.
func deleteLine(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Clone(c.linksOfLine.ids(l.ID)) {
		c.userLines.remove(id)
	}
	for _, id := range slices.Clone(c.extensOfLine.ids(l.ID)) {
		c.lineExtens.remove(id)
	}
	c.removeEndpoint(l.Endpoint, l.EndpointID)
	c.lines.remove(l.ID)
	return noContent()
}
