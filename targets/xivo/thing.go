package xivo

import (
	"context"
	"fmt"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// crafts are the ways to change each thing.
var crafts = map[record.Thing]func(*errand, context.Context) error{
	record.Extension: (*errand).applyExtension,
	record.DID:       (*errand).applyDID,
	record.Voicemail: (*errand).applyVoicemail,
	record.Agent:     (*errand).applyAgent,
	record.CTI:       (*errand).applyCTI,
	record.Entity:    (*errand).applyEntity,
	record.Habits:    (*errand).applyHabits,
}

// applyThing carries out a change of a thing.
func (c *Client) applyThing(ctx context.Context, change record.Change) (record.Record, error) {
	e, err := c.errand(change)
	if err != nil {
		return record.Record{}, err
	}
	release, err := c.takeTurn(ctx)
	if err != nil {
		return record.Record{}, classified(e.object, err)
	}
	defer release()
	if err := crafts[change.Thing](e, ctx); err != nil {
		return record.Record{}, err
	}
	u, err := e.outcome(ctx, record.Record{Side: record.XiVO, ID: change.Key, Name: change.Person.Name}, false)
	if err != nil || change.Thing != record.DID {
		return u, err
	}
	return u, e.addDID(ctx, &u)
}

// errand makes ready to carry out a change that can be sent.
func (c *Client) errand(change record.Change) (*errand, error) {
	e := &errand{job: job{client: c, change: change, object: fmt.Sprintf("%s of %s", change.Thing, subject(change)), names: c.mapped}}
	if crafts[change.Thing] == nil {
		return nil, refused(e.object, fmt.Sprintf("users of XiVO have no %q", change.Thing))
	}
	switch change.Op {
	case record.Create, record.Update, record.Deactivate, record.Reactivate, record.Delete:
		return e, e.sound()
	}
	return nil, refused(e.object, fmt.Sprintf("things know no operation %q", change.Op))
}

// numbers tells of which things the value has to read NUMBER@CONTEXT.
var numbers = map[record.Thing]bool{record.Extension: true, record.DID: true, record.Voicemail: true}

// sound refuses what cannot be sent: a value that is none of the thing's, text
// that is not UTF-8, a creation without the keys to find it again by.
func (e *errand) sound() error {
	for _, name := range e.change.FieldNames() {
		after := e.change.Fields[name].After
		if len(after) > 1 && name != "queues" {
			return refused(e.object, fmt.Sprintf("%s: one value at a time, not %d", name, len(after)))
		}
		for _, text := range after {
			if !utf8.ValidString(text) {
				return refused(e.object, name+": the value is not UTF-8 text")
			}
		}
	}
	thing := string(e.change.Thing)
	number, context := parted(e.after(thing))
	wanted := e.change.Op == record.Create || e.change.Op == record.Update && e.has(thing)
	if numbers[e.change.Thing] && wanted && (number == "" || context == "") {
		return refused(e.object, thing+": want NUMBER@CONTEXT")
	}
	if e.change.Op == record.Create {
		return e.keyed()
	}
	return nil
}

// keys are chosen by whoever plans a creation, so that it can be looked up.
var keys = map[record.Thing][]string{
	record.Extension: {"sip_username", "provisioning_code"},
	record.DID:       {"incall_description"},
}

func (e *errand) keyed() error {
	for _, name := range keys[e.change.Thing] {
		if e.after(name) == "" {
			return refused(e.object, "without "+name+" nothing of it could be found again")
		}
	}
	return nil
}
