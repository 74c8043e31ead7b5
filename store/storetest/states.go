package storetest

import (
	"fmt"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Link returns a link with every field set.
func Link(n uint64) record.Link {
	return record.Link{
		Number: n, Entry: fmt.Sprintf("entry-%d", n), User: fmt.Sprintf("user-%d", n), Identifier: fmt.Sprintf("zoé%d", n),
		Entered: record.Digest{1, byte(n)}, Surveyed: record.Digest{2, byte(n)}, Detailed: record.Digest{3, byte(n)},
		Attention: n%2 == 0, Stale: n%3 == 0, Deactivated: n%5 == 0, Halfway: n%7 == 0, Missed: int(n % 4), Absent: epoch.Add(time.Duration(n) * time.Hour),
		Left: epoch.Add(time.Duration(n) * time.Minute), Removal: "keep", Welcome: n%2 == 1,
	}
}

// State returns a state with every field set, and values that are not UTF-8.
func State(n uint64) record.State {
	return record.State{
		Link:   Link(n),
		Person: record.Person{Identifier: fmt.Sprintf("zoé%d", n), DN: "cn=Zoé,dc=example", UUID: fmt.Sprintf("user-%d", n), Name: "Zoé", Site: "Lyon"},
		Fields: map[string]record.Base{
			"firstname": {LDAP: record.Text("Zoé"), XiVO: record.Text("Zoe"), Mapping: "m1", Source: "givenName", Noted: true},
			"mobile_phone_number": {
				LDAP: record.Texts("1", "2"), Restores: []time.Time{epoch}, Drifted: record.Text("3"), Was: record.Text("0"),
				Echo: &record.Echo{Before: record.Text("\xff\xfe"), After: record.Text("2"), Version: "20260301#1"},
			},
		},
	}
}

func stateTests() []Test {
	return []Test{
		{"an empty store has no links and no memory", emptyStates},
		{"states are read back as they were saved", saveStates},
		{"touching leaves the values alone", touchLinks},
		{"links are listed by number, beyond one batch", manyLinks},
		{"a link without a number is refused", unnumberedLink},
		{"forgetting removes links, former remembers them", forgetLinks},
		{"former remembers what a link was before it changed", changedLink},
		{"a link number in the journal is not given again", journaledLink},
		{"memory is kept", keepMemory},
		{"the configuration's digests are kept", keepConfiguration},
		{"digests tell texts apart, and stay the same", digests},
		{"writing while listing is possible", writeWhileListing},
	}
}

func emptyStates(t *testing.T, open func() reconcile.Store) {
	s := open()
	same(t, 0, len(all(t, s.Links())))
	next, err := s.NextLink()
	ok(t, err)
	same(t, uint64(1), next)
	m, err := s.Memory()
	ok(t, err)
	same(t, reconcile.Memory{}, m)
	former, err := s.Former("user-1")
	ok(t, err)
	same(t, "", former)
	_, err = s.State(1)
	refused(t, err)
}

func saveStates(t *testing.T, open func() reconcile.Store) {
	ok(t, open().Save([]record.State{State(7), State(2), {Link: record.Link{Number: 3}}}))
	s := open()
	for _, want := range []record.State{State(2), State(7), {Link: record.Link{Number: 3}}} {
		got, err := s.State(want.Number)
		ok(t, err)
		same(t, want, got)
	}
	same(t, []record.Link{Link(2), {Number: 3}, Link(7)}, all(t, s.Links()))
	next, err := s.NextLink()
	ok(t, err)
	same(t, uint64(8), next)
}

func touchLinks(t *testing.T, open func() reconcile.Store) {
	ok(t, open().Save([]record.State{State(1)}))
	touched := Link(1)
	touched.Attention, touched.Missed, touched.Absent, touched.Entered = true, 9, time.Time{}, record.Digest{9}
	ok(t, open().Touch([]record.Link{touched}))
	want := State(1)
	want.Link = touched
	got, err := open().State(1)
	ok(t, err)
	same(t, want, got)
}

func manyLinks(t *testing.T, open func() reconcile.Store) {
	var states []record.State
	var want []record.Link
	for n := uint64(1200); n > 0; n-- {
		states = append(states, record.State{Link: Link(n)})
	}
	for n := uint64(1); n <= 1200; n++ {
		want = append(want, Link(n))
	}
	ok(t, open().Save(states))
	same(t, want, all(t, open().Links()))
}

func unnumberedLink(t *testing.T, open func() reconcile.Store) {
	s := open()
	refused(t, s.Save([]record.State{{}}))
	refused(t, s.Touch([]record.Link{{}}))
	same(t, 0, len(all(t, s.Links())))
}

func forgetLinks(t *testing.T, open func() reconcile.Store) {
	ok(t, open().Save([]record.State{State(1), State(2), State(3)}))
	ok(t, open().Forget([]uint64{3, 1, 99}))
	s := open()
	same(t, []record.Link{Link(2)}, all(t, s.Links()))
	_, err := s.State(1)
	refused(t, err)
	for user, want := range map[string]string{"user-1": "entry-1", "user-2": "", "user-3": "entry-3"} {
		former, err := s.Former(user)
		ok(t, err)
		same(t, want, former)
	}
	next, err := s.NextLink()
	ok(t, err)
	same(t, uint64(4), next)
}

func journaledLink(t *testing.T, open func() reconcile.Store) {
	s := open()
	run, err := s.Begin(record.Run{})
	ok(t, err)
	ok(t, s.Open(Unit(run.Number, 1, 1, 7, 1)))
	next, err := open().NextLink()
	ok(t, err)
	same(t, uint64(8), next)
}

func changedLink(t *testing.T, open func() reconcile.Store) {
	s := open()
	ok(t, s.Save([]record.State{State(1)}))
	relinked := Link(1)
	relinked.Entry = "another entry"
	ok(t, s.Touch([]record.Link{relinked}))
	ok(t, s.Touch([]record.Link{relinked}))
	former, err := open().Former("user-1")
	ok(t, err)
	same(t, "entry-1", former)
}

func keepMemory(t *testing.T, open func() reconcile.Store) {
	want := reconcile.Memory{LDAP: "dc=example", XiVO: "uuid", SeenLDAP: 3, SeenXiVO: 4, Filled: map[string]int{"mail": 2}, Scope: "s", Mapping: "m", Completed: 5}
	ok(t, open().Remember(want))
	got, err := open().Memory()
	ok(t, err)
	same(t, want, got)
}

func keepConfiguration(t *testing.T, open func() reconcile.Store) {
	got, err := open().Configuration()
	ok(t, err)
	same(t, 0, len(got))
	ok(t, open().Configure(map[string]record.Digest{"a": {1}, "b": {2, 255}}))
	want := map[string]record.Digest{"fields.\"é\".ldap": {3}, "b": {}}
	ok(t, open().Configure(want))
	got, err = open().Configuration()
	ok(t, err)
	same(t, want, got)
}

func digests(t *testing.T, open func() reconcile.Store) {
	s := open()
	first := s.Digest("ab", "c")
	for _, other := range []record.Digest{s.Digest("a", "bc"), s.Digest("abc"), s.Digest("ab", "c", ""), s.Digest(), {}} {
		if other == first {
			t.Fatalf("two digests are %x", other)
		}
	}
	same(t, first, open().Digest("ab", "c"))
}

func writeWhileListing(t *testing.T, open func() reconcile.Store) {
	s := open()
	var states []record.State
	for n := uint64(1); n <= 1500; n++ {
		states = append(states, record.State{Link: Link(n)})
	}
	ok(t, s.Save(states))
	seen := 0
	for l, err := range s.Links() {
		ok(t, err)
		seen++
		if l.Number%700 == 0 {
			ok(t, s.Save([]record.State{State(l.Number)}))
			ok(t, s.Forget([]uint64{l.Number - 1}))
		}
	}
	same(t, 1500, seen)
	same(t, 1498, len(all(t, s.Links())))
}
