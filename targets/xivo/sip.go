package xivo

import (
	"context"
	"fmt"
	"net/url"

	"xivosync/reconcile/record"
)

// sip is a SIP endpoint (resource /endpoints/sip); as others refer to it, it has
// an id and a username only.
type sip struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
	Secret   string `json:"secret"`
	Line     *ref   `json:"line"`
	Trunk    *ref   `json:"trunk"`
}

// ref is an object that another refers to.
type ref struct {
	ID int `json:"id"`
}

func sipPath(id int) string { return fmt.Sprintf("/endpoints/sip/%d", id) }

// sipByName looks an endpoint up by its username; nil for none.
func (c *Client) sipByName(ctx context.Context, username string) (*sip, error) {
	list, err := listOf[sip](ctx, c, "/endpoints/sip", url.Values{"username": {username}})
	if err != nil {
		return nil, err
	}
	return only(list, func(s sip) bool { return s.Username == username })
}

// sipByID reads an endpoint.
func (c *Client) sipByID(ctx context.Context, id int) (s sip, err error) {
	err = c.ask(ctx, get(sipPath(id), nil), &s)
	return s, err
}

// Secret reads the SIP secret of the user's own line. The error is of class
// Missing where there is no such line, or it has no SIP endpoint.
func (c *Client) Secret(ctx context.Context, id string) (string, error) {
	body, err := c.userBody(ctx, id)
	if err != nil {
		return "", err
	}
	w, err := c.wiringOf(ctx, body)
	if err != nil {
		return "", classified(userObject(id), err)
	}
	if w.line == nil || w.line.SIP == nil {
		return "", missing(userObject(id), "no line of the user's own with a SIP endpoint")
	}
	s, err := c.sipByID(ctx, w.line.SIP.ID)
	return s.Secret, classified(userObject(id), err)
}

// putSIP changes what differs of an endpoint, while it holds the before-values.
func (e *errand) putSIP(ctx context.Context, id int) error {
	var list []wish
	for name, column := range map[string]string{"sip_username": "username", "sip_secret": "secret"} {
		if e.has(name) {
			list = append(list, wish{field: record.Field{Name: column, Secret: column == "secret"}, delta: e.change.Fields[name]})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return e.edit(ctx, sipPath(id), list)
}
