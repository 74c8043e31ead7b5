package reconcile_test

import (
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func TestTwoNewPeopleWithOneMailGetTheirUsersWithoutIt(t *testing.T) {
	w := newWorld(t)
	w.person("ann", "mail", "shared@parts.test")
	w.person("bob", "mail", "SHARED@parts.test")
	report := w.run()
	same(t, []string{"ann email: resource_exists", "bob email: resource_exists"}, w.open())
	same(t, 2, report.Counts.Created)
	same(t, record.Value(nil), w.xivo.Get(w.user("ann"), "email"))
	for _, c := range report.Found {
		if want := map[string]string{"ann": "Bob", "bob": "Ann"}[c.Person.Identifier]; c.Owner == "" {
			t.Errorf("nobody is named in place of %s", want)
		}
	}
	w.quiet()
}

func TestAMailThatAnotherUserHoldsIsAConflictThatNamesThem(t *testing.T) {
	w := newWorld(t)
	holder := w.xivo.Put("", map[string]string{"firstname": "Fax", "email": "fax@parts.test"})
	w.person("ann", "mail", "fax@parts.test")
	report := w.run()
	same(t, []string{"ann email: resource_exists"}, w.open())
	same(t, holder+" (user "+holder+")", report.Found[0].Owner)
	w.xivo.Set(holder, "email")
	w.run()
	same(t, []string{}, w.open())
	same(t, record.Text("fax@parts.test"), w.xivo.Get(w.user("ann"), "email"))
}

func TestAMailIsFreeOnceItsHolderGivesItUpInTheSamePlan(t *testing.T) {
	w := newWorld(t)
	ids := w.people(4)
	w.run()
	// The one who takes comes before the one who gives, and so on down the chain.
	for i, mail := range []string{"p001@parts.test", "p002@parts.test", "p003@parts.test", "free@parts.test"} {
		w.ldap.Set(ids[i], "mail", mail)
	}
	report := w.run()
	same(t, record.Counts{Updated: 4}, report.Counts)
	for i, id := range ids {
		same(t, w.ldap.Get(id, "mail"), w.xivo.Get(w.user(report.Plan.Units[3-i].Changes[0].Person.Identifier), "email"))
	}
	w.quiet()
}

func TestWhoeverTakesFromACycleIsHeldToo(t *testing.T) {
	w := newWorld(t)
	ids := w.people(3)
	w.run()
	w.ldap.Set(ids[0], "mail", "p001@parts.test")
	w.ldap.Set(ids[1], "mail", "p000@parts.test")
	w.ldap.Set(ids[2], "mail", "p001@parts.test")
	report := w.run()
	same(t, 3, report.Counts.Conflicts)
}

func TestChangesAreOrderedTearDownUpdateCreate(t *testing.T) {
	w := newWorld(t)
	ids := w.people(4)
	w.run()
	w.ldap.Disable(ids[3], true)
	w.ldap.Set(ids[2], "sn", "Changed")
	w.ldap.Set(ids[1], "sn", "Changed")
	w.person("aaa")
	w.person("bbb")
	w.person("abc")
	w.xivo.Put("abc", map[string]string{"firstname": "Abc", "lastname": "Parts", "email": "abc@parts.test"})
	var got []string
	for _, c := range w.plan().Changes() {
		got = append(got, string(c.Op)+" "+c.Person.Identifier)
	}
	same(t, []string{"deactivate p003", "link abc", "update p001", "update p002", "create aaa", "create bbb"}, got)
}

// The limits of the design that the engine itself enforces; the others are the
// configuration's.

func TestLimitAnExistingResourceIsNeverGivenToAnotherUser(t *testing.T) {
	w := newWorld(t)
	holder := w.xivo.Put("", map[string]string{"firstname": "Fax", "email": "fax@parts.test"})
	id := w.person("ann")
	w.run()
	w.ldap.Set(id, "mail", "fax@parts.test")
	w.run()
	same(t, []string{"ann email: resource_exists"}, w.open())
	same(t, record.Text("fax@parts.test"), w.xivo.Get(holder, "email"))
	same(t, record.Text("ann@parts.test"), w.xivo.Get(w.user("ann"), "email"))
}

func TestLimitAnEmptyValueIsNeverPushedToLDAP(t *testing.T) {
	for _, direction := range []reconcile.Direction{reconcile.Both, reconcile.ToLDAP} {
		for _, conflict := range []reconcile.Take{reconcile.TakeManual, reconcile.TakeXiVO} {
			m := field("email", "mail", direction)
			m.Conflict = conflict
			w := newWorld(t, m, field("firstname", "givenName", reconcile.ToXiVO))
			id := w.person("ann")
			u := w.xivo.Put("ann", map[string]string{"firstname": "Ann", "email": "ann@parts.test"})
			w.run()
			w.xivo.Set(u, "email")
			w.run()
			same(t, []string{"ann email: empty_blocked"}, w.open())
			w.ldap.Set(id, "mail", "edited@parts.test")
			w.run()
			same(t, record.Text("edited@parts.test"), w.ldap.Get(id, "mail"))
		}
	}
}

func TestLimitOutgoingCallerIDIsSentAtCreationAndNeverAfterwards(t *testing.T) {
	w := newWorld(t)
	id := w.person("ann")
	w.run()
	u := w.user("ann")
	same(t, record.Text("default"), w.xivo.Get(u, "outgoing_caller_id"))
	w.xivo.Set(u, "outgoing_caller_id", "0123456789")
	w.ldap.Set(id, "sn", "Changed")
	w.run()
	same(t, record.Text("0123456789"), w.xivo.Get(u, "outgoing_caller_id"))
}

func TestLimitTheIdentifierIsNotProcessed(t *testing.T) {
	w := newWorld(t)
	w.person(" Ann\u00a0ONE ")
	w.run()
	same(t, record.Text(" Ann\u00a0ONE "), w.xivo.Get(w.xivo.IDs()[0], "userfield"))
	w.quiet()
}
