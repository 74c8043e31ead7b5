package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// conflictRow is how a conflict is stored; its number is its key.
// record.Conflict.MarshalJSON is for people, and leaves out what we need.
type conflictRow struct {
	stamp
	Kind      record.ConflictKind  `json:"kind"`
	Person    personRow            `json:"person"`
	Link      uint64               `json:"link,omitempty"`
	Entry     text                 `json:"entry,omitempty"`
	Field     text                 `json:"field,omitempty"`
	Values    *conflictValues      `json:"values,omitempty"`
	Box       []byte               `json:"box,omitempty"`
	Owner     text                 `json:"owner,omitempty"`
	Message   text                 `json:"message,omitempty"`
	Hint      text                 `json:"hint,omitempty"`
	Decisions []string             `json:"decisions,omitempty"`
	Decision  *decisionRow         `json:"decision,omitempty"`
	Reopened  text                 `json:"reopened,omitempty"`
	FirstRun  uint64               `json:"first_run"`
	LastRun   uint64               `json:"last_run"`
	Since     time.Time            `json:"since"`
	State     record.ConflictState `json:"state"`
	Secret    bool                 `json:"secret,omitempty"`
	Basis     text                 `json:"basis,omitempty"`
	Pointers  []pointerRow         `json:"pointers,omitempty"`
}

// conflictValues is what the box of a secret conflict holds, and what any other
// holds openly. What was decided is among it: it can be a value.
type conflictValues struct {
	Base  record.Pair `json:"base"`
	Now   record.Pair `json:"now"`
	Raw   record.Pair `json:"raw"`
	Take  text        `json:"take,omitempty"`
	Value text        `json:"value,omitempty"`
}

// pointerRow is what of others leads to somebody who is to be deleted.
type pointerRow struct {
	Place text `json:"place"`
	Text  text `json:"text"`
}

// decisionRow is a decision without what was decided.
type decisionRow struct {
	Who text      `json:"who"`
	Why text      `json:"why"`
	At  time.Time `json:"at"`
}

// encodeConflict writes a conflict, and seals the values of a secret one.
func (s *sealer) encodeConflict(c record.Conflict) ([]byte, error) {
	row := &conflictRow{
		Kind: c.Kind, Person: newPersonRow(c.Person), Link: c.Link, Entry: text(c.Entry), Field: text(c.Field),
		Owner: text(c.Owner), Message: text(c.Message), Hint: text(c.Hint), Decisions: c.Decisions,
		Reopened: text(c.Reopened), FirstRun: c.FirstRun, LastRun: c.LastRun, Since: c.Since, State: c.State, Secret: c.Secret, Basis: text(c.Basis),
	}
	for _, p := range c.Pointers {
		row.Pointers = append(row.Pointers, pointerRow{text(p.Place), text(p.Text)})
	}
	values := &conflictValues{Base: c.Base, Now: c.Now, Raw: c.Raw}
	if d := c.Decision; d != nil {
		row.Decision, values.Take, values.Value = &decisionRow{text(d.Who), text(d.Why), d.At}, text(d.Take), text(d.Value)
	}
	if !c.Secret {
		row.Values = values
		return encode(numberKey(c.Number), row)
	}
	plain, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	if row.Box, err = s.seal(plain, conflictPlace(c.Number)); err != nil {
		return nil, fmt.Errorf("conflict %d: %w", c.Number, err)
	}
	return encode(numberKey(c.Number), row)
}

// conflictPlace is what binds a box to its conflict.
func conflictPlace(number uint64) string { return fmt.Sprintf("conflict %d", number) }

// decodeConflict reads a conflict. One that cannot be opened has no values, and
// is undecided again.
func (s *sealer) decodeConflict(number uint64, b []byte) (record.Conflict, error) {
	var row conflictRow
	if err := decode(numberKey(number), b, &row); err != nil {
		return record.Conflict{}, fmt.Errorf("conflict %d: %w", number, err)
	}
	c := record.Conflict{
		Number: number, Kind: row.Kind, Person: row.Person.person(), Link: row.Link, Entry: string(row.Entry), Field: string(row.Field),
		Owner: string(row.Owner), Message: string(row.Message), Hint: string(row.Hint), Decisions: row.Decisions,
		Reopened: string(row.Reopened), FirstRun: row.FirstRun, LastRun: row.LastRun, Since: row.Since, State: row.State, Secret: row.Secret, Basis: string(row.Basis),
	}
	for _, p := range row.Pointers {
		c.Pointers = append(c.Pointers, record.Pointer{Place: string(p.Place), Text: string(p.Text)})
	}
	values, err := s.conflictValues(number, &row)
	if errors.Is(err, errUnreadable) {
		if c.State == record.Decided {
			c.State = record.Open
		}
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("conflict %d: %w", number, err)
	}
	c.Base, c.Now, c.Raw = values.Base, values.Now, values.Raw
	if d := row.Decision; d != nil {
		c.Decision = &record.Decision{Take: string(values.Take), Value: string(values.Value), Who: string(d.Who), Why: string(d.Why), At: d.At}
	}
	return c, nil
}

// conflictValues returns the values, out of the box where they are in one.
func (s *sealer) conflictValues(number uint64, row *conflictRow) (values conflictValues, err error) {
	switch {
	case row.Secret:
		plain, err := s.open(row.Box, conflictPlace(number))
		if err != nil {
			return values, err
		}
		return values, json.Unmarshal(plain, &values)
	case row.Values != nil:
		return *row.Values, nil
	}
	return values, nil
}
