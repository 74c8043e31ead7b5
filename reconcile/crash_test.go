package reconcile_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// stopped is what an injected crash panics with.
type stopped struct{}

// bomb stops the program at one step: each thing that is written anywhere is
// two, one before it is done and one after.
type bomb struct {
	at, count int
}

func (b *bomb) tick() {
	if b.count++; b.count == b.at {
		panic(stopped{})
	}
}

func step[T any](b *bomb, do func() T) T {
	b.tick()
	out := do()
	b.tick()
	return out
}

// bombedStore is a store that crashes.
type bombedStore struct {
	reconcile.Store
	*bomb
}

func (s bombedStore) Save(states []record.State) error {
	return step(s.bomb, func() error { return s.Store.Save(states) })
}

func (s bombedStore) Forget(links []uint64) error {
	return step(s.bomb, func() error { return s.Store.Forget(links) })
}

func (s bombedStore) Remember(m reconcile.Memory) error {
	return step(s.bomb, func() error { return s.Store.Remember(m) })
}

func (s bombedStore) Configure(digests map[string]record.Digest) error {
	return step(s.bomb, func() error { return s.Store.Configure(digests) })
}

func (s bombedStore) Begin(run record.Run) (out record.Run, err error) {
	step(s.bomb, func() error { out, err = s.Store.Begin(run); return err })
	return out, err
}

func (s bombedStore) Finish(run record.Run) error {
	return step(s.bomb, func() error { return s.Store.Finish(run) })
}

func (s bombedStore) Open(u record.Unit) error {
	return step(s.bomb, func() error { return s.Store.Open(u) })
}

func (s bombedStore) Settle(u record.Unit, i, next int, effect reconcile.Effect) error {
	return step(s.bomb, func() error { return s.Store.Settle(u, i, next, effect) })
}

func (s bombedStore) Adopt(units []record.Unit, effect reconcile.Effect) error {
	return step(s.bomb, func() error { return s.Store.Adopt(units, effect) })
}

func (s bombedStore) Keep(effect reconcile.Effect) error {
	return step(s.bomb, func() error { return s.Store.Keep(effect) })
}

func (s bombedStore) UpdateMail(m record.Mail) error {
	return step(s.bomb, func() error { return s.Store.UpdateMail(m) })
}

func (s bombedStore) Hold(holds ...record.Hold) error {
	return step(s.bomb, func() error { return s.Store.Hold(holds...) })
}

func (s bombedStore) Release(numbers ...uint64) error {
	return step(s.bomb, func() error { return s.Store.Release(numbers...) })
}

func (s bombedStore) Reconcile(run uint64, now time.Time, found []record.Conflict, examined func(record.Conflict) bool) error {
	return step(s.bomb, func() error { return s.Store.Reconcile(run, now, found, examined) })
}

// bombedSide is a side that crashes before and after each request that writes.
type bombedSide struct {
	reconcile.Side
	*bomb
}

func (s bombedSide) Apply(ctx context.Context, c record.Change) (r record.Record, err error) {
	step(s.bomb, func() error { r, err = s.Side.Apply(ctx, c); return err })
	return r, err
}

// crashAt makes a run that stops at a step, and tells whether it came so far.
func (w *world) crashAt(at int) (crashed bool) {
	b := &bomb{at: at}
	w.wrap = func(e *reconcile.Engine) {
		e.Store, e.LDAP, e.XiVO = bombedStore{e.Store, b}, bombedSide{e.LDAP, b}, bombedSide{e.XiVO, b}
	}
	defer func() {
		w.wrap = nil
		if r := recover(); r != nil {
			if _, ours := r.(stopped); !ours {
				panic(r)
			}
			crashed = true
		}
	}()
	if _, err := w.try(allow(known...)); err != nil {
		w.t.Fatal(err)
	}
	return false
}

// ends are both sides as a reader would tell them.
func (w *world) ends() []string {
	var out []string
	for _, side := range []reconcile.Side{w.ldap, w.xivo} {
		for r, err := range side.List(context.Background(), record.Detail) {
			if err != nil {
				w.t.Fatal(err)
			}
			out = append(out, fmt.Sprintf("%s %s disabled %v %v", r.Side, r.Identifier, r.Disabled, r.Values))
		}
	}
	slices.Sort(out)
	return out
}

// busy is a world with something of everything to do.
func busy(t testing.TB) *world {
	w := newWorld(t, append(usualFields(), field("description", "ipPhone", reconcile.Both), field("language", "ipPhone", reconcile.ToXiVO))...)
	w.settings.Removal.AbsentFor = 0
	ids := w.people(9)
	w.run()
	users := map[int]string{}
	for i := range ids {
		users[i] = w.user(fmt.Sprintf("p%03d", i))
	}
	w.ldap.Remove(ids[0])
	w.run()
	w.ldap.Set(ids[1], "sn", "Changed")
	w.xivo.Set(users[2], "email", "changed@parts.test")
	w.xivo.Set(users[3], "description", "2000")
	w.ldap.Set(ids[3], "givenName", "Also")
	w.ldap.Disable(ids[4], true)
	w.ldap.Set(ids[5], "mail", "p006@parts.test")
	w.ldap.Set(ids[6], "mail", "freed@parts.test")
	w.ldap.Set(ids[7], "mail", "one@parts.test")
	w.xivo.Set(users[7], "email", "two@parts.test")
	w.ldap.Remove(ids[8])
	w.xivo.Remove(users[8])
	w.person("new")
	w.person("newer", "mail", "")
	w.person("adopted")
	w.xivo.Put("adopted", map[string]string{"firstname": "Before", "music_on_hold": "jazz"})
	return w
}

// first is a world at its first run.
func first(t testing.TB) *world {
	w := newWorld(t)
	w.people(3)
	w.person("adopted")
	w.xivo.Put("adopted", map[string]string{"firstname": "Before", "music_on_hold": "jazz"})
	return w
}

// TestACrashAnywhereEndsAsWithoutIt stops a run before and after everything that
// it writes, and makes the next one finish.
func TestACrashAnywhereEndsAsWithoutIt(t *testing.T) {
	for name, start := range map[string]func(testing.TB) *world{"a run with everything": busy, "the first run": first} {
		t.Run(name, func(t *testing.T) {
			calm := start(t)
			calm.run()
			calm.quiet()
			want, conflicts := calm.ends(), calm.open()
			steps := 0
			for crashed := true; crashed; {
				steps++
				w := start(t)
				w.writes()
				crashed = w.crashAt(steps)
				w.run()
				w.quiet()
				same(t, want, w.ends())
				same(t, conflicts, w.open())
				open, err := w.store.Unclosed()
				if err != nil || len(open) > 0 {
					t.Errorf("%d units are still open, error %v", len(open), err)
				}
				if t.Failed() {
					t.Fatalf("after a crash at step %d", steps)
				}
			}
			t.Logf("%d steps", steps-1)
		})
	}
}

func TestACrashDuringTheRecoveryEndsAsWithoutIt(t *testing.T) {
	calm := busy(t)
	calm.run()
	calm.quiet()
	for one := 1; one < 60; one += 3 {
		for other := 1; other < 12; other++ {
			w := busy(t)
			w.crashAt(one)
			w.crashAt(other)
			w.run()
			w.quiet()
			same(t, calm.ends(), w.ends())
			if t.Failed() {
				t.Fatalf("after crashes at step %d and then at %d", one, other)
			}
		}
	}
}

// TestAnEditBetweenCrashAndRecoveryIsCarriedOver is about what happens to a new
// user's entry before anybody learned that the user exists.
func TestAnEditBetweenCrashAndRecoveryIsCarriedOver(t *testing.T) {
	for at := 1; at < 20; at++ {
		w := newWorld(t)
		id := w.person("ann", "employeeType", "")
		crashed := w.crashAt(at)
		w.ldap.Set(id, "sn", "Edited")
		w.ldap.Set(id, "employeeType", "filled")
		w.run()
		u := w.user("ann")
		same(t, record.Text("Edited"), w.xivo.Get(u, "lastname"))
		same(t, record.Text("filled"), w.xivo.Get(u, "music_on_hold"))
		w.quiet()
		if t.Failed() {
			t.Fatalf("after a crash at step %d", at)
		}
		if !crashed {
			break
		}
	}
}
