package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
)

// pointers finds what of others leads to the leavers.
func (c *Client) pointers(ctx context.Context, leavers []*leaver) error {
	incalls, err := listOf[incall](ctx, c, "/incalls", nil)
	if err != nil {
		return err
	}
	for _, l := range leavers {
		for _, i := range incalls {
			l.incall(i, c.manages("did"))
		}
	}
	return c.everybody(ctx, func(u neighbour) error {
		keys, err := c.keysOf(ctx, u.UUID)
		if err != nil {
			return err
		}
		for _, l := range leavers {
			if u.UUID != l.User {
				l.neighbour(u, keys)
			}
		}
		return nil
	})
}

// incall tells a number of the user's own from what else leads to him.
func (l *leaver) incall(i incall, managed bool) {
	var toMailbox bool
	switch d := i.Destination; {
	case d.Type == "user" && d.UserID == l.serial:
	case d.Type == "voicemail" && d.VoicemailID == l.mailbox && l.mailbox != 0:
		toMailbox = true
	default:
		return
	}
	for _, x := range i.Extensions {
		if managed && len(i.Extensions) == 1 && (!toMailbox || slices.Contains(l.DIDs, x.value())) {
			return
		}
	}
	name := fmt.Sprintf("incall %d", i.ID)
	for _, x := range i.Extensions {
		name += " (" + x.value() + ")"
	}
	if toMailbox {
		name += ", by the mailbox"
	}
	l.Pointers = append(l.Pointers, name)
}

// neighbour is another user, and what of him can lead to somebody.
type neighbour struct {
	UUID      string                 `json:"uuid"`
	Firstname string                 `json:"firstname"`
	Lastname  string                 `json:"lastname"`
	Forwards  map[string]forward     `json:"forwards"`
	Fallbacks map[string]destination `json:"fallbacks"`
}

// forward is one of a user's forwards.
type forward struct {
	Enabled     bool   `json:"enabled"`
	Destination string `json:"destination"`
}

// neighbour finds what of another user leads to this one.
func (l *leaver) neighbour(u neighbour, keys map[string]key) {
	name := fullName(u.Firstname, u.Lastname)
	for _, position := range sortedNames(keys) {
		if d := keys[position].Destination; d.Type == "user" && d.UserID == l.serial {
			l.Pointers = append(l.Pointers, fmt.Sprintf("key %s of %s", position, name))
		}
	}
	for _, kind := range sortedNames(u.Forwards) {
		if f := u.Forwards[kind]; f.Enabled && f.Destination != "" && f.Destination == l.extension {
			l.Pointers = append(l.Pointers, fmt.Sprintf("the %s forward of %s", kind, name))
		}
	}
	for _, kind := range sortedNames(u.Fallbacks) {
		d := u.Fallbacks[kind]
		if d.Type == "user" && d.UserID == l.serial || d.Type == "voicemail" && d.VoicemailID == l.mailbox && l.mailbox != 0 {
			l.Pointers = append(l.Pointers, fmt.Sprintf("the %s of %s", kind, name))
		}
	}
}

// key is a key of a user's phone; Inherited ones are a template's.
type key struct {
	Label       *string     `json:"label"`
	BLF         bool        `json:"blf"`
	Destination destination `json:"destination"`
	Inherited   bool        `json:"inherited"`
}

// keysOf reads a user's keys by their positions; a user who is gone has none.
func (c *Client) keysOf(ctx context.Context, user string) (map[string]key, error) {
	var told struct {
		Keys map[string]key `json:"keys"`
	}
	_, err := c.there(ctx, "/users/"+user+"/funckeys", &told)
	return told.Keys, err
}

// everybody visits all users once, as confd shows them, page by page. Somebody
// who is deleted meanwhile would hide another one: pages overlap.
func (c *Client) everybody(ctx context.Context, visit func(u neighbour) error) error {
	seen := map[string]bool{}
	for offset := 0; ; offset += pageSize - overlap {
		var p page
		q := get("/users", url.Values{"order": {"id"}, "limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}})
		if err := c.ask(ctx, q, &p); err != nil {
			return err
		}
		if p.Total == nil {
			return fmt.Errorf("%s: the answer has no total", q)
		}
		for _, body := range p.Items {
			var u neighbour
			if err := json.Unmarshal(body, &u); err != nil {
				return fmt.Errorf("%s: a user of another shape: %w", q, err)
			}
			if seen[u.UUID] {
				continue
			}
			seen[u.UUID] = true
			if err := visit(u); err != nil {
				return err
			}
		}
		if offset+pageSize >= *p.Total {
			return nil
		}
	}
}

// overlap is how many users a page shows that the one before it showed.
const overlap = 10

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
