package xivosim

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// column is one column of a listing: for exact filters, for order= and, when
// sought, for search=.
type column[T any] struct {
	name     string
	sought   bool
	number   bool // an integer in the database
	noFilter bool // known to order= alone
	folded   bool // filtered without regard to case
	get      func(*T) (value string, null bool)
}

// textColumn shows the empty string as null, as confd does.
func textColumn[T any](name string, get func(*T) string) column[T] {
	return column[T]{name: name, sought: true, get: func(row *T) (string, bool) {
		v := get(row)
		return v, v == ""
	}}
}

func numberColumn[T any](name string, get func(*T) int) column[T] {
	return column[T]{name: name, number: true, get: func(row *T) (string, bool) { return strconv.Itoa(get(row)), false }}
}

// unsought takes a column out of search=.
func (c column[T]) unsought() column[T] {
	c.sought = false
	return c
}

// listing is the part of a query that every list understands.
type listing struct {
	limit, offset int // limit 0 for all
	order         string
	descending    bool
	search        string
	filters       url.Values
}

// columns are a resource's, the default order first.
type columns[T any] []column[T]

func (cs columns[T]) find(name string) (column[T], bool) {
	i := slices.IndexFunc(cs, func(c column[T]) bool { return c.name == name })
	if i < 0 {
		return column[T]{}, false
	}
	return cs[i], true
}

// read checks the query; unknown parameters are ignored.
func (cs columns[T]) read(q url.Values) (l listing, err error) {
	if l.limit, err = count(q, "limit", 1); err != nil {
		return l, err
	}
	if l.offset, err = count(q, "offset", 0); err != nil {
		return l, err
	}
	if q.Has("skip") {
		if l.offset, err = count(q, "skip", 0); err != nil {
			return l, err
		}
	}
	l.order, l.search, l.filters = q.Get("order"), q.Get("search"), q
	if l.order == "" {
		l.order = cs[0].name
	}
	if _, known := cs.find(l.order); !known {
		return l, badRequest("Input Error - order: column '%s' was not found", l.order)
	}
	if d := q.Get("direction"); d != "" && d != "asc" && d != "desc" {
		return l, badRequest("Input Error - direction: must be 'asc' or 'desc'")
	}
	l.descending = q.Get("direction") == "desc"
	return l, nil
}

// count reads a number of rows. One that PostgreSQL cannot hold is its error.
func count(q url.Values, name string, least int) (int, error) {
	if !q.Has(name) {
		return 0, nil
	}
	v := q.Get(name)
	n, err := strconv.Atoi(v)
	if allDigits(v) && err != nil {
		return 0, unexpected("(DataError) bigint out of range\n")
	}
	if !allDigits(v) || n < least {
		return 0, badRequest("Input Error - field '%s': wrong type. Should be a positive number", name)
	}
	return n, nil
}

// pick returns the rows of a page, in order, and how many match in all.
func (cs columns[T]) pick(rows []*T, l listing) ([]*T, int, error) {
	keep, err := cs.matcher(l)
	if err != nil {
		return nil, 0, err
	}
	rows = slices.DeleteFunc(rows, func(row *T) bool { return !keep(row) })
	total := len(rows)
	by, _ := cs.find(l.order)
	bound := math.MaxInt
	if l.limit > 0 && l.limit < math.MaxInt-l.offset {
		bound = l.limit + l.offset
	}
	rows = sortRows(rows, by, l.descending, bound)
	return cut(rows, l), total, nil
}

// cut is the page of sorted rows.
func cut[T any](rows []T, l listing) []T {
	rows = rows[min(l.offset, len(rows)):]
	if l.limit > 0 {
		rows = rows[:min(l.limit, len(rows))]
	}
	return rows
}

// everything tells that neither a filter nor a search leaves anything out.
func (cs columns[T]) everything(l listing) bool {
	return l.search == "" && !slices.ContainsFunc(cs, func(c column[T]) bool { return !c.noFilter && l.filters.Has(c.name) })
}

// matcher tells which rows the filters and the search let through.
func (cs columns[T]) matcher(l listing) (func(*T) bool, error) {
	var tests []func(*T) bool
	for _, c := range cs {
		want := l.filters.Get(c.name)
		if c.noFilter || !l.filters.Has(c.name) {
			continue
		}
		if c.number {
			n, err := strconv.Atoi(strings.TrimSpace(want))
			if err != nil {
				return nil, unexpected("(DataError) invalid input syntax for type integer: \"%s\"\n", want)
			}
			want = strconv.Itoa(n)
		}
		tests = append(tests, func(row *T) bool {
			v, null := c.get(row)
			return !null && (v == want || c.folded && strings.EqualFold(v, want))
		})
	}
	if l.search != "" {
		like := newLike("%" + l.search + "%")
		tests = append(tests, func(row *T) bool {
			return slices.ContainsFunc(cs, func(c column[T]) bool {
				if !c.sought {
					return false
				}
				v, null := c.get(row)
				return !null && like.match(v)
			})
		})
	}
	return func(row *T) bool {
		return !slices.ContainsFunc(tests, func(t func(*T) bool) bool { return !t(row) })
	}, nil
}

// list answers with a table's page. The items are made under the lock.
func list[T any](c *call, t *table[T], cs columns[T], rowCost time.Duration, show func(*T) any) (*answer, error) {
	return listRows(c, slices.Collect(t.all()), cs, rowCost, show)
}

func listRows[T any](c *call, rows []*T, cs columns[T], rowCost time.Duration, show func(*T) any) (*answer, error) {
	l, err := cs.read(c.r.URL.Query())
	if err != nil {
		return nil, err
	}
	rows, total, err := cs.pick(rows, l)
	if err != nil {
		return nil, err
	}
	c.cost += time.Duration(len(rows)) * rowCost
	return streamPage(c, rows, total, show), nil
}
