package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"
)

// machine does the same to a store and to the model.
type machine struct {
	path  string
	key   []byte
	db    *DB
	model *storetest.Memory
	run   uint64
	seq   uint64
	now   time.Time
}

// both does it to both, and demands that both refuse it or neither.
func (m *machine) both(t *rapid.T, do func(reconcile.Store) error) {
	errDB, errModel := do(m.db), do(m.model)
	if (errDB == nil) != (errModel == nil) {
		t.Fatalf("store: %v, model: %v", errDB, errModel)
	}
}

var (
	smallNumber = rapid.Uint64Range(0, 9)
	someText    = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\xff", "\xc3(", "Zoé", "<&>\u2028"}))
	someValue   = rapid.Map(rapid.SliceOfN(someText, 0, 3), func(s []string) record.Value { return record.Texts(s...) })
	someStep    = rapid.SampledFrom([]record.Step{record.Planned, record.Intent, record.Done, record.Failed, record.Undone, record.Unknown})
)

func drawLink(t *rapid.T) record.Link {
	l := storetest.Link(smallNumber.Draw(t, "link"))
	l.User = fmt.Sprintf("user-%d", smallNumber.Draw(t, "user"))
	l.Entry = fmt.Sprintf("entry-%d", smallNumber.Draw(t, "entry"))
	l.Identifier, l.Missed, l.Attention = someText.Draw(t, "identifier"), rapid.Int().Draw(t, "missed"), rapid.Bool().Draw(t, "attention")
	if rapid.Bool().Draw(t, "present") {
		l.Absent = time.Time{}
	}
	if rapid.Bool().Draw(t, "active") {
		l.Left = time.Time{}
	}
	if rapid.Bool().Draw(t, "no rule") {
		l.Removal = ""
	}
	return l
}

func drawState(t *rapid.T) record.State {
	s := record.State{Link: drawLink(t), Person: record.Person{Name: someText.Draw(t, "name"), DN: someText.Draw(t, "dn")}}
	if rapid.Bool().Draw(t, "values") {
		s.Fields = map[string]record.Base{"mail": {LDAP: someValue.Draw(t, "ldap"), XiVO: someValue.Draw(t, "xivo")}}
	}
	return s
}

func (m *machine) drawUnit(t *rapid.T) record.Unit {
	u := record.Unit{Run: m.run, Number: int(m.seq)}
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		m.seq++
		link := smallNumber.Draw(t, "link")
		c := storetest.Change(m.run, m.seq, link)
		c.Fields["password"] = record.Delta{Before: someValue.Draw(t, "before"), After: someValue.Draw(t, "after"), Secret: rapid.Bool().Draw(t, "secret")}
		c.Step, c.Key = someStep.Draw(t, "step"), someText.Draw(t, "key")
		u.Changes = append(u.Changes, c)
	}
	return u
}

func (m *machine) Save(t *rapid.T) {
	states := rapid.SliceOfN(rapid.Custom(drawState), 1, 3).Draw(t, "states")
	m.both(t, func(s reconcile.Store) error { return s.Save(states) })
}

func (m *machine) Touch(t *rapid.T) {
	links := []record.Link{drawLink(t)}
	m.both(t, func(s reconcile.Store) error { return s.Touch(links) })
}

func (m *machine) Forget(t *rapid.T) {
	links := rapid.SliceOfN(smallNumber, 0, 3).Draw(t, "links")
	m.both(t, func(s reconcile.Store) error { return s.Forget(links) })
}

func (m *machine) Remember(t *rapid.T) {
	memory := reconcile.Memory{LDAP: rapid.String().Draw(t, "identity"), Filled: map[string]int{"mail": rapid.Int().Draw(t, "filled")}}
	m.both(t, func(s reconcile.Store) error { return s.Remember(memory) })
}

func (m *machine) Begin(t *rapid.T) {
	m.now = m.now.Add(time.Hour)
	m.run++
	m.both(t, func(s reconcile.Store) error {
		run, err := s.Begin(record.Run{Started: m.now, Trigger: "test"})
		if run.Number != m.run {
			t.Fatalf("run %d is numbered %d", m.run, run.Number)
		}
		return err
	})
}

func (m *machine) Finish(t *rapid.T) {
	at := m.now
	run := record.Run{Number: m.run, Started: at, Finished: &at, Outcome: record.OutcomeDone}
	m.both(t, func(s reconcile.Store) error { return s.Finish(run) })
}

func (m *machine) Open(t *rapid.T) {
	unit := m.drawUnit(t)
	m.both(t, func(s reconcile.Store) error { return s.Open(unit) })
}

func (m *machine) Adopt(t *rapid.T) {
	units, states := []record.Unit{m.drawUnit(t)}, []record.State{drawState(t)}
	if states[0].Number == 0 || len(units[0].Changes) == 0 {
		states = nil
	}
	m.both(t, func(s reconcile.Store) error { return s.Adopt(units, reconcile.Effect{States: states}) })
}

func (m *machine) Settle(t *rapid.T) {
	open := must[[]record.Unit](t)(m.db.Unclosed())
	if len(open) == 0 {
		t.Skip("nothing is open")
	}
	unit := rapid.SampledFrom(open).Draw(t, "unit")
	i := rapid.IntRange(-1, len(unit.Changes)).Draw(t, "i")
	next := rapid.IntRange(-2, len(unit.Changes)).Draw(t, "next")
	if i >= 0 && i < len(unit.Changes) {
		unit.Changes[i].Step, unit.Changes[i].Error = someStep.Draw(t, "step"), someText.Draw(t, "error")
	}
	effect := drawEffect(t)
	m.both(t, func(s reconcile.Store) error { return s.Settle(unit, i, next, effect) })
}

func drawHold(t *rapid.T) record.Hold {
	h := storetest.Hold(rapid.SampledFrom([]string{"", "entry-1", "entry-2"}).Draw(t, "held"), rapid.SampledFrom([]string{"", "mail"}).Draw(t, "field"))
	h.User = rapid.SampledFrom([]string{"", "user-1"}).Draw(t, "held user")
	h.Value, h.Why = someValue.Draw(t, "value"), someText.Draw(t, "why")
	return h
}

func drawMail(t *rapid.T) record.Mail {
	m := storetest.Mail(rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "mail"))
	m.Data = map[string]string{"password": someText.Draw(t, "text")}
	m.State = rapid.SampledFrom([]record.MailState{record.MailWaiting, record.MailFailed, record.MailUncertain, record.MailSent, record.MailDropped}).Draw(t, "state")
	return m
}

func (m *machine) UpdateMail(t *rapid.T) {
	mail := drawMail(t)
	mail.Number, mail.Error = smallNumber.Draw(t, "number"), someText.Draw(t, "error")
	m.both(t, func(s reconcile.Store) error { return s.UpdateMail(mail) })
}

func drawEffect(t *rapid.T) reconcile.Effect {
	return reconcile.Effect{
		States: rapid.SliceOfN(rapid.Custom(drawState), 0, 2).Draw(t, "states"), Holds: rapid.SliceOfN(rapid.Custom(drawHold), 0, 2).Draw(t, "holds"),
		Mails: rapid.SliceOfN(rapid.Custom(drawMail), 0, 2).Draw(t, "mails"), Released: rapid.SliceOfN(smallNumber, 0, 2).Draw(t, "released"),
	}
}

func (m *machine) Keep(t *rapid.T) {
	effect := drawEffect(t)
	m.both(t, func(s reconcile.Store) error { return s.Keep(effect) })
}

func (m *machine) Hold(t *rapid.T) {
	hold := drawHold(t)
	m.both(t, func(s reconcile.Store) error { return s.Hold(hold) })
}

func (m *machine) Release(t *rapid.T) {
	numbers := rapid.SliceOfN(smallNumber, 0, 2).Draw(t, "numbers")
	m.both(t, func(s reconcile.Store) error { return s.Release(numbers...) })
}

func (m *machine) Reconcile(t *rapid.T) {
	var found []record.Conflict
	for range rapid.IntRange(0, 3).Draw(t, "found") {
		c := storetest.Conflict(fmt.Sprintf("entry-%d", smallNumber.Draw(t, "entry")), rapid.SampledFrom([]string{"", "mail"}).Draw(t, "field"))
		c.Now.LDAP, c.Secret = someValue.Draw(t, "ldap"), rapid.Bool().Draw(t, "secret")
		if rapid.Bool().Draw(t, "decided") {
			c.Decision = &record.Decision{Take: someText.Draw(t, "take"), Who: someText.Draw(t, "who"), At: m.now}
		}
		found = append(found, c)
	}
	examined := fmt.Sprintf("entry-%d", smallNumber.Draw(t, "examined"))
	m.both(t, func(s reconcile.Store) error {
		return s.Reconcile(m.run, m.now, found, func(c record.Conflict) bool { return c.Entry >= examined })
	})
}

func (m *machine) Reopen(t *rapid.T) {
	checkStore(t, m.db)
	if err := m.db.Close(); err != nil {
		t.Fatal(err)
	}
	m.open(t)
}

func (m *machine) open(t *rapid.T) {
	m.db = must[*DB](t)(Open(m.path, Options{Key: m.key, NoSync: true}))
}

// Check, after each action, holds the next link's number against the model;
// Compare, being slow, is an action of its own.
func (m *machine) Check(t *rapid.T) {
	if want, got := must[uint64](t)(m.model.NextLink()), must[uint64](t)(m.db.NextLink()); want != got {
		t.Fatalf("next link is %d, not %d", got, want)
	}
}

// Compare holds everything that the store tells against the model.
func (m *machine) Compare(t *rapid.T) {
	since := m.now.Add(-90 * time.Minute)
	sameDump(t, dumpStore(t, m.model, since), dumpStore(t, m.db, since))
}

// TestStoreIsTheModel does random things to a store and to the model, and finds
// both telling the same.
func TestStoreIsTheModel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		m := &machine{
			path: filepath.Join(dir, fmt.Sprintf("%d.db", n)), key: make([]byte, keySize),
			model: storetest.NewMemory(), now: epoch,
		}
		m.open(t)
		defer func() { _ = m.db.Close(); _ = os.Remove(m.path) }()
		t.Repeat(rapid.StateMachineActions(m))
		m.Compare(t)
	})
}
