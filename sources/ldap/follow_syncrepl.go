package ldap

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// offersSyncrepl wants OpenLDAP, since the first cookie is made here, from the
// change numbers of the database, in the form that slapd(8) documents for its
// option -c. Getting one by RFC 4533 would take a listing of everybody in one
// answer, which the server's size limit forbids to most accounts.
func offersSyncrepl(d *Directory) bool {
	return d.server.vendor == openLDAP && d.server.supports(oidSyncrepl) && d.server.id == entryUUID
}

// slapdCookie is the form of OpenLDAP's cookies. Others are not sent: slapd would
// answer a damaged one as if there were none, with everybody.
var slapdCookie = regexp.MustCompile(`^rid=\d+(,sid=[0-9a-fA-F]+)?,csn=\d{14}\.\d{6}Z#[0-9a-fA-F]{6}#[0-9a-fA-F]{3}#[0-9a-fA-F]{6}(;\d{14}\.\d{6}Z#[0-9a-fA-F]{6}#[0-9a-fA-F]{3}#[0-9a-fA-F]{6})*(,delcsn=.*)?$`)

// syncreplPosition makes a cookie for each base from the newest change numbers of
// its database, one for each server that takes changes.
func (d *Directory) syncreplPosition(ctx context.Context, c *cursor) error {
	c.Cookies = map[string][]byte{}
	for _, base := range d.cfg.Bases {
		var numbers []string
		err := d.ask(ctx, func(s *session) error {
			e, err := d.entry(ctx, s, d.contextOf(base), []string{"contextCSN"})
			if err == nil {
				numbers = e.GetEqualFoldAttributeValues("contextCSN")
			}
			return err
		})
		if err != nil && !hidden(err) {
			return err
		}
		slices.Sort(numbers)
		cookie := []byte("rid=000,csn=" + strings.Join(numbers, ";"))
		if len(numbers) == 0 || !slapdCookie.Match(cookie) {
			return errNotOffered // no syncprov overlay, or hidden from the account
		}
		c.Cookies[base] = cookie
	}
	return nil
}

// syncrepl asks for the changes below every base.
func (d *Directory) syncrepl(ctx context.Context, c *cursor, ch *changes) error {
	for _, base := range d.cfg.Bases {
		cookie := c.Cookies[base]
		if !slapdCookie.Match(cookie) {
			return refused("the stored position cannot be read")
		}
		r := refresh{d: d, base: base, cookie: cookie}
		err := d.ask(ctx, func(s *session) error { return r.run(ctx, s) })
		if answeredBy(err) {
			// 53: the server is behind our cookie (restored, or a replica that lags);
			// 4096: the server wants a fresh start; 4: more changes than its limit.
			return refused("the server refuses the position: %s", words(err))
		}
		if err != nil {
			return err
		}
		if err := r.conclude(ch); err != nil {
			return err
		}
		if len(r.next) > 0 { // nothing new has no cookie: the old one stays good
			c.Cookies[base] = r.next
		}
	}
	return nil
}

// refresh is one refreshOnly search.
type refresh struct {
	d      *Directory
	base   string
	cookie []byte

	// changed are the ids of the entries that came, gone and present those of the
	// sets that name them.
	changed, gone, present []string
	// deletes tells that what is gone was named; otherwise whoever was not named is
	// gone.
	deletes, done bool
	next          []byte
}

// run searches on one session. The library ends such a search without an error
// when the connection ends: only the last control tells that it is whole.
func (r *refresh) run(ctx context.Context, s *session) error {
	*r = refresh{d: r.d, base: r.base, cookie: r.cookie} // a lost connection is tried again
	r.d.reads.Add(1)
	err := s.do(ctx, func() error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		req := goldap.NewSearchRequest(r.base, goldap.ScopeWholeSubtree, goldap.NeverDerefAliases, 0, 0, false, r.d.cfg.Filter, []string{"1.1"}, nil)
		res := s.conn.Syncrepl(ctx, req, 0, goldap.SyncRequestModeRefreshOnly, r.cookie, false)
		for res.Next() {
			r.take(res)
			if len(r.changed) > mostChanges {
				s.broken.Store(true) // the rest is still on its way
				return nil
			}
		}
		switch {
		case res.Err() != nil:
			return res.Err()
		case !r.done:
			return errors.New("the connection ended before the changes did")
		}
		return nil
	})
	if err == nil && !r.done {
		err = tooMany()
	}
	return err
}

// take notes what one message tells. In a refresh all entries that changed come
// as added, whatever happened to them.
func (r *refresh) take(res goldap.Response) {
	for _, c := range res.Controls() {
		switch c := c.(type) {
		case *goldap.ControlSyncState:
			if id := c.EntryUUID.String(); c.State == goldap.SyncStateDelete {
				r.gone = append(r.gone, id)
			} else {
				r.changed = append(r.changed, id)
			}
		case *goldap.ControlSyncInfo:
			if set := c.SyncIdSet; set != nil {
				for _, u := range set.SyncUUIDs {
					if set.RefreshDeletes {
						r.gone = append(r.gone, u.String())
					} else {
						r.present = append(r.present, u.String())
					}
				}
			}
		case *goldap.ControlSyncDone:
			r.done, r.deletes, r.next = true, c.RefreshDeletes, c.Cookie
		}
	}
}

// conclude adds what the search showed.
func (r *refresh) conclude(ch *changes) error {
	came := len(r.changed) + len(r.gone) + len(r.present)
	if len(r.next) == 0 {
		if came > 0 {
			// It began anew without saying so, and what came says nothing of what is
			// gone.
			return refused("the server did not know the position and listed everybody")
		}
		return nil
	}
	for _, id := range r.changed {
		if err := ch.change(id); err != nil {
			return err
		}
	}
	for _, id := range r.gone {
		ch.gone[id] = struct{}{}
	}
	if r.deletes {
		return nil
	}
	if ch.present == nil {
		ch.present = map[string]struct{}{}
	}
	for _, ids := range [][]string{r.present, r.changed} {
		for _, id := range ids {
			ch.present[id] = struct{}{}
		}
	}
	return nil
}
