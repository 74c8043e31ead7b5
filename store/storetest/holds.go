package storetest

import (
	"fmt"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Hold returns a hold of one entry's field with everything set.
func Hold(entry, field string) record.Hold {
	return record.Hold{
		Person: State(1).Person, Link: 1, Entry: entry, User: "user-1", Field: field, Side: record.LDAP, Value: record.Texts("\xff", "b"), Source: "mail>email",
		Secret: true, Run: 7, Who: "zoé", Why: "the mapping was wrong", Since: epoch,
	}
}

// held returns the hold as the store numbered it.
func held(h record.Hold, number uint64) record.Hold {
	h.Number = number
	return h
}

func holdTests() []Test {
	return []Test{
		{"holds are numbered, and survive", numberHolds},
		{"a hold of the same key replaces the old one", replaceHold},
		{"a released hold is gone, its number is not given again", releaseHold},
		{"a hold of nobody is refused", holdNobody},
		{"many holds, beyond one batch", manyHolds},
		{"an effect is kept as a whole or not at all", keepEffect},
		{"a change is settled with its holds", settleHolds},
		{"adopted units take their holds along", adoptHolds},
	}
}

func numberHolds(t *testing.T, open func() reconcile.Store) {
	same(t, 0, len(all(t, open().Holds())))
	a, b, user := Hold("entry-1", "email"), Hold("entry-1", ""), Hold("", "email")
	ok(t, open().Hold(a, b))
	ok(t, open().Hold(user))
	same(t, []record.Hold{held(a, 1), held(b, 2), held(user, 3)}, all(t, open().Holds()))
}

func replaceHold(t *testing.T, open func() reconcile.Store) {
	ok(t, open().Hold(Hold("entry-1", "email"), Hold("entry-2", "email")))
	again := Hold("entry-1", "email")
	again.User, again.Side, again.Value, again.Why, again.Number = "another", "", nil, "by hand", 99
	ok(t, open().Hold(again))
	same(t, []record.Hold{held(again, 1), held(Hold("entry-2", "email"), 2)}, all(t, open().Holds()))
}

func releaseHold(t *testing.T, open func() reconcile.Store) {
	a, b := Hold("entry-1", "email"), Hold("entry-2", "email")
	ok(t, open().Hold(a, b))
	ok(t, open().Release(2, 99))
	ok(t, open().Release())
	ok(t, open().Hold(b))
	same(t, []record.Hold{held(a, 1), held(b, 3)}, all(t, open().Holds()))
}

func holdNobody(t *testing.T, open func() reconcile.Store) {
	s := open()
	refused(t, s.Hold(Hold("entry-1", ""), record.Hold{Field: "email"}))
	same(t, 0, len(all(t, s.Holds())))
}

func manyHolds(t *testing.T, open func() reconcile.Store) {
	var holds []record.Hold
	var numbers []uint64
	for n := uint64(1); n <= 1100; n++ {
		holds = append(holds, Hold(fmt.Sprintf("entry-%d", n), "email"))
		numbers = append(numbers, n)
	}
	ok(t, open().Hold(holds...))
	ok(t, open().Release(numbers[:1099]...))
	same(t, []record.Hold{held(holds[1099], 1100)}, all(t, open().Holds()))
}

func keepEffect(t *testing.T, open func() reconcile.Store) {
	s := open()
	ok(t, s.Hold(Hold("entry-9", "email")))
	refused(t, s.Keep(reconcile.Effect{States: []record.State{State(1), {}}, Holds: []record.Hold{Hold("entry-1", "")}, Released: []uint64{1}}))
	refused(t, s.Keep(reconcile.Effect{States: []record.State{State(1)}, Holds: []record.Hold{{}}, Released: []uint64{1}}))
	s = open()
	same(t, 0, len(all(t, s.Links())))
	same(t, 1, len(all(t, s.Holds())))
	ok(t, s.Keep(reconcile.Effect{States: []record.State{State(1)}, Holds: []record.Hold{Hold("entry-1", "")}, Released: []uint64{1}}))
	s = open()
	same(t, []record.Link{Link(1)}, all(t, s.Links()))
	same(t, []record.Hold{held(Hold("entry-1", ""), 2)}, all(t, s.Holds()))
}

func settleHolds(t *testing.T, open func() reconcile.Store) {
	s := open()
	unit := Unit(begin(t, s, epoch).Number, 1, 1, 1, 1)
	ok(t, s.Open(unit))
	refused(t, s.Settle(unit, 0, -1, reconcile.Effect{States: []record.State{State(1)}, Holds: []record.Hold{{}}}))
	got, err := s.Unclosed()
	ok(t, err)
	same(t, 1, len(got))
	same(t, 0, len(all(t, s.Links())))
	ok(t, s.Settle(unit, 0, -1, reconcile.Effect{States: []record.State{State(1)}, Holds: []record.Hold{Hold("entry-1", "email")}}))
	s = open()
	same(t, []record.Hold{held(Hold("entry-1", "email"), 1)}, all(t, s.Holds()))
	same(t, []record.Link{Link(1)}, all(t, s.Links()))
}

func adoptHolds(t *testing.T, open func() reconcile.Store) {
	s := open()
	run := begin(t, s, epoch).Number
	ok(t, s.Hold(Hold("entry-8", "")))
	one, two, none, user := Hold("entry-1", "a"), Hold("entry-1", "b"), Hold("entry-9", ""), Hold("", "c")
	ok(t, s.Adopt([]record.Unit{Unit(run, 1, 1, 1, 2)}, reconcile.Effect{States: []record.State{State(1)}, Holds: []record.Hold{one, none, two, user}, Released: []uint64{1}}))
	keys := map[string]bool{}
	for _, h := range all(t, open().Holds()) {
		keys[h.Key()] = true
	}
	same(t, map[string]bool{one.Key(): true, two.Key(): true, none.Key(): true, user.Key(): true}, keys)
}
