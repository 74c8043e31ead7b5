package xivosim

import (
	"encoding/json"
	"maps"
	"slices"
)

// readKey checks a key and what it points to.
func (c *call) readKey(body map[string]any) (k FuncKey, err error) {
	apply, err := keySchema.load(body, true)
	if err != nil {
		return k, err
	}
	apply(&k)
	raw, isObject := body["destination"].(map[string]any)
	kind, _ := raw["type"].(string)
	if !isObject || kind == "" {
		return k, badRequest("Input Error - missing parameters: destination")
	}
	k.Destination = readDestination(raw)
	for _, ref := range []struct {
		kind, field, resource string
		known                 func(id int) bool
	}{
		{"user", "user_id", "User", func(id int) bool { return c.users.get(id) != nil }},
		{"group", "group_id", "Group", func(id int) bool { return c.groups.get(id) != nil }},
	} {
		id, _ := k.Destination[ref.field].(int)
		if kind == ref.kind && !ref.known(id) {
			return k, unknownRef(ref.field, ref.resource, meta{ref.field, id})
		}
	}
	return k, nil
}

// readDestination copies a key's destination, numbers as int, without what
// only answers have.
func readDestination(raw map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range raw {
		if n, isNumber := v.(json.Number); isNumber {
			v, _ = pyInt(n)
		}
		if name != "href" {
			out[name] = v
		}
	}
	return out
}

// saveKeys writes a template, in which every key of its own gets a new id.
func (c *call) saveKeys(u *User, keys map[int]FuncKey) {
	with := *u
	with.Keys = map[int]FuncKey{}
	for _, position := range slices.Sorted(maps.Keys(keys)) {
		k := keys[position]
		switch k.Destination["type"] {
		case "user":
			k.ID = c.users.get(k.Destination["user_id"].(int)).FuncKeyID
		case "group":
			k.ID = c.groups.get(k.Destination["group_id"].(int)).FuncKeyID
		default:
			k.ID = c.newFuncKey()
		}
		with.Keys[position] = k
	}
	c.users.put(u.ID, &with)
}

// dropKeysTo takes away everybody's keys to a user or group that goes.
func (c *content) dropKeysTo(kind string, id int) {
	var owners []*User
	for u := range c.users.all() {
		if len(u.Keys) > 0 {
			owners = append(owners, u)
		}
	}
	for _, u := range owners {
		without := *u
		without.Keys = maps.Clone(u.Keys)
		maps.DeleteFunc(without.Keys, func(_ int, k FuncKey) bool {
			return k.Destination["type"] == kind && k.Destination[kind+"_id"] == id
		})
		c.users.put(u.ID, &without)
	}
}
