package ldap

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"
)

// walk hands every entry of a search to take, page by page, on one connection.
// Whatever ends it early is an error that says how far it came.
func (d *Directory) walk(ctx context.Context, q query, take func(*session, *goldap.Entry) error) error {
	s, err := d.borrow(ctx)
	if err != nil {
		return err
	}
	defer func() { d.release(s) }()
	p := pages{d: d, query: q}
	res, err := p.next(ctx, s)
	if lost(err) && ctx.Err() == nil {
		// Nothing was read yet, and the connection may just have been idle for too
		// long.
		s.close()
		fresh, dialErr := d.redial(ctx)
		if dialErr != nil {
			return dialErr
		}
		s = fresh
		res, err = p.next(ctx, s)
	}
	for ; err == nil; res, err = p.next(ctx, s) {
		for _, e := range res.Entries {
			if err := take(s, e); err != nil {
				s.broken.Store(true) // the server still holds a place in the listing
				return err
			}
		}
		if p.done {
			p.report()
			return nil
		}
	}
	return down(q.base, "", fmt.Errorf("%w: stopped after %d entries: %w", ErrCutShort, p.entries, err))
}

// pages is a search in progress.
type pages struct {
	d         *Directory
	query     query
	cookie    []byte
	entries   int
	referrals []string
	done      bool
}

// next reads one page. It sets done with the last one, which is known only by an
// empty cookie: a page without the control is not the end but a fault, unless
// the server never said that it pages.
func (p *pages) next(ctx context.Context, s *session) (*goldap.SearchResult, error) {
	q := p.query
	q.controls = []goldap.Control{&goldap.ControlPaging{PagingSize: uint32(p.d.cfg.PageSize), Cookie: p.cookie}}
	res, err := p.d.search(ctx, s, q)
	if err != nil {
		return nil, err
	}
	paging, ok := goldap.FindControl(res.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
	if !ok && p.d.server.supports(oidPaging) {
		return nil, errors.New("the answer lacks the paging control, though the server supports it: the page cannot be told from the whole")
	}
	if ok && len(res.Entries) == 0 && len(paging.Cookie) > 0 && bytes.Equal(paging.Cookie, p.cookie) {
		return nil, errors.New("the server repeats an empty page for ever")
	}
	p.entries += len(res.Entries)
	p.referrals = append(p.referrals, res.Referrals...)
	p.done = !ok || len(paging.Cookie) == 0
	if ok {
		p.cookie = paging.Cookie
	}
	return res, nil
}

// report tells of parts of the tree that are on other servers: they are not
// followed, as the account and its password are this server's.
func (p *pages) report() {
	if len(p.referrals) > 0 {
		p.d.cfg.Log.Warn("parts of the tree are on other servers and were not read",
			"base", p.query.base, "count", len(p.referrals), "first", p.referrals[0])
	}
}

// search sends one search and waits for its end. It returns either everything
// or an error, never both.
func (d *Directory) search(ctx context.Context, s *session, q query) (*goldap.SearchResult, error) {
	d.reads.Add(1)
	req := goldap.NewSearchRequest(q.base, q.scope, goldap.NeverDerefAliases, q.limit, 0, false, q.filter, q.attributes, q.controls)
	var res *goldap.SearchResult
	err := s.do(ctx, func() (err error) {
		res, err = s.conn.Search(req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}
