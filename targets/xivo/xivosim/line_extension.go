package xivosim

import "strconv"

func lineExtensionRoutes() []*route {
	legacy := methods{"GET": getOnlyExtension, "POST": postLineExtension, "DELETE": deleteOnlyExtension}
	return []*route{
		{path: "lines/{line}/extensions", acl: "lines.{line}.extensions", methods: methods{"GET": listLineExtensions, "POST": postLineExtension}},
		{path: "lines/{line}/extensions/{exten}", acl: "lines.{line}.extensions.{exten}", methods: methods{"PUT": putLineExtension, "DELETE": deleteLineExtension}},
		{path: "extensions/{exten}/lines", acl: "extensions.{exten}.lines", methods: methods{"GET": listExtensionLines}},
		{path: "lines/{line}/extension", methods: legacy},
		{path: "extensions/{exten}/line", methods: methods{"GET": getOnlyLine}},
	}
}

type lineExtenView struct {
	LineID      int    `json:"line_id"`
	ExtensionID int    `json:"extension_id"`
	Links       []link `json:"links"`
}

func (c *call) showLineExten(lineID, extenID int) lineExtenView {
	return lineExtenView{lineID, extenID, []link{c.at("lines", "lines", lineID), c.at("extensions", "extensions", extenID)}}
}

func listLineExtensions(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	var items []lineExtenView
	for _, id := range c.extenIDs(l.ID) {
		items = append(items, c.showLineExten(l.ID, id))
	}
	return ok(pageOf(items))
}

func listExtensionLines(c *call) (*answer, error) {
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	var items []lineExtenView
	for _, id := range c.linesWith(e.ID) {
		items = append(items, c.showLineExten(id, e.ID))
	}
	return ok(pageOf(items))
}

func getOnlyExtension(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	ids := c.extenIDs(l.ID)
	if len(ids) == 0 {
		return nil, notFound("LineExtension", meta{"line_id", l.ID})
	}
	return ok(c.showLineExten(l.ID, ids[0]))
}

func getOnlyLine(c *call) (*answer, error) {
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	ids := c.linesWith(e.ID)
	if len(ids) == 0 {
		return nil, notFound("LineExtension", meta{"extension_id", e.ID})
	}
	return ok(c.showLineExten(ids[0], e.ID))
}

func putLineExtension(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	if err := c.attachExtension(l, e); err != nil {
		return nil, err
	}
	return noContent()
}

// rightID is the body of the old associations by POST: one id.
type rightID struct{ id int }

func (c *call) readRightID(name string) (int, error) {
	apply, err := loadBody(c, schema[rightID]{wholeField(func(r *rightID) *int { return &r.id }, rule{name: name, required: true})}, true)
	if err != nil {
		return 0, err
	}
	var right rightID
	apply(&right)
	return right.id, nil
}

func postLineExtension(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	id, err := c.readRightID("extension_id")
	if err != nil {
		return nil, err
	}
	e := c.extensions.get(id)
	if e == nil {
		return nil, unknownRef("extension_id", "Extension")
	}
	if err := c.attachExtension(l, e); err != nil {
		return nil, err
	}
	return created("lines/"+strconv.Itoa(l.ID)+"/extensions/"+strconv.Itoa(id), c.showLineExten(l.ID, id))
}

// attachExtension gives a line its one number.
func (c *call) attachExtension(l *Line, e *Extension) error {
	if l.EndpointID == 0 {
		return mustBeAssociated("Line", "Endpoint", meta{"line_id", l.ID})
	}
	if ids := c.extenIDs(l.ID); len(ids) > 0 {
		return associated("Line", "Extension", meta{"line_id", l.ID}, meta{"extension_id", ids[0]})
	}
	if e.Owner != "user" && e.OwnerID != 0 {
		return associated("Extension", e.Owner, meta{"id", e.ID}, meta{"associated_id", strconv.Itoa(e.OwnerID)})
	}
	if x := c.contextNamed(e.Context); x == nil || x.Type != "internal" {
		return wrongContext(e, x)
	}
	if err := c.checkSharing(l, e); err != nil {
		return err
	}
	id := c.lineExtens.newID()
	c.lineExtens.put(id, &LineExten{ID: id, LineID: l.ID, ExtenID: e.ID, Main: true})
	c.refreshLine(l.ID)
	return nil
}

func wrongContext(e *Extension, x *Context) error {
	kind := "None"
	if x != nil {
		kind = x.Type
	}
	return badRequest("Resource Error - ContextType '%s' cannot be associated%s", kind, details([]meta{{"id", e.ID}, {"context", e.Context}}))
}

// checkSharing lets lines share a number only while they ring the same person.
func (c *call) checkSharing(l *Line, e *Extension) error {
	mine := c.mainUser(l.ID)
	for _, id := range c.linesWith(e.ID) {
		if theirs := c.mainUser(id); theirs != nil && mine != nil && theirs.ID != mine.ID {
			return associated("User", "Line", meta{"user_id", theirs.ID}, meta{"line_id", id})
		}
	}
	return nil
}

func deleteLineExtension(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	return c.detachExtension(l, e.ID)
}

func deleteOnlyExtension(c *call) (*answer, error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	ids := c.extenIDs(l.ID)
	if len(ids) == 0 {
		return nil, notFound("LineExtension", meta{"line_id", l.ID})
	}
	return c.detachExtension(l, ids[0])
}

func (c *call) detachExtension(l *Line, extenID int) (*answer, error) {
	link := c.lineExten(l.ID, extenID)
	if link == nil {
		return nil, notFound("LineExtension", meta{"line_id", l.ID}, meta{"extension_id", extenID})
	}
	if err := checkNoDevice(l); err != nil {
		return nil, err
	}
	c.lineExtens.remove(link.ID)
	if c.linesOfExten.len(extenID) == 0 {
		c.freeExtension(extenID)
	}
	return noContent()
}
