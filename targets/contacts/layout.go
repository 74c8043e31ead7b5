package contacts

import (
	"strings"

	"xivosync/reconcile/record"
)

// Delimiter stands between the columns: the one that XiVO's directory
// definitions are set to by default.
const Delimiter = '|'

// MaxFields is how many columns can be configured besides the numbers.
const MaxFields = 14

// Column is one column of the sheet.
type Column struct {
	// Label stands in the header line; XiVO's directory definition refers to it.
	Label string
	// Attribute is where the value comes from.
	Attribute string
	// Shape turns the attribute's values into the field's; nil leaves them. A
	// value that it refuses is left out of the sheet.
	Shape func(record.Value) (record.Value, error)
	// Searched columns are looked at by [Sheet.Search].
	Searched bool
	// Number columns are found by [Sheet.Phone].
	Number bool
}

// Layout says what a sheet tells of each person.
type Layout struct {
	Columns []Column
	// Canonical returns the one spelling of a number by which it is found, such as
	// E.164 for a public one.
	Canonical func(number string) string
}

// Attributes returns what the layout reads, once each.
func (l *Layout) Attributes() []string {
	var names []string
	seen := map[string]bool{}
	for _, c := range l.Columns {
		if !seen[c.Attribute] {
			seen[c.Attribute] = true
			names = append(names, c.Attribute)
		}
	}
	return names
}

// header is the labels in their order.
func (l *Layout) header() []string {
	labels := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		labels[i] = c.Label
	}
	return labels
}

// row is what the sheet tells of one entry.
func (l *Layout) row(r record.Record) row {
	out := row{id: r.ID}
	var cells, searched []string
	for _, c := range l.Columns {
		v := c.value(r)
		cells = append(cells, cell(v, c.Number))
		if c.Searched {
			searched = append(searched, fold(cells[len(cells)-1]))
		}
		if c.Number {
			for _, number := range v {
				out.numbers = append(out.numbers, l.Canonical(number))
			}
		}
	}
	out.line, out.text = line(cells), strings.Join(searched, " ")
	return out
}

// value is what the column shows of an entry.
func (c *Column) value(r record.Record) record.Value {
	v := r.Values[c.Attribute]
	if c.Shape == nil {
		return v
	}
	shaped, err := c.Shape(v)
	if err != nil {
		return nil
	}
	return shaped
}

// cell is the text of a cell: of several numbers the first, since a cell that
// held two could be neither called nor compared; of several texts all.
func cell(v record.Value, number bool) string {
	if number {
		return clean(v.First())
	}
	return clean(strings.Join(v, ", "))
}
