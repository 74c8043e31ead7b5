package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"xivosync/reconcile/record"
)

// changeRow is how a change is stored; run and seq are its key.
// record.Change.MarshalJSON is for people, and leaves out what we need.
type changeRow struct {
	stamp
	Link   uint64              `json:"link,omitempty"`
	Person personRow           `json:"person"`
	Entry  text                `json:"entry,omitempty"`
	Unit   int                 `json:"unit"`
	Side   record.Side         `json:"side"`
	Op     record.Op           `json:"op"`
	Thing  record.Thing        `json:"thing"`
	Key    text                `json:"key,omitempty"`
	Fields map[string]deltaRow `json:"fields,omitempty"`
	More   bool                `json:"more,omitempty"`
	Parks  bool                `json:"parks,omitempty"`
	Reason text                `json:"reason,omitempty"`
	Step   record.Step         `json:"step,omitempty"`
	Error  text                `json:"error,omitempty"`
}

// deltaRow is how a delta is stored: a secret one in its box only.
type deltaRow struct {
	Attribute text         `json:"attribute,omitempty"`
	Before    record.Value `json:"before,omitempty"`
	After     record.Value `json:"after,omitempty"`
	Cause     record.Value `json:"cause,omitempty"`
	Secret    bool         `json:"secret,omitempty"`
	Box       []byte       `json:"box,omitempty"`
	Base      *record.Base `json:"base,omitempty"`
}

// deltaValues is what a delta's box holds.
type deltaValues struct {
	Before record.Value `json:"before"`
	After  record.Value `json:"after"`
	Cause  record.Value `json:"cause,omitempty"`
}

// Unreadable tells that the values of a secret delta were sealed with a key that
// is lost. Before and After are both empty then, so that nothing can be written
// or taken back by it.
func Unreadable(d record.Delta) bool { return d.Secret && d.Before.Empty() && d.After.Empty() }

// newChangeRow seals the secrets of a change.
func (s *sealer) newChangeRow(c record.Change) (*changeRow, error) {
	row := &changeRow{
		Link: c.Link, Person: newPersonRow(c.Person), Entry: text(c.Entry), Unit: c.Unit, Side: c.Side, Op: c.Op, Thing: c.Thing,
		Key: text(c.Key), More: c.More, Parks: c.Parks, Reason: text(c.Reason), Step: c.Step, Error: text(c.Error),
	}
	if len(c.Fields) > 0 {
		row.Fields = make(map[string]deltaRow, len(c.Fields))
	}
	for name, d := range c.Fields {
		sealed, err := s.newDeltaRow(d, deltaPlace(c.Run, c.Seq, name))
		if err != nil {
			return nil, fmt.Errorf("change %s: field %s: %w", c.ID(), name, err)
		}
		row.Fields[name] = sealed
	}
	return row, nil
}

// deltaPlace is what binds a box to its delta.
func deltaPlace(run, seq uint64, field string) string {
	return fmt.Sprintf("change %d/%d %s", run, seq, field)
}

func (s *sealer) newDeltaRow(d record.Delta, place string) (deltaRow, error) {
	row := deltaRow{Attribute: text(d.Attribute), Secret: d.Secret, Base: d.Base}
	if !d.Secret {
		row.Before, row.After, row.Cause = d.Before, d.After, d.Cause
		return row, nil
	}
	plain, err := json.Marshal(deltaValues{d.Before, d.After, d.Cause})
	if err != nil {
		return row, err
	}
	row.Box, err = s.seal(plain, place)
	return row, err
}

// change opens the boxes of a stored change.
func (s *sealer) change(run, seq uint64, row *changeRow) (record.Change, error) {
	c := record.Change{
		Run: run, Seq: seq, Link: row.Link, Person: row.Person.person(), Entry: string(row.Entry), Unit: row.Unit, Side: row.Side,
		Op: row.Op, Thing: row.Thing, Key: string(row.Key), More: row.More, Parks: row.Parks, Reason: string(row.Reason), Step: row.Step, Error: string(row.Error),
	}
	if len(row.Fields) > 0 {
		c.Fields = make(map[string]record.Delta, len(row.Fields))
	}
	for name, d := range row.Fields {
		delta, err := s.delta(d, deltaPlace(run, seq, name))
		if err != nil && !errors.Is(err, errUnreadable) {
			return c, fmt.Errorf("change %s: field %s: %w", c.ID(), name, err)
		}
		c.Fields[name] = delta
	}
	return c, nil
}

// delta opens one box; the error is errUnreadable where the key does not fit.
func (s *sealer) delta(row deltaRow, place string) (record.Delta, error) {
	d := record.Delta{Attribute: string(row.Attribute), Before: row.Before, After: row.After, Cause: row.Cause, Secret: row.Secret, Base: row.Base}
	if !row.Secret {
		return d, nil
	}
	plain, err := s.open(row.Box, place)
	if err != nil {
		return d, err
	}
	var values deltaValues
	err = json.Unmarshal(plain, &values)
	d.Before, d.After, d.Cause = values.Before, values.After, values.Cause
	return d, err
}
