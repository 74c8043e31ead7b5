package xivosim

import (
	"slices"
	"strconv"
)

func endpointRoutes() []*route {
	return []*route{
		{path: "endpoints/sip", acl: "endpoints.sip", methods: methods{"GET": listSIP, "POST": postSIP}},
		{path: "endpoints/sip/{sip}", acl: "endpoints.sip.{sip}", methods: methods{"GET": getSIP, "PUT": putSIP, "DELETE": deleteSIP}},
		{path: "users/{uuid}/lines/main/associated/endpoints/sip", acl: "users.{uuid}.lines.main.associated.endpoints.sip", methods: methods{"GET": getMainSIP}},
		{path: "users/{uuid}/lines/{line}/associated/endpoints/sip", acl: "users.{uuid}.lines.{line}.associated.endpoints.sip", methods: methods{"GET": getLineSIP}},
		{path: "endpoints/sccp", acl: "endpoints.sccp", methods: methods{"POST": postSCCP}},
		{path: "endpoints/sccp/{sccp}", acl: "endpoints.sccp.{sccp}", methods: onePlain("sccp")},
		{path: "endpoints/custom", acl: "endpoints.custom", methods: methods{"POST": postCustom}},
		{path: "endpoints/custom/{custom}", acl: "endpoints.custom.{custom}", methods: onePlain("custom")},
	}
}

type sipView struct {
	ID       int       `json:"id"`
	Username string    `json:"username"`
	Secret   string    `json:"secret"`
	Type     string    `json:"type"`
	Host     string    `json:"host"`
	Options  []pair    `json:"options"`
	Links    []link    `json:"links"`
	Trunk    *plainRef `json:"trunk"`
	Line     *plainRef `json:"line"`
}

func (c *call) showSIP(s *SIP) any {
	return sipView{
		ID: s.ID, Username: s.Username, Secret: s.Secret, Type: s.Type, Host: s.Host, Options: s.options(),
		Links: c.links("endpoint_sip", "endpoints/sip", s.ID), Line: c.endpointLine("sip", s.ID),
	}
}

// endpointLine is the line that an endpoint is on, nil for none.
func (c *call) endpointLine(kind string, id int) *plainRef {
	lineID, used := c.lineEndpoint.first(tie{kind, id})
	if !used {
		return nil
	}
	return &plainRef{lineID, c.links("lines", "lines", lineID)}
}

var sipColumnsOfList = columns[SIP]{
	textColumn("username", func(s *SIP) string { return s.Username }),
	textColumn("type", func(s *SIP) string { return s.Type }),
	textColumn("host", func(s *SIP) string { return s.Host }),
}

func listSIP(c *call) (*answer, error) {
	return list(c, c.sip, sipColumnsOfList, costSIPRow, c.showSIP)
}

func (c *call) sipEndpoint() (*SIP, error) {
	id := c.params.id("sip")
	if s := c.sip.get(id); s != nil {
		return s, nil
	}
	return nil, notFound("SIPEndpoint", meta{"id", id})
}

func getSIP(c *call) (*answer, error) {
	s, err := c.sipEndpoint()
	if err != nil {
		return nil, err
	}
	return ok(c.showSIP(s))
}

func postSIP(c *call) (*answer, error) {
	apply, err := loadBody(c, sipSchema, true)
	if err != nil {
		return nil, err
	}
	s, err := c.createSIP(apply)
	if err != nil {
		return nil, err
	}
	return created("endpoints/sip/"+strconv.Itoa(s.ID), c.showSIP(s))
}

func (c *call) createSIP(apply func(*SIP)) (*SIP, error) {
	s := &SIP{Type: "friend", Host: "dynamic"}
	apply(s)
	for s.Username == "" {
		if name := c.sim.word(); !c.sipName.takenBy(name, 0) {
			s.Username = name
		}
	}
	if s.Secret == "" {
		s.Secret = c.sim.word()
	}
	if err := c.checkSIP(s); err != nil {
		return nil, err
	}
	s.ID = c.sip.newID()
	c.sip.put(s.ID, s)
	return s, nil
}

// checkSIP refuses a user name that another endpoint has, and what the
// database itself refuses.
func (c *call) checkSIP(s *SIP) error {
	if c.sipName.takenBy(s.Username, s.ID) {
		return exists("SIPEndpoint", meta{"name", s.Username})
	}
	for _, p := range s.Options {
		if p[0] == "nat" && !slices.Contains(natValues, p[1]) {
			return unexpected("(DataError) invalid input value for enum usersip_nat: \"%s\"\n", p[1])
		}
	}
	return nil
}

func putSIP(c *call) (*answer, error) {
	old, err := c.sipEndpoint()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, sipSchema, false)
	if err != nil {
		return nil, err
	}
	s := *old
	apply(&s)
	if err := c.checkSIP(&s); err != nil {
		return nil, err
	}
	c.sip.put(s.ID, &s)
	return noContent()
}

// deleteSIP is unchecked: a line that had the endpoint has none any more.
func deleteSIP(c *call) (*answer, error) {
	s, err := c.sipEndpoint()
	if err != nil {
		return nil, err
	}
	c.detachEndpoint("sip", s.ID)
	c.sip.remove(s.ID)
	return noContent()
}

// detachEndpoint takes an endpoint off its line.
func (c *content) detachEndpoint(kind string, id int) {
	lineID, used := c.lineEndpoint.first(tie{kind, id})
	if !used {
		return
	}
	l := *c.lines.get(lineID)
	l.Endpoint, l.EndpointID = "", 0
	c.lines.put(l.ID, &l)
}

func (c *content) removeEndpoint(kind string, id int) {
	switch kind {
	case "sip":
		c.sip.remove(id)
	case "sccp", "custom":
		c.plain[kind].remove(id)
	}
}

func getMainSIP(c *call) (*answer, error) {
	c.params["user"] = c.params["uuid"]
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	if main := c.mainLink(u.ID); main != nil {
		if s := c.lineSIP(c.lines.get(main.LineID)); s != nil {
			return ok(c.showSIP(s))
		}
		return nil, notFound("LineEndpoint", meta{"line_id", main.LineID})
	}
	return nil, notFound("UserLine", meta{"user_id", u.ID})
}

func getLineSIP(c *call) (*answer, error) {
	c.params["user"] = c.params["uuid"]
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	if c.userLine(u.ID, l.ID) == nil {
		return nil, notFound("UserLine", meta{"user_id", u.ID}, meta{"line_id", l.ID})
	}
	if s := c.lineSIP(l); s != nil {
		return ok(c.showSIP(s))
	}
	return nil, notFound("LineEndpoint", meta{"line_id", l.ID})
}
