package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// line is a line as a user of confd's shows it (resource /users, key lines). A
// line has one endpoint, of which SIP is the kind that we manage.
type line struct {
	ID         int       `json:"id"`
	SIP        *sip      `json:"endpoint_sip"`
	Extensions []dialled `json:"extensions"`
}

// dialled is an extension as others refer to it.
type dialled struct {
	ID      int    `json:"id"`
	Exten   string `json:"exten"`
	Context string `json:"context"`
}

// value is how a record tells the number.
func (d dialled) value() string { return d.Exten + "@" + d.Context }

// wiring is what a user's lines come to: the line that is the person's to
// manage, or none, or why none is.
type wiring struct {
	line    *line
	foreign string
	// others counts the lines beside the main one.
	others int
}

// wiringOf looks at the lines of a user's body, of which the main one comes
// first, and asks who else is on that.
func (c *Client) wiringOf(ctx context.Context, user []byte) (w wiring, err error) {
	var told struct {
		Lines []line `json:"lines"`
	}
	if err := json.Unmarshal(user, &told); err != nil {
		return w, fmt.Errorf("a user with lines of another shape: %w", err)
	}
	if len(told.Lines) == 0 {
		return w, nil
	}
	main := told.Lines[0]
	users, err := c.tally(ctx, fmt.Sprintf("/lines/%d/users", main.ID))
	switch {
	case err != nil:
		return w, err
	case users != 1:
		w.foreign = fmt.Sprintf("line %d is shared by %d users", main.ID, users)
	case len(main.Extensions) != 1:
		w.foreign = fmt.Sprintf("line %d has %d extensions", main.ID, len(main.Extensions))
	default:
		w.line, w.others = &main, len(told.Lines)-1
	}
	return w, nil
}

// tally asks for a list of associations, which are few, and counts them.
func (c *Client) tally(ctx context.Context, path string) (int, error) {
	var p page
	err := c.ask(ctx, get(path, nil), &p)
	return len(p.Items), err
}

// lineOf is a line by itself (resource /lines).
type lineOf struct {
	ID      int    `json:"id"`
	Context string `json:"context"`
	Code    string `json:"provisioning_code"`
	SIP     *sip   `json:"endpoint_sip"`
	Users   []struct {
		UUID      string `json:"uuid"`
		Firstname string `json:"firstname"`
		Lastname  string `json:"lastname"`
	} `json:"users"`
}

// lineByCode looks a line up by its provisioning code; nil for none. XiVO keeps
// codes as numbers.
func (c *Client) lineByCode(ctx context.Context, code string) (*lineOf, error) {
	lines, err := listOf[lineOf](ctx, c, "/lines", url.Values{"provisioning_code": {code}})
	if err != nil {
		return nil, err
	}
	return only(lines, func(l lineOf) bool { return l.Code == code })
}

// listOf asks for a list of objects.
func listOf[T any](ctx context.Context, c *Client, path string, query url.Values) ([]T, error) {
	q := get(path, query)
	var p struct {
		Items []T `json:"items"`
	}
	if err := c.ask(ctx, q, &p); err != nil {
		return nil, err
	}
	return p.Items, nil
}

// only returns the one object that passes, nil for none: confd ignores a filter
// that it does not know.
func only[T any](list []T, pass func(T) bool) (*T, error) {
	var found *T
	for i := range list {
		if !pass(list[i]) {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%w: several objects where XiVO allows one", errUnsteady)
		}
		found = &list[i]
	}
	return found, nil
}
