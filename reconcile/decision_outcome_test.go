package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// uncertain makes a change of p000's last name that may or may not have been made:
// it was not.
func (w *world) uncertain(entry string) {
	w.xivo.Refuse = func(record.Change) error {
		return &record.Error{Side: record.XiVO, Class: record.Uncertain, Message: "no answer"}
	}
	w.ldap.Set(entry, "sn", "Changed")
	w.run()
	w.xivo.Refuse = nil
	w.writes()
}

// What is decided about a change of unknown outcome leaves alone what is in no
// question: a difference that both sides were allowed to keep.
func TestADecisionAboutTheOutcomeLeavesTheRest(t *testing.T) {
	for _, take := range []string{record.DecideXiVO, record.DecideLDAP} {
		t.Run(take, func(t *testing.T) {
			w := newWorld(t, append(usualFields(), field("language", "l", reconcile.ToLDAP))...)
			openGuards(w)
			ids := w.people(5)
			w.ldap.Set(ids[0], "l", "fr") // kept: XiVO, which leads, has none
			w.run()
			w.uncertain(ids[0])
			w.decide("", take)
			for range 3 {
				w.run()
				if open := w.open(); len(open) > 0 {
					t.Fatalf("open: %q", open)
				}
			}
			w.expect(w.ldap, ids[0], "l", "fr")
			w.expect(w.xivo, w.user("p000"), "language", "")
			w.quiet()
		})
	}
}

// XiVO's side of a change of unknown outcome cannot be taken where XiVO has
// nothing: the decision is refused and says so, and nothing is written.
func TestXiVOsNothingIsNotDecidedFor(t *testing.T) {
	w, ids := followed(t, 5)
	w.xivo.Set(w.user("p000"), "lastname")
	w.uncertain(ids[0])
	number := w.conflict("").Number
	w.decide("", record.DecideXiVO)
	for _, mode := range []func(*reconcile.Options){incremental, audit, func(*reconcile.Options) {}} {
		w.run(mode)
		w.untouched()
		c := w.conflict("")
		if c.Number != number || c.State != record.Open || !strings.Contains(c.Reopened, "XiVO's lastname is empty: clear sn in the directory by hand") {
			t.Fatalf("conflict %d is %s: %q", c.Number, c.State, c.Reopened)
		}
	}
	w.decide("", record.DecideLDAP)
	w.run()
	w.expect(w.xivo, w.user("p000"), "lastname", "Changed")
	w.quiet()
}
