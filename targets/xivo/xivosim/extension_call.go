package xivosim

import (
	"slices"
	"strconv"
	"strings"
)

func extensionRoutes() []*route {
	return []*route{
		{path: "extensions", acl: "extensions", methods: methods{"GET": listExtensions, "POST": postExtension}},
		{path: "extensions/{exten}", acl: "extensions.{exten}", methods: methods{"GET": getExtension, "PUT": putExtension, "DELETE": deleteExtension}},
	}
}

type extensionView struct {
	ID        int        `json:"id"`
	Exten     string     `json:"exten"`
	Context   string     `json:"context"`
	Commented bool       `json:"commented"`
	Links     []link     `json:"links"`
	Group     *plainRef  `json:"group"`
	Incall    *plainRef  `json:"incall"`
	Lines     []plainRef `json:"lines"`
	Outcall   *plainRef  `json:"outcall"`

	*newerExtension // nil before 16.16
}

// newerExtension is what 16.16 adds to an extension.
type newerExtension struct {
	Conference *plainRef `json:"conference"`
}

func (c *call) showExtension(e *Extension) any {
	v := extensionView{
		ID: e.ID, Exten: e.Exten, Context: e.Context, Commented: e.Commented,
		Links: c.links("extensions", "extensions", e.ID), Lines: []plainRef{},
	}
	if c.sim.opt.Version == Version1616 {
		v.newerExtension = &newerExtension{}
	}
	if e.Owner == "incall" && e.OwnerID != 0 {
		v.Incall = &plainRef{e.OwnerID, c.links("incalls", "incalls", e.OwnerID)}
	}
	for _, id := range c.linesWith(e.ID) {
		v.Lines = append(v.Lines, plainRef{id, c.links("lines", "lines", id)})
	}
	return v
}

var extensionColumns = columns[Extension]{
	textColumn("exten", func(e *Extension) string { return e.Exten }),
	textColumn("context", func(e *Extension) string { return e.Context }),
}

// listExtensions has one filter that is no column: type, the context's.
func listExtensions(c *call) (*answer, error) {
	rows := slices.Collect(c.extensions.all())
	if kind := c.r.URL.Query().Get("type"); kind != "" {
		rows = slices.DeleteFunc(rows, func(e *Extension) bool {
			x := c.contextNamed(e.Context)
			return x == nil || x.Type != kind
		})
	}
	return listRows(c, rows, extensionColumns, costExtensionRow, c.showExtension)
}

func (c *call) extension() (*Extension, error) {
	id := c.params.id("exten")
	if e := c.extensions.get(id); e != nil {
		return e, nil
	}
	return nil, notFound("Extension", meta{"id", id})
}

func getExtension(c *call) (*answer, error) {
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	return ok(c.showExtension(e))
}

func postExtension(c *call) (*answer, error) {
	apply, err := loadBody(c, extensionSchema, true)
	if err != nil {
		return nil, err
	}
	e := &Extension{Owner: "user"}
	apply(e)
	if err := c.createExtension(e); err != nil {
		return nil, err
	}
	return created("extensions/"+strconv.Itoa(e.ID), c.showExtension(e))
}

func (c *call) createExtension(e *Extension) error {
	if err := c.checkExtension(e); err != nil {
		return err
	}
	e.ID = c.extensions.newID()
	c.extensions.put(e.ID, e)
	return nil
}

// checkExtension wants a context that exists, a number that is free in it and
// lies in one of its ranges.
func (c *call) checkExtension(e *Extension) error {
	if err := c.checkContextName(e.Context); err != nil {
		return err
	}
	if c.extenNumber.takenBy(key{e.Exten, e.Context}, e.ID) {
		return exists("Extension", meta{"exten", e.Exten}, meta{"context", e.Context})
	}
	return c.checkRange(e)
}

// checkRange lets patterns and outgoing numbers pass. What is no number makes
// confd itself fall over.
func (c *call) checkRange(e *Extension) error {
	x := c.contextNamed(e.Context)
	if strings.HasPrefix(e.Exten, "_") || x.Type == "outcall" {
		return nil
	}
	n, err := strconv.Atoi(e.Exten)
	if err != nil && !allDigits(e.Exten) && x.ranged() {
		return unexpected("invalid literal for int() with base 10: '%s'", e.Exten)
	}
	if err != nil || !x.contains(n) {
		return badRequest("Input Error - Extension '%s' is outside of range for context '%s'", e.Exten, e.Context)
	}
	return nil
}

// putExtension renumbers in place, also while the extension is in use.
func putExtension(c *call) (*answer, error) {
	old, err := c.extension()
	if err != nil {
		return nil, err
	}
	apply, err := loadBody(c, extensionSchema, false)
	if err != nil {
		return nil, err
	}
	e := *old
	apply(&e)
	if err := c.checkExtension(&e); err != nil {
		return nil, err
	}
	if err := c.checkContextChange(&e); err != nil {
		return nil, err
	}
	c.extensions.put(e.ID, &e)
	if e.Exten != old.Exten || e.Context != old.Context {
		for _, id := range c.linesWith(e.ID) {
			c.refreshLine(id)
		}
	}
	return noContent()
}

// checkContextChange keeps an extension in contexts that suit what it serves.
func (c *call) checkContextChange(e *Extension) error {
	kind := c.contextNamed(e.Context).Type
	if c.linesOfExten.len(e.ID) > 0 && kind != "internal" || e.Owner == "incall" && e.OwnerID != 0 && kind != "incall" {
		return badRequest("Resource Error - ContextType '%s' cannot be associated", kind)
	}
	return nil
}

func deleteExtension(c *call) (*answer, error) {
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	if ids := c.linesWith(e.ID); len(ids) > 0 {
		return nil, associated("Extension", "Line", meta{"extension_id", e.ID}, meta{"line_id", ids[0]})
	}
	if e.Owner != "user" && e.OwnerID != 0 {
		return nil, associated("Extension", e.Owner, meta{"extension_id", e.ID}, meta{"associated_id", strconv.Itoa(e.OwnerID)})
	}
	c.extensions.remove(e.ID)
	return noContent()
}
