package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"xivosync/reconcile/record"
)

// mailbox is a voicemail (resource /voicemails).
type mailbox struct {
	ID      int    `json:"id"`
	Number  string `json:"number"`
	Context string `json:"context"`
	raw     map[string]json.RawMessage
}

// UnmarshalJSON keeps what a mailbox has beside its number.
func (m *mailbox) UnmarshalJSON(b []byte) error {
	type plain mailbox
	if err := json.Unmarshal(b, (*plain)(m)); err != nil {
		return err
	}
	return json.Unmarshal(b, &m.raw)
}

// details are what a mailbox has beside its number, under the names of the
// table; a key that this XiVO lacks is not there.
func (m *mailbox) details() (map[string]record.Value, error) {
	values := map[string]record.Value{}
	for _, name := range detailsOf(record.Voicemail) {
		raw, there := m.raw[confdKey(name)]
		if !there {
			continue
		}
		f, _ := detailOf(name)
		text, err := parseValue(f.Kind, raw)
		if err != nil {
			return nil, fmt.Errorf("mailbox %d: %s: %w", m.ID, name, err)
		}
		values[name] = record.Text(text)
	}
	return values, nil
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

// readVoicemail tells the number of the person's own mailbox, and its details.
func (c *Client) readVoicemail(ctx context.Context, r resident) (map[string]record.Value, error) {
	m, foreign, err := c.ownMailbox(ctx, r.ID)
	switch {
	case err != nil || foreign != "":
		return nil, err
	case m == nil:
		values := map[string]record.Value{"voicemail": nil}
		for _, name := range detailsOf(record.Voicemail) {
			values[name] = nil
		}
		return values, nil
	}
	values, err := m.details()
	if err == nil {
		values["voicemail"] = record.Value{m.value()}
	}
	return values, err
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

// mailboxOptions are the fields of a change beside the number: the details, and
// the name that a new one needs.
func mailboxOptions() []string { return append(detailsOf(record.Voicemail), "voicemail_name") }

// option is what of a mailbox the change wishes under that name.
func (e *errand) option(name string) wish {
	f, _ := detailOf(name)
	d := e.change.Fields[name]
	d.After = record.Text(e.wanted(name))
	return wish{record.Field{Name: confdKey(name), Kind: f.Kind, Secret: f.Secret}, d, false}
}

// mailboxWishes lists what changes of a mailbox.
func (e *errand) mailboxWishes(m *mailbox) []wish {
	number, context := parted(e.after("voicemail"))
	switch {
	case e.change.Op == record.Deactivate, e.change.Op == record.Reactivate:
		return []wish{toText("number", m.Number, m.Number), toFlag("enabled", e.change.Op == record.Reactivate)}
	case !e.has("voicemail"):
		number, context = m.Number, m.Context
	}
	list := []wish{toText("number", m.Number, number), toText("context", m.Context, context)}
	for _, name := range mailboxOptions() {
		if e.has(name) {
			list = append(list, e.option(name))
		}
	}
	return list
}
