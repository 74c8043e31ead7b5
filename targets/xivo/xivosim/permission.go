package xivosim

import (
	"slices"
	"strconv"
)

// CallPermission is a set of numbers that its users may or may not call.
type CallPermission struct {
	ID          int      `json:"id"`
	Name        string   `json:"name"`
	Password    string   `json:"password,omitempty"`
	Mode        string   `json:"mode"`
	Extensions  []string `json:"extensions,omitempty"`
	Enabled     bool     `json:"enabled"`
	Description string   `json:"description,omitempty"`
}

func permissionRoutes() []*route {
	return []*route{
		{path: "callpermissions", acl: "callpermissions", methods: methods{"GET": listPermissions, "POST": postPermission}},
		{path: "callpermissions/{permission}", acl: "callpermissions.{permission}", methods: methods{"GET": getPermission, "DELETE": deletePermission}},
		{path: "users/{user}/callpermissions", acl: "users.{user}.callpermissions", methods: methods{"GET": listUserPermissions}},
		{path: "users/{user}/callpermissions/{permission}", acl: "users.{user}.callpermissions.{permission}", methods: methods{
			"PUT": putUserPermission, "DELETE": deleteUserPermission,
		}},
	}
}

var permissionColumns = columns[CallPermission]{
	textColumn("name", func(p *CallPermission) string { return p.Name }),
	numberColumn("id", func(p *CallPermission) int { return p.ID }),
	textColumn("description", func(p *CallPermission) string { return p.Description }),
	textColumn("mode", func(p *CallPermission) string { return p.Mode }),
}

var permissionSchema = schema[CallPermission]{
	textField(func(p *CallPermission) *string { return &p.Name }, rule{name: "name", required: true, max: 128}),
	textField(func(p *CallPermission) *string { return &p.Password }, rule{name: "password", null: nullResets, pattern: permissionCode}),
	textField(func(p *CallPermission) *string { return &p.Mode }, rule{name: "mode", choices: []string{"allow", "deny"}}),
	flagField(func(p *CallPermission) *bool { return &p.Enabled }, rule{name: "enabled"}),
	textField(func(p *CallPermission) *string { return &p.Description }, rule{name: "description", null: nullResets}),
}

type permissionView struct {
	ID          int      `json:"id"`
	Name        string   `json:"name"`
	Password    *string  `json:"password"`
	Mode        string   `json:"mode"`
	Extensions  []string `json:"extensions"`
	Enabled     bool     `json:"enabled"`
	Description *string  `json:"description"`
	Links       []link   `json:"links"`
}

func (c *call) showPermission(p *CallPermission) any {
	return permissionView{
		p.ID, p.Name, orNull(p.Password), p.Mode, append([]string{}, p.Extensions...), p.Enabled, orNull(p.Description),
		c.links("callpermissions", "callpermissions", p.ID),
	}
}

func listPermissions(c *call) (*answer, error) {
	return list(c, c.permissions, permissionColumns, costVoicemailRow, c.showPermission)
}

func (c *call) permission() (*CallPermission, error) {
	id := c.params.id("permission")
	if p := c.permissions.get(id); p != nil {
		return p, nil
	}
	return nil, notFound("CallPermission", meta{"id", id})
}

func getPermission(c *call) (*answer, error) {
	p, err := c.permission()
	if err != nil {
		return nil, err
	}
	return ok(c.showPermission(p))
}

func postPermission(c *call) (*answer, error) {
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	apply, err := permissionSchema.load(body, true)
	if err != nil {
		return nil, err
	}
	p := &CallPermission{Mode: "deny", Enabled: true}
	apply(p)
	numbers, _ := body["extensions"].([]any)
	for _, v := range numbers {
		number, _ := v.(string)
		p.Extensions = append(p.Extensions, number)
	}
	for other := range c.permissions.all() {
		if other.Name == p.Name {
			return nil, exists("CallPermission", meta{"name", p.Name})
		}
	}
	p.ID = c.permissions.newID()
	c.permissions.put(p.ID, p)
	return created("callpermissions/"+strconv.Itoa(p.ID), c.showPermission(p))
}

// deletePermission takes it away from its users as well.
func deletePermission(c *call) (*answer, error) {
	p, err := c.permission()
	if err != nil {
		return nil, err
	}
	for _, id := range c.users.byID() {
		c.revokePermission(c.users.get(id), p.ID)
	}
	c.permissions.remove(p.ID)
	return noContent()
}

func (c *content) revokePermission(u *User, id int) {
	if !slices.Contains(u.PermissionIDs, id) {
		return
	}
	without := *u
	without.PermissionIDs = slices.DeleteFunc(slices.Clone(u.PermissionIDs), func(other int) bool { return other == id })
	c.users.put(u.ID, &without)
}

type userPermissionView struct {
	UserID       int    `json:"user_id"`
	PermissionID int    `json:"call_permission_id"`
	Links        []link `json:"links"`
}

func listUserPermissions(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	var items []userPermissionView
	for _, id := range u.PermissionIDs {
		links := []link{c.at("users", "users", u.ID), c.at("callpermissions", "callpermissions", id)}
		items = append(items, userPermissionView{u.ID, id, links})
	}
	return ok(pageOf(items))
}

// pathUserPermission fetches what such an association is about.
func (c *call) pathUserPermission() (*User, *CallPermission, error) {
	u, err := c.user()
	if err != nil {
		return nil, nil, err
	}
	p, err := c.permission()
	return u, p, err
}

func putUserPermission(c *call) (*answer, error) {
	u, p, err := c.pathUserPermission()
	if err != nil {
		return nil, err
	}
	if slices.Contains(u.PermissionIDs, p.ID) {
		return nil, associated("User", "CallPermission", meta{"user_id", u.ID}, meta{"call_permission_id", p.ID})
	}
	with := *u
	with.PermissionIDs = append(slices.Clone(u.PermissionIDs), p.ID)
	c.users.put(u.ID, &with)
	return noContent()
}

func deleteUserPermission(c *call) (*answer, error) {
	u, p, err := c.pathUserPermission()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(u.PermissionIDs, p.ID) {
		return nil, notFound("UserCallPermission", meta{"user_id", u.ID}, meta{"call_permission_id", p.ID})
	}
	c.revokePermission(u, p.ID)
	return noContent()
}
