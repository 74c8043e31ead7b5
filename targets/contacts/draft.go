package contacts

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// Draft is a sheet in the making. It is not safe for concurrent use.
type Draft struct {
	layout *Layout
	rows   map[string]row
}

// row is one person of the sheet.
type row struct {
	id      string
	line    []byte
	text    string
	numbers []string
}

// Draft begins an empty sheet.
func (l *Layout) Draft() *Draft { return &Draft{layout: l, rows: map[string]row{}} }

// Add takes in an entry, in place of what was known of it. An account that is
// switched off is taken out.
func (d *Draft) Add(r record.Record) {
	if r.Disabled {
		d.Drop(r.ID)
		return
	}
	d.rows[r.ID] = d.layout.row(r)
}

// Drop takes an entry out.
func (d *Draft) Drop(id string) { delete(d.rows, id) }

// Sheet makes the sheet of what was added; the draft can go on afterwards.
func (d *Draft) Sheet() *Sheet {
	s := &Sheet{header: line(d.layout.header()), canonical: d.layout.Canonical, seed: maphash.MakeSeed()}
	rows := slices.SortedFunc(maps.Values(d.rows), func(a, b row) int {
		return cmp.Or(bytes.Compare(a.line, b.line), cmp.Compare(a.id, b.id))
	})
	for i, r := range rows {
		s.lines, s.text = append(s.lines, r.line...), append(append(s.text, r.text...), rowEnd)
		s.lineEnds, s.textEnds = append(s.lineEnds, uint32(len(s.lines))), append(s.textEnds, uint32(len(s.text)))
		for _, number := range r.numbers {
			s.numbers = append(s.numbers, dialable{maphash.String(s.seed, number), uint32(i)})
		}
	}
	slices.SortFunc(s.numbers, func(a, b dialable) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.row, b.row))
	})
	s.numbers = slices.Compact(s.numbers)
	return s
}
