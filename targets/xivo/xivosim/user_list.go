package xivosim

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
)

// listUsers is GET /users: in full, by one of the two light views, or by the
// old q=, which knows no paging.
func listUsers(c *call) (*answer, error) {
	q := c.r.URL.Query()
	if q.Has("q") {
		return c.usersNamed(q.Get("q"))
	}
	l, err := userColumns.read(q)
	if err != nil {
		return nil, err
	}
	if q.Has("view") {
		return c.viewUsers(q.Get("view"), l)
	}
	if l.order == "id" && !l.descending && userColumns.everything(l) {
		return c.usersByID(l)
	}
	rows, total, err := userColumns.pick(c.survey(false), l)
	if err != nil {
		return nil, err
	}
	c.cost += time.Duration(len(rows)) * costUserRow
	return streamPage(c, rows, total, func(r *surveyRow) any { return c.showUser(r.user) }), nil
}

// usersByID spares the join of everybody for a page that needs none of it.
func (c *call) usersByID(l listing) (*answer, error) {
	ids := c.users.byID()
	total := len(ids)
	ids = cut(ids, l)
	users := make([]*User, len(ids))
	for i, id := range ids {
		users[i] = c.users.get(id)
	}
	c.cost += time.Duration(len(users)) * costUserRow
	return streamPage(c, users, total, func(u *User) any { return c.showUser(u) }), nil
}

func (c *call) usersNamed(part string) (*answer, error) {
	like := newLike("%" + part + "%")
	rows := slices.DeleteFunc(c.survey(false), func(r *surveyRow) bool { return !like.match(r.user.fullName()) })
	c.cost += time.Duration(len(rows)) * costUserRow
	return streamPage(c, rows, len(rows), func(r *surveyRow) any { return c.showUser(r.user) }), nil
}

// viewUsers answers with one of the light views. The summary's joins return
// equal last names in the opposite order.
func (c *call) viewUsers(view string, l listing) (*answer, error) {
	rows := c.survey(true)
	show, cost := (*surveyRow).directory, costDirectoryRow
	switch view {
	case "directory":
	case "summary":
		show, cost = (*surveyRow).summary, costSummaryRow
		slices.Reverse(rows)
	default:
		return nil, badRequest("Input Error - view '%s' does not exist", view)
	}
	rows, total, err := userColumns.pick(rows, l)
	if err != nil {
		return nil, err
	}
	c.cost += time.Duration(len(rows)) * cost
	return streamRows(rows, total, show), nil
}

// chunk is how many items are made at a time while the lock is held.
const chunk = 256

// streamPage writes a list item by item, under the sim's lock for a chunk at
// a time, so that a long list neither fills the memory nor keeps others out.
func streamPage[T any](c *call, rows []*T, total int, show func(*T) any) *answer {
	return &answer{status: 200, stream: func(w io.Writer) error {
		return writePage(w, total, func(item func(any) error) error {
			for part := range slices.Chunk(rows, chunk) {
				for _, v := range c.showLocked(func() []any { return showAll(part, show) }) {
					if err := item(v); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}}
}

func showAll[T any](rows []*T, show func(*T) any) []any {
	out := make([]any, len(rows))
	for i, row := range rows {
		out[i] = show(row)
	}
	return out
}

func (c *call) showLocked(f func() []any) []any {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return f()
}

// streamRows writes rows that were joined before: no lock is needed, for rows
// never change.
func streamRows[T any](rows []*T, total int, show func(*T) any) *answer {
	return &answer{status: 200, stream: func(w io.Writer) error {
		return writePage(w, total, func(item func(any) error) error {
			for _, row := range rows {
				if err := item(show(row)); err != nil {
					return err
				}
			}
			return nil
		})
	}}
}

// writePage writes the envelope of a list around its items.
func writePage(w io.Writer, total int, each func(item func(any) error) error) error {
	b := bufio.NewWriterSize(w, 1<<16)
	b.WriteString(`{"items": [`)
	enc, first := json.NewEncoder(b), true
	err := each(func(v any) error {
		if !first {
			b.WriteString(", ")
		}
		first = false
		return enc.Encode(v)
	})
	if err != nil {
		return fmt.Errorf("write list: %w", err)
	}
	b.WriteString(`], "total": ` + strconv.Itoa(total) + "}")
	return b.Flush()
}
