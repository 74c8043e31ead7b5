package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// againAtOnce is how many entries one search asks for by their ids.
const againAtOnce = 100

// readAgain reads the changed entries as a listing would. Those that it would not
// show are suspected to be gone.
func (d *Directory) readAgain(ctx context.Context, ch *changes) ([]record.Record, error) {
	var out []record.Record
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(ch.changed)), againAtOnce) {
		found, err := d.byIDs(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			delete(ch.gone, id)
			if rec, ok := found[id]; ok {
				out = append(out, rec)
			} else {
				ch.gone[id] = struct{}{}
			}
		}
	}
	return out, nil
}

// byIDs reads the entries with these ids that a listing shows, by id.
func (d *Directory) byIDs(ctx context.Context, ids []string) (map[string]record.Record, error) {
	var wanted strings.Builder
	for _, id := range ids {
		if f, err := filterGUID(d.server.id, id); err == nil { // what is no id is nobody's
			wanted.WriteString(f)
		}
	}
	found := map[string]record.Record{}
	if wanted.Len() == 0 {
		return found, nil
	}
	these := "(|" + wanted.String() + ")"
	disabled, err := d.disabledOf(ctx, these)
	if err != nil {
		return nil, err
	}
	for _, base := range d.cfg.Bases {
		q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: all(d.cfg.Filter, these), attributes: d.layout.request}
		err := d.walk(ctx, q, func(s *session, e *goldap.Entry) error {
			rec, err := d.record(ctx, s, e)
			if err != nil {
				return err
			}
			_, rec.Disabled = disabled[rec.ID]
			found[rec.ID] = rec
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Present lists the ids of everybody whom a listing would show.
func (d *Directory) Present(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, base := range d.cfg.Bases {
			q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: d.cfg.Filter, attributes: []string{d.server.id}}
			err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
				id, err := d.idOf(e)
				if err == nil && !yield(id, nil) {
					return errStopped
				}
				return err
			})
			switch {
			case errors.Is(err, errStopped):
				return
			case err != nil:
				yield("", err)
				return
			}
		}
	}
}

// fingerprint tells lists of texts from one another.
func fingerprint(lists ...[]string) string {
	text, _ := json.Marshal(lists) // lists of texts always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}
