package ldap

import (
	"context"
	"fmt"

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
	if err := d.knowGroups(ctx); err != nil {
		return record.Record{}, err
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
			w.d.cfg.Log.Warn("the answer to a write was lost, looking", "record", now.record.DN, "error", err)
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
