package ldap

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

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
	return w.d.withDisabled(ctx, rec)
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
