package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

// did is an external number of a user: an extension, the incall that says where
// it leads, and their association. An incall that we make is found again by its
// description.
type did struct {
	e                  *errand
	value, description string
	incall, extension  int
	commented          bool
	user               uint64
	body               map[string]any
	now                incall
}

// applyDID makes, changes or takes down one external number.
func (e *errand) applyDID(ctx context.Context) error {
	if e.change.Op == record.Create {
		d, err := e.newDID(ctx)
		if err != nil {
			return err
		}
		return e.carryOut(ctx, func(ctx context.Context) error { return e.build(ctx, d.parts()) })
	}
	d, err := e.did(ctx)
	if err != nil {
		return err
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if e.change.Op == record.Delete {
			return e.dismantle(ctx, d.teardown())
		}
		if list := e.didWishes(d); len(list) > 0 {
			if err := e.edit(ctx, extensionPath(d.extension), list); err != nil {
				return err
			}
		}
		return e.editIncall(ctx, d)
	})
}

func (e *errand) didWishes(d *did) []wish {
	switch e.change.Op {
	case record.Deactivate:
		return []wish{toFlag("commented", true)}
	case record.Reactivate:
		return []wish{toFlag("commented", false)}
	}
	if e.before("did") == e.after("did") {
		return nil // it only says which number is meant
	}
	return renumber(d.value, e.after("did"))
}

// newDID is what a create makes.
func (e *errand) newDID(ctx context.Context) (*did, error) {
	d := &did{e: e, value: e.after("did"), description: e.after("incall_description"), commented: e.after("did_commented") == "true"}
	var err error
	if d.user, err = e.serial(ctx); err != nil {
		return nil, err
	}
	d.body = given("description", d.description, "caller_id_mode", e.after("did_caller_id_mode"),
		"caller_id_name", e.after("did_caller_id_name"), "preprocess_subroutine", e.after("did_subroutine"))
	d.body["destination"], err = e.destination(ctx, d.user)
	return d, err
}

// destination is where a new number leads: to the user, or to his mailbox.
func (e *errand) destination(ctx context.Context, user uint64) (map[string]any, error) {
	return e.destinationOf(ctx, user, e.wanted("did_destination"), e.after("did_ring_time"))
}

// destinationOf makes a destination of a kind; the user rings for some time, or
// as long as he is rung for.
func (e *errand) destinationOf(ctx context.Context, user uint64, kind, ring string) (map[string]any, error) {
	switch kind {
	case "user":
		to := map[string]any{"type": "user", "user_id": user}
		if ring != "" {
			seconds, err := strconv.ParseFloat(ring, 64)
			if err != nil || seconds < 0 {
				return nil, refused(e.object, fmt.Sprintf("did_ring_time: %q is no number of seconds", ring))
			}
			to["ring_time"] = seconds
		}
		return to, nil
	case "voicemail":
		id, err := e.client.mailboxOf(ctx, e.change.Key)
		if err == nil && id == 0 {
			return nil, refused(e.object, "the number shall lead to the user's mailbox, and there is none")
		}
		return map[string]any{"type": "voicemail", "voicemail_id": id}, classified(e.object, err)
	}
	return nil, refused(e.object, fmt.Sprintf("did_destination: want user or voicemail, not %q", kind))
}

// did finds the number that the change was decided from, which has to lead to
// the user; a number that an earlier try moved is found under the new one.
func (e *errand) did(ctx context.Context) (*did, error) {
	for _, value := range []string{e.before("did"), e.after("did")} {
		if value == "" {
			continue
		}
		d, err := e.didAt(ctx, value)
		if d != nil || err != nil {
			return d, err
		}
	}
	return nil, stale(e.object, "no such number leads to the user")
}

// didAt returns the user's DID with that number; nil where it is not his.
func (e *errand) didAt(ctx context.Context, value string) (*did, error) {
	x, err := e.client.extensionAt(ctx, value)
	if err != nil || x == nil || x.Incall == nil {
		return nil, classified(e.object, err)
	}
	var i incall
	if there, err := e.client.there(ctx, incallPath(x.Incall.ID), &i); err != nil || !there {
		return nil, classified(e.object, err)
	}
	serial, err := e.serial(ctx)
	if err != nil {
		return nil, err
	}
	if his, err := e.client.leadsTo(ctx, i, e.change.Key, serial); err != nil || !his {
		return nil, classified(e.object, err)
	}
	return &did{
		e: e, value: x.value(), description: i.Description, incall: i.ID, extension: x.ID, commented: x.Commented, user: serial, body: i.body(), now: i,
	}, nil
}

// addDID adds the number of the change to the user's where it is there and
// leads to his mailbox: of those, nothing but their number tells.
func (e *errand) addDID(ctx context.Context, u *record.Record) error {
	if _, told := u.Values["did"]; !told || e.change.Op == record.Delete {
		return nil
	}
	d := e.change.Fields["did"]
	return e.client.Recall(ctx, u, slices.Compact(slices.Sorted(slices.Values(slices.Concat(d.After, d.Before)))))
}

// body is what it takes to make the incall again.
func (i *incall) body() map[string]any {
	object := given("description", i.Description, "caller_id_mode", i.CallerIDMode, "caller_id_name", i.CallerIDName, "preprocess_subroutine", i.Subroutine)
	object["destination"] = json.RawMessage(i.Destination.raw)
	return object
}

// parts are in the order in which they are made, teardown in that in which they
// are taken down (confd-api, sections 3.2 and 3.3).
func (d *did) parts() []part { return []part{d.incallPart(), d.extensionPart(), d.incallExtension()} }
func (d *did) teardown() []part {
	return []part{d.incallExtension(), d.incallPart(), d.extensionPart()}
}

func (d *did) incallPart() part {
	return part{
		what: func() string { return fmt.Sprintf("incall %d", d.incall) },
		find: d.findIncall,
		create: func() request {
			d.incall = 0 // else a lost answer would be looked up by an id of the past
			return post("/incalls", d.body)
		},
		learn:  func(id int) { d.incall = id },
		remove: func() string { return incallPath(d.incall) },
	}
}

// findIncall asks by id where there is one, and else by description.
func (d *did) findIncall(ctx context.Context) (bool, error) {
	if d.incall != 0 {
		return d.e.client.there(ctx, incallPath(d.incall), &incall{})
	}
	if d.description == "" {
		return false, nil
	}
	list, err := listOf[incall](ctx, d.e.client, "/incalls", url.Values{"description": {d.description}})
	if err != nil {
		return false, err
	}
	i, err := only(list, func(i incall) bool { return i.Description == d.description })
	if err != nil || i == nil {
		return false, err
	}
	d.incall = i.ID
	return true, nil
}

func (d *did) extensionPart() part {
	return extensionPart(d.e, &d.value, &d.extension, &d.commented, func(x *extension) bool {
		return x.free() || x.Incall != nil && x.Incall.ID == d.incall
	})
}

func (d *did) incallExtension() part {
	path := func() string { return fmt.Sprintf("/incalls/%d/extensions/%d", d.incall, d.extension) }
	return part{
		what: func() string { return fmt.Sprintf("extension %d on incall %d", d.extension, d.incall) },
		find: func(ctx context.Context) (bool, error) {
			var x extension
			there, err := d.e.client.there(ctx, extensionPath(d.extension), &x)
			return there && x.Incall != nil && x.Incall.ID == d.incall, err
		},
		create: func() request { return associate(path()) },
		remove: path,
	}
}
