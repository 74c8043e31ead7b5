package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// habits are what an image of a user tells beside his fields (see image_user.go),
// with how each is put back. What a change does not name stays.
var habits = map[string]func(e *errand, ctx context.Context, name, text string) error{
	"forward_busy": (*errand).putForward, "forward_noanswer": (*errand).putForward, "forward_unconditional": (*errand).putForward,
	"service_dnd": (*errand).putService, "service_incallfilter": (*errand).putService,
	"funckeys": (*errand).putKeys, "fallbacks": (*errand).putKeys,
	"callpermissions": (*errand).permit, "groups": (*errand).joinGroups,
	"agent_id": (*errand).takeAgent, "cti_profile": (*errand).putProfile,
}

// applyHabits puts back what a user had set who is made again: forwards, do not
// disturb, keys, call permissions, groups, agent. Each stands for itself: what one
// of them leads to may be gone. The error then lists what is missing.
func (e *errand) applyHabits(ctx context.Context) error {
	if e.change.Op != record.Create {
		return refused(e.object, "what a user set himself is only ever put back")
	}
	var missing []string
	for _, name := range e.change.FieldNames() {
		put, text := habits[name], e.after(name)
		if put == nil || text == "" {
			continue
		}
		switch err := put(e, ctx, name, text); {
		case err == nil:
		case final(err):
			missing = append(missing, fmt.Sprintf("%s (%s)", name, words(err)))
		default:
			return err
		}
	}
	if len(missing) > 0 {
		return refused(e.object, "put back, except for "+strings.Join(missing, ", "))
	}
	return nil
}

// putJSON sends one request that says all and can be said again.
func (e *errand) putJSON(ctx context.Context, path, body string) error {
	q := request{method: http.MethodPut, path: path}
	if body != "" {
		q.body = []byte(body)
	}
	_, err := e.send(ctx, q, func(context.Context) (verdict, error) { return unclear, nil })
	return err
}

func (e *errand) userPath(rest string) string { return "/users/" + e.change.Key + rest }

func (e *errand) putForward(ctx context.Context, name, text string) error {
	return e.putJSON(ctx, e.userPath("/forwards/"+strings.TrimPrefix(name, "forward_")), text)
}

func (e *errand) putService(ctx context.Context, name, text string) error {
	return e.putJSON(ctx, e.userPath("/services/"+strings.TrimPrefix(name, "service_")), `{"enabled":`+strconv.FormatBool(text == "true")+`}`)
}

// putKeys serves what is one object below the user.
func (e *errand) putKeys(ctx context.Context, name, text string) error {
	return e.putJSON(ctx, e.userPath("/"+name), text)
}

func (e *errand) permit(ctx context.Context, _, text string) error {
	for _, id := range strings.Split(text, ",") {
		if err := e.putJSON(ctx, e.userPath("/callpermissions/"+id), ""); err != nil {
			return err
		}
	}
	return nil
}

func (e *errand) takeAgent(ctx context.Context, _, text string) error {
	return e.putJSON(ctx, e.userPath("/agents/"+text), "")
}

// putProfile gives a profile without switching the login on.
func (e *errand) putProfile(ctx context.Context, _, text string) error {
	id, err := e.client.idOf(ctx, profilesPath, text)
	switch {
	case err != nil:
		return classified(e.object, err)
	case id == 0:
		return refused(e.object, fmt.Sprintf("XiVO has no CTI profile %q", text))
	}
	return e.putJSON(ctx, ctiPath(e.change.Key), fmt.Sprintf(`{"cti_profile_id":%d,"enabled":false}`, id))
}

// joinGroups puts the user into groups: the resource takes the whole list of
// members, so that the others are read first.
func (e *errand) joinGroups(ctx context.Context, _, text string) error {
	type member struct {
		UUID string `json:"uuid"`
	}
	for _, id := range strings.Split(text, ",") {
		var group struct {
			Members struct {
				Users []member `json:"users"`
			} `json:"members"`
		}
		if err := e.client.ask(ctx, get("/groups/"+id, nil), &group); err != nil {
			return classified(e.object, err)
		}
		users := group.Members.Users
		if slices.Contains(users, member{e.change.Key}) {
			continue
		}
		b, _ := json.Marshal(map[string]any{"users": append(users, member{e.change.Key})}) // texts are always written
		if err := e.putJSON(ctx, "/groups/"+id+"/members/users", string(b)); err != nil {
			return err
		}
	}
	return nil
}

// Belongings tells what a user has that changes do not name, as an image of the
// user does: forwards, keys, permissions, groups, an agent, and texts that people
// may have written into fields of their own.
func (c *Client) Belongings(ctx context.Context, user string) (map[string]string, error) {
	image, err := c.Image(ctx, record.User, user, "")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, d := range image {
		_, set := habits[name]
		if set || slices.Contains(ownTexts, name) {
			out[name] = d.Before.First()
		}
	}
	return out, nil
}

// ownTexts are fields of a user that are empty unless somebody fills them.
var ownTexts = []string{"description", "userfield", "email", "mobile_phone_number", "music_on_hold", "preprocess_subroutine"}
