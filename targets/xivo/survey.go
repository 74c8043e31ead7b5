package xivo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"xivosync/reconcile/record"
)

// List reads every user, at the depth that was asked for or deeper.
//
// A survey is three requests: the export and the views "directory" and
// "summary", joined by uuid. A record of it has the mapped fields that these
// tell, and is doubtful where they are not at one about the person: in one
// answer but not in another, several rows in one, two values for a field, a
// value that the field cannot have, a line or a mailbox that is another's, too.
// A server without the export is read in detail instead.
//
// Everything is read before the first record is yielded, so that an error is
// the only element, and so that the caller may take its time.
func (c *Client) List(ctx context.Context, depth record.Depth) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		list := c.detail
		if depth == record.Survey {
			list = c.survey
		}
		people, answers, err := list(ctx)
		if err != nil {
			yield(record.Record{}, classified("list of users", err))
			return
		}
		people.index = nil
		for i := range people.people {
			p := &people.people[i]
			if !p.gone && !yield(c.record(people, i, answers), nil) {
				return
			}
			p.cells = "" // what the caller has let go of is free
		}
	}
}

// survey reads everybody in three answers; a server without the export is read
// in detail.
func (c *Client) survey(ctx context.Context) (people *roster, answers uint8, err error) {
	start := time.Now()
	people, answers, err = c.threeAnswers(ctx, c.surveyed)
	if !unknownAddress(err) {
		c.log.Debug("surveyed", "users", len(people.people), "took", time.Since(start), "error", err)
		return people, answers, err
	}
	c.log.Warn("XiVO has no /users/export: every user is read in full, some 3 ms of XiVO's time for each instead of 0.3 ms, and 100 ms where lines and the like are mapped")
	return c.detail(ctx)
}

// threeAnswers reads the columns of the three answers, and begins anew when
// they are cut off or contradict themselves.
func (c *Client) threeAnswers(ctx context.Context, columns []string) (people *roster, answers uint8, err error) {
	err = c.retry(ctx, func() error {
		people, answers = newRoster(columns), 0
		for i, a := range survey {
			bit := uint8(1) << i
			if err := c.once(ctx, get(a.path, a.query), func(r io.Reader) error { return a.decode(r, bit, people) }); err != nil {
				return err
			}
			answers |= bit
		}
		return c.complete(ctx, people)
	})
	if err == nil {
		people.doubtShared()
		err = c.nameAgents(ctx, people)
	}
	return people, answers, err
}

// gapLimit is how many users may have come or gone while the answers were read.
const gapLimit = 100

// complete reads those of whom no answer told the identifier, since they were
// not there yet, or not any more, when it was given: nobody may take them for
// somebody without one.
func (c *Client) complete(ctx context.Context, people *roster) error {
	gaps := 0
	for i := range people.people {
		p := &people.people[i]
		if c.conf.Identifier == "" || !people.lacks(p, c.conf.Identifier) {
			continue
		}
		if gaps++; gaps > gapLimit {
			return fmt.Errorf("%w: more than %d users are in one answer and not in another", errUnsteady, gapLimit)
		}
		u, err := c.user(ctx, p.id.String(), names(people))
		switch {
		case err == nil:
			people.tell(p.told, p.id, u.Serial, people.row(u, nil), true)
		case record.ClassOf(err) == record.Missing:
			p.gone = true
		default:
			return err
		}
	}
	return nil
}

// unknownAddress tells whether the server has no such resource.
func unknownAddress(err error) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}
