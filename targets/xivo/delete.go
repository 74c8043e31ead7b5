package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"xivosync/reconcile/record"
)

// delete removes a user to whom nothing is attached. XiVO itself refuses while
// there is a line or a voicemail; incalls that point to the user it would leave
// pointing to nobody, so they are looked for first.
func (j *job) delete(ctx context.Context) error {
	now, err := j.client.user(ctx, j.change.Key, j.names)
	if err != nil {
		return err
	}
	for _, w := range j.wishes {
		if !w.held(now) {
			return stale(j.object, fmt.Sprintf("XiVO's %s changed since it was read", w.field.Name))
		}
	}
	if j.change.Fields["delete_anyway"].After.First() != "true" {
		if err := j.dangling(ctx, now); err != nil {
			return classified(j.object, err)
		}
	}
	q := request{method: http.MethodDelete, path: "/users/" + now.ID}
	_, err = j.write(ctx, q, func(ctx context.Context) (verdict, error) { return j.deleted(ctx, now.ID) })
	return err
}

// deleted looks whether the user is gone.
func (j *job) deleted(ctx context.Context, id string) (verdict, error) {
	_, err := j.client.user(ctx, id, nil)
	switch {
	case err == nil:
		return undone, nil
	case record.ClassOf(err) == record.Missing:
		return done, nil
	}
	return unclear, err
}

// dangling refuses while incalls (DIDs) lead to the user. The filter user_id is
// an exact one, but an unknown filter is ignored: the destinations are read.
func (j *job) dangling(ctx context.Context, u record.Record) error {
	var p page
	q := get("/incalls", url.Values{"user_id": {strconv.FormatUint(u.Serial, 10)}})
	if err := j.client.ask(ctx, q, &p); err != nil {
		return err
	}
	for _, raw := range p.Items {
		var incall struct {
			ID          int64 `json:"id"`
			Destination struct {
				Type   string `json:"type"`
				UserID uint64 `json:"user_id"`
			} `json:"destination"`
		}
		if err := json.Unmarshal(raw, &incall); err != nil {
			return fmt.Errorf("%s: an incall of another shape: %w", q, err)
		}
		if incall.Destination.Type == "user" && incall.Destination.UserID == u.Serial {
			return refused(j.object, fmt.Sprintf("incall %d leads to this user and would lead nowhere: it has to go first", incall.ID))
		}
	}
	return nil
}
