package xivosim

import (
	"errors"
	"strconv"
)

func incallRoutes() []*route {
	return []*route{
		{path: "incalls", acl: "incalls", methods: methods{"GET": listIncalls, "POST": postIncall}},
		{path: "incalls/{incall}", acl: "incalls.{incall}", methods: methods{"GET": getIncall, "PUT": putIncall, "DELETE": deleteIncall}},
	}
}

type incallView struct {
	ID           int            `json:"id"`
	Subroutine   *string        `json:"preprocess_subroutine"`
	CallerIDMode *string        `json:"caller_id_mode"`
	CallerIDName *string        `json:"caller_id_name"`
	Description  *string        `json:"description"`
	Destination  map[string]any `json:"destination"`
	Links        []link         `json:"links"`
	Extensions   []extenRef     `json:"extensions"`
}

func (c *call) showIncall(i *Incall) any {
	return incallView{
		i.ID, orNull(i.Subroutine), orNull(i.CallerIDMode), orNull(i.CallerIDName), orNull(i.Description),
		c.showTarget(i.Destination, c.sim.opt.Version), c.links("incalls", "incalls", i.ID), c.incallExtenRefs(i.ID),
	}
}

var incallColumns = columns[Incall]{
	{name: "id", number: true, sought: true, get: func(i *Incall) (string, bool) { return strconv.Itoa(i.ID), false }},
	textColumn("preprocess_subroutine", func(i *Incall) string { return i.Subroutine }),
	{name: "user_id", number: true, sought: true, get: func(i *Incall) (string, bool) {
		return strconv.Itoa(i.Destination.id("user_id")), i.Destination.Type != "user"
	}},
	textColumn("description", func(i *Incall) string { return i.Description }),
}

func listIncalls(c *call) (*answer, error) {
	return list(c, c.incalls, incallColumns, costIncallRow, c.showIncall)
}

func (c *call) incall() (*Incall, error) {
	id := c.params.id("incall")
	if i := c.incalls.get(id); i != nil {
		return i, nil
	}
	return nil, notFound("Incall", meta{"id", id})
}

func getIncall(c *call) (*answer, error) {
	i, err := c.incall()
	if err != nil {
		return nil, err
	}
	return ok(c.showIncall(i))
}

// loadIncall reads a body into a row: the plain fields and the destination.
func (c *call) loadIncall(i *Incall, creating bool) error {
	body, err := readBody(c.r)
	if err != nil {
		return err
	}
	apply, err := incallSchema.load(body, creating)
	var f faults
	var p *problem
	if errors.As(err, &p) {
		f.texts = p.messages
	}
	raw, given := body["destination"]
	switch {
	case !given && creating:
		raw = map[string]any{}
	case given && raw == nil:
		f.add("destination", pyList("Field may not be null."))
	}
	if raw != nil {
		t, complaint := readTarget(raw)
		if complaint != nil {
			f.add("destination", *complaint)
		}
		i.Destination = t
	}
	if err := f.err(); err != nil {
		return err
	}
	if !given && !creating {
		return unexpected("'destination'") // confd takes it for granted
	}
	apply(i)
	return c.checkTarget(i.Destination)
}

func postIncall(c *call) (*answer, error) {
	i := &Incall{}
	if err := c.loadIncall(i, true); err != nil {
		return nil, err
	}
	c.createIncall(i)
	return created("incalls/"+strconv.Itoa(i.ID), c.showIncall(i))
}

func (c *call) createIncall(i *Incall) {
	i.ID = c.incalls.newID()
	c.incalls.put(i.ID, i)
}

func putIncall(c *call) (*answer, error) {
	old, err := c.incall()
	if err != nil {
		return nil, err
	}
	i := *old
	if err := c.loadIncall(&i, false); err != nil {
		return nil, err
	}
	c.incalls.put(i.ID, &i)
	return noContent()
}

// deleteIncall frees the number; its extension stays.
func deleteIncall(c *call) (*answer, error) {
	i, err := c.incall()
	if err != nil {
		return nil, err
	}
	for _, id := range c.extenOwner.ids(tie{"incall", i.ID}) {
		c.freeExtension(id)
	}
	c.incalls.remove(i.ID)
	return noContent()
}

// freeExtension makes an extension nobody's.
func (c *content) freeExtension(id int) {
	e := *c.extensions.get(id)
	e.Owner, e.OwnerID = "user", 0
	c.extensions.put(id, &e)
}
