package reconcile_test

import (
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// TestARefusedParkingIsNotTriedForEver: XiVO refused to park the number of somebody
// who is away. Whoever else asks for it then is told so, and the run comes to its end.
func TestARefusedParkingIsNotTriedForEver(t *testing.T) {
	w := newWorld(t, append(usualFields(), field("extension", "ipPhone", reconcile.ToXiVO))...)
	openGuards(w)
	w.settings.Numbering.Sites = []reconcile.Site{{Name: "lyon", Context: "default", Extensions: []reconcile.Range{{First: "1000", Last: "1999"}}}}
	ann := w.person("ann", "ipPhone", "1001")
	w.run()
	w.ldap.Disable(ann, true)
	w.run()
	w.ldap.Set(ann, "ipPhone", "1005")
	bob := w.person("bob", "ipPhone", "1001")
	user := w.user("ann")
	w.xivo.Refuse = func(c record.Change) error {
		if c.Key == user && c.Thing == record.Extension {
			return &record.Error{Side: record.XiVO, Class: record.Refused, Message: "not in this context"}
		}
		return nil
	}
	w.run()
	w.ldap.Set(bob, "ipPhone", "1007")
	w.person("dan", "ipPhone", "1001")
	for range 2 {
		w.comesToItsEnd(10 * time.Second)
		same(t, []string{"ann extension: rejected", "dan extension: resource_exists"}, w.open())
	}
	w.xivo.Refuse = nil
	w.run(audit) // tries again
	same(t, []string{}, w.open())
	w.expect(w.xivo, w.user("dan"), "extension", "1001@default")
}

// comesToItsEnd makes a run that must not take for ever.
func (w *world) comesToItsEnd(deadline time.Duration) {
	w.t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := w.try()
		ended <- err
	}()
	select {
	case err := <-ended:
		if err != nil {
			w.t.Fatal(err)
		}
	case <-time.After(deadline):
		w.t.Fatal("the run does not come to its end")
	}
}
