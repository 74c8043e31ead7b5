package xivo

import (
	"context"

	"xivosync/reconcile/record"
)

// lostParts are the parts of a deletion in the order in which they go, found by
// the before-values of the change; nil for what takes one request.
func (e *errand) lostParts(ctx context.Context) ([]part, error) {
	switch e.change.Thing {
	case record.Extension:
		p, err := e.lostPhone(ctx)
		if err != nil {
			return nil, err
		}
		return p.teardown(), nil
	case record.Voicemail:
		p := &postbox{e: e, user: e.change.Key, value: e.before("voicemail")}
		return p.teardown(), nil
	case record.DID:
		d, err := e.lostDID(ctx)
		if err != nil {
			return nil, err
		}
		return d.teardown(), nil
	}
	return nil, nil
}

// lostPhone is a phone that is being taken apart. Without its keys, it is known
// only as long as the number is on the line.
func (e *errand) lostPhone(ctx context.Context) (*phone, error) {
	p := &phone{
		e: e, user: e.change.Key, value: e.before("extension"), username: e.before("sip_username"), code: e.before("provisioning_code"),
	}
	x, err := e.client.extensionAt(ctx, p.value)
	if err != nil {
		return nil, classified(e.object, err)
	}
	if x != nil {
		p.commented = x.Commented
	}
	if p.username != "" && p.code != "" {
		return p, nil
	}
	if x == nil || len(x.Lines) != 1 {
		return nil, uncertain(e.object, "the number "+p.value+" is on no line, and without sip_username and provisioning_code the line is not to be found", nil)
	}
	var l lineOf
	if err := e.client.ask(ctx, get(linePath(x.Lines[0].ID), nil), &l); err != nil {
		return nil, classified(e.object, err)
	}
	if l.SIP == nil {
		return nil, uncertain(e.object, "the line has no SIP endpoint, and without sip_username it is not to be found", nil)
	}
	p.username, p.code = l.SIP.Username, l.Code
	return p, nil
}

// lostDID is a number that is being taken down. Its incall is the one that the
// number is on, or else the one that leads to the user and has no number.
func (e *errand) lostDID(ctx context.Context) (*did, error) {
	d := &did{e: e, value: e.before("did"), description: e.before("incall_description")}
	x, err := e.client.extensionAt(ctx, d.value)
	if err != nil {
		return nil, classified(e.object, err)
	}
	if d.user, err = e.serial(ctx); err != nil {
		return nil, err
	}
	if x != nil && x.Incall != nil {
		d.incall, d.extension, d.commented = x.Incall.ID, x.ID, x.Commented
		return d, d.load(ctx)
	}
	if d.description != "" {
		return d, nil
	}
	incalls, err := e.client.incallsTo(ctx, d.user)
	if err != nil {
		return nil, classified(e.object, err)
	}
	for _, i := range incalls {
		if len(i.Extensions) > 0 {
			continue
		}
		if d.incall != 0 {
			return nil, uncertain(e.object, "several incalls without a number lead to the user", nil)
		}
		d.incall, d.description = i.ID, i.Description
	}
	return d, d.load(ctx)
}

// load reads what it takes to make the incall again, and wants it to lead to
// the user.
func (d *did) load(ctx context.Context) error {
	if d.incall == 0 {
		return nil
	}
	var i incall
	there, err := d.e.client.there(ctx, incallPath(d.incall), &i)
	if err != nil || !there {
		return classified(d.e.object, err)
	}
	d.body, d.description = i.body(), i.Description
	his, err := d.e.client.leadsTo(ctx, i, d.e.change.Key, d.user)
	if err == nil && !his {
		return uncertain(d.e.object, d.value+" leads to somebody else by now", nil)
	}
	return classified(d.e.object, err)
}
