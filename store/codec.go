package store

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// valueSchema is the number that every JSON value of this program carries.
const valueSchema = 1

// stamp is the schema number of a value. Rows embed it.
type stamp struct {
	V int `json:"v"`
}

func (s *stamp) mark() { s.V = valueSchema }

func (s *stamp) check() error {
	if s.V < 1 || s.V > valueSchema {
		return fmt.Errorf("value has schema %d, this program knows 1 to %d", s.V, valueSchema)
	}
	return nil
}

// row is a value that is stored as JSON.
type row interface {
	mark()
	check() error
}

// encode writes a row as the value of a key.
func encode(key []byte, r row) ([]byte, error) {
	r.mark()
	value, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return withSum(key, value), nil
}

// decode reads the row of a key.
func decode(key, value []byte, r row) error {
	value, err := withoutSum(key, value)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(value, r); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return r.check()
}

// text is a string that need not be UTF-8: what a server said.
type text string

// MarshalJSON writes what is not UTF-8 as record.Value does.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return record.Value{string(t)}.MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (t *text) UnmarshalJSON(b []byte) error {
	var v record.Value
	err := v.UnmarshalJSON(b)
	*t = text(v.First())
	return err
}

// personRow is how a person is stored.
type personRow struct {
	Identifier text `json:"record,omitempty"`
	DN         text `json:"dn,omitempty"`
	UUID       text `json:"uuid,omitempty"`
	Name       text `json:"name,omitempty"`
	Site       text `json:"site,omitempty"`
}

func newPersonRow(p record.Person) personRow {
	return personRow{text(p.Identifier), text(p.DN), text(p.UUID), text(p.Name), text(p.Site)}
}

func (p personRow) person() record.Person {
	return record.Person{
		Identifier: string(p.Identifier), DN: string(p.DN), UUID: string(p.UUID),
		Name: string(p.Name), Site: string(p.Site),
	}
}

// stateRow is what the state bucket holds of a record.State: all but the link.
type stateRow struct {
	stamp
	Person personRow              `json:"person"`
	Fields map[string]record.Base `json:"fields,omitempty"`
}

// runRow is how a run is stored.
type runRow struct {
	stamp
	Run record.Run `json:"run"`
	// Going tells that a part of the run's changes was removed: for a reader the
	// run is gone.
	Going bool `json:"going,omitempty"`
}

// unitRow is how a unit is stored: the numbers of its changes, in order.
type unitRow struct {
	stamp
	Seqs   []uint64 `json:"seqs"`
	Closed bool     `json:"closed,omitempty"`
}
