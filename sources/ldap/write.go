package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// attempts is how often a write is tried on an entry that keeps changing in
// other attributes, or moving, between our reading and our writing.
const attempts = 4

// Apply writes the attributes of one entry, all or none, and returns the entry
// as it is afterwards. What Before and After of a field mean is told at [edit].
//
// The entry is read directly before the write, by its id, so that a rename does
// not matter, and compared byte for byte: servers compare telephone numbers
// without their blanks, and text without its case. That nothing changes between
// that reading and the write is ensured by asserting the entry's version (RFC
// 4528) where the server can, else by deleting the values that were there, which
// fails when they are gone. On such a server a multi-valued attribute that was
// absent may get a second value if somebody else writes in that very moment.
func (d *Directory) Apply(ctx context.Context, change record.Change) (record.Record, error) {
	if change.Side != record.LDAP || change.Op != record.Update || change.Thing != record.Entry {
		return record.Record{}, classed(record.Refused, change.Key, "",
			fmt.Errorf("%s of a %s: the directory's entries are only ever updated", change.Op, change.Thing))
	}
	edits, err := d.layout.editsOf(change)
	if err != nil {
		return record.Record{}, classed(record.Refused, change.Key, "modify", err)
	}
	w := write{d: d, id: change.Key, edits: edits}
	return w.run(ctx)
}

// write is one change on its way into one entry.
type write struct {
	d     *Directory
	id    string
	edits []edit
	// sent tells that a request went out whose answer never came: it may still
	// be carried out.
	sent bool
}

// target is the entry as it was read directly before the write.
type target struct {
	record  record.Record
	entry   *goldap.Entry
	version string // as the server writes it
}

func (w *write) run(ctx context.Context) (record.Record, error) {
	var err error
	for range attempts {
		var now target
		if now, err = w.read(ctx); err != nil {
			return record.Record{}, w.unsure(err)
		}
		if w.sent && w.made(now) {
			return w.after(ctx, now.entry)
		}
		if err := w.check(now); err != nil {
			return record.Record{}, w.unsure(err)
		}
		var done *goldap.Entry
		secondTime := w.sent
		done, err = w.send(ctx, now)
		switch {
		case err == nil:
			return w.after(ctx, done)
		case w.sent && lost(err) && (secondTime || ctx.Err() != nil):
			return w.settle(ctx, now.record.DN, err)
		case w.sent && lost(err):
			// Sending it again is safe: whichever of the two comes first takes away
			// what the other one needs.
			w.d.cfg.Log.Warn("the answer to a write was lost, looking", "dn", now.record.DN, "error", err)
		case !again(err):
			return record.Record{}, w.unsure(w.refused(ctx, now, err))
		}
	}
	return record.Record{}, w.unsure(classed(record.Stale, w.id, "modify", fmt.Errorf("the entry changes all the time: %w", err)))
}

// again tells whether a refusal may only mean that the entry was changed or
// moved since it was read.
func again(err error) bool {
	return goldap.IsErrorAnyOf(err, goldap.LDAPResultAssertionFailed, goldap.LDAPResultNoSuchObject)
}

// read reads the entry with everything that a record has, and the attributes of
// the edits besides.
func (w *write) read(ctx context.Context) (target, error) {
	attributes := w.d.layout.request
	for _, e := range w.edits {
		if w.d.layout.keyOf(e.attribute) < 0 {
			attributes = append(attributes[:len(attributes):len(attributes)], e.attribute)
		}
	}
	var t target
	err := w.d.ask(ctx, func(s *session) error {
		e, err := w.d.byID(ctx, s, w.id, attributes)
		if err != nil {
			return err
		}
		t.entry, t.version = e, e.GetEqualFoldAttributeValue(w.d.server.version)
		t.record, err = w.d.record(ctx, s, e)
		return err
	})
	if err != nil {
		return target{}, lookupError(w.id, err)
	}
	return t, nil
}

// values returns what the entry holds of an edit's attribute.
func (w *write) values(t target, e edit) record.Value {
	if at := w.d.layout.keyOf(e.attribute); at >= 0 {
		return t.record.Values[w.d.layout.keys[at]]
	}
	for _, a := range t.entry.Attributes {
		if w.d.layout.equal(a.Name, e.attribute) {
			return record.Texts(a.Values...)
		}
	}
	return nil
}

// check is the precondition, byte for byte.
func (w *write) check(t target) error {
	for _, e := range w.edits {
		if now := w.values(t, e); !e.fits(now) {
			return classed(record.Stale, t.record.DN, "modify",
				fmt.Errorf("%s is no longer what the decision was made from", e.attribute))
		}
	}
	return nil
}

func (w *write) made(t target) bool {
	for _, e := range w.edits {
		if !e.made(w.values(t, e)) {
			return false
		}
	}
	return true
}

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
		w.d.cfg.Log.Warn("post-read answer is unusable, reading again", "dn", t.record.DN, "error", err)
	}
	return e, nil
}

// request makes one modification of all edits. It cannot hold an empty value:
// every edit has values that stay or come.
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

// after returns the record as the directory holds it now.
func (w *write) after(ctx context.Context, e *goldap.Entry) (record.Record, error) {
	rec, err := w.readBack(ctx, e)
	if err != nil {
		w.sent = true
		return record.Record{}, w.unsure(err)
	}
	return rec, nil
}

func (w *write) readBack(ctx context.Context, e *goldap.Entry) (record.Record, error) {
	if e == nil || hasRanges(e) {
		return w.d.Read(ctx, w.id)
	}
	rec, err := w.d.decode(e)
	if err != nil || rec.ID == "" {
		return w.d.Read(ctx, w.id)
	}
	err = w.d.ask(ctx, func(s *session) (err error) {
		rec.Disabled, err = w.d.isDisabled(ctx, s, rec.DN)
		return err
	})
	if err != nil {
		return record.Record{}, lookupError(rec.DN, err)
	}
	return rec, nil
}

// refused classes an answer that says no. The codes for "no such value" and
// "value exists" may mean that the entry changed, or an unknown attribute, or a
// rule of the server: the entry itself tells.
func (w *write) refused(ctx context.Context, before target, err error) error {
	if goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchAttribute, goldap.LDAPResultAttributeOrValueExists) {
		now, readErr := w.read(ctx)
		if readErr != nil {
			return readErr
		}
		if stale := w.check(now); stale != nil {
			return stale
		}
	}
	return refusal(before.record.DN, fmt.Errorf("%s: %w", w.attributes(), err))
}

func (w *write) attributes() string {
	names := make([]string, len(w.edits))
	for i, e := range w.edits {
		names[i] = e.attribute
	}
	return strings.Join(names, ", ")
}

// settle finds out what became of a request whose answer was lost, even when ctx
// has ended. Only the wanted values are proof: an entry that is as before may
// still be about to change.
func (w *write) settle(ctx context.Context, dn string, cause error) (record.Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.d.cfg.Timeout)
	defer cancel()
	now, err := w.read(ctx)
	if err == nil && w.made(now) {
		return w.after(ctx, now.entry)
	}
	if err != nil && record.ClassOf(err) == record.Down {
		return record.Record{}, w.unsure(err)
	}
	return record.Record{}, classed(record.Uncertain, dn, "modify", fmt.Errorf("no answer came, and the entry does not tell: %w", cause))
}

// unsure turns an error into one of class Uncertain when an earlier request of
// this write may have been carried out. A directory that is down stays so: the
// run ends with the write open in the journal, and recovery looks at the entry
// when the directory is back.
func (w *write) unsure(err error) error {
	if !w.sent {
		return err
	}
	var known *record.Error
	if !errors.As(err, &known) {
		return err
	}
	class := record.Uncertain
	if known.Class == record.Down {
		class = record.Down
	}
	return &record.Error{Side: record.LDAP, Class: class, Object: known.Object,
		Message: "the answer to the write was lost; then: " + known.Message, Err: known.Err}
}

func hasRanges(e *goldap.Entry) bool {
	for _, a := range e.Attributes {
		if strings.Contains(strings.ToLower(a.Name), ";range=") {
			return true
		}
	}
	return false
}
