package reconcile

import (
	"context"
	"slices"

	"xivosync/reconcile/record"
)

// recall completes a reading of the person's user by the direct numbers that are
// known to be theirs, or that the directory says are: XiVO lists only those that
// lead to the user himself.
func (e *Engine) recall(ctx context.Context, p *person, r *record.Record) error {
	m := e.Settings.Mapping(string(record.DID))
	side, able := e.XiVO.(Recaller)
	if m == nil || !m.Compared() || !able || r == nil {
		return nil
	}
	now, told := r.Values[m.Field.Name]
	if missing := without(e.knownDIDs(p, m), now); told && len(missing) > 0 {
		return side.Recall(ctx, r, missing)
	}
	return nil
}

// knownDIDs are those of the last-known state, and those that the directory asks
// for.
func (e *Engine) knownDIDs(p *person, m *Mapping) record.Value {
	known := slices.Concat(p.state.Fields[m.Field.Name].XiVO, p.next.Fields[m.Field.Name].XiVO)
	if p.entry != nil {
		e.place(p)
		v, _ := e.source(p, m, nil)
		for i := range v {
			if did, err := m.chain(p.site).ToField(v[i : i+1]); err == nil {
				known = append(known, did...)
			}
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// recallAfter does so after a write. What cannot be completed was not read.
func (r *runner) recallAfter(ctx context.Context, p *person, rec *record.Record) {
	if err := r.recall(context.WithoutCancel(ctx), p, rec); err != nil {
		r.Log.Warn("direct numbers not read back", "record", p.Who().Label(), "error", err)
		delete(rec.Values, string(record.DID))
		p.dropped, p.behind = true, true
	}
}
