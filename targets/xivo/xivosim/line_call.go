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

type lineView struct {
	ID                    int        `json:"id"`
	Name                  *string    `json:"name"`
	Protocol              *string    `json:"protocol"`
	DeviceID              *string    `json:"device_id"`
	DeviceSlot            int        `json:"device_slot"`
	ProvisioningExtension string     `json:"provisioning_extension"`
	Context               string     `json:"context"`
	ProvisioningCode      string     `json:"provisioning_code"`
	Position              int        `json:"position"`
	CallerIDName          *string    `json:"caller_id_name"`
	CallerIDNum           *string    `json:"caller_id_num"`
	Registrar             string     `json:"registrar"`
	Links                 []link     `json:"links"`
	EndpointSIP           *sipRef    `json:"endpoint_sip"`
	EndpointSCCP          *plainRef  `json:"endpoint_sccp"`
	EndpointCustom        *customRef `json:"endpoint_custom"`
	Extensions            []extenRef `json:"extensions"`
	Users                 []userRef  `json:"users"`
}

func (c *call) showLine(l *Line) any {
	v := lineView{
		ID: l.ID, Name: orNull(c.lineName(l)), Protocol: orNull(l.Endpoint), DeviceID: orNull(l.DeviceID),
		DeviceSlot: l.Position, ProvisioningExtension: l.ProvisioningCode, Context: l.Context,
		ProvisioningCode: l.ProvisioningCode, Position: l.Position, Registrar: l.Registrar,
		Links: c.links("lines", "lines", l.ID), Extensions: c.lineExtenRefs(l.ID), Users: []userRef{},
	}
	if s := c.lineSIP(l); s != nil {
		name, number := splitCallerID(s.CallerID)
		v.CallerIDName, v.CallerIDNum = orNull(name), orNull(number)
	}
	v.EndpointSIP, v.EndpointSCCP, v.EndpointCustom = c.endpointRefs(l)
	for _, link := range c.usersOf(l.ID) {
		v.Users = append(v.Users, c.userRef(c.users.get(link.UserID)))
	}
	return v
}

// lineSIP is a line's SIP endpoint, nil when it has none.
func (c *content) lineSIP(l *Line) *SIP {
	if l.Endpoint != "sip" {
		return nil
	}
	return c.sip.get(l.EndpointID)
}

// lineName is the endpoint's.
func (c *content) lineName(l *Line) string {
	if s := c.lineSIP(l); s != nil {
		return s.Username
	}
	if e := c.plain["custom"].get(l.EndpointID); e != nil && l.Endpoint == "custom" {
		return e.Interface
	}
	return ""
}

func (c *content) lineColumns() columns[Line] {
	code := func(l *Line) string { return l.ProvisioningCode }
	position := numberColumn("position", func(l *Line) int { return l.Position })
	slot := numberColumn("device_slot", func(l *Line) int { return l.Position })
	position.sought, slot.sought = true, true
	return columns[Line]{
		textColumn("name", c.lineName),
		textColumn("context", func(l *Line) string { return l.Context }),
		textColumn("provisioning_code", code),
		textColumn("provisioning_extension", code),
		position, slot,
		textColumn("protocol", func(l *Line) string { return l.Endpoint }),
		textColumn("device_id", func(l *Line) string { return l.DeviceID }),
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
