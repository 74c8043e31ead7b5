package xivo

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

const profilesPath = "/cti_profiles"

func ctiPath(user string) string { return "/users/" + user + "/cti" }

// readCTI tells the profile under which the user may log in. The profile stays
// when the login is disabled: it cannot be taken away.
func (c *Client) readCTI(ctx context.Context, r resident) (map[string]record.Value, error) {
	var cti struct {
		Enabled bool `json:"enabled"`
		Profile int  `json:"cti_profile_id"`
	}
	if err := c.ask(ctx, get(ctiPath(r.ID), nil), &cti); err != nil || !cti.Enabled {
		return map[string]record.Value{"cti": nil}, err
	}
	name, err := c.nameOf(ctx, profilesPath, cti.Profile)
	return map[string]record.Value{"cti": profile(cti.Enabled, name)}, err
}

// applyCTI enables the login under a profile, or disables it. XiVO refuses to
// enable it for a user without username and password.
func (e *errand) applyCTI(ctx context.Context) error {
	list, err := e.ctiWishes(ctx)
	if err != nil {
		return err
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if err := e.giveLogin(ctx); err != nil {
			return err
		}
		if e.change.Op == record.Create {
			return e.put(ctx, ctiPath(e.change.Key), list)
		}
		return e.edit(ctx, ctiPath(e.change.Key), list)
	})
}

// ctiWishes turns the names of profiles into what confd takes.
func (e *errand) ctiWishes(ctx context.Context) ([]wish, error) {
	before, after := e.before("cti"), e.after("cti")
	enabled := wish{record.Field{Name: "enabled", Kind: record.Bool}, record.Delta{
		Before: record.Text(fmt.Sprint(before != "")), After: record.Text(fmt.Sprint(after != "")),
	}, false}
	was, err := e.client.idOf(ctx, profilesPath, before)
	if err != nil {
		return nil, classified(e.object, err)
	}
	id, err := e.client.idOf(ctx, profilesPath, after)
	if err != nil {
		return nil, classified(e.object, err)
	}
	if after != "" && id == 0 {
		return nil, refused(e.object, fmt.Sprintf("XiVO has no CTI profile %q", after))
	}
	chosen := wish{record.Field{Name: "cti_profile_id", Kind: record.Int}, record.Delta{
		Before: record.Text(strconv.Itoa(was)), After: record.Text(strconv.Itoa(id)),
	}, before == ""}
	if after == "" { // the profile has to be the one that was seen, and stays
		chosen.delta.After = chosen.delta.Before
	}
	if before == "" && after == "" {
		return []wish{enabled}, nil
	}
	return []wish{enabled, chosen}, nil
}

// giveLogin gives a user without username or password those of the change: XiVO
// enables no login without. What he has stays as it is.
func (e *errand) giveLogin(ctx context.Context) error {
	if e.after("cti") == "" || !e.has("cti_username") && !e.has("cti_password") {
		return nil
	}
	path := "/users/" + e.change.Key
	list := []wish{
		{field: record.Field{Name: "username"}, delta: record.Delta{After: e.change.Fields["cti_username"].After}},
		{field: record.Field{Name: "password", Secret: true}, delta: record.Delta{After: e.change.Fields["cti_password"].After, Secret: true}},
	}
	now, err := e.client.object(ctx, path, list)
	if err != nil {
		return classified(e.object, err)
	}
	missing := slices.DeleteFunc(list, func(w wish) bool { return !now.Values[w.field.Name].Empty() || w.delta.After.Empty() })
	if len(missing) == 0 {
		return nil
	}
	return e.put(ctx, path, missing)
}
