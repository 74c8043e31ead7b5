package report

import (
	_ "embed"
	"html/template"
	"io"
	"slices"
	"strings"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
)

//go:embed page.html
var page string

//go:embed page.css
var style string

var pages = template.Must(template.New("page").Parse(page))

// HTML writes one page that needs nothing else: no script, no other file. Each
// value stands in its own direction of writing.
func (r *Report) HTML(w io.Writer) error {
	v := view{Title: r.Title(), Made: r.moment(r.Made), Style: template.CSS(style), Waiting: r.Waiting(), Total: len(r.Conflicts), Decided: len(r.Conflicts) - r.Waiting()}
	if r.Run != nil {
		v.Run, v.Summary = r.Run, r.summary()
		v.People = r.people()
		for _, f := range r.Run.Failures {
			v.Failures = append(v.Failures, failureView{visible(f.Label()), visible(f.Error)})
		}
	}
	for i, g := range r.Groups() {
		if n := len(v.Sites); n == 0 || v.Sites[n-1].Site != g.Site {
			v.Sites = append(v.Sites, siteView{Site: g.Site, Name: visible(siteName(g.Site))})
		}
		s := &v.Sites[len(v.Sites)-1]
		s.Kinds = append(s.Kinds, kindView{ID: i + 1, Name: capital(Plain(g.Kind)), Conflicts: r.views(g.Conflicts)})
		s.Count += len(g.Conflicts)
	}
	return pages.Execute(w, v)
}

// The views are what the template shows.
type (
	view struct {
		Title, Made, Summary    string
		Style                   template.CSS
		Run                     *record.Run
		Waiting, Decided, Total int
		People                  []personView
		Failures                []failureView
		Sites                   []siteView
	}
	siteView struct {
		Site  string
		Name  []Piece
		Count int
		Kinds []kindView
	}
	kindView struct {
		ID        int
		Name      string
		Conflicts []conflictView
	}
	conflictView struct {
		Number              uint64
		State               record.ConflictState
		Person, Field, DN   []Piece
		Message, Hint       []Piece
		Owner, Reopened     []Piece
		Values              bool
		Base, LDAP, XiVO    []Piece
		BaseXiVO            []Piece
		Since, Runs         string
		Decided, DecidedWhy []Piece
		DecidedAt           string
		Ignored             bool
		Choices             []conflicts.Choice
	}
	failureView struct{ Name, Error []Piece }
	personView  struct {
		Name, DN []Piece
		Changes  []changeView
	}
	changeView struct {
		ID, Did, State string
		Failed         bool
		Reason, Error  []Piece
		Fields         []fieldView
	}
	fieldView struct {
		Name          string
		Before, After []Piece
	}
)

func (r *Report) views(found []record.Conflict) []conflictView {
	var out []conflictView
	for _, c := range found {
		held := now(c)
		v := conflictView{Number: c.Number, State: c.State, Person: visible(c.Person.Label()), Field: visible(c.Field), DN: visible(c.Person.DN),
			Message: visible(c.Message), Hint: visible(c.Hint), Owner: visible(c.Owner), Reopened: visible(c.Reopened), Values: c.Field != "",
			Base: visible(text(c.Base.LDAP, c.Secret)), Since: r.moment(c.Since), Runs: runsOf(c)}
		v.LDAP, v.XiVO = apart(text(held.LDAP, c.Secret), text(held.XiVO, c.Secret))
		if !c.Base.LDAP.Equal(c.Base.XiVO) && !c.Secret {
			v.BaseXiVO = visible(text(c.Base.XiVO, false))
			if len(v.BaseXiVO) == 0 {
				v.BaseXiVO = []Piece{{Text: "empty", Sign: true}}
			}
		}
		if d := c.Decision; d != nil {
			v.Decided, v.DecidedWhy, v.DecidedAt = visible(d.Taken(c.Secret)+", by "+d.Who), visible(d.Why), r.moment(d.At)
			v.Ignored = d.Take == record.DecideIgnore
		} else {
			v.Choices = conflicts.Choices(c, r.Program)
		}
		out = append(out, v)
	}
	return out
}

func runsOf(c record.Conflict) string {
	if c.LastRun > c.FirstRun {
		return "runs " + number(c.FirstRun) + " to " + number(c.LastRun)
	}
	return "run " + number(c.FirstRun)
}

// people are the changes of a run, person by person.
func (r *Report) people() []personView {
	var out []personView
	index := map[string]int{}
	for _, c := range r.Changes {
		key := c.Entry + "\x00" + c.Person.UUID
		if c.Entry != "" {
			key = c.Entry
		}
		i, known := index[key]
		if !known {
			i = len(out)
			index[key] = i
			out = append(out, personView{Name: visible(c.Person.Label()), DN: visible(c.Person.DN)})
		}
		out[i].Changes = append(out[i].Changes, changeOf(c))
	}
	slices.SortStableFunc(out, func(a, b personView) int { return strings.Compare(joinPieces(a.Name), joinPieces(b.Name)) })
	return out
}

func changeOf(c record.Change) changeView {
	v := changeView{ID: c.ID(), Did: capital(Plain(did(c))), State: stepWords(c.Step), Reason: visible(c.Reason), Error: visible(c.Error)}
	v.Failed = c.Step != record.Done
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		f := fieldView{Name: Plain(name)}
		f.Before, f.After = apart(text(d.Before, d.Secret), text(d.After, d.Secret))
		v.Fields = append(v.Fields, f)
	}
	return v
}

func joinPieces(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Text)
	}
	return b.String()
}
