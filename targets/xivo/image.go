package xivo

import (
	"context"
	"encoding/json"
	"fmt"

	"xivosync/reconcile/record"
)

// Image reads what it would take to make a user, or his extension, voicemail,
// DID (with that value) or agent, again as they are: what a deletion carries as
// its before-values, so that it can be found again half-done, and rolled back.
// Turned round, as the after-values of a creation, [Client.Apply] makes the same
// again. Secrets are marked. The names are those that changes use:
//
//	extension  extension, provisioning_code, sip_username, sip_secret,
//	           extension_commented
//	voicemail  voicemail, voicemail_name, _email, _password, _language, _timezone,
//	           voicemail_settings (JSON: the other keys of /voicemails)
//	did        did, did_destination (user or voicemail), did_ring_time,
//	           did_caller_id_mode, did_caller_id_name, did_subroutine,
//	           did_commented, incall_description
//	agent      agent, agent_firstname and its other features; not its queues,
//	           which XiVO does not list
//	user       see image_user.go
//
// The error is of class Missing where the user has no such thing of his own.
func (c *Client) Image(ctx context.Context, thing record.Thing, user, value string) (map[string]record.Delta, error) {
	images := map[record.Thing]func(*errand, context.Context) (map[string]string, error){
		record.Extension: (*errand).imageOfExtension, record.Voicemail: (*errand).imageOfVoicemail,
		record.DID: (*errand).imageOfDID, record.Agent: (*errand).imageOfAgent, record.User: (*errand).imageOfUser,
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
	image := map[string]record.Delta{}
	for name, text := range texts {
		if text != "" {
			image[name] = record.Delta{Attribute: name, Before: record.Text(text), Secret: secretInImage(name)}
		}
	}
	return image, nil
}

// flagText is "true", or nothing: what is not set is left out of an image.
func flagText(set bool) string {
	if set {
		return "true"
	}
	return ""
}

// secretInImage tells whether nobody may see a value of an image.
func secretInImage(name string) bool {
	f, _ := fieldOf(name)
	return f.Secret || name == "sip_secret" || name == "voicemail_password"
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
	var x extension
	if err := e.client.ask(ctx, get(extensionPath(own.Extensions[0].ID), nil), &x); err != nil {
		return nil, err
	}
	image := map[string]string{"extension": x.value(), "provisioning_code": l.Code, "extension_commented": flagText(x.Commented)}
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
	values, err := m.details()
	image := map[string]string{"voicemail": m.value()}
	for name, v := range values {
		image[name] = v.First()
	}
	text := ""
	_ = json.Unmarshal(m.raw["name"], &text) // a name that is no text is none
	image["voicemail_name"] = text
	if err == nil {
		image["voicemail_settings"], err = m.settings()
	}
	return image, err
}

// mailboxSettings are the keys of a mailbox that no detail names.
var mailboxSettings = []string{"enabled", "options"}

// settings are those, as POST /voicemails takes them.
func (m *mailbox) settings() (string, error) {
	object := map[string]json.RawMessage{}
	for _, name := range mailboxSettings {
		if v, there := m.raw[name]; there && string(v) != "null" {
			object[name] = v
		}
	}
	b, err := json.Marshal(object)
	return string(b), err
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
	image := map[string]string{"did": d.value, "incall_description": i.Description, "did_commented": flagText(d.commented)}
	for _, name := range detailsOf(record.DID) {
		if text := i.text(name); text != "" || name != "did_ring_time" {
			image[name] = text
		}
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
