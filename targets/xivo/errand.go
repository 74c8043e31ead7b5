package xivo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// errand is a change of a thing that is being carried out: several requests
// that stand or fall together. Who refuses one has the others taken back.
type errand struct {
	job
	undo []undoing
	// seen is what looking told of the last request.
	seen verdict
}

// undoing takes one request back.
type undoing struct {
	what string
	do   func(context.Context) error
}

// after returns what a field of the change shall hold, before what it held.
func (e *errand) after(name string) string  { return e.change.Fields[name].After.First() }
func (e *errand) before(name string) string { return e.change.Fields[name].Before.First() }

// has tells whether the change names the field.
func (e *errand) has(name string) bool {
	_, there := e.change.Fields[name]
	return there
}

func (e *errand) remember(what string, do func(context.Context) error) {
	e.undo = append(e.undo, undoing{what, do})
}

// send is write for a request whose object is found by a key of ours: when
// XiVO may still be at it, the intent stays open, and the next run looks.
func (e *errand) send(ctx context.Context, q request, look func(context.Context) (verdict, error)) ([]byte, error) {
	b, err := e.write(ctx, q, look)
	if err != nil && record.ClassOf(err) == record.Uncertain && waiting(err) {
		return nil, lookAgain(e.object, message(err), err)
	}
	return b, err
}

// carryOut runs the requests of the change; when one is refused, those before
// it are taken back.
func (e *errand) carryOut(ctx context.Context, do func(context.Context) error) error {
	err := do(ctx)
	if err == nil || !final(err) {
		return err
	}
	return e.takeBack(ctx, err)
}

// final tells whether XiVO has said no, so that asking again is of no use.
func final(err error) bool {
	class := record.ClassOf(err)
	return class == record.Refused || class == record.Missing || class == record.Stale
}

// takeBack undoes what was done, newest first, and returns the refusal. XiVO's
// silence leaves the intent open, its refusal leaves something behind.
func (e *errand) takeBack(ctx context.Context, cause error) error {
	undo := slices.Clone(e.undo)
	for len(undo) > 0 {
		last := undo[len(undo)-1]
		if err := last.do(ctx); err != nil {
			return e.left(undo, cause, err)
		}
		undo = undo[:len(undo)-1]
	}
	e.undo = nil
	if record.ClassOf(cause) == record.Missing {
		return &record.Error{Side: record.XiVO, Class: record.Refused, Object: e.object, Message: words(cause), Err: cause}
	}
	return cause
}

// left tells what could not be taken back.
func (e *errand) left(undo []undoing, cause, err error) error {
	var things []string
	for _, u := range undo {
		things = append(things, u.what)
	}
	text := fmt.Sprintf("%s; taking back what was done failed: %s; left: %s", words(cause), words(err), strings.Join(things, ", "))
	if unreachable(err) {
		return lookAgain(e.object, text, err)
	}
	return uncertain(e.object, text, err)
}

// words returns what an error says, without side and object.
func words(err error) string {
	var e *record.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return message(err)
}
