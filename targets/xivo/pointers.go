package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// Pointers finds what of others leads to users who are to be deleted. To find
// it, every incall, every other user's keys, forwards and fallbacks, and where
// XiVO has /groups the groups' fallbacks are read, once for all leavers; nothing
// filters them. It names what confd lets nobody read.
func (c *Client) Pointers(ctx context.Context, leavers []record.Leaver) ([][]record.Pointer, string, error) {
	list := make([]*leaver, len(leavers))
	for i := range leavers {
		var err error
		if list[i], err = c.visit(ctx, leavers[i]); err != nil {
			return nil, "", err
		}
		list[i].Pointers = nil
	}
	unread, err := c.search(ctx, list)
	if err != nil {
		return nil, "", classified("what leads to users who are to be deleted", err)
	}
	found := make([][]record.Pointer, len(list))
	for i, l := range list {
		found[i] = l.Pointers
	}
	return found, unread, nil
}

// search reads all places for all leavers.
func (c *Client) search(ctx context.Context, leavers []*leaver) (unread string, err error) {
	incalls, err := listOf[incall](ctx, c, "/incalls", nil)
	if err != nil {
		return "", err
	}
	groups, err := listOf[group](ctx, c, "/groups", nil)
	unread = "destinations of queues and schedules"
	switch {
	case absent(err): // before 16.16
		unread = "destinations of queues, schedules and groups, and users' fallbacks"
	case err != nil:
		return "", err
	}
	for _, l := range leavers {
		for _, i := range incalls {
			l.incall(i, c.manages("did"))
		}
		for _, g := range groups {
			l.group(g)
		}
	}
	return unread, c.everybody(ctx, func(u neighbour) error {
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

// recheck looks in the places where something led to the user. What is new there
// counts, too.
func (c *Client) recheck(ctx context.Context, l *leaver) error {
	places := map[string]bool{}
	for _, p := range l.Known {
		places[p.Place] = true
	}
	for _, place := range sortedNames(places) {
		if err := c.lookThere(ctx, l, place); err != nil {
			return err
		}
	}
	return nil
}

// lookThere looks in one place, which may be gone.
func (c *Client) lookThere(ctx context.Context, l *leaver, place string) error {
	kind, _, _ := strings.Cut(strings.TrimPrefix(place, "/"), "/")
	switch kind {
	case "incalls":
		var i incall
		there, err := c.there(ctx, place, &i)
		if there {
			l.incall(i, c.manages("did"))
		}
		return err
	case "groups":
		var g group
		there, err := c.there(ctx, place, &g)
		if there {
			l.group(g)
		}
		return err
	}
	var u neighbour
	there, err := c.there(ctx, place, &u)
	if err != nil || !there {
		return err
	}
	keys, err := c.keysOf(ctx, u.UUID)
	if err == nil {
		l.neighbour(u, keys)
	}
	return err
}

// pointer adds something that leads to the user.
func (l *leaver) pointer(place, format string, args ...any) {
	l.Pointers = append(l.Pointers, record.Pointer{Place: place, Text: fmt.Sprintf(format, args...)})
}

// leadsHere tells whether a destination is the user, or the user's mailbox.
func (l *leaver) leadsHere(d destination) bool {
	if l.serial == 0 {
		return false // gone
	}
	return d.Type == "user" && d.UserID == l.serial || d.Type == "voicemail" && d.VoicemailID == l.mailbox && l.mailbox != 0
}

// incall tells a number of the user's own from what else leads to him.
func (l *leaver) incall(i incall, managed bool) {
	if !l.leadsHere(i.Destination) {
		return
	}
	toMailbox := i.Destination.Type == "voicemail"
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
	l.pointer(incallPath(i.ID), "%s", name)
}

// group is a group of users, and where calls go that none of them takes.
type group struct {
	ID        int                    `json:"id"`
	Name      string                 `json:"name"`
	Fallbacks map[string]destination `json:"fallbacks"`
}

// group finds what of a group leads to the user. To be a member is no pointer:
// the group rings on without him.
func (l *leaver) group(g group) {
	for _, kind := range sortedNames(g.Fallbacks) {
		if l.leadsHere(g.Fallbacks[kind]) {
			l.pointer(fmt.Sprintf("/groups/%d", g.ID), "the %s of group %s", kind, g.Name)
		}
	}
}

// neighbour is another user, and what of him can lead to somebody.
type neighbour struct {
	account
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
	name, place := fullName(u.Firstname, u.Lastname), "/users/"+u.UUID
	for _, position := range sortedNames(keys) {
		if d := keys[position].Destination; d.Type == "user" && l.leadsHere(d) {
			l.pointer(place, "key %s of %s", position, name)
		}
	}
	for _, kind := range sortedNames(u.Forwards) {
		if f := u.Forwards[kind]; f.Enabled && f.Destination != "" && f.Destination == l.extension {
			l.pointer(place, "the %s forward of %s", kind, name)
		}
	}
	for _, kind := range sortedNames(u.Fallbacks) {
		if l.leadsHere(u.Fallbacks[kind]) {
			l.pointer(place, "the %s of %s", kind, name)
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
