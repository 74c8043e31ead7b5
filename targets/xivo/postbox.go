package xivo

import (
	"context"
	"encoding/json"
	"fmt"
)

// postbox is a mailbox with the association that makes it a user's.
type postbox struct {
	e           *errand
	user, value string
	id          int
}

// newPost is what a create makes.
func (e *errand) newPost() *postbox {
	return &postbox{e: e, user: e.change.Key, value: e.after("voicemail")}
}

func (p *postbox) parts() []part    { return []part{p.mailboxPart(), p.userMailbox()} }
func (p *postbox) teardown() []part { return []part{p.userMailbox(), p.mailboxPart()} }

func (p *postbox) mailboxPart() part {
	return part{
		what:   func() string { return fmt.Sprintf("mailbox %d (%s)", p.id, p.value) },
		unique: true,
		find: func(ctx context.Context) (bool, error) {
			m, err := p.e.client.mailboxAt(ctx, p.value)
			if err != nil || m == nil {
				return false, err
			}
			mine, err := p.mine(ctx, m.ID)
			if mine {
				p.id = m.ID
			}
			return mine, err
		},
		create: func() request { return post("/voicemails", p.body(), p.e.after("voicemail_password")) },
		learn:  func(id int) { p.id = id },
		remove: func() string { return mailboxPath(p.id) },
	}
}

// mine tells whether nobody else has the mailbox.
func (p *postbox) mine(ctx context.Context, id int) (bool, error) {
	users, err := p.e.client.tally(ctx, mailboxPath(id)+"/users")
	if err != nil || users == 0 {
		return err == nil, err
	}
	own, err := p.e.client.mailboxOf(ctx, p.user)
	return users == 1 && own == id, err
}

// body is the mailbox to make. XiVO wants a name, and writes the user's over it
// whenever he is edited.
func (p *postbox) body() map[string]any {
	number, context := parted(p.value)
	object := given("number", number, "context", context, "name", p.e.change.Person.Label())
	for _, name := range mailboxOptions() {
		if p.e.after(name) != "" {
			object[confdKey(name)] = p.e.option(name).value()
		}
	}
	var settings map[string]any
	_ = json.Unmarshal([]byte(p.e.after("voicemail_settings")), &settings) // of an image: none otherwise
	for _, name := range mailboxSettings {
		if v, given := settings[name]; given {
			object[name] = v
		}
	}
	return object
}

func (p *postbox) userMailbox() part {
	return part{
		what: func() string { return fmt.Sprintf("mailbox %d of user %s", p.id, p.user) },
		find: func(ctx context.Context) (bool, error) {
			id, err := p.e.client.mailboxOf(ctx, p.user)
			return id != 0 && id == p.id, err
		},
		create: func() request { return associate(fmt.Sprintf("/users/%s/voicemails/%d", p.user, p.id)) },
		remove: func() string { return "/users/" + p.user + "/voicemails" },
	}
}
