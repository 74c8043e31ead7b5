package ldap

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strconv"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
)

// A change number of Active Directory never misses a change of one controller; a
// time may be given to changes that arrive later, from another server.

// offersUSN wants the controller to be known: each counts for itself.
func offersUSN(d *Directory) bool { return d.server.activeDirectory && d.server.controller != "" }

const usnChanged = "uSNChanged"

// usnPosition reads the highest change number of the controller.
func (d *Directory) usnPosition(ctx context.Context, c *cursor) error {
	n, err := d.highestUSN(ctx)
	c.Since = strconv.FormatUint(n, 10)
	return err
}

func (d *Directory) highestUSN(ctx context.Context) (uint64, error) {
	var n uint64
	err := d.ask(ctx, func(s *session) error {
		root, err := d.entry(ctx, s, "", []string{"highestCommittedUSN"})
		if err != nil {
			return err
		}
		if n, err = strconv.ParseUint(root.GetEqualFoldAttributeValue("highestCommittedUSN"), 10, 64); err != nil {
			return errNotOffered
		}
		return nil
	})
	return n, err
}

// sinceUSN finds the entries with a higher change number, whether or not they
// match the filter: one that stopped to match has to be noticed.
func (d *Directory) sinceUSN(ctx context.Context, c *cursor, ch *changes) error {
	since, err := strconv.ParseUint(c.Since, 10, 64)
	if err != nil {
		return refused("the stored position cannot be read")
	}
	now, err := d.highestUSN(ctx)
	if err != nil {
		return err
	}
	if now < since {
		return refused("the controller's change number went back from %d to %d", since, now)
	}
	ch.blind = true
	c.Since = strconv.FormatUint(now, 10)
	return d.changedSince(ctx, fmt.Sprintf("(%s>=%d)", usnChanged, since+1), func(id string, _ *goldap.Entry) error { return ch.change(id) })
}

// changedSince lists the entries below the bases that match.
func (d *Directory) changedSince(ctx context.Context, filter string, note func(id string, e *goldap.Entry) error, more ...string) error {
	for _, base := range d.cfg.Bases {
		q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: filter, attributes: append(more, d.server.id)}
		err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
			id, err := d.idOf(e)
			if err != nil {
				return err
			}
			return note(id, e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	modifyTimestamp = "modifyTimestamp"
	generalizedTime = "20060102150405Z"
	// overlap is how late a change may arrive from another server, and how far the
	// clocks of servers may differ.
	overlap = 10 * time.Minute
	// mostNear bounds what is remembered of the overlap.
	mostNear = 20000
)

// timePosition finds the time of the newest change. It goes by the server's own
// stamps, since our clock may differ from its.
func (d *Directory) timePosition(ctx context.Context, c *cursor) error {
	stamps := stamps{}
	if err := d.changedSince(ctx, d.cfg.Filter, stamps.note, modifyTimestamp); err != nil {
		return err
	}
	if stamps.newest.IsZero() {
		return errNotOffered
	}
	stamps.into(c)
	return nil
}

// sinceTime finds the entries that were changed since a while before the newest
// known change, without those that were seen then.
func (d *Directory) sinceTime(ctx context.Context, c *cursor, ch *changes) error {
	since, err := time.Parse(generalizedTime, c.Since)
	if err != nil {
		return refused("the stored position cannot be read")
	}
	known := make(map[uint64]bool, len(c.Near))
	for _, mark := range c.Near {
		known[mark] = true
	}
	ch.blind = true
	stamps := stamps{newest: since}
	filter := fmt.Sprintf("(%s>=%s)", modifyTimestamp, since.Add(-overlap).Format(generalizedTime))
	err = d.changedSince(ctx, filter, func(id string, e *goldap.Entry) error {
		if err := stamps.note(id, e); err != nil || known[markOf(id, e)] {
			return err
		}
		return ch.change(id)
	}, modifyTimestamp)
	if err != nil {
		return err
	}
	stamps.into(c)
	return nil
}

// stamps are the times of changes that a search showed.
type stamps struct {
	newest time.Time
	marks  map[time.Time][]uint64
}

func (s *stamps) note(id string, e *goldap.Entry) error {
	at, err := time.Parse(generalizedTime, e.GetEqualFoldAttributeValue(modifyTimestamp))
	if err != nil {
		return nil // an entry without one does not show
	}
	if at.After(s.newest) {
		s.newest = at
	}
	if s.marks == nil {
		s.marks = map[time.Time][]uint64{}
	}
	s.marks[at] = append(s.marks[at], markOf(id, e))
	return nil
}

// into moves the cursor on. Marks are kept of what lies within the overlap, but
// not of the newest second: in it an entry may change once more.
func (s *stamps) into(c *cursor) {
	c.Since, c.Near = s.newest.Format(generalizedTime), nil
	for at, marks := range s.marks {
		if at.Before(s.newest) && !at.Before(s.newest.Add(-overlap)) && len(c.Near)+len(marks) <= mostNear {
			c.Near = append(c.Near, marks...)
		}
	}
}

// markOf tells one change of one entry from others.
func markOf(id string, e *goldap.Entry) uint64 {
	h := fnv.New128a()
	_, _ = h.Write([]byte(id + e.GetEqualFoldAttributeValue(modifyTimestamp))) // never fails
	return binary.BigEndian.Uint64(h.Sum(nil))
}
