package xivo

import (
	"context"
	"fmt"

	"xivosync/reconcile/record"
)

const entitiesPath = "/entities"

// entityOf returns the id of a user's entity.
func (c *Client) entityOf(ctx context.Context, user string) (int, error) {
	var told struct {
		ID int `json:"entity_id"`
	}
	err := c.ask(ctx, get("/users/"+user+entitiesPath, nil), &told)
	return told.ID, err
}

// readEntity tells the name of the user's entity.
func (c *Client) readEntity(ctx context.Context, r resident) (map[string]record.Value, error) {
	id, err := c.entityOf(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	name, err := c.nameOf(ctx, entitiesPath, id)
	return map[string]record.Value{"entity": record.Text(name)}, err
}

// applyEntity puts the user into an entity. XiVO refuses it for who has a line,
// and for the entity that he is in.
func (e *errand) applyEntity(ctx context.Context) error {
	if e.change.Op != record.Create && e.change.Op != record.Update {
		return refused(e.object, "an entity can be changed, and nothing else")
	}
	id, err := e.client.idOf(ctx, entitiesPath, e.after("entity"))
	if err != nil {
		return classified(e.object, err)
	}
	if id == 0 {
		return refused(e.object, fmt.Sprintf("XiVO has no entity %q", e.after("entity")))
	}
	now, err := e.client.entityOf(ctx, e.change.Key)
	if err != nil {
		return classified(e.object, err)
	}
	if now == id {
		return nil
	}
	name, err := e.client.nameOf(ctx, entitiesPath, now)
	if err != nil {
		return classified(e.object, err)
	}
	if err := e.holds("entity", name); err != nil {
		return err
	}
	return e.carryOut(ctx, func(ctx context.Context) error { return e.enter(ctx, id) })
}

// enter sends the one request.
func (e *errand) enter(ctx context.Context, id int) error {
	_, err := e.send(ctx, associate(fmt.Sprintf("/users/%s/entities/%d", e.change.Key, id)), func(ctx context.Context) (verdict, error) {
		now, err := e.client.entityOf(ctx, e.change.Key)
		if now == id {
			return done, err
		}
		return undone, err
	})
	return err
}
