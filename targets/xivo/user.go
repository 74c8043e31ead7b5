package xivo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"xivosync/reconcile/record"
)

// parseUser reads an object of confd's resource /users and keeps the named
// fields, and what every record needs. A field that the object lacks is one
// that this XiVO does not have: it is not read.
func (c *Client) parseUser(body []byte, names []string) (record.Record, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return record.Record{}, fmt.Errorf("a user that is no object: %w", cut(body, err))
	}
	var told struct {
		ID      uint64 `json:"id"`
		UUID    string `json:"uuid"`
		First   string `json:"firstname"`
		Last    string `json:"lastname"`
		Enabled *bool  `json:"enabled"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		return record.Record{}, fmt.Errorf("a user of another shape: %w", err)
	}
	id, err := parseID([]byte(told.UUID))
	if err != nil {
		return record.Record{}, err
	}
	u := record.Record{
		Side: record.XiVO, ID: id.String(), Serial: told.ID, Name: fullName(told.First, told.Last),
		Disabled: told.Enabled != nil && !*told.Enabled, Values: map[string]record.Value{},
	}
	for _, name := range names {
		if err := take(u.Values, name, object); err != nil {
			return record.Record{}, fmt.Errorf("user %s: %w", u.ID, err)
		}
	}
	u.Identifier = u.Values[c.conf.Identifier].First()
	return u, nil
}

// take reads one field into the values.
func take(values map[string]record.Value, name string, object map[string]json.RawMessage) error {
	raw, there := object[name]
	if !there {
		return nil
	}
	f, _ := fieldOf(name)
	text, err := parseValue(f.Kind, raw)
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	values[name] = record.Text(text)
	return nil
}

// parseValue reads a value of the field's kind; null is "". The error does not
// show the value.
func parseValue(kind record.Kind, raw json.RawMessage) (text string, err error) {
	if bytes.Equal(raw, []byte("null")) {
		return "", nil
	}
	switch kind {
	case record.Bool:
		var b bool
		err = json.Unmarshal(raw, &b)
		text = strconv.FormatBool(b)
	case record.Int:
		var n int64
		err = json.Unmarshal(raw, &n)
		text = strconv.FormatInt(n, 10)
	default:
		err = json.Unmarshal(raw, &text)
	}
	if err != nil {
		return "", fmt.Errorf("a value of another type than %s", kindNames[kind])
	}
	return text, nil
}

var kindNames = map[record.Kind]string{record.String: "text", record.Bool: "true or false", record.Int: "a number"}

// page is a list as confd answers it; total counts what matches, on other pages
// too.
type page struct {
	Total *int              `json:"total"`
	Items []json.RawMessage `json:"items"`
}
