package reconcile_test

import (
	"testing"

	"xivosync/reconcile/record"
)

// A value that cannot be read is shown beside what both sides hold and last held.
func TestANumberOutsideItsRangeIsShownInFull(t *testing.T) {
	w, ids := ringWorld(t, 2)
	w.ldap.Set(ids[0], "ipPhone", "2500")
	report := w.run()
	c := conflictOn(t, report.Found, "extension")
	same(t, record.OutOfRange, c.Kind)
	same(t, record.Pair{LDAP: record.Text("2500"), XiVO: record.Text("1000@default")}, c.Raw)
	same(t, record.Text("1000@default"), c.Now.XiVO)
	same(t, record.Pair{LDAP: record.Text("1000@default"), XiVO: record.Text("1000@default")}, c.Base)
}

// conflictOn is the one about a field.
func conflictOn(t testing.TB, all []record.Conflict, field string) record.Conflict {
	t.Helper()
	for _, c := range all {
		if c.Field == field {
			return c
		}
	}
	t.Fatalf("no conflict about %s among %d", field, len(all))
	return record.Conflict{}
}
