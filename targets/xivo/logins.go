package xivo

import (
	"context"
	"encoding/json"
	"io"

	"xivosync/reconcile/record"
)

// Logins lists who has which username. XiVO neither searches nor filters by it:
// the export tells all of them in one request, and where there is none the list
// of users does, page by page.
func (c *Client) Logins(ctx context.Context) (map[string]record.Record, error) {
	logins := map[string]record.Record{}
	note := func(u account) {
		if u.Username != "" {
			logins[u.Username] = record.Record{Side: record.XiVO, ID: u.UUID, Name: fullName(u.Firstname, u.Lastname)}
		}
	}
	var export struct {
		Content []account `json:"content"`
	}
	err := c.read(ctx, get("/users/export", nil), func(r io.Reader) error {
		export.Content = nil
		return json.NewDecoder(r).Decode(&export)
	})
	for _, u := range export.Content {
		note(u)
	}
	if unknownAddress(err) {
		err = c.everybody(ctx, func(u neighbour) error {
			note(u.account)
			return nil
		})
	}
	if err != nil {
		return nil, classified("usernames", err)
	}
	return logins, nil
}

// account is who a user is, and the name to log in with.
type account struct {
	UUID      string `json:"uuid"`
	Firstname string `json:"firstname"`
	Lastname  string `json:"lastname"`
	Username  string `json:"username"`
}
