package reconcile_test

import (
	"errors"
	"fmt"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// TestARunForPeople takes any of their names; what names nobody is an error, and
// then nothing is done for anybody.
func TestARunForPeople(t *testing.T) {
	w := newWorld(t)
	ann, bob := w.person("ann"), w.person("bob")
	w.run()
	stranger := w.xivo.Put("s01", map[string]string{"firstname": "Stranger", "email": "stranger@parts.test"})
	names := 0
	for id, known := range map[string]bool{
		"ann": true, "ANN": true, ann: true, w.user("ann"): true, "ann@parts.test": true,
		"bob": true, stranger: true, "s01": true, "stranger@parts.test": true, // unmanaged, and left alone
		"an": false, "annn@parts.test": false, "": false,
	} {
		names++
		w.ldap.Set(bob, "sn", fmt.Sprint("Other ", names))
		w.writes()
		report, err := w.try(func(o *reconcile.Options) { o.Only = []string{"bob", id} })
		switch {
		case known && (err != nil || len(w.writes()) != 1):
			t.Errorf("%q and bob: %v", id, err)
		case !known && !errors.Is(err, reconcile.ErrNobody):
			t.Errorf("%q is somebody: %v", id, err)
		case !known && report.Outcome != record.OutcomeFailed:
			t.Errorf("%q: the run is %s", id, report.Outcome)
		case !known:
			w.untouched()
		}
	}
}

// TestSomebodyWhoIsGoneIsKnown by what is remembered of them.
func TestSomebodyWhoIsGoneIsKnown(t *testing.T) {
	w := newWorld(t)
	ids := w.people(3)
	w.run()
	w.ldap.Remove(ids[0])
	for _, id := range []string{"p000", ids[0], w.user("p000")} {
		if _, err := w.try(only(id)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}
