package ldap

import (
	"context"
	"errors"
	"fmt"
	"iter"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// query is one search.
type query struct {
	base       string
	scope      int
	filter     string
	attributes []string
	controls   []goldap.Control
	limit      int // of entries; 0 is none
}

// errStopped ends a listing whose reader has seen enough.
var errStopped = errors.New("no more is wanted")

// List reads every person below the bases, page by page. The depth makes no
// difference here: all mapped attributes are always read.
func (d *Directory) List(ctx context.Context, _ record.Depth) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		err := d.list(ctx, func(rec record.Record) error {
			if !yield(rec, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(record.Record{}, err)
		}
	}
}

func (d *Directory) list(ctx context.Context, take func(record.Record) error) error {
	if err := d.refreshGroups(ctx); err != nil {
		return err
	}
	disabled, err := d.disabled(ctx)
	if err != nil {
		return err
	}
	seen := map[string]struct{}{}
	for _, base := range d.cfg.Bases {
		q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: d.cfg.Filter, attributes: d.layout.request}
		err := d.walk(ctx, q, func(s *session, e *goldap.Entry) error {
			rec, err := d.record(ctx, s, e)
			if err != nil {
				return err
			}
			// An entry that moves from one base to another while they are read is
			// still one entry.
			if len(d.cfg.Bases) > 1 {
				if _, again := seen[rec.ID]; again {
					return nil
				}
				seen[rec.ID] = struct{}{}
			}
			_, rec.Disabled = disabled[rec.ID]
			return take(rec)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// disabled lists the ids of the disabled accounts. The server is asked, rather
// than the filter matched here, because only the server knows how its attributes
// compare; the second listing has few entries and one attribute.
func (d *Directory) disabled(ctx context.Context) (map[string]struct{}, error) {
	return d.disabledOf(ctx)
}

// disabledOf lists those of them that match further filters.
func (d *Directory) disabledOf(ctx context.Context, filters ...string) (map[string]struct{}, error) {
	ids := map[string]struct{}{}
	if d.cfg.Disabled == "" {
		return ids, nil
	}
	for _, base := range d.cfg.Bases {
		q := query{
			base: base, scope: goldap.ScopeWholeSubtree, filter: all(append(filters, d.cfg.Filter, d.cfg.Disabled)...),
			attributes: []string{d.server.id},
		}
		err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
			id, err := d.idOf(e)
			ids[id] = struct{}{}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// record decodes an entry of a listing or a look-up, which must have an id.
func (d *Directory) record(ctx context.Context, s *session, e *goldap.Entry) (record.Record, error) {
	if err := d.completeRanges(ctx, s, e); err != nil {
		return record.Record{}, down(e.DN, "read the rest of a long attribute", err)
	}
	rec, err := d.decode(e)
	if err == nil && rec.ID == "" {
		_, err = d.idOf(e)
	}
	if err != nil {
		return record.Record{}, down(e.DN, "read", err)
	}
	return rec, nil
}

func (d *Directory) idOf(e *goldap.Entry) (string, error) {
	value := e.GetEqualFoldAttributeValue(d.server.id)
	if value == "" {
		return "", down(e.DN, "read", fmt.Errorf("%w: the entry shows no %s: let the account read that attribute", ErrCutShort, d.server.id))
	}
	id, err := textGUID(d.server.id, value)
	if err != nil {
		return "", down(e.DN, "read", err)
	}
	return id, nil
}
