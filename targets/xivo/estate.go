package xivo

import (
	"context"
	"encoding/json"

	"xivosync/reconcile/record"
)

// readers read one thing each: its value, and whether this reading tells.
var readers = map[string]func(*Client, context.Context, resident) (v record.Value, told bool, err error){
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
		v, told, err := readers[thing](c, ctx, resident{u, body})
		if err != nil {
			return record.Record{}, classified(thing+" of "+userObject(id), err)
		}
		if told {
			u.Values[thing] = v
		}
	}
	return u, nil
}

// readExtension tells the number of the person's own line.
func (c *Client) readExtension(ctx context.Context, r resident) (record.Value, bool, error) {
	w, err := c.wiringOf(ctx, r.body)
	switch {
	case err != nil || w.foreign != "":
		return nil, false, err
	case w.line == nil:
		return nil, true, nil
	}
	return record.Value{w.line.Extensions[0].value()}, true, nil
}
