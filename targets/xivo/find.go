package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"xivosync/reconcile/record"
)

// findLimit is how many users are asked for when one is looked up: a server
// that ignores the filter must not answer with everybody.
const findLimit = 100

// Read reads all mapped fields and things of the user with that uuid; the error
// is of class Missing when there is none.
func (c *Client) Read(ctx context.Context, id string) (record.Record, error) {
	return c.inFull(ctx, id, c.mapped)
}

// user reads the named fields of one user.
func (c *Client) user(ctx context.Context, id string, names []string) (record.Record, error) {
	body, err := c.userBody(ctx, id)
	if err != nil {
		return record.Record{}, err
	}
	return c.userOf(body, id, names)
}

// userBody reads a user as confd shows it.
func (c *Client) userBody(ctx context.Context, id string) (json.RawMessage, error) {
	if uuid.Validate(id) != nil {
		return nil, missing(userObject(id), "not a uuid, so no user of XiVO")
	}
	var body json.RawMessage
	err := c.ask(ctx, get("/users/"+id, nil), &body)
	return body, classified(userObject(id), err)
}

// userOf makes the record of the user who was asked for.
func (c *Client) userOf(body []byte, id string, names []string) (record.Record, error) {
	u, err := c.parseUser(body, names)
	if err == nil && !strings.EqualFold(u.ID, id) {
		err = fmt.Errorf("XiVO answers with user %s", u.ID)
	}
	return u, classified(userObject(id), err)
}

func userObject(id string) string { return "user " + id }

// Find reads the users that carry the identifier; none is no error. confd has
// exact filters for description, userfield and email (in any case). It has
// none for username: the export is searched, and those who are found are read.
func (c *Client) Find(ctx context.Context, identifier string) ([]record.Record, error) {
	return c.find(ctx, identifier, c.mapped)
}

func (c *Client) find(ctx context.Context, identifier string, names []string) ([]record.Record, error) {
	field, ok := fieldOf(c.conf.Identifier)
	object := fmt.Sprintf("users with %s %q", field.Name, identifier)
	if !ok {
		return nil, refused(object, "no field of XiVO carries the identifier")
	}
	if identifier == "" {
		return nil, nil
	}
	if field.Name == "username" {
		users, err := c.findInExport(ctx, identifier, names)
		return users, classified(object, err)
	}
	users, err := c.filter(ctx, field, identifier, names)
	return users, classified(object, err)
}

// filter asks for the users whose field has exactly this value, and believes
// nothing: confd ignores a filter that it does not know.
func (c *Client) filter(ctx context.Context, field record.Field, value string, names []string) ([]record.Record, error) {
	q := get("/users", url.Values{field.Name: {value}, "order": {"id"}, "limit": {strconv.Itoa(findLimit)}})
	var p page
	if err := c.ask(ctx, q, &p); err != nil {
		return nil, err
	}
	if p.Total == nil || *p.Total > findLimit {
		return nil, fmt.Errorf("%s: XiVO does not look users up by %s: the answer is more than %d", q, field.Name, findLimit)
	}
	var found []record.Record
	seen := map[string]bool{}
	for _, body := range p.Items {
		u, err := c.parseUser(body, names)
		if err != nil {
			return nil, err
		}
		if same(field, u.Values[field.Name].First(), value) && !seen[u.ID] {
			seen[u.ID] = true
			found = append(found, u)
		}
	}
	return found, nil
}

// same compares two values as XiVO does.
func same(f record.Field, a, b string) bool {
	return a == b || f.FoldCase && strings.EqualFold(a, b)
}

// findInExport looks through the export for a username.
func (c *Client) findInExport(ctx context.Context, username string, names []string) ([]record.Record, error) {
	a := survey[0]
	var people *roster
	err := c.read(ctx, get(a.path, a.query), func(r io.Reader) error {
		people = newRoster([]string{"username"})
		return a.decode(r, 1, people)
	})
	if err != nil {
		return nil, err
	}
	var found []record.Record
	for i := range people.people {
		if text, _, _ := unpack(people.people[i].cells); text != username {
			continue
		}
		u, err := c.user(ctx, people.people[i].id.String(), names)
		if record.ClassOf(err) == record.Missing && err != nil {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, u)
	}
	return found, nil
}
