package xivosim

import (
	"maps"
	"slices"
	"strconv"
)

// FuncKey is one key of a user's phone.
type FuncKey struct {
	ID          int            `json:"id"`
	Label       *string        `json:"label"`
	BLF         bool           `json:"blf"`
	Destination map[string]any `json:"destination"` // ids are int
}

// firstFuncKey is the last id that a fresh XiVO has given to its own keys.
const firstFuncKey = 15

// newFuncKey takes the next key id; users and groups take one each, too.
func (c *content) newFuncKey() int {
	c.funcKeys++
	return c.funcKeys
}

var keySchema = schema[FuncKey]{
	optionalField(func(k *FuncKey) **string { return &k.Label }, rule{name: "label", null: nullResets, max: 128}),
	flagField(func(k *FuncKey) *bool { return &k.BLF }, rule{name: "blf"}),
}

func funcKeyRoutes() []*route {
	return []*route{
		{path: "users/{user}/funckeys", acl: "users.{user}.funckeys", methods: methods{"GET": getFuncKeys, "PUT": putFuncKeys}},
		{path: "users/{user}/funckeys/{position}", acl: "users.{user}.funckeys.{position}", methods: methods{"GET": getFuncKey, "PUT": putFuncKey, "DELETE": deleteFuncKey}},
	}
}

func (c *call) showKey(k FuncKey) map[string]any {
	destination := maps.Clone(k.Destination)
	destination["href"] = nil
	switch destination["type"] {
	case "user":
		destination["href"] = c.at("", "users", destination["user_id"].(int)).Href
	case "group":
		destination["href"] = c.at("", "groups", destination["group_id"].(int)).Href
	}
	return map[string]any{"id": k.ID, "label": k.Label, "blf": k.BLF, "destination": destination, "inherited": false}
}

func getFuncKeys(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	keys := map[string]any{}
	for position, k := range u.Keys {
		keys[strconv.Itoa(position)] = c.showKey(k)
	}
	return ok(map[string]any{"id": u.FuncKeyTemplateID, "name": nil, "keys": keys})
}

func getFuncKey(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	k, set := u.Keys[c.params.id("position")]
	if !set {
		return nil, notFound("FuncKey", meta{"id", u.FuncKeyTemplateID}, meta{"position", c.params.id("position")})
	}
	return ok(c.showKey(k))
}

func putFuncKey(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	k, err := c.readKey(body)
	if err != nil {
		return nil, err
	}
	keys := maps.Clone(u.Keys)
	if keys == nil {
		keys = map[int]FuncKey{}
	}
	keys[c.params.id("position")] = k
	c.saveKeys(u, keys)
	return noContent()
}

func deleteFuncKey(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	keys := maps.Clone(u.Keys)
	delete(keys, c.params.id("position"))
	c.saveKeys(u, keys)
	return noContent()
}

// putFuncKeys replaces the whole template. Members that a client may not
// write are refused here, not ignored: what GET gave cannot be put back as it is.
func putFuncKeys(c *call) (*answer, error) {
	u, err := c.user()
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.r)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name != "name" && name != "keys" {
			return nil, badRequest("Input Error - unknown parameters: %s", name)
		}
	}
	if name, given := body["name"]; given && name == nil {
		return nil, badRequest("Input Error - field 'name': wrong type. Should be a unicode string")
	}
	items, _ := body["keys"].(map[string]any)
	keys := map[int]FuncKey{}
	for _, position := range slices.Sorted(maps.Keys(items)) {
		n, err := strconv.Atoi(position)
		item, isObject := items[position].(map[string]any)
		if err != nil || n < 1 || !isObject {
			return nil, badRequest("Input Error - field 'keys': wrong type. Should be a dict-like structures")
		}
		if keys[n], err = c.readKey(item); err != nil {
			return nil, err
		}
	}
	c.saveKeys(u, keys)
	return noContent()
}
