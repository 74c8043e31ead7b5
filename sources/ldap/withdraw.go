package ldap

import (
	"context"
	"errors"
	"fmt"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// errNothingToWithdraw is returned for a withdrawal that names no values.
var errNothingToWithdraw = errors.New("a withdrawal names the values that go")

// Withdraw takes out of an entry exactly the values that a run of ours had written
// where there were none: the one case in which something is emptied here. Only a
// rollback can make a [reconcile.Withdrawal].
//
// Like [Directory.Apply], it reads the entry first and compares byte for byte; the
// request deletes the values by name, which fails when they are gone. Others of
// the attribute stay.
func (d *Directory) Withdraw(ctx context.Context, withdrawal reconcile.Withdrawal) (record.Record, error) {
	change := withdrawal.Change()
	var edits []edit
	for _, field := range change.FieldNames() {
		delta := change.Fields[field]
		if delta.Before.Empty() || !delta.After.Empty() {
			edits = nil
			break
		}
		var err error
		if edits, err = d.layout.joined(edits, edit{attribute: delta.Attribute, before: delta.Before}); err != nil {
			return record.Record{}, classed(record.Refused, change.Key, "modify", err)
		}
	}
	if change.Side != record.LDAP || change.Thing != record.Entry || len(edits) == 0 {
		return record.Record{}, classed(record.Refused, change.Key, "modify", fmt.Errorf("%s of a %s: %w", change.Op, change.Thing, errNothingToWithdraw))
	}
	w := write{d: d, id: change.Key, edits: edits}
	return w.run(ctx)
}
