package storetest

import (
	"fmt"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Conflict returns a conflict of one entry's field with every value set.
func Conflict(entry, field string) record.Conflict {
	pair := record.Pair{LDAP: record.Text("\xff"), XiVO: record.Texts("a", "b")}
	return record.Conflict{
		Kind: record.ConflictField, Person: State(1).Person, Link: 1, Entry: entry, Field: field, Base: pair, Now: pair, Raw: pair,
		Owner: "somebody", Message: "both changed", Hint: "decide", Decisions: []string{"ldap", "xivo"}, Basis: "digest", Pointers: []record.Pointer{{Place: "users/1", Text: "key 1 of \xff somebody"}},
	}
}

func queueTests() []Test {
	return []Test{
		{"conflicts are opened and numbered", openConflicts},
		{"known conflicts are refreshed, and keep what is theirs", refreshConflicts},
		{"a decision that was not carried out is dropped", reopenDecided},
		{"only conflicts of the examined are closed", closeConflicts},
		{"a conflict that comes back is another one", reopenConflict},
		{"a secret conflict keeps its values", secretConflict},
		{"many conflicts, beyond one batch", manyConflicts},
	}
}

// everybody and nobody were examined.
func everybody(record.Conflict) bool { return true }
func nobody(record.Conflict) bool    { return false }

// inQueue returns the conflict as the queue holds it.
func inQueue(c record.Conflict, number, first, last uint64, since time.Time) record.Conflict {
	c.Number, c.FirstRun, c.LastRun, c.Since, c.State = number, first, last, since, record.Open
	if c.Decision != nil {
		c.State = record.Decided
	}
	return c
}

func openConflicts(t *testing.T, open func() reconcile.Store) {
	a, b := Conflict("entry-1", "firstname"), Conflict("", "lastname")
	ok(t, open().Reconcile(3, epoch, []record.Conflict{a, b}, nobody))
	same(t, []record.Conflict{inQueue(a, 1, 3, 3, epoch), inQueue(b, 2, 3, 3, epoch)}, all(t, open().Conflicts()))
}

func refreshConflicts(t *testing.T, open func() reconcile.Store) {
	c := Conflict("entry-1", "firstname")
	c.Decision = &record.Decision{Take: "ldap", Who: "zoé", Why: "so", At: epoch}
	ok(t, open().Reconcile(3, epoch, []record.Conflict{c}, everybody))
	fresh := Conflict("entry-1", "firstname")
	fresh.Now.LDAP, fresh.Kind = record.Text("new"), record.Contested
	ok(t, open().Reconcile(4, epoch.Add(time.Hour), []record.Conflict{fresh}, everybody))
	want := inQueue(fresh, 1, 3, 4, epoch)
	want.Decision, want.State = c.Decision, record.Decided
	same(t, []record.Conflict{want}, all(t, open().Conflicts()))
}

func reopenDecided(t *testing.T, open func() reconcile.Store) {
	c := Conflict("entry-1", "firstname")
	c.Decision = &record.Decision{Take: record.DecideValue, Value: "\xff", Who: "zoé", Why: "so", At: epoch}
	ok(t, open().Reconcile(3, epoch, []record.Conflict{c}, everybody))
	other := c
	other.Decision, other.Reopened = &record.Decision{Take: "ldap", Who: "zoé", At: epoch}, "of another one"
	ok(t, open().Reconcile(4, epoch, []record.Conflict{other}, everybody))
	same(t, []record.Conflict{inQueue(c, 1, 3, 4, epoch)}, all(t, open().Conflicts()))
	refused := c
	refused.Reopened = "the value changed"
	ok(t, open().Reconcile(5, epoch, []record.Conflict{refused}, everybody))
	refused.Decision = nil
	same(t, []record.Conflict{inQueue(refused, 1, 3, 5, epoch)}, all(t, open().Conflicts()))
	ok(t, open().Reconcile(6, epoch, []record.Conflict{Conflict("entry-1", "firstname")}, everybody))
	same(t, []record.Conflict{inQueue(refused, 1, 3, 6, epoch)}, all(t, open().Conflicts()))
}

func closeConflicts(t *testing.T, open func() reconcile.Store) {
	var found []record.Conflict
	for n := 1; n <= 3; n++ {
		found = append(found, Conflict(fmt.Sprintf("entry-%d", n), ""))
	}
	ok(t, open().Reconcile(1, epoch, found, nobody))
	ok(t, open().Reconcile(2, epoch, found[2:], func(c record.Conflict) bool { return c.Entry != "entry-1" }))
	same(t, []record.Conflict{inQueue(found[0], 1, 1, 1, epoch), inQueue(found[2], 3, 1, 2, epoch)}, all(t, open().Conflicts()))
}

func reopenConflict(t *testing.T, open func() reconcile.Store) {
	c := []record.Conflict{Conflict("entry-1", "")}
	ok(t, open().Reconcile(1, epoch, c, everybody))
	ok(t, open().Reconcile(2, epoch, nil, everybody))
	same(t, 0, len(all(t, open().Conflicts())))
	ok(t, open().Reconcile(3, epoch.Add(time.Hour), c, everybody))
	same(t, []record.Conflict{inQueue(c[0], 2, 3, 3, epoch.Add(time.Hour))}, all(t, open().Conflicts()))
}

func secretConflict(t *testing.T, open func() reconcile.Store) {
	c := Conflict("entry-1", "password")
	c.Secret, c.Decision = true, &record.Decision{Take: "a new password", Who: "zoé", At: epoch}
	ok(t, open().Reconcile(1, epoch, []record.Conflict{c}, everybody))
	same(t, []record.Conflict{inQueue(c, 1, 1, 1, epoch)}, all(t, open().Conflicts()))
}

func manyConflicts(t *testing.T, open func() reconcile.Store) {
	var found []record.Conflict
	for n := range 1100 {
		found = append(found, Conflict(fmt.Sprintf("entry-%04d", n), "field"))
	}
	ok(t, open().Reconcile(1, epoch, found, everybody))
	ok(t, open().Reconcile(2, epoch, found[:550], everybody))
	got := all(t, open().Conflicts())
	same(t, 550, len(got))
	same(t, inQueue(found[549], 550, 1, 2, epoch), got[549])
}
