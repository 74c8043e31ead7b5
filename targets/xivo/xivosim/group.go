package xivosim

import (
	"slices"
	"strconv"
	"strings"
)

// Group is a group of users that ring together; the members in their order.
type Group struct {
	ID        int    `json:"id"`
	Name      string `json:"name"`
	UserIDs   []int  `json:"user_ids,omitempty"`
	FuncKeyID int    `json:"func_key_id"`
	// NoAnswer is where calls go that no member takes.
	NoAnswer *Target `json:"fallback_noanswer,omitempty"`
}

func groupRoutes() []*route {
	return []*route{
		{path: "groups", acl: "groups", newer: true, methods: methods{"GET": listGroups, "POST": postGroup}},
		{path: "groups/{group}", acl: "groups.{group}", newer: true, methods: methods{"GET": getGroup, "DELETE": deleteGroup}},
		{path: "groups/{group}/extensions/{exten}", acl: "groups.{group}.extensions.{exten}", newer: true, methods: methods{"PUT": putGroupExtension, "DELETE": deleteGroupExtension}},
		{path: "groups/{group}/members/users", acl: "groups.{group}.members.users", newer: true, methods: methods{"PUT": putGroupUsers}},
		// Upstream's route; the recordings have the object only.
		{path: "groups/{group}/fallbacks", acl: "groups.{group}.fallbacks", newer: true, methods: methods{"PUT": putGroupFallbacks}},
	}
}

var groupColumns = columns[Group]{
	numberColumn("id", func(g *Group) int { return g.ID }),
	textColumn("name", func(g *Group) string { return g.Name }),
}

var groupSchema = schema[Group]{
	textField(func(g *Group) *string { return &g.Name }, rule{name: "name", required: true, max: 128}),
}

// showGroup has what can be changed here and the defaults of everything else.
func (c *call) showGroup(g *Group) any {
	users, extens := []userRef{}, []extenRef{}
	for _, id := range g.UserIDs {
		users = append(users, c.userRef(c.users.get(id)))
	}
	for _, id := range c.extenOwner.ids(tie{"group", g.ID}) {
		extens = append(extens, c.extenRef(c.extensions.get(id)))
	}
	return map[string]any{
		"id": g.ID, "name": g.Name, "preprocess_subroutine": nil, "ring_strategy": "all", "caller_id_mode": nil,
		"caller_id_name": nil, "timeout": nil, "user_timeout": 15, "retry_delay": 5, "music_on_hold": nil,
		"ring_in_use": true, "enabled": true, "links": c.links("groups", "groups", g.ID), "extensions": extens,
		"fallbacks": c.showGroupFallbacks(g), "incalls": []incallRef{},
		"members": map[string]any{"users": users},
	}
}

func (c *call) showGroupFallbacks(g *Group) map[string]any {
	if g.NoAnswer == nil {
		return map[string]any{"noanswer_destination": nil}
	}
	return map[string]any{"noanswer_destination": c.showTarget(*g.NoAnswer, c.sim.opt.Version)}
}

// groupRefs are the groups a user is in.
func (c *call) groupRefs(u *User) []groupRef {
	refs := []groupRef{}
	for _, id := range c.groupsOfUser.ids(u.ID) {
		g := c.groups.get(id)
		refs = append(refs, groupRef{g.ID, g.Name, c.links("groups", "groups", g.ID)})
	}
	return refs
}

func (c *call) group() (*Group, error) {
	id := c.params.id("group")
	if g := c.groups.get(id); g != nil {
		return g, nil
	}
	return nil, notFound("Group", meta{"id", id})
}

func listGroups(c *call) (*answer, error) {
	return list(c, c.groups, groupColumns, costUserRow, c.showGroup)
}

func getGroup(c *call) (*answer, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	return ok(c.showGroup(g))
}

func postGroup(c *call) (*answer, error) {
	apply, err := loadBody(c, groupSchema, true)
	if err != nil {
		return nil, err
	}
	g := &Group{}
	apply(g)
	for other := range c.groups.all() {
		if other.Name == g.Name {
			return nil, exists("Group", meta{"name", g.Name})
		}
	}
	g.ID, g.FuncKeyID = c.groups.newID(), c.newFuncKey()
	c.groups.put(g.ID, g)
	return created("groups/"+strconv.Itoa(g.ID), c.showGroup(g))
}

func deleteGroup(c *call) (*answer, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	for _, id := range c.extenOwner.ids(tie{"group", g.ID}) {
		c.freeExtension(id)
	}
	c.dropKeysTo("group", g.ID)
	c.groups.remove(g.ID)
	return noContent()
}

func putGroupExtension(c *call) (*answer, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	if e.OwnerID != 0 {
		return nil, associated("Extension", e.Owner, meta{"extension_id", e.ID}, meta{"associated_id", strconv.Itoa(e.OwnerID)})
	}
	owned := *e
	owned.Owner, owned.OwnerID = "group", g.ID
	c.extensions.put(e.ID, &owned)
	return noContent()
}

func deleteGroupExtension(c *call) (*answer, error) {
	g, err := c.group()
	if err != nil {
		return nil, err
	}
	e, err := c.extension()
	if err != nil {
		return nil, err
	}
	if e.Owner != "group" || e.OwnerID != g.ID {
		return nil, notFound("GroupExtension", meta{"group_id", g.ID}, meta{"extension_id", e.ID})
	}
	c.freeExtension(e.ID)
	return noContent()
}

// putGroupUsers replaces the members.
func putGroupUsers(c *call) (*answer, error) {
	old, err := c.group()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	items, isList := body["users"].([]any)
	if !isList {
		return nil, badRequest("Input Error - users: %s", pyList("Missing data for required field."))
	}
	g := *old
	g.UserIDs = nil
	for _, item := range items {
		member, _ := item.(map[string]any)
		uuid, _ := member["uuid"].(string)
		id, found := c.userUUID.first(strings.ToLower(uuid))
		if !found {
			return nil, notFound("User", meta{"uuid", uuid})
		}
		g.UserIDs = append(g.UserIDs, id)
	}
	c.groups.put(g.ID, &g)
	return noContent()
}

// putGroupFallbacks sets where calls go that no member takes.
func putGroupFallbacks(c *call) (*answer, error) {
	old, err := c.group()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	raw, given := body["noanswer_destination"]
	if !given {
		return noContent()
	}
	g := *old
	g.NoAnswer = nil
	if raw != nil {
		t, complaint := readTarget(raw)
		if complaint != nil {
			var f faults
			f.add("noanswer_destination", *complaint)
			return nil, f.err()
		}
		if err := c.checkTarget(t); err != nil {
			return nil, err
		}
		g.NoAnswer = &t
	}
	c.groups.put(g.ID, &g)
	return noContent()
}

// leaveGroups takes a user out of all his groups.
func (c *content) leaveGroups(userID int) {
	for _, id := range slices.Clone(c.groupsOfUser.ids(userID)) {
		g := *c.groups.get(id)
		g.UserIDs = slices.DeleteFunc(slices.Clone(g.UserIDs), func(id int) bool { return id == userID })
		c.groups.put(id, &g)
	}
}
