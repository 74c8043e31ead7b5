// Package report writes what a run did and what waits for a person: as text, as
// CSV for a spreadsheet, and as one HTML page that needs nothing else and can be
// printed.
//
// Directories hold what anybody typed into them. Every value is escaped for where
// it is written; what could hide, reorder or end text is made visible; a secret is
// never shown.
//
//	r := report.Report{Made: now, Program: "xivosync", Conflicts: waiting}
//	err := r.HTML(w)
package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
)

// Report is what there is to tell.
type Report struct {
	// Made is when it is written, in the reader's time zone.
	Made time.Time
	// Program is how the reader calls xivosync: with its configuration, where that
	// is not the usual one.
	Program string
	// Run and Changes tell of one run; Run is nil where only conflicts are told.
	Run     *record.Run
	Changes []record.Change
	// Conflicts are told by site and kind.
	Conflicts []record.Conflict
}

// Title says what it is.
func (r *Report) Title() string {
	if r.Run != nil {
		return fmt.Sprintf("xivosync: run %d", r.Run.Number)
	}
	return "xivosync: conflicts"
}

// Group is the conflicts of one kind at one site.
type Group struct {
	Site, Kind string
	Conflicts  []record.Conflict
}

// Groups sorts the conflicts by site and kind, people without a site last.
func (r *Report) Groups() []Group {
	sorted := slices.Clone(r.Conflicts)
	slices.SortStableFunc(sorted, func(a, b record.Conflict) int {
		return cmp.Or(bySite(a.Person.Site, b.Person.Site), cmp.Compare(slices.Index(conflicts.Kinds, a.Kind), slices.Index(conflicts.Kinds, b.Kind)),
			cmp.Compare(a.Person.Label(), b.Person.Label()), cmp.Compare(a.Number, b.Number))
	})
	var out []Group
	for _, c := range sorted {
		kind := conflicts.KindWords(c.Kind)
		if n := len(out); n == 0 || out[n-1].Site != c.Person.Site || out[n-1].Kind != kind {
			out = append(out, Group{Site: c.Person.Site, Kind: kind})
		}
		g := &out[len(out)-1]
		g.Conflicts = append(g.Conflicts, c)
	}
	return out
}

func bySite(a, b string) int {
	if (a == "") != (b == "") {
		return -cmp.Compare(a, b) // no site last
	}
	return cmp.Compare(a, b)
}

// siteName is what a group of people is called.
func siteName(site string) string {
	if site == "" {
		return "No site"
	}
	return "Site " + site
}

// now is what both sides hold as it stands there: what could not be read as a
// value of the field has no other form.
func now(c record.Conflict) record.Pair {
	if c.Raw.LDAP.Empty() && c.Raw.XiVO.Empty() {
		return c.Now
	}
	return c.Raw
}

// text is a value for people.
func text(v record.Value, secret bool) string {
	switch {
	case v.Empty():
		return ""
	case secret:
		return "(secret)"
	}
	return strings.Join(v, "; ")
}

// moment writes a time for people.
func (r *Report) moment(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.In(r.Made.Location()).Format("2006-01-02 15:04")
}

// Waiting counts the conflicts about which nobody has decided.
func (r *Report) Waiting() int {
	n := 0
	for _, c := range r.Conflicts {
		if c.State == record.Open {
			n++
		}
	}
	return n
}
