package xivo

import (
	"context"
	"fmt"
	"strconv"

	"xivosync/reconcile/record"
)

// Image reads what a creation of the user's extension, voicemail, DID (with
// that value) or agent would have to send to make the same again, under the
// names that a change uses: keys, options and secrets. A deletion that carries
// it as its before-values can be found again half-done, and rolled back. An
// agent's queues are not in it: XiVO does not list them.
//
// The error is of class Missing where the user has no such thing of his own.
func (c *Client) Image(ctx context.Context, thing record.Thing, user, value string) (map[string]record.Value, error) {
	images := map[record.Thing]func(*errand, context.Context) (map[string]string, error){
		record.Extension: (*errand).imageOfExtension, record.Voicemail: (*errand).imageOfVoicemail,
		record.DID: (*errand).imageOfDID, record.Agent: (*errand).imageOfAgent,
	}
	e := &errand{job: job{client: c, object: fmt.Sprintf("%s of %s", thing, userObject(user)), change: record.Change{
		Thing: thing, Op: record.Update, Key: user, Fields: map[string]record.Delta{string(thing): {Before: record.Text(value)}},
	}}}
	if images[thing] == nil {
		return nil, refused(e.object, "of this no image is made")
	}
	texts, err := images[thing](e, ctx)
	if err != nil {
		if final(err) {
			err = missing(e.object, words(err))
		}
		return nil, classified(e.object, err)
	}
	image := map[string]record.Value{}
	for name, text := range texts {
		image[name] = record.Text(text)
	}
	return image, nil
}

func (e *errand) imageOfExtension(ctx context.Context) (map[string]string, error) {
	own, err := e.wiring(ctx)
	if err != nil {
		return nil, err
	}
	var l lineOf
	if err := e.client.ask(ctx, get(linePath(own.ID), nil), &l); err != nil {
		return nil, err
	}
	image := map[string]string{"extension": own.Extensions[0].value(), "provisioning_code": l.Code}
	if own.SIP == nil {
		return image, nil
	}
	s, err := e.client.sipByID(ctx, own.SIP.ID)
	image["sip_username"], image["sip_secret"] = s.Username, s.Secret
	return image, err
}

func (e *errand) imageOfVoicemail(ctx context.Context) (map[string]string, error) {
	m, err := e.ownMailbox(ctx)
	if err != nil {
		return nil, err
	}
	var list []wish
	for _, o := range mailboxOptions {
		list = append(list, wish{field: record.Field{Name: o[1]}})
	}
	now, err := e.client.object(ctx, mailboxPath(m.ID), list)
	image := map[string]string{"voicemail": m.value()}
	for _, o := range mailboxOptions {
		image[o[0]] = now.Values[o[1]].First()
	}
	return image, err
}

func (e *errand) imageOfDID(ctx context.Context) (map[string]string, error) {
	d, err := e.did(ctx)
	if err != nil {
		return nil, err
	}
	var i incall
	if err := e.client.ask(ctx, get(incallPath(d.incall), nil), &i); err != nil {
		return nil, err
	}
	image := map[string]string{
		"did": d.value, "incall_description": i.Description, "did_destination": i.Destination.Type,
		"did_caller_id_mode": i.CallerIDMode, "did_caller_id_name": i.CallerIDName, "did_subroutine": i.Subroutine,
	}
	if i.Destination.RingTime != nil {
		image["did_ring_time"] = strconv.FormatFloat(*i.Destination.RingTime, 'f', -1, 64)
	}
	return image, nil
}

func (e *errand) imageOfAgent(ctx context.Context) (map[string]string, error) {
	id, err := e.client.agentOf(ctx, e.change.Key)
	if err != nil {
		return nil, err
	}
	if id == 0 {
		return nil, stale(e.object, "the user has no agent")
	}
	features, err := e.client.features(ctx, id)
	if err != nil {
		return nil, e.withoutService(err, "XiVO tells nothing else of agents")
	}
	image := map[string]string{"agent": string(features["number"])}
	for _, f := range agentFeatures {
		image[f[0]] = string(features[f[1]])
	}
	return image, nil
}
