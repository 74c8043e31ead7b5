package ldap

import (
	"context"

	goldap "github.com/go-ldap/ldap/v3"
)

// send sends the one request, and returns the entry of the post-read answer, or
// nil where the server gives none.
func (w *write) send(ctx context.Context, t target) (*goldap.Entry, error) {
	req, err := w.request(t)
	if err != nil {
		return nil, err
	}
	if len(req.Changes) == 0 {
		return t.entry, nil
	}
	s, err := w.d.borrow(ctx)
	if err != nil {
		return nil, err
	}
	defer w.d.release(s)
	w.d.writes.Add(1)
	var res *goldap.ModifyResult
	if err := s.do(ctx, func() (err error) {
		res, err = s.conn.ModifyWithResult(req)
		return err
	}); err != nil {
		w.sent = w.sent || lost(err)
		return nil, err
	}
	e, err := postReadEntry(res.Controls)
	if err != nil {
		w.d.cfg.Log.Warn("post-read answer is unusable, reading again", "record", t.record.DN, "error", err)
	}
	return e, nil
}

// request makes one modification of all edits. It cannot replace or clear an
// attribute: values that go are named.
func (w *write) request(t target) (*goldap.ModifyRequest, error) {
	dn := t.record.DN
	if w.d.server.activeDirectory {
		dn = guidDN(w.id)
	}
	req := goldap.NewModifyRequest(dn, nil)
	for _, e := range w.edits {
		if gone := e.removed(); len(gone) > 0 {
			req.Delete(e.attribute, gone)
		}
		if come := e.added(); len(come) > 0 {
			req.Add(e.attribute, come)
		}
	}
	if w.d.server.supports(oidAssertion) {
		c, err := assertion(w.condition(t))
		if err != nil {
			return nil, err
		}
		req.Controls = append(req.Controls, c)
	}
	if w.d.server.supports(oidPostRead) {
		req.Controls = append(req.Controls, postRead(w.d.layout.request))
	}
	return req, nil
}

// condition is what the server asserts: the version that was read, which stands
// for every byte of the entry, else the values themselves.
func (w *write) condition(t target) string {
	if t.version != "" {
		return equals(w.d.server.version, t.version)
	}
	filters := make([]string, len(w.edits))
	for i, e := range w.edits {
		filters[i] = e.condition()
	}
	return all(filters...)
}
