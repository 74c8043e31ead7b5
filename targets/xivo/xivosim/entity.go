package xivosim

import "strconv"

func entityRoutes() []*route {
	return []*route{
		{path: "entities", acl: "entities", methods: methods{"GET": listEntities, "POST": postEntity}},
		{path: "entities/{entity}", acl: "entities.{entity}", methods: methods{"GET": getEntity, "PUT": emptyMethod, "DELETE": deleteEntity}},
	}
}

type entityView struct {
	ID          int     `json:"id"`
	Name        string  `json:"name"`
	DisplayName *string `json:"display_name"`
	Links       []link  `json:"links"`
}

func (c *call) showEntity(e *Entity) any {
	return entityView{e.ID, e.Name, orNull(e.DisplayName), c.links("entities", "entities", e.ID)}
}

var entityColumns = columns[Entity]{
	textColumn("name", func(e *Entity) string { return e.Name }),
	numberColumn("id", func(e *Entity) int { return e.ID }),
	textColumn("display_name", func(e *Entity) string { return e.DisplayName }),
}

var entitySchema = schema[Entity]{
	textField(func(e *Entity) *string { return &e.Name }, rule{name: "name", required: true, pattern: entityName}),
	textField(func(e *Entity) *string { return &e.DisplayName }, rule{name: "display_name", null: nullResets, max: 128}),
}

func listEntities(c *call) (*answer, error) {
	return list(c, c.entities, entityColumns, 0, c.showEntity)
}

func (c *call) entity() (*Entity, error) {
	id := c.params.id("entity")
	if e := c.entities.get(id); e != nil {
		return e, nil
	}
	return nil, notFound("Entity", meta{"id", id})
}

func getEntity(c *call) (*answer, error) {
	e, err := c.entity()
	if err != nil {
		return nil, err
	}
	return ok(c.showEntity(e))
}

func postEntity(c *call) (*answer, error) {
	apply, err := loadBody(c, entitySchema, true)
	if err != nil {
		return nil, err
	}
	e := &Entity{}
	apply(e)
	for other := range c.entities.all() {
		if other.Name == e.Name {
			return nil, exists("Entity", meta{"name", e.Name})
		}
	}
	e.ID = c.entities.newID()
	c.entities.put(e.ID, e)
	return created("entities/"+strconv.Itoa(e.ID), c.showEntity(e))
}

func deleteEntity(c *call) (*answer, error) {
	e, err := c.entity()
	if err != nil {
		return nil, err
	}
	for _, id := range c.users.byID() {
		if c.users.get(id).EntityID == e.ID {
			return nil, associated("Entity", "User", meta{"entity_id", e.ID}, meta{"user_id", id})
		}
	}
	c.entities.remove(e.ID)
	return noContent()
}

func getUserEntity(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	return ok(map[string]any{
		"user_id": u.ID, "entity_id": u.EntityID,
		"links": []link{c.at("users", "users", u.ID), c.at("entities", "entities", u.EntityID)},
	})
}

// putUserEntity is refused for the entity he has and for a user with a line.
func putUserEntity(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	e, err := c.entity()
	if err != nil {
		return nil, err
	}
	if u.EntityID == e.ID {
		return nil, associated("User", "Entity", meta{"user_id", u.ID}, meta{"entity", e.ID})
	}
	if ids := c.lineIDs(u.ID); len(ids) > 0 {
		return nil, associated("User", "Line", meta{"user_id", u.ID}, meta{"line_ids", pyRaw("'" + joinIDs(ids, ",") + "'")})
	}
	moved := *u
	moved.EntityID = e.ID
	c.users.put(u.ID, &moved)
	return noContent()
}
