package xivo

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"xivosync/reconcile/record"
)

// part is one of the objects and associations that make up a thing.
type part struct {
	// what names it for a person.
	what func() string
	// find asks XiVO whether it is there, and learns its id.
	find func(context.Context) (bool, error)
	// create is the request that makes it, and learn takes the id of an object.
	create func() request
	learn  func(id int)
	// remove is the path to delete.
	remove func() string
	// unique tells that XiVO never makes a second one.
	unique bool
}

// make makes a part. Its answer lost, it is looked for; it is sent again only
// where XiVO itself would refuse a second one.
func (e *errand) make(ctx context.Context, p part) error {
	e.seen = unclear
	err := e.create(ctx, p)
	if p.unique && e.seen == undone && notDone(err) {
		if err = e.create(ctx, p); err != nil && final(err) {
			if there, lookErr := p.find(ctx); lookErr == nil && there {
				err = nil // the first one arrived after all
			}
		}
	}
	if err == nil {
		e.remember(p.what(), func(ctx context.Context) error { return e.unmake(ctx, p) })
	}
	return err
}

func (e *errand) create(ctx context.Context, p part) error {
	q := p.create()
	answer, err := e.send(ctx, q, e.lookFor(p, true))
	if err != nil || answer == nil || p.learn == nil {
		return err
	}
	var made ref
	if err := json.Unmarshal(answer, &made); err != nil || made.ID == 0 {
		return uncertain(e.object, "made, but the answer to "+q.String()+" does not tell its id", err)
	}
	p.learn(made.ID)
	return nil
}

// notDone tells whether the connection broke before XiVO did anything.
func notDone(err error) bool {
	var l *lost
	return err != nil && record.ClassOf(err) == record.Down && errors.As(err, &l) && l.sent && !l.late
}

// unmake takes a part away; one that is not there any more is no error.
func (e *errand) unmake(ctx context.Context, p part) error {
	_, err := e.send(ctx, request{method: http.MethodDelete, path: p.remove()}, e.lookFor(p, false))
	if err != nil && record.ClassOf(err) == record.Missing {
		there, lookErr := p.find(ctx)
		switch {
		case lookErr != nil:
			return classified(e.object, lookErr)
		case !there:
			return nil
		}
	}
	if err == nil {
		e.remember(p.what(), func(ctx context.Context) error { return e.make(ctx, p) })
	}
	return err
}

// lookFor finds out whether the part came into being, or went.
func (e *errand) lookFor(p part, want bool) func(context.Context) (verdict, error) {
	return func(ctx context.Context) (verdict, error) {
		there, err := p.find(ctx)
		if err != nil {
			return unclear, classified(e.object, err)
		}
		e.seen = undone
		if there == want {
			e.seen = done
		}
		return e.seen, nil
	}
}

// build makes all parts in order, and dismantle takes all away in order.
func (e *errand) build(ctx context.Context, parts []part) error {
	return e.each(ctx, parts, e.make)
}

func (e *errand) dismantle(ctx context.Context, parts []part) error {
	return e.each(ctx, parts, e.unmake)
}

func (e *errand) each(ctx context.Context, parts []part, do func(context.Context, part) error) error {
	for _, p := range parts {
		if err := do(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// post is a request that makes an object, put one that associates.
func post(path string, object map[string]any, secrets ...string) request {
	b, _ := json.Marshal(object) // texts, numbers and flags are always written
	return request{method: http.MethodPost, path: path, body: b, secrets: secrets}
}

func associate(path string) request { return request{method: http.MethodPut, path: path} }

// associated asks for a list of associations and tells whether one passes; an
// object that is gone is associated with nothing.
func associated[T any](ctx context.Context, c *Client, path string, pass func(T) bool) (bool, error) {
	list, err := listOf[T](ctx, c, path, nil)
	if gone(err) {
		return false, nil
	}
	for _, item := range list {
		if pass(item) {
			return true, nil
		}
	}
	return false, err
}

// gone tells whether XiVO says that an object is not there.
func gone(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.class() == record.Missing
}

// there asks for an object and tells whether XiVO has it.
func (c *Client) there(ctx context.Context, path string, object any) (bool, error) {
	err := c.ask(ctx, get(path, nil), object)
	if gone(err) {
		return false, nil
	}
	return err == nil, err
}
