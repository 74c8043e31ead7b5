package reconcile_test

import (
	"fmt"
	"testing"
)

// decidedWorld is one in which everything that takes a write is decided and waits
// to be carried out: the user's link is rebound, a user made in another's place,
// a link dropped, an identifier rewritten, and fields go each way.
func decidedWorld(t *testing.T) *world {
	w := newWorld(t)
	openGuards(w)
	entries := map[string]string{}
	for _, uid := range []string{"ann", "bob", "cat", "dan", "eve", "fay", "gus"} {
		entries[uid] = w.person(uid)
	}
	w.run()
	for _, uid := range []string{"ann", "bob", "cat"} {
		w.ldap.Set(entries[uid], "mail", "l@"+uid+".test")
		w.xivo.Set(w.user(uid), "email", "x@"+uid+".test")
	}
	w.xivo.Set(w.user("dan"), "userfield", "daniel")
	for _, uid := range []string{"eve", "fay"} {
		w.ldap.Remove(entries[uid])
		w.person(uid, "mail", "new@"+uid+".test")
	}
	w.xivo.Remove(w.user("gus"))
	w.run()
	takes := map[string]string{"ann email": "ldap", "bob email": "xivo", "cat email": "=v@cat.test", "dan identifier": "ldap",
		"eve ": "relink", "fay ": "new", "gus ": "new"}
	for c, err := range w.store.Conflicts() {
		if err != nil {
			t.Fatal(err)
		}
		take := takes[c.Person.Identifier+" "+c.Field]
		if take == "" {
			t.Fatalf("a conflict that was not meant: %+v", c)
		}
		d := decision(w, take)
		if err := w.settings.CheckDecision(c, d); err != nil {
			t.Fatal(err)
		}
		w.decideNumber(c.Number, d)
	}
	w.writes()
	return w
}

// ended is what both sides hold, and what is open.
func (w *world) ended() string {
	s := &story{world: w, t: w.t}
	return s.holds(w.ldap, w.ldap.IDs()) + s.holds(w.xivo, w.xivo.IDs()) + fmt.Sprint(w.open())
}

// TestCrashWhileDecisionsAreCarriedOut stops the run at every step that it has;
// one more run ends as without the crash: nothing decided is lost, or done twice.
func TestCrashWhileDecisionsAreCarriedOut(t *testing.T) {
	w := decidedWorld(t)
	w.run()
	want := w.ended()
	if left := w.open(); len(left) > 0 {
		t.Fatalf("left are %v", left)
	}
	points := 0
	for at := 1; ; at++ {
		w := decidedWorld(t)
		if !w.crashAt(at) {
			break
		}
		points++
		w.run()
		w.run()
		if got := w.ended(); got != want {
			t.Fatalf("after a crash at step %d:\n%s\nwant\n%s", at, got, want)
		}
	}
	t.Logf("%d points", points)
	if points < 20 {
		t.Errorf("only %d points", points)
	}
}
