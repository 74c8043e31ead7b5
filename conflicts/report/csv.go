package report

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// CSV writes a row for each conflict, or, of a run, for each field that it
// changed, for a spreadsheet (RFC 4180). A cell that a spreadsheet would take for
// a formula begins with an apostrophe; programs read JSON.
func (r *Report) CSV(w io.Writer) error {
	table := csv.NewWriter(w)
	table.UseCRLF = true
	rows := r.conflictRows()
	if r.Run != nil {
		rows = r.changeRows()
	}
	for _, row := range rows {
		for i := range row {
			row[i] = cell(row[i])
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	table.Flush()
	return table.Error()
}

// cell keeps a text from being a formula.
func cell(s string) string {
	formula := s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n")
	wide := strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠")
	blanks := strings.TrimLeft(s, " ")
	if formula || wide || blanks != "" && strings.ContainsAny(blanks[:1], "=+-@") {
		return "'" + Plain(s)
	}
	return Plain(s)
}

func (r *Report) conflictRows() [][]string {
	rows := [][]string{{"id", "state", "kind", "site", "person", "identifier", "dn", "field", "last_ldap", "last_xivo", "ldap", "xivo",
		"message", "hint", "held_by", "decisions", "decided", "who", "why", "reopened", "since", "first_run", "last_run"}}
	for _, g := range r.Groups() {
		for _, c := range g.Conflicts {
			held := now(c)
			row := []string{number(c.Number), string(c.State), string(c.Kind), c.Person.Site, c.Person.Label(), c.Person.Identifier, c.Person.DN, c.Field,
				text(c.Base.LDAP, c.Secret), text(c.Base.XiVO, c.Secret), text(held.LDAP, c.Secret), text(held.XiVO, c.Secret),
				c.Message, c.Hint, c.Owner, strings.Join(c.Decisions, " "), "", "", "", c.Reopened,
				c.Since.UTC().Format(time.RFC3339), number(c.FirstRun), number(c.LastRun)}
			if d := c.Decision; d != nil {
				row[16], row[17], row[18] = d.Taken(c.Secret), d.Who, d.Why
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func (r *Report) changeRows() [][]string {
	rows := [][]string{{"change", "state", "site", "person", "identifier", "dn", "side", "operation", "thing", "field", "before", "after", "reason", "error"}}
	for _, c := range r.Changes {
		names := c.FieldNames()
		if len(names) == 0 {
			names = []string{""}
		}
		for _, name := range names {
			d := c.Fields[name]
			rows = append(rows, []string{c.ID(), stepWords(c.Step), c.Person.Site, c.Person.Label(), c.Person.Identifier, c.Person.DN,
				string(c.Side), string(c.Op), string(c.Thing), name, text(d.Before, d.Secret), text(d.After, d.Secret), c.Reason, c.Error})
		}
	}
	return rows
}

func stepWords(s record.Step) string {
	if s == record.Planned {
		return "not carried out"
	}
	return string(s)
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
