package xivo

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"xivosync/reconcile/record"
)

// update writes what differs, while the before-values are still held.
func (j *job) update(ctx context.Context) (record.Record, error) {
	now, err := j.client.user(ctx, j.change.Key, j.names)
	if err != nil {
		return record.Record{}, err
	}
	if err := still(j.object, j.wishes, now); err != nil {
		return record.Record{}, err
	}
	missing := open(j.wishes, now)
	if len(missing) == 0 {
		return j.outcome(ctx, now, true)
	}
	b, secrets, err := body(missing)
	if err != nil {
		return record.Record{}, classified(j.object, err)
	}
	var seen record.Record
	q := request{method: http.MethodPut, path: "/users/" + now.ID, body: b, secrets: secrets}
	answer, err := j.write(ctx, q, func(ctx context.Context) (_ verdict, err error) {
		seen, err = j.client.user(ctx, now.ID, j.names)
		return updated(missing, seen), err
	})
	if err != nil {
		return record.Record{}, err
	}
	if answer == nil {
		now = seen
	}
	return j.outcome(ctx, now, answer == nil)
}

// updated compares a user with what was to be written.
func updated(list []wish, u record.Record) verdict {
	switch {
	case u.ID == "":
		return unclear
	case all(list, u, wish.holds):
		return done
	case all(list, u, wish.held):
		return undone
	}
	return unclear
}

// still wants each field to hold its before-value, or already its after-value.
func still(object string, list []wish, u record.Record) error {
	var changed []string
	for _, w := range list {
		if !w.held(u) && !w.holds(u) {
			changed = append(changed, w.field.Name)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return stale(object, fmt.Sprintf("XiVO's %s changed since it was read", strings.Join(changed, ", ")))
}
