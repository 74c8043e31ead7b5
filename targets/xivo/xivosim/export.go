package xivosim

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exportUsers is GET /users/export: the whole of every user in one answer, as
// CSV to who asks for text/csv, as JSON to everybody else. It shows numbers
// that are commented, which the views hide.
func exportUsers(c *call) (*answer, error) {
	rows := c.survey(true)
	for _, r := range rows {
		r.dids = c.didsOf(r.user.ID)
		for _, id := range r.user.PermissionIDs {
			r.permissions = append(r.permissions, c.permissions.get(id).Name)
		}
	}
	slices.SortStableFunc(rows, func(a, b *surveyRow) int { return cmp.Compare(a.lineRank(), b.lineRank()) })
	c.cost += time.Duration(len(rows)) * costExportRow
	if strings.Contains(c.r.Header.Get("Accept"), "text/csv") {
		return &answer{status: http.StatusOK, mime: "text/csv; charset=utf-8", stream: func(w io.Writer) error { return exportCSV(w, rows) }}, nil
	}
	return &answer{status: http.StatusOK, stream: func(w io.Writer) error { return exportJSON(w, rows) }}, nil
}

// didsOf are the numbers of the incalls that go to a user.
func (c *content) didsOf(userID int) (dids []*Extension) {
	for _, incall := range c.incallUser.ids(userID) {
		for _, id := range c.extenOwner.ids(tie{"incall", incall}) {
			dids = append(dids, c.extensions.get(id))
		}
	}
	return dids
}

// lineRank is the export's order: by main line, people without one last.
func (r *surveyRow) lineRank() int {
	if r.line == nil {
		return math.MaxInt
	}
	return r.line.ID
}

func exportCSV(w io.Writer, rows []*surveyRow) error {
	out := csv.NewWriter(w)
	record := make([]string, len(exportColumns))
	for i, col := range exportColumns {
		record[i] = col.name
	}
	err := out.Write(record)
	for _, r := range rows {
		for i, col := range exportColumns {
			record[i] = col.get(r)
		}
		if err == nil {
			err = out.Write(record)
		}
	}
	out.Flush()
	if err = cmp.Or(err, out.Error()); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// exportJSON writes by hand what would be a map of 39 entries a person.
func exportJSON(w io.Writer, rows []*surveyRow) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(`{"headers": [`)
	for i, col := range exportColumns {
		b.WriteString(sep(i) + strconv.Quote(col.name))
	}
	b.WriteString(`], "content": [`)
	var line []byte
	for n, r := range rows {
		line = append(line[:0], sep(n)...)
		for i, col := range exportColumns {
			line = append(line, "{,"[min(i, 1)], '"')
			line = append(append(line, col.name...), `": `...)
			line = appendJSON(line, col.get(r))
		}
		if _, err := b.Write(append(line, '}')); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	b.WriteString("]}")
	return b.Flush()
}

func sep(i int) string {
	if i == 0 {
		return ""
	}
	return ", "
}

// appendJSON appends a JSON string; most need no escape at all.
func appendJSON(b []byte, s string) []byte {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	return append(append(b, s...), '"')
}
