package xivo

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"xivosync/reconcile/record"
)

// roster gathers what several answers tell about each user. It is packed, one
// text a person, so that a hundred thousand people take some twenty megabytes.
type roster struct {
	columns []record.Field
	// clues are the columns' places among the evidence, below zero for none.
	clues   []int
	index   map[uuid.UUID]int32
	people  []person
	scratch []byte
	// proven tells that there are columns of evidence.
	proven bool
	// holdings are the things of people who were read in detail.
	holdings *holdings
	// agents are those of the service's list by their ids; nil where nobody told.
	agents map[string]agent
}

// person is one user of the roster.
type person struct {
	id uuid.UUID
	// cells holds the columns in order, each its length plus one and its text;
	// zero stands for a column that nobody told.
	cells string
	// serial is XiVO's number, zero where no answer told it.
	serial uint64
	// told has a bit for each answer in which the person was.
	told     uint8
	doubtful bool
	// gone tells that the person is not there any more.
	gone bool
}

// cell is one column of one row of an answer.
type cell struct {
	text []byte
	told bool
}

func newRoster(names []string) *roster {
	r := &roster{index: map[uuid.UUID]int32{}}
	for _, name := range names {
		r.columns = append(r.columns, columnOf(name))
		r.clues = append(r.clues, evidenceAt(name))
		r.proven = r.proven || evidenceAt(name) >= 0
	}
	return r
}

// tell adds one row of the answer with that bit. A person is doubtful who has
// several rows in it, or of whom it says something else than another answer.
func (r *roster) tell(answer uint8, id uuid.UUID, serial uint64, row []cell, doubtful bool) {
	i, known := r.index[id]
	if !known {
		i = int32(len(r.people))
		r.index[id] = i
		r.people = append(r.people, person{id: id})
	}
	p := &r.people[i]
	agrees := r.merge(p.cells, row)
	p.doubtful = p.doubtful || doubtful || !agrees || p.told&answer != 0
	p.told |= answer
	p.serial = max(p.serial, serial)
	if p.cells != string(r.scratch) {
		p.cells = string(r.scratch)
	}
}

// merge packs the row over what was known before, and tells whether the two
// agree. What is told last is kept.
func (r *roster) merge(before string, row []cell) (agrees bool) {
	agrees = true
	r.scratch = r.scratch[:0]
	for i := range row {
		var old string
		var told bool
		old, told, before = unpack(before)
		switch {
		case row[i].told:
			agrees = agrees && (!told || old == string(row[i].text))
			r.scratch = binary.AppendUvarint(r.scratch, uint64(len(row[i].text))+1)
			r.scratch = append(r.scratch, row[i].text...)
		case told:
			r.scratch = binary.AppendUvarint(r.scratch, uint64(len(old))+1)
			r.scratch = append(r.scratch, old...)
		default:
			r.scratch = append(r.scratch, 0)
		}
	}
	return agrees
}

// row makes a row of a record's values, in place of the one that is given.
func (r *roster) row(from record.Record, row []cell) []cell {
	row = row[:0]
	for _, f := range r.columns {
		v, told := from.Values[f.Name]
		row = append(row, cell{text: []byte(v.First()), told: told})
	}
	return row
}

// lacks tells whether no answer told the person's field.
func (r *roster) lacks(p *person, field string) bool {
	rest := p.cells
	for _, f := range r.columns {
		var told bool
		if _, told, rest = unpack(rest); f.Name == field {
			return !told
		}
	}
	return false
}

// unpack takes the first column off; what it returns shares the memory.
func unpack(cells string) (text string, told bool, rest string) {
	var n uint64
	for shift := 0; cells != ""; shift += 7 {
		b := cells[0]
		cells = cells[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	if n == 0 {
		return "", false, cells
	}
	return cells[:n-1], true, cells[n-1:]
}

// record makes the record of the person at i: the mapped columns are its
// values. Who is not in all answers is doubtful, and of whom is doubtful, no
// thing is told.
func (c *Client) record(r *roster, i int, answers uint8) record.Record {
	p := &r.people[i]
	rec := record.Record{
		Side: record.XiVO, ID: p.id.String(), Serial: p.serial, Doubtful: p.doubtful || p.told != answers,
		Values: make(map[string]record.Value, len(r.columns)),
	}
	var first, last string
	var seen clues
	rest := p.cells
	for i, f := range r.columns {
		var text string
		var told bool
		if text, told, rest = unpack(rest); !told {
			continue
		}
		if r.clues[i] >= 0 {
			seen[r.clues[i]] = text
		}
		switch f.Name {
		case "firstname":
			first = text
		case "lastname":
			last = text
		case "enabled":
			rec.Disabled = text == "false"
		}
		if c.maps(f.Name) {
			rec.Values[f.Name] = record.Text(text)
		}
	}
	rec.Doubtful = rec.Doubtful || !seen.agree()
	if r.proven && !rec.Doubtful {
		c.tell(&seen, r.agents, rec.Values)
	}
	c.recall(r.holdings, p.id, rec.Values)
	rec.Name = fullName(first, last)
	rec.Identifier = rec.Values[c.conf.Identifier].First()
	return rec
}

// fullName joins first and last name.
func fullName(first, last string) string { return strings.TrimSpace(first + " " + last) }

// parseID reads a user's uuid.
func parseID(text []byte) (uuid.UUID, error) {
	id, err := uuid.ParseBytes(text)
	if err != nil || len(text) != 36 {
		return uuid.Nil, fmt.Errorf("a user without a uuid: %q", text)
	}
	return id, nil
}
