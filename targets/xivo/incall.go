package xivo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"xivosync/reconcile/record"
)

// incall is where a DID leads (resource /incalls).
type incall struct {
	ID           int         `json:"id"`
	Description  string      `json:"description"`
	CallerIDMode string      `json:"caller_id_mode"`
	CallerIDName string      `json:"caller_id_name"`
	Subroutine   string      `json:"preprocess_subroutine"`
	Destination  destination `json:"destination"`
	Extensions   []dialled   `json:"extensions"`
}

// destination is where an incall leads, as confd wrote it.
type destination struct {
	Type        string   `json:"type"`
	UserID      uint64   `json:"user_id"`
	VoicemailID int      `json:"voicemail_id"`
	RingTime    *float64 `json:"ring_time"`
	raw         json.RawMessage
}

// UnmarshalJSON keeps what it does not understand.
func (d *destination) UnmarshalJSON(b []byte) error {
	type plain destination
	if err := json.Unmarshal(b, (*plain)(d)); err != nil {
		return err
	}
	d.raw = slices.Clone(b)
	return nil
}

func incallPath(id int) string { return fmt.Sprintf("/incalls/%d", id) }

// incallsTo lists the incalls that lead to the user himself. The filter is an
// exact one, but an unknown filter is ignored: the destinations are looked at.
func (c *Client) incallsTo(ctx context.Context, serial uint64) ([]incall, error) {
	list, err := listOf[incall](ctx, c, "/incalls", url.Values{"user_id": {strconv.FormatUint(serial, 10)}})
	return slices.DeleteFunc(list, func(i incall) bool {
		return i.Destination.Type != "user" || i.Destination.UserID != serial
	}), err
}

// readDIDs tells the numbers that lead to the user himself, and their routing;
// those that lead to his mailbox are for [Client.Recall].
func (c *Client) readDIDs(ctx context.Context, r resident) (map[string]record.Value, error) {
	incalls, err := c.incallsTo(ctx, r.Serial)
	if err != nil {
		return nil, err
	}
	return routed(incalls), nil
}

// leadsTo tells whether the incall leads to the user, or to his own mailbox.
func (c *Client) leadsTo(ctx context.Context, i incall, user string, serial uint64) (bool, error) {
	switch i.Destination.Type {
	case "user":
		return i.Destination.UserID == serial, nil
	case "voicemail":
		m, _, err := c.ownMailbox(ctx, user)
		return m != nil && m.ID == i.Destination.VoicemailID, err
	}
	return false, nil
}
