package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"xivosync/reconcile/record"
)

// edit writes what differs of an object that GET shows as PUT takes it (an
// extension, an endpoint, a mailbox), while it holds the before-values.
func (e *errand) edit(ctx context.Context, path string, list []wish) error {
	now, err := e.client.object(ctx, path, list)
	if err != nil {
		return classified(e.object, err)
	}
	for i := range list {
		if list[i].any {
			list[i].delta.Before = now.Values[list[i].field.Name]
		}
	}
	if err := still(e.object, list, now); err != nil {
		return err
	}
	missing := open(list, now)
	if len(missing) == 0 {
		return nil
	}
	return e.put(ctx, path, missing)
}

// put writes all of the list.
func (e *errand) put(ctx context.Context, path string, list []wish) error {
	b, secrets, err := body(list)
	if err != nil {
		return classified(e.object, err)
	}
	q := request{method: http.MethodPut, path: path, body: b, secrets: secrets}
	_, err = e.send(ctx, q, func(ctx context.Context) (verdict, error) {
		now, err := e.client.object(ctx, path, list)
		return updated(list, now), err
	})
	if err == nil {
		e.remember("what "+path+" held", func(ctx context.Context) error { return e.put(ctx, path, turned(list)) })
	}
	return err
}

// object reads the wished keys of one object.
func (c *Client) object(ctx context.Context, path string, list []wish) (record.Record, error) {
	var object map[string]json.RawMessage
	if err := c.ask(ctx, get(path, nil), &object); err != nil {
		return record.Record{}, err
	}
	rec := record.Record{ID: path, Values: map[string]record.Value{}}
	for _, w := range list {
		raw, there := object[w.field.Name]
		if !there {
			return record.Record{}, fmt.Errorf("GET %s: there is no %q", path, w.field.Name)
		}
		text, err := parseValue(w.field.Kind, raw)
		if err != nil {
			return record.Record{}, fmt.Errorf("GET %s: %s: %w", path, w.field.Name, err)
		}
		rec.Values[w.field.Name] = record.Text(text)
	}
	return rec, nil
}

// turned makes wishes of what was held.
func turned(list []wish) []wish {
	back := make([]wish, len(list))
	for i, w := range list {
		w.delta.Before, w.delta.After = w.delta.After, w.delta.Before
		back[i] = w
	}
	return back
}

// toText wishes a text, toFlag a flag, whatever it was.
func toText(name, before, after string) wish {
	return wish{field: record.Field{Name: name}, delta: record.Delta{Before: record.Text(before), After: record.Text(after)}}
}

func toFlag(name string, on bool) wish {
	return wish{field: record.Field{Name: name, Kind: record.Bool}, delta: record.Delta{
		Before: record.Text(fmt.Sprint(!on)), After: record.Text(fmt.Sprint(on)),
	}}
}
