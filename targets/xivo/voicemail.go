package xivo

import (
	"context"
	"fmt"
	"net/url"

	"xivosync/reconcile/record"
)

// mailbox is a voicemail (resource /voicemails).
type mailbox struct {
	ID      int    `json:"id"`
	Number  string `json:"number"`
	Context string `json:"context"`
}

func (m *mailbox) value() string { return m.Number + "@" + m.Context }

func mailboxPath(id int) string { return fmt.Sprintf("/voicemails/%d", id) }

// mailboxAt looks a mailbox up by its number; nil for none.
func (c *Client) mailboxAt(ctx context.Context, value string) (*mailbox, error) {
	number, context := parted(value)
	list, err := listOf[mailbox](ctx, c, "/voicemails", url.Values{"number": {number}, "context": {context}})
	if err != nil {
		return nil, err
	}
	return only(list, func(m mailbox) bool { return m.value() == value })
}

// mailboxOf returns the id of a user's mailbox, 0 for none.
func (c *Client) mailboxOf(ctx context.Context, user string) (int, error) {
	var told struct {
		ID int `json:"voicemail_id"`
	}
	there, err := c.there(ctx, "/users/"+user+"/voicemails", &told)
	if err != nil || !there {
		return 0, err
	}
	return told.ID, nil
}

// ownMailbox reads the mailbox that nobody but the user has; nil for none.
func (c *Client) ownMailbox(ctx context.Context, user string) (m *mailbox, foreign string, err error) {
	id, err := c.mailboxOf(ctx, user)
	if err != nil || id == 0 {
		return nil, "", err
	}
	users, err := c.tally(ctx, mailboxPath(id)+"/users")
	if err != nil {
		return nil, "", err
	}
	if users != 1 {
		return nil, fmt.Sprintf("mailbox %d is shared by %d users", id, users), nil
	}
	m = &mailbox{}
	return m, "", c.ask(ctx, get(mailboxPath(id), nil), m)
}

// readVoicemail tells the number of the person's own mailbox.
func (c *Client) readVoicemail(ctx context.Context, r resident) (record.Value, bool, error) {
	m, foreign, err := c.ownMailbox(ctx, r.ID)
	switch {
	case err != nil || foreign != "":
		return nil, false, err
	case m == nil:
		return nil, true, nil
	}
	return record.Value{m.value()}, true, nil
}

// applyVoicemail makes, changes or takes down a user's mailbox.
func (e *errand) applyVoicemail(ctx context.Context) error {
	if e.change.Op == record.Create {
		return e.carryOut(ctx, func(ctx context.Context) error { return e.build(ctx, e.newPost().parts()) })
	}
	m, err := e.ownMailbox(ctx)
	if err != nil {
		return err
	}
	return e.carryOut(ctx, func(ctx context.Context) error {
		if e.change.Op == record.Delete {
			p := &postbox{e: e, user: e.change.Key, value: m.value(), id: m.ID}
			return e.dismantle(ctx, p.teardown())
		}
		return e.edit(ctx, mailboxPath(m.ID), e.mailboxWishes(m))
	})
}

// ownMailbox wants the mailbox that the change was decided from.
func (e *errand) ownMailbox(ctx context.Context) (*mailbox, error) {
	m, foreign, err := e.client.ownMailbox(ctx, e.change.Key)
	switch {
	case err != nil:
		return nil, classified(e.object, err)
	case foreign != "":
		return nil, refused(e.object, foreign+": change it by hand")
	case m == nil:
		return nil, stale(e.object, "the user has no mailbox")
	}
	return m, e.holds("voicemail", m.value())
}

// mailboxOptions are the fields of a change beside the number, with confd's
// names for them.
var mailboxOptions = [][2]string{
	{"voicemail_name", "name"},
	{"voicemail_email", "email"},
	{"voicemail_password", "password"},
	{"voicemail_language", "language"},
	{"voicemail_timezone", "timezone"},
}

// mailboxWishes lists what changes of a mailbox. An option without a
// before-value is written whatever it was.
func (e *errand) mailboxWishes(m *mailbox) []wish {
	number, context := parted(e.after("voicemail"))
	switch {
	case e.change.Op == record.Deactivate, e.change.Op == record.Reactivate:
		return []wish{toText("number", m.Number, m.Number), toFlag("enabled", e.change.Op == record.Reactivate)}
	case !e.has("voicemail"):
		number, context = m.Number, m.Context
	}
	list := []wish{toText("number", m.Number, number), toText("context", m.Context, context)}
	for _, o := range mailboxOptions {
		if e.has(o[0]) {
			d := e.change.Fields[o[0]]
			list = append(list, wish{record.Field{Name: o[1], Secret: o[1] == "password"}, d, d.Before.Empty()})
		}
	}
	return list
}
