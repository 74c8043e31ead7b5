package xivosim

import "strconv"

// sccpView and customView are the endpoints that are not SIP.
type sccpView struct {
	ID      int       `json:"id"`
	Options []pair    `json:"options"`
	Links   []link    `json:"links"`
	Line    *plainRef `json:"line"`
}

type customView struct {
	ID        int       `json:"id"`
	Interface string    `json:"interface"`
	Enabled   bool      `json:"enabled"`
	Links     []link    `json:"links"`
	Trunk     *plainRef `json:"trunk"`
	Line      *plainRef `json:"line"`
}

var customSchema = schema[Endpoint]{
	textField(func(e *Endpoint) *string { return &e.Interface }, rule{name: "interface", required: true, max: 128}),
}

func (c *call) showPlain(kind string, e *Endpoint) any {
	links, line := c.links("endpoint_"+kind, "endpoints/"+kind, e.ID), c.endpointLine(kind, e.ID)
	if kind == "sccp" {
		return sccpView{e.ID, []pair{}, links, line}
	}
	return customView{e.ID, e.Interface, true, links, nil, line}
}

func postSCCP(c *call) (*answer, error) { return c.postPlain("sccp", schema[Endpoint]{}) }

func postCustom(c *call) (*answer, error) { return c.postPlain("custom", customSchema) }

func (c *call) postPlain(kind string, s schema[Endpoint]) (*answer, error) {
	apply, err := loadBody(c, s, true)
	if err != nil {
		return nil, err
	}
	e := &Endpoint{}
	apply(e)
	e.ID = c.plain[kind].newID()
	c.plain[kind].put(e.ID, e)
	return created("endpoints/"+kind+"/"+strconv.Itoa(e.ID), c.showPlain(kind, e))
}

// plainNames are how errors call the endpoints.
var plainNames = map[string]string{"sip": "SIPEndpoint", "sccp": "SCCPEndpoint", "custom": "CustomEndpoint"}

func (c *call) plainEndpoint(kind string) (*Endpoint, error) {
	id := c.params.id(kind)
	if e := c.plain[kind].get(id); e != nil {
		return e, nil
	}
	return nil, notFound(plainNames[kind], meta{"id", id})
}

func onePlain(kind string) methods {
	return methods{
		"GET": func(c *call) (*answer, error) {
			e, err := c.plainEndpoint(kind)
			if err != nil {
				return nil, err
			}
			return ok(c.showPlain(kind, e))
		},
		"DELETE": func(c *call) (*answer, error) {
			e, err := c.plainEndpoint(kind)
			if err != nil {
				return nil, err
			}
			c.detachEndpoint(kind, e.ID)
			c.plain[kind].remove(e.ID)
			return noContent()
		},
	}
}
