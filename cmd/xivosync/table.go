package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table prints rows in columns.
type table struct {
	w      *tabwriter.Writer
	indent string
}

// newTable begins a table whose columns keep two blanks between them.
func newTable(w io.Writer, indent string) *table {
	return &table{tabwriter.NewWriter(w, 0, 8, 2, ' ', 0), indent}
}

// row adds a row; its cells are made safe to print.
func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = plain(cell)
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	fmt.Fprintln(t.w, t.indent+strings.Join(cells, "\t"))
}

// end prints what was added.
func (t *table) end() error { return t.w.Flush() }
