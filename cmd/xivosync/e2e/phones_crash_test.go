package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/store"
)

// busy is a world whose next run has a joiner who draws a number from the pool, a
// joiner with two DIDs, a leaver, a return, a renumbering on each side, a DID
// given up and one replaced.
func busy(t testing.TB) *world {
	t.Helper()
	w := fully(t, hired(2), hired(3), hired(4), hired(5, telephone, outside(5), telephone, outside(55), telephone, outside(65)))
	w.spec("did").Direction = reconcile.Both
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1599"}}
	w.mustRun()
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(24 * time.Hour)
	w.slapd.Modify(hired(2).DN, "employeeType", "internal")
	w.slapd.Modify(hired(1).DN, "employeeType", "disabled")
	w.slapd.Modify(hired(3).DN, "ipPhone", "1103")
	w.renumber("1004", "default", "1104")
	w.slapd.Modify(hired(5).DN, telephone, outside(5), outside(75))
	w.slapd.Add(hired(6))
	w.slapd.Modify(hired(6).DN, "ipPhone")
	w.slapd.Add(hired(7, telephone, outside(7), telephone, outside(57)))
	w.sim.ResetLog()
	return w
}

// ended is what is left of both systems after a run.
type ended struct {
	XiVO    []string
	Entries map[string]map[string][]string
	Open    []string
	Holds   []string
	Mails   []string
}

func (w *world) ended() ended {
	w.t.Helper()
	e := w.ending()
	out := ended{XiVO: w.estate(), Entries: e.Entries, Open: e.Conflicts}
	db, err := store.OpenReadOnly(w.Path, store.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for h, err := range db.Holds() {
		if err != nil {
			w.t.Fatal(err)
		}
		out.Holds = append(out.Holds, h.Person.Identifier+" "+h.Field)
	}
	for m, err := range db.Mails() {
		if err != nil {
			w.t.Fatal(err)
		}
		out.Mails = append(out.Mails, fmt.Sprint(m.State, " ", m.Key, " to ", m.To, ": ", m.Data[reconcile.MailExtension], " ", m.Data[reconcile.MailLogin]))
		there := len(w.tables().by("users", "email", m.To)) > 0
		if pin := m.Data[reconcile.MailPIN]; there && pin != "" && len(w.tables().by("voicemails", "password", pin)) == 0 {
			w.t.Errorf("the mail to %s tells a PIN that no mailbox has", m.To)
		}
	}
	slices.Sort(out.Holds)
	slices.Sort(out.Mails)
	return out
}

// TestCrashOfPhones kills a run with every kind of change to phones at every
// writing request, before and after it is carried out, and at every step of the
// store. One more run ends as the one that nobody kills, and then all is quiet.
func TestCrashOfPhones(t *testing.T) {
	t.Parallel()
	killing{begin: busy, least: 160}.everywhere(t)
}

// leaving is a world whose next run deletes a leaver whose grace is over, has a
// joiner with that number, and one more leaver.
func leaving(t testing.TB) *world {
	t.Helper()
	w := fully(t, hired(2), hired(3, telephone, outside(3), telephone, outside(53)), hired(4), hired(5))
	w.Removal.DeleteAfter = 30 * 24 * time.Hour
	w.mustRun()
	w.slapd.Modify(hired(3).DN, "employeeType", "disabled")
	w.mustRun()
	w.later(31 * 24 * time.Hour)
	w.slapd.Modify(hired(2).DN, "employeeType", "disabled")
	w.slapd.Add(hired(6, "ipPhone", "1003", telephone, outside(3)))
	w.sim.ResetLog()
	return w
}

// TestCrashOfADeletion does the same to a run that deletes somebody, gives a
// joiner the number, and deactivates the next leaver.
func TestCrashOfADeletion(t *testing.T) {
	t.Parallel()
	killing{begin: leaving, least: 100}.everywhere(t)
}
