package xivosim

import "strconv"

func incallExtensionRoutes() []*route {
	return []*route{{
		path: "incalls/{incall}/extensions/{exten}", acl: "incalls.{incall}.extensions.{exten}",
		methods: methods{"PUT": putIncallExtension, "DELETE": deleteIncallExtension},
	}}
}

// pathIncallExtension fetches what an incall-extension association is about.
func (c *call) pathIncallExtension() (*Incall, *Extension, error) {
	i, err := c.incall()
	if err != nil {
		return nil, nil, err
	}
	e, err := c.extension()
	return i, e, err
}

func putIncallExtension(c *call) (*answer, error) {
	i, e, err := c.pathIncallExtension()
	if err != nil {
		return nil, err
	}
	if err := c.attachNumber(i, e); err != nil {
		return nil, err
	}
	return noContent()
}

// attachNumber gives an incall its one number.
func (c *call) attachNumber(i *Incall, e *Extension) error {
	taken := func(incallID, extenID int) error {
		return associated("Incall", "Extension", meta{"incall_id", strconv.Itoa(incallID)}, meta{"extension_id", extenID})
	}
	if id, has := c.extenOwner.first(tie{"incall", i.ID}); has {
		return taken(i.ID, id)
	}
	switch {
	case e.OwnerID != 0 && e.Owner == "incall":
		return taken(e.OwnerID, e.ID)
	case e.OwnerID != 0:
		return associated("Extension", e.Owner, meta{"extension_id", e.ID}, meta{"associated_id", strconv.Itoa(e.OwnerID)})
	}
	if x := c.contextNamed(e.Context); x == nil || x.Type != "incall" {
		return wrongContext(e, x)
	}
	owned := *e
	owned.Owner, owned.OwnerID = "incall", i.ID
	c.extensions.put(e.ID, &owned)
	return nil
}

func deleteIncallExtension(c *call) (*answer, error) {
	i, e, err := c.pathIncallExtension()
	if err != nil {
		return nil, err
	}
	if e.Owner != "incall" || e.OwnerID != i.ID {
		return nil, notFound("IncallExtension", meta{"incall_id", i.ID}, meta{"extension_id", e.ID})
	}
	c.freeExtension(e.ID)
	return noContent()
}
