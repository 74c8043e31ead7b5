package reconcile_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// ringFields are those whose values change hands here: with a thing, and one
// that is never empty.
func ringFields() []reconcile.Mapping {
	return []reconcile.Mapping{
		field("email", "mail", reconcile.ToXiVO),
		field("extension", "ipPhone", reconcile.Both),
		field("firstname", "givenName", reconcile.ToXiVO),
		field("lastname", "sn", reconcile.ToXiVO),
		field("username", "login", reconcile.ToXiVO),
	}
}

// ringWorld has n linked people with a number, an e-mail and a username each.
func ringWorld(t testing.TB, n int) (*world, []string) {
	w := newWorld(t, ringFields()...)
	openGuards(w)
	w.settings.Numbering.Sites = []reconcile.Site{{Name: "lyon", Context: "default", Extensions: []reconcile.Range{{First: "1000", Last: "1999"}}}}
	var ids []string
	for i := range n {
		uid, number := fmt.Sprintf("p%03d", i), fmt.Sprint(1000+i)
		ids = append(ids, w.person(uid, "ipPhone", number, "login", uid))
		w.xivo.Put(uid, map[string]string{"firstname": "P" + uid[1:], "lastname": "Parts", "email": uid + "@parts.test", "username": uid, "extension": number + "@default"})
	}
	w.run()
	w.quiet()
	return w, ids
}

// pass gives everybody's attribute to the one before them.
func (w *world) pass(ids []string, attribute string) {
	first := w.ldap.Get(ids[0], attribute)
	for i, id := range ids {
		next := first
		if i+1 < len(ids) {
			next = w.ldap.Get(ids[i+1], attribute)
		}
		w.ldap.Set(id, attribute, next...)
	}
}

// agree fails unless XiVO holds what the directory says of everybody.
func (w *world) agree(ids []string) {
	w.t.Helper()
	for i, id := range ids {
		u := w.user(fmt.Sprintf("p%03d", i))
		for field, attribute := range map[string]string{"email": "mail", "username": "login", "extension": "ipPhone"} {
			want := w.ldap.Get(id, attribute).First()
			if field == "extension" {
				want += "@default"
			}
			if got := w.xivo.Get(u, field).First(); got != want {
				w.t.Errorf("p%03d: %s is %q, want %q", i, field, got, want)
			}
		}
	}
}

var ringAttributes = []string{"mail", "login", "ipPhone"}

func TestValuesChangeHandsAroundARingInOneRun(t *testing.T) {
	for _, n := range []int{2, 3, 5, 9} {
		for _, attribute := range ringAttributes {
			t.Run(fmt.Sprintf("%s of %d", attribute, n), func(t *testing.T) {
				w, ids := ringWorld(t, n+1)
				w.pass(ids[:n], attribute)
				w.ldap.Set(ids[0], "sn", "Changed too")
				w.ldap.Set(ids[n], "sn", "Elsewhere")
				report := w.run()
				same(t, record.OutcomeDone, report.Outcome)
				same(t, n+1, report.Counts.Updated)
				same(t, n+1, report.Plan.Counts.Updated)
				same(t, n+1+2, len(w.xivo.Writes()))
				w.agree(ids)
				same(t, record.Text("Changed too"), w.xivo.Get(w.user("p000"), "lastname"))
				same(t, []string{}, w.open())
				w.quiet()
			})
		}
	}
}

func TestACycleOpensByParking(t *testing.T) {
	w, ids := ringWorld(t, 2)
	for _, attribute := range ringAttributes {
		w.pass(ids, attribute)
	}
	units := w.plan().Units
	same(t, 3, len(units))
	for i, want := range []string{"email", "extension", "username"} {
		u := units[i].Changes
		same(t, []string{want}, u[0].FieldNames())
		same(t, []bool{true, false, false}, []bool{u[0].Parks, u[1].Parks, u[2].Parks})
		same(t, "parked while numbers change hands", u[0].Reason)
		same(t, u[0].Entry, u[2].Entry)
		same(t, u[0].Fields[want].After, u[2].Fields[want].Before)
		if u[0].Entry == u[1].Entry || u[1].Reason == u[0].Reason || u[2].Reason == u[0].Reason {
			t.Errorf("the steps are %+v", u)
		}
		switch parked := u[0].Fields[want].After.First(); want {
		case "email":
			same(t, "", parked)
		case "extension":
			same(t, "_#"+u[0].Fields[want].Before.First(), parked)
		case "username":
			if !strings.HasPrefix(parked, "parked-") {
				t.Errorf("parked as %q", parked)
			}
		}
	}
	w.xivo.Put("", map[string]string{"firstname": "Parked long ago", "extension": units[1].Changes[0].Fields["extension"].After.First()})
	parked := w.plan().Units[1].Changes[0].Fields["extension"]
	same(t, "_##"+parked.Before.First(), parked.After.First())
	w.run()
	w.agree(ids)
	w.quiet()
}

func TestSomebodyTakesWhatARingMemberLeavesElsewhere(t *testing.T) {
	w, ids := ringWorld(t, 4)
	w.pass(ids[:2], "mail")
	// p002 takes p000's number, who takes a free one; p003 takes p002's.
	w.ldap.Set(ids[0], "ipPhone", "1500")
	w.ldap.Set(ids[2], "ipPhone", "1000")
	w.ldap.Set(ids[3], "ipPhone", "1002")
	same(t, record.OutcomeDone, w.run().Outcome)
	w.agree(ids)
	w.quiet()
}

// interrupted makes a world whose next run rotates three people, with something
// in the way at one step.
func interrupted(t testing.TB, attribute string) (*world, []string) {
	w, ids := ringWorld(t, 4)
	w.pass(ids[:3], attribute)
	w.ldap.Set(ids[3], "sn", "Served")
	return w, ids
}

// nth answers the nth change with an error.
func nth(n int, err error) func(record.Change) error {
	count := 0
	return func(c record.Change) error {
		if c.FieldNames()[0] == "lastname" {
			return nil
		}
		if count++; count == n {
			return err
		}
		return nil
	}
}

func xivoError(class record.Class) error {
	return &record.Error{Side: record.XiVO, Class: class, Message: "injected"}
}

func TestARefusedStepTakesTheCycleBack(t *testing.T) {
	for _, attribute := range ringAttributes {
		for class, after := range map[record.Class]bool{record.Refused: false, record.Stale: false, record.Missing: false, record.Uncertain: true} {
			for _, late := range []bool{false, after} {
				for n := 1; n <= 4; n++ {
					t.Run(fmt.Sprintf("%s class %d at step %d, carried out %v", attribute, class, n, late), func(t *testing.T) {
						w, ids := interrupted(t, attribute)
						before := w.values(ids)
						if late {
							w.xivo.After = nth(n, xivoError(class))
						} else {
							w.xivo.Refuse = nth(n, xivoError(class))
						}
						report := w.run()
						w.xivo.Refuse, w.xivo.After = nil, nil
						same(t, record.OutcomePartial, report.Outcome)
						same(t, 1, len(report.Failures))
						same(t, 1, report.Counts.Updated)
						same(t, before, w.values(ids))
						same(t, record.Text("Served"), w.xivo.Get(w.user("p003"), "lastname"))
						w.closed()
						if class == record.Stale || class == record.Missing {
							same(t, []string{}, w.open())
							w.run()
							w.agree(ids)
							w.quiet()
							return
						}
						same(t, 3, len(w.open()))
						w.quiet() // the same is not tried again
						// One of them gets another value: the rest is served.
						w.ldap.Set(ids[1], attribute, map[string]string{"mail": "x@parts.test", "login": "fresh", "ipPhone": "1900"}[attribute])
						w.run()
						w.agree(ids)
						same(t, []string{}, w.open())
						w.quiet()
					})
				}
			}
		}
	}
}

// values are what XiVO holds of the fields that change hands.
func (w *world) values(ids []string) (out []string) {
	for i := range ids {
		u := w.user(fmt.Sprintf("p%03d", i))
		for _, field := range []string{"email", "username", "extension"} {
			out = append(out, w.xivo.Get(u, field).First())
		}
	}
	return out
}

// closed fails if a unit is open.
func (w *world) closed() {
	w.t.Helper()
	if open, err := w.store.Unclosed(); err != nil || len(open) > 0 {
		w.t.Errorf("%d units are open, error %v", len(open), err)
	}
}

func TestACycleThatGoesBackInTheDirectoryClosesItsConflicts(t *testing.T) {
	w, ids := interrupted(t, "mail")
	w.xivo.Refuse = nth(2, xivoError(record.Refused))
	w.run()
	w.xivo.Refuse = nil
	for i, id := range ids {
		w.ldap.Set(id, "mail", fmt.Sprintf("p%03d@parts.test", i))
	}
	w.writes()
	w.run()
	same(t, []string{}, w.open())
	w.untouched()
	w.quiet()
}

func TestAValueThatIsNotStoredTakesTheCycleBack(t *testing.T) {
	w, ids := interrupted(t, "login")
	before := w.values(ids)
	w.xivo.Ignores = map[string]bool{"username": true}
	report := w.run()
	same(t, record.OutcomePartial, report.Outcome)
	w.xivo.Ignores = nil
	same(t, before, w.values(ids))
	same(t, 3, len(w.open()))
	w.quiet()
}

func TestASideThatFallsSilentInACycleIsGoneOnWith(t *testing.T) {
	for _, attribute := range ringAttributes {
		for _, late := range []bool{false, true} {
			for n := 1; n <= 4; n++ {
				t.Run(fmt.Sprintf("%s at step %d, carried out %v", attribute, n, late), func(t *testing.T) {
					w, ids := interrupted(t, attribute)
					down := nth(n, xivoError(record.Down))
					if late {
						w.xivo.After = down
					} else {
						w.xivo.Refuse = down
					}
					if _, err := w.try(); err == nil {
						t.Fatal("no error")
					}
					w.xivo.Refuse, w.xivo.After = nil, nil
					report := w.run()
					same(t, record.Recovered{Done: 1}, report.Recovered)
					w.agree(ids)
					w.closed()
					same(t, []string{}, w.open())
					w.quiet()
				})
			}
		}
	}
}

func TestRecoveryTakesACycleBackThatCannotGoOn(t *testing.T) {
	for n := 1; n <= 4; n++ {
		w, ids := interrupted(t, "ipPhone")
		before := w.values(ids)
		w.xivo.Refuse = nth(n, xivoError(record.Down))
		if _, err := w.try(); err == nil {
			t.Fatal("no error")
		}
		w.xivo.Refuse = nth(1, xivoError(record.Refused))
		report := w.run()
		w.xivo.Refuse = nil
		same(t, record.Recovered{Undone: 1}, report.Recovered)
		same(t, before, w.values(ids))
		same(t, 3, len(w.open()))
		w.closed()
		w.quiet()
	}
}

func TestTheWayBackIsGoneOnWithToo(t *testing.T) {
	for n := 2; n <= 4; n++ {
		for m := 1; m < n; m++ {
			w, ids := interrupted(t, "ipPhone")
			before := w.values(ids)
			count := 0
			w.xivo.Refuse = func(c record.Change) error {
				if !c.Has("extension") {
					return nil
				}
				switch count++; count {
				case n:
					return xivoError(record.Refused)
				case n + m:
					return xivoError(record.Down)
				}
				return nil
			}
			if _, err := w.try(); err == nil {
				t.Fatal("no error")
			}
			w.xivo.Refuse = nil
			same(t, record.Recovered{Undone: 1}, w.run().Recovered)
			same(t, before, w.values(ids))
			same(t, 3, len(w.open()))
			w.closed()
			w.quiet()
		}
	}
}

func TestACycleThatGoesNeitherForwardNorBackIsTold(t *testing.T) {
	w, ids := interrupted(t, "ipPhone")
	count := 0
	w.xivo.Refuse = func(c record.Change) error {
		if count++; count > 2 && c.Has("extension") {
			return xivoError(record.Refused)
		}
		return nil
	}
	report := w.run()
	w.xivo.Refuse = nil
	same(t, record.OutcomePartial, report.Outcome)
	w.closed()
	texts := []string{}
	for _, c := range report.Found {
		texts = append(texts, string(c.Kind)+" "+c.Message)
	}
	if all := strings.Join(texts, "\n"); !strings.Contains(all, "unknown_outcome") || !strings.Contains(all, "still parked as _#") {
		t.Errorf("told is only %s", all)
	}
	for i, id := range ids[:3] {
		same(t, false, strings.Contains(w.ldap.Get(id, "ipPhone").First(), "#"))
		_ = i
	}
}

func TestACrashInACycleEndsAsWithoutIt(t *testing.T) {
	start := func() (*world, []string) {
		w, ids := interrupted(t, "mail")
		w.pass(ids[1:], "ipPhone")
		w.pass(ids[:2], "login")
		return w, ids
	}
	calm, _ := start()
	calm.run()
	calm.quiet()
	want := calm.ends()
	for at, crashed := 1, true; crashed; at++ {
		for other := range 8 {
			w, ids := start()
			if crashed = w.crashAt(at); crashed && other > 0 {
				w.crashAt(other * 2)
			}
			w.run()
			w.quiet()
			same(t, want, w.ends())
			w.agree(ids)
			w.closed()
			same(t, []string{}, w.open())
			if t.Failed() {
				t.Fatalf("after crashes at step %d and then at %d", at, other)
			}
			if !crashed {
				t.Logf("%d steps", at-1)
				break
			}
		}
	}
}

func TestACycleThatIsTakenBackInTheDirectoryAfterACrashGoesBack(t *testing.T) {
	for _, attribute := range ringAttributes {
		for at, crashed := 1, true; crashed; at++ {
			w, ids := ringWorld(t, 4)
			before := []record.Value{}
			for _, id := range ids {
				before = append(before, w.ldap.Get(id, attribute))
			}
			w.pass(ids, attribute)
			crashed = w.crashAt(at)
			for i, id := range ids {
				w.ldap.Set(id, attribute, before[i]...)
			}
			w.run(allow(known...))
			w.agree(ids)
			w.closed()
			w.quiet()
			if t.Failed() {
				t.Fatalf("%s: after a crash at step %d", attribute, at)
			}
		}
	}
}

func TestASavedPlanApprovesACycleAsAWholeOrNotAtAll(t *testing.T) {
	for left := range 5 {
		w, ids := interrupted(t, "ipPhone")
		before := w.values(ids)
		text, err := json.Marshal(w.plan(unattended))
		if err != nil {
			t.Fatal(err)
		}
		var plan map[string]json.RawMessage
		var changes []json.RawMessage
		if err := errors.Join(json.Unmarshal(text, &plan), json.Unmarshal(plan["changes"], &changes)); err != nil {
			t.Fatal(err)
		}
		same(t, 5, len(changes))
		if left < 4 { // the first is p003's own
			changes = slices.Delete(changes, left+1, left+2)
		}
		plan["changes"], _ = json.Marshal(changes)
		if text, err = json.Marshal(plan); err != nil {
			t.Fatal(err)
		}
		a, err := reconcile.ParseApproved(text)
		if err != nil {
			t.Fatal(err)
		}
		w.run(approved(a))
		if left < 4 {
			same(t, before, w.values(ids))
			w.run()
		}
		w.agree(ids)
		w.quiet()
	}
}

func TestGuardsCountThePeopleOfACycleOnce(t *testing.T) {
	for attribute, guard := range map[string]string{"mail": reconcile.GuardUpdates, "login": reconcile.GuardUpdates, "ipPhone": reconcile.GuardRenumberings} {
		w, ids := ringWorld(t, 5)
		w.pass(ids, attribute)
		for _, g := range w.plan().Guards {
			if want := map[string]int{guard: 5}[g.Name]; g.Count != want {
				t.Errorf("%s: guard %s counts %d, want %d", attribute, g.Name, g.Count, want)
			}
		}
		w.settings.Guards.Limits[guard] = reconcile.Limit{Count: 4}
		before := w.values(ids)
		for _, onTrip := range []reconcile.OnTrip{reconcile.OnTripStop, reconcile.OnTripHold} {
			w.settings.Guards.OnTrip = onTrip
			same(t, []string{guard}, tripped(w.run().Guards))
			same(t, before, w.values(ids))
		}
		w.run(allow(guard))
		w.agree(ids)
		w.quiet()
		// The journal counts them once, too.
		w.settings.Guards.Limits[guard] = reconcile.Limit{Count: 5}
		w.clock = w.clock.Add(-w.step)
		w.ldap.Set(ids[0], attribute, map[string]string{"mail": "x@parts.test", "login": "fresh", "ipPhone": "1900"}[attribute])
		for _, g := range w.plan().Guards {
			if want := map[string]int{guard: 1}[g.Name]; g.Count != want {
				t.Errorf("%s: guard %s counts %d after it was let through, want %d", attribute, g.Name, g.Count, want)
			}
		}
	}
}

func TestOneOfACycleAloneWaitsForTheOthers(t *testing.T) {
	w, ids := interrupted(t, "mail")
	before := w.values(ids)
	w.run(only("p000"))
	same(t, before, w.values(ids))
	w.run()
	w.agree(ids)
	same(t, []string{}, w.open())
	w.quiet()
}

// TestAnyPermutationArrivesInOneRun deals the values out anew at random.
func TestAnyPermutationArrivesInOneRun(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 8).Draw(rt, "people")
		w, ids := ringWorld(t, n)
		for _, attribute := range ringAttributes {
			var values []string
			for i, id := range ids {
				values = append(values, w.ldap.Get(id, attribute).First())
				if rapid.IntRange(0, 4).Draw(rt, "new value") == 0 {
					values[i] = map[string]string{"mail": "new%d@parts.test", "login": "new%d", "ipPhone": "150%d"}[attribute]
					values[i] = fmt.Sprintf(values[i], i)
				}
			}
			values = rapid.Permutation(values).Draw(rt, attribute)
			for i, id := range ids {
				w.ldap.Set(id, attribute, values[i])
			}
		}
		before := w.values(ids)
		at := rapid.IntRange(0, 40).Draw(rt, "fails at")
		count := 0
		w.xivo.Refuse = func(c record.Change) error {
			// The side in memory cannot resume a change of a thing; a cycle can.
			if count++; count >= at && c.Thing == record.User && at > 0 {
				at = 0
				return xivoError(record.Down)
			}
			return nil
		}
		if _, err := w.try(); err != nil && !errors.As(err, new(*record.Error)) {
			rt.Fatal(err)
		}
		w.xivo.Refuse = nil
		w.run()
		if open := w.open(); len(open) > 0 {
			rt.Logf("%v", before)
			rt.Fatalf("conflicts %v", open)
		}
		w.agree(ids)
		w.quiet()
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func TestSomebodyNewTakesWhatSomebodyGivesUp(t *testing.T) {
	w, ids := ringWorld(t, 2)
	w.ldap.Set(ids[0], "mail")
	w.person("new", "mail", "p000@parts.test")
	same(t, record.OutcomeDone, w.run().Outcome)
	same(t, record.Text("p000@parts.test"), w.xivo.Get(w.user("new"), "email"))
	w.quiet()
}

// fed is a world in which a swap in XiVO travels to the directory, and from there
// into a second field.
func fed(t testing.TB) (*world, []string) {
	w, ids := ringWorld(t, 3)
	w.remap(field("extension", "ipPhone", reconcile.Both), field("firstname", "givenName", reconcile.ToXiVO), field("username", "ipPhone", reconcile.ToXiVO))
	w.run()
	w.quiet()
	for i := range 2 {
		w.xivo.Set(w.user(fmt.Sprintf("p%03d", i)), "extension", fmt.Sprintf("%d@default", 1001-i))
	}
	return w, ids
}

func TestASwapInXiVOFeedsACycle(t *testing.T) {
	w, ids := fed(t)
	report := w.run()
	same(t, record.OutcomeDone, report.Outcome)
	for i, id := range ids[:2] {
		want := record.Text(fmt.Sprint(1001 - i))
		same(t, want, w.ldap.Get(id, "ipPhone"))
		same(t, want, w.xivo.Get(w.user(fmt.Sprintf("p%03d", i)), "username"))
	}
	same(t, []string{}, w.open())
	w.quiet()
}

func TestACycleIsNotBegunFromAWriteBackThatFailed(t *testing.T) {
	for _, class := range []record.Class{record.Refused, record.Stale} {
		w, ids := fed(t)
		w.ldap.Refuse = nth(2, &record.Error{Side: record.LDAP, Class: class, Message: "injected"})
		report := w.run()
		w.ldap.Refuse = nil
		same(t, record.OutcomePartial, report.Outcome)
		for i := range ids[:2] {
			same(t, record.Text(fmt.Sprint(1000+i)), w.xivo.Get(w.user(fmt.Sprintf("p%03d", i)), "username"))
		}
		w.run(audit)
		for i, id := range ids[:2] {
			want := record.Text(fmt.Sprint(1001 - i))
			same(t, want, w.ldap.Get(id, "ipPhone"))
			same(t, want, w.xivo.Get(w.user(fmt.Sprintf("p%03d", i)), "username"))
		}
		same(t, []string{}, w.open())
		w.quiet()
	}
}
