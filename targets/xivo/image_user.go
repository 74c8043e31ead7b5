package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// imageOfUser reads a user himself: every field of /users under its own name,
// and besides
//
//	entity           the name of the entity
//	cti_profile      the name of the CTI profile, also where the login is off
//	cti_enabled      true where the login is on
//	forward_busy     JSON as PUT /users/U/forwards/busy takes it; likewise
//	                 forward_noanswer and forward_unconditional
//	service_dnd      true where it is on; likewise service_incallfilter
//	funckeys         JSON as PUT /users/U/funckeys takes it: the user's own keys
//	fallbacks        JSON as PUT /users/U/fallbacks takes it (16.16)
//	callpermissions  ids, separated by commas
//	groups           ids, separated by commas (16.16)
//	agent_id         the id of the agent
//
// What is not set is left out. The uuid is the key of the change.
func (e *errand) imageOfUser(ctx context.Context) (map[string]string, error) {
	body, err := e.client.userBody(ctx, e.change.Key)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	u, err := e.client.userOf(body, e.change.Key, names)
	if err != nil {
		return nil, err
	}
	image := map[string]string{}
	for _, name := range names {
		image[name] = u.Values[name].First()
	}
	for _, add := range []func(context.Context, json.RawMessage, map[string]string) error{
		e.imageOfHabits, e.imageOfKeys, e.imageOfLogin, e.imageOfPermissions,
	} {
		if err := add(ctx, body, image); err != nil {
			return nil, err
		}
	}
	return image, nil
}

// imageOfHabits takes what the user's body tells beside his fields: forwards,
// services, groups and fallbacks.
func (e *errand) imageOfHabits(_ context.Context, body json.RawMessage, image map[string]string) error {
	var told struct {
		Forwards map[string]forward `json:"forwards"`
		Services map[string]struct {
			Enabled bool `json:"enabled"`
		} `json:"services"`
		Groups    []ref                      `json:"groups"`
		Fallbacks map[string]json.RawMessage `json:"fallbacks"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return fmt.Errorf("a user with habits of another shape: %w", err)
	}
	for kind, f := range told.Forwards {
		if f.Enabled || f.Destination != "" {
			image["forward_"+kind] = compact(f)
		}
	}
	for kind, s := range told.Services {
		image["service_"+kind] = flagText(s.Enabled)
	}
	image["groups"] = idList(told.Groups)
	for _, d := range told.Fallbacks {
		if string(d) != "null" {
			image["fallbacks"] = compact(told.Fallbacks)
		}
	}
	return nil
}

// imageOfKeys takes the user's own keys: those of a template come by themselves.
func (e *errand) imageOfKeys(ctx context.Context, _ json.RawMessage, image map[string]string) error {
	keys, err := e.client.keysOf(ctx, e.change.Key)
	if err != nil {
		return err
	}
	own := map[string]any{}
	for position, k := range keys {
		if k.Inherited {
			continue
		}
		var destination map[string]any
		if err := json.Unmarshal(k.Destination.raw, &destination); err != nil {
			return fmt.Errorf("key %s: a destination of another shape: %w", position, err)
		}
		delete(destination, "href") // PUT does not take it
		one := map[string]any{"blf": k.BLF, "destination": destination}
		if k.Label != nil {
			one["label"] = *k.Label
		}
		own[position] = one
	}
	if len(own) > 0 {
		image["funckeys"] = compact(map[string]any{"keys": own})
	}
	return nil
}

// imageOfLogin takes CTI, entity and agent.
func (e *errand) imageOfLogin(ctx context.Context, _ json.RawMessage, image map[string]string) error {
	var cti struct {
		Enabled bool `json:"enabled"`
		Profile int  `json:"cti_profile_id"`
	}
	if err := e.client.ask(ctx, get(ctiPath(e.change.Key), nil), &cti); err != nil {
		return err
	}
	image["cti_enabled"] = flagText(cti.Enabled)
	var err error
	if cti.Profile != 0 {
		if image["cti_profile"], err = e.client.nameOf(ctx, profilesPath, cti.Profile); err != nil {
			return err
		}
	}
	entity, err := e.client.entityOf(ctx, e.change.Key)
	if err != nil {
		return err
	}
	if image["entity"], err = e.client.nameOf(ctx, entitiesPath, entity); err != nil {
		return err
	}
	agent, err := e.client.agentOf(ctx, e.change.Key)
	if agent != 0 {
		image["agent_id"] = strconv.Itoa(agent)
	}
	return err
}

// imageOfPermissions takes the call permissions.
func (e *errand) imageOfPermissions(ctx context.Context, _ json.RawMessage, image map[string]string) error {
	type link struct {
		ID int `json:"call_permission_id"`
	}
	links, err := listOf[link](ctx, e.client, "/users/"+e.change.Key+"/callpermissions", nil)
	var refs []ref
	for _, l := range links {
		refs = append(refs, ref(l))
	}
	image["callpermissions"] = idList(refs)
	return err
}

// compact writes JSON of what was read as JSON.
func compact(v any) string {
	b, _ := json.Marshal(v) // always written
	return string(b)
}

func idList(refs []ref) string {
	var texts []string
	for _, r := range refs {
		texts = append(texts, strconv.Itoa(r.ID))
	}
	return strings.Join(texts, ",")
}

// deletion are the wishes of a deletion: of what it carries, the fields of users
// are compared with what XiVO holds. The rest is for a rollback.
func deletion(object string, change record.Change) ([]wish, error) {
	fieldsOnly := change
	fieldsOnly.Fields = map[string]record.Delta{}
	for name, d := range change.Fields {
		if _, ok := fieldOf(name); ok {
			fieldsOnly.Fields[name] = d
		}
	}
	return wishes(object, fieldsOnly)
}
