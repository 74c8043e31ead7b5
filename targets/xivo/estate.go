package xivo

import (
	"context"
	"encoding/json"
	"maps"

	"xivosync/reconcile/record"
)

// readers read one thing each, with its details; nothing where this reading does
// not tell.
var readers = map[string]func(*Client, context.Context, resident) (map[string]record.Value, error){
	"extension": (*Client).readExtension,
	"did":       (*Client).readDIDs,
	"voicemail": (*Client).readVoicemail,
	"agent":     (*Client).readAgent,
	"cti":       (*Client).readCTI,
	"entity":    (*Client).readEntity,
}

// resident is a user whose things are read.
type resident struct {
	record.Record
	body json.RawMessage
}

// inFull reads the named fields and the mapped things of one user.
func (c *Client) inFull(ctx context.Context, id string, names []string) (record.Record, error) {
	body, err := c.userBody(ctx, id)
	if err != nil {
		return record.Record{}, err
	}
	u, err := c.userOf(body, id, names)
	if err != nil {
		return record.Record{}, err
	}
	for _, thing := range c.held {
		values, err := readers[thing](c, ctx, resident{u, body})
		if err != nil {
			return record.Record{}, classified(thing+" of "+userObject(id), err)
		}
		maps.Copy(u.Values, c.keep(values))
	}
	return u, nil
}

// readExtension tells the number of the person's own line, and its SIP username.
func (c *Client) readExtension(ctx context.Context, r resident) (map[string]record.Value, error) {
	w, err := c.wiringOf(ctx, r.body)
	if err != nil || w.foreign != "" {
		return nil, err
	}
	values := map[string]record.Value{"extension": nil, "sip_username": nil}
	if w.line != nil {
		values["extension"] = record.Value{w.line.Extensions[0].value()}
	}
	if w.line != nil && w.line.SIP != nil {
		values["sip_username"] = record.Text(w.line.SIP.Username)
	}
	return values, nil
}
