package reconcile

import (
	"context"

	"xivosync/reconcile/record"
)

// Withdrawal takes out of the directory exactly the values that a run of ours had
// written where there were none. Nothing but a rollback makes one: an empty value
// is never pushed to the directory otherwise.
type Withdrawal struct{ change record.Change }

// Change is the write-back turned round: its before-values are what is withdrawn.
func (w Withdrawal) Change() record.Change { return w.change }

// Withdrawer is implemented by a directory that can take values back.
type Withdrawer interface {
	// Withdraw deletes the before-values of the change, which have to be there,
	// and returns the entry as it is then.
	Withdraw(ctx context.Context, w Withdrawal) (record.Record, error)
}

// send carries out a change on its side.
func (r *runner) send(ctx context.Context, p *person, c record.Change) (record.Record, error) {
	if c.Side == record.XiVO {
		return r.XiVO.Apply(ctx, c)
	}
	if side, ok := r.LDAP.(Withdrawer); ok && p.undo != nil && withdraws(c) {
		return side.Withdraw(ctx, Withdrawal{c})
	}
	return r.LDAP.Apply(ctx, c)
}

// withdraws tells whether a change leaves nothing of what was written.
func withdraws(c record.Change) bool {
	for _, d := range c.Fields {
		if !d.After.Empty() || d.Before.Empty() {
			return false
		}
	}
	return c.Side == record.LDAP
}

// restoreBase leads the state of a field back to what was last known before the
// run that is rolled back. It tells whether it did: nobody else has a say then.
func (r *runner) restoreBase(p *person, c record.Change, name string, rec record.Record) bool {
	if p.undo == nil {
		return false
	}
	if base, known := p.undo.bases[name]; known {
		r.setBase(p, name, base)
		if b, there := p.next.Fields[name]; there && c.Side == record.LDAP && !c.Fields[name].Secret {
			b.Echo = &record.Echo{Before: c.Fields[name].Before, After: c.Fields[name].After, Version: rec.Version}
			p.next.Fields[name] = b
		}
	}
	p.undo.restored[name] = true
	return true
}

func (r *runner) setBase(p *person, name string, base *record.Base) {
	if base == nil {
		delete(p.next.Fields, name)
		return
	}
	p.next.Fields[name] = *base
}

// restoreAll leads the whole state back: of somebody who was made again, and of
// fields that somebody had taken back already.
func (r *runner) restoreAll(p *person) {
	for name, base := range p.undo.bases {
		if p.origin == fromEntry || p.undo.restored[name] {
			r.setBase(p, name, base)
		}
	}
}
