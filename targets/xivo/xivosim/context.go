package xivosim

import "strconv"

func contextRoutes() []*route {
	return []*route{
		{path: "contexts", acl: "contexts", newer: true, methods: methods{"GET": listContexts, "POST": postContext}},
		{path: "contexts/{context}", acl: "contexts.{context}", newer: true, methods: methods{"GET": getContext, "PUT": putContext, "DELETE": deleteContext}},
	}
}

type contextView struct {
	ID          int         `json:"id"`
	Name        string      `json:"name"`
	Label       *string     `json:"label"`
	Type        string      `json:"type"`
	Users       []rangeView `json:"user_ranges"`
	Groups      []rangeView `json:"group_ranges"`
	Queues      []rangeView `json:"queue_ranges"`
	Rooms       []rangeView `json:"conference_room_ranges"`
	Incalls     []didRange  `json:"incall_ranges"`
	Description *string     `json:"description"`
	Enabled     bool        `json:"enabled"`
	Links       []link      `json:"links"`
}

type rangeView struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type didRange struct {
	rangeView
	DIDLength int `json:"did_length"`
}

func showRanges(list []Range) []rangeView {
	out := []rangeView{}
	for _, r := range list {
		out = append(out, rangeView{r.Start, r.End})
	}
	return out
}

func (c *call) showContext(x *Context) any {
	incalls := []didRange{}
	for _, r := range x.Incalls {
		incalls = append(incalls, didRange{rangeView{r.Start, r.End}, r.DIDLength})
	}
	return contextView{
		x.ID, x.Name, x.Label, x.Type, showRanges(x.Users), showRanges(x.Groups), showRanges(x.Queues), showRanges(x.Rooms),
		incalls, x.Description, x.Enabled, c.links("contexts", "contexts", x.ID),
	}
}

var contextColumns = columns[Context]{
	numberColumn("id", func(x *Context) int { return x.ID }),
	textColumn("name", func(x *Context) string { return x.Name }),
	textColumn("type", func(x *Context) string { return x.Type }),
}

var contextTypes = []string{"internal", "incall", "outcall", "services", "others"}

var contextSchema = schema[Context]{
	textField(func(x *Context) *string { return &x.Name }, rule{name: "name", required: true, pattern: contextName}),
	optionalField(func(x *Context) **string { return &x.Label }, rule{name: "label", null: nullResets, max: 128}),
	textField(func(x *Context) *string { return &x.Type }, rule{name: "type", choices: contextTypes}),
	optionalField(func(x *Context) **string { return &x.Description }, rule{name: "description", null: nullResets}),
	flagField(func(x *Context) *bool { return &x.Enabled }, rule{name: "enabled"}),
}

func listContexts(c *call) (*answer, error) {
	return list(c, c.contexts, contextColumns, 0, c.showContext)
}

func (c *call) context() (*Context, error) {
	id := c.params.id("context")
	if x := c.contexts.get(id); x != nil {
		return x, nil
	}
	return nil, notFound("Context", meta{"id", id})
}

func getContext(c *call) (*answer, error) {
	x, err := c.context()
	if err != nil {
		return nil, err
	}
	return ok(c.showContext(x))
}

func postContext(c *call) (*answer, error) {
	x := &Context{Type: "internal", Enabled: true}
	if err := c.loadContext(x, true); err != nil {
		return nil, err
	}
	if c.contextName.takenBy(x.Name, 0) {
		return nil, exists("Context", meta{"name", x.Name})
	}
	x.ID = c.contexts.newID()
	c.contexts.put(x.ID, x)
	return created("contexts/"+strconv.Itoa(x.ID), c.showContext(x))
}

// putContext keeps the name: other tables refer to it.
func putContext(c *call) (*answer, error) {
	old, err := c.context()
	if err != nil {
		return nil, err
	}
	x := *old
	if err := c.loadContext(&x, false); err != nil {
		return nil, err
	}
	x.Name = old.Name
	c.contexts.put(x.ID, &x)
	return noContent()
}

func (c *call) loadContext(x *Context, creating bool) error {
	body, err := readBody(c.r)
	if err != nil {
		return err
	}
	apply, err := contextSchema.load(body, creating)
	if err != nil {
		return err
	}
	apply(x)
	var f faults
	for name, place := range map[string]*[]Range{
		"user_ranges": &x.Users, "group_ranges": &x.Groups, "queue_ranges": &x.Queues,
		"conference_room_ranges": &x.Rooms, "incall_ranges": &x.Incalls,
	} {
		if raw, given := body[name]; given {
			*place = readRanges(name, raw, &f)
		}
	}
	return f.err()
}

func readRanges(name string, raw any, f *faults) (out []Range) {
	items, isList := raw.([]any)
	if !isList {
		f.add(name, pyList("Not a valid list."))
	}
	for _, item := range items {
		m, _ := item.(map[string]any)
		start, _ := m["start"].(string)
		end, _ := m["end"].(string)
		if end == "" {
			end = start
		}
		n, _ := pyInt(m["did_length"])
		if !allDigits(start) || !allDigits(end) {
			f.add(name, "{0: {'start': "+pyList("String does not match expected pattern.")+"}}")
			continue
		}
		out = append(out, Range{start, end, n})
	}
	return out
}

func deleteContext(c *call) (*answer, error) {
	x, err := c.context()
	if err != nil {
		return nil, err
	}
	for _, id := range c.extensions.byID() {
		if c.extensions.get(id).Context == x.Name {
			return nil, associated("Context", "Extension", meta{"context_id", x.ID}, meta{"extension_id", id})
		}
	}
	c.contexts.remove(x.ID)
	return noContent()
}
