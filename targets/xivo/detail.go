package xivo

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"xivosync/reconcile/record"
)

// pageSize is how many users a page has: confd takes 2.7 ms for each.
const pageSize = 500

// detail reads every user in full, page by page, and begins anew when somebody
// is deleted meanwhile. The bit of its one answer is 1.
func (c *Client) detail(ctx context.Context) (people *roster, answers uint8, err error) {
	err = c.retry(ctx, func() error {
		w := &walk{client: c, roster: newRoster(inOrder(append([]string{"firstname", "lastname", "enabled"}, c.mapped...)))}
		people = w.roster
		return w.all(ctx)
	})
	if err == nil && len(c.held) > 0 {
		people.holdings, err = c.inventory(ctx, people)
	}
	return people, 1, err
}

// walk goes through the pages of /users. Users are ordered by id, which only
// grows: new ones come at the end and shift nothing. A page begins with the
// last row of the one before: if that is not there any more, somebody was
// deleted, the rows have shifted, and one of them would be missed.
type walk struct {
	client *Client
	roster *roster
	total  int
	last   uint64
	row    []cell
}

func (w *walk) all(ctx context.Context) error {
	w.total = -1
	for offset := 0; w.total < 0 || offset < w.total; offset += pageSize - 1 {
		if err := w.page(ctx, offset); err != nil {
			return err
		}
		if offset+pageSize >= w.total {
			break
		}
	}
	// A main line with two extensions makes two rows of one user, of which a
	// page shows one: the total is not to be had then, and is checked otherwise.
	if len(w.roster.people) != w.total {
		return w.compare(ctx)
	}
	return nil
}

func (w *walk) page(ctx context.Context, offset int) error {
	q := get("/users", url.Values{
		"order": {"id"}, "limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)},
	})
	var p page
	if err := w.client.ask(ctx, q, &p); err != nil {
		return err
	}
	if p.Total == nil {
		return fmt.Errorf("%s: the answer has no total", q)
	}
	if w.total < 0 {
		w.total = *p.Total
	}
	if *p.Total != w.total {
		return fmt.Errorf("%w: there were %d users, and now %d", errUnsteady, w.total, *p.Total)
	}
	return w.users(p, offset)
}

func (w *walk) users(p page, offset int) error {
	if len(p.Items) == 0 && offset < w.total {
		return fmt.Errorf("%w: of %d users none comes after %d", errUnsteady, w.total, offset)
	}
	for i, body := range p.Items {
		u, err := w.client.parseUser(body, names(w.roster))
		if err != nil {
			return err
		}
		switch {
		case i == 0 && offset > 0 && u.Serial != w.last:
			return fmt.Errorf("%w: user %d was on one page and is not on the next", errUnsteady, w.last)
		case i == 0 && offset > 0:
			continue
		case u.Serial <= w.last:
			return fmt.Errorf("%w: user %d comes after user %d", errUnsteady, u.Serial, w.last)
		}
		w.last = u.Serial
		w.add(u)
	}
	return nil
}

// add packs a user.
func (w *walk) add(u record.Record) {
	w.row = w.roster.row(u, w.row)
	w.roster.tell(1, uuid.MustParse(u.ID), u.Serial, w.row, false)
}

// compare wants everybody of the directory view to be in the roster.
func (w *walk) compare(ctx context.Context) error {
	seen := newRoster(nil)
	a := survey[1]
	err := w.client.read(ctx, get(a.path, a.query), func(r io.Reader) error {
		seen = newRoster(nil)
		return a.decode(r, 1, seen)
	})
	if err != nil {
		return err
	}
	for _, p := range seen.people {
		if _, ok := w.roster.index[p.id]; !ok {
			return fmt.Errorf("%w: user %s is in the %s and not in the list", errUnsteady, p.id, a.name)
		}
	}
	return nil
}

// names are the roster's columns.
func names(r *roster) []string {
	list := make([]string, len(r.columns))
	for i, f := range r.columns {
		list[i] = f.Name
	}
	return list
}
