package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// exten is the row of a number.
func (w *world) exten(number, context string) row {
	w.t.Helper()
	for _, x := range w.tables().by("extensions", "exten", number) {
		if x["context"] == context {
			return x
		}
	}
	w.t.Fatalf("XiVO has no extension %s@%s", number, context)
	return nil
}

// renumber changes a number in XiVO behind the synchroniser's back.
func (w *world) renumber(number, context, to string) {
	w.t.Helper()
	w.rest(http.MethodPut, fmt.Sprintf("/1.1/extensions/%v", w.exten(number, context)["id"]), map[string]any{"exten": to}, nil)
}

// good makes a run that serves everybody and has no conflict, and then a quiet
// one.
func (w *world) good() *reportOfRun {
	w.t.Helper()
	report := w.mustRun()
	if len(report.Failures)+len(report.Found) > 0 {
		w.t.Errorf("failures %v%s", report.Failures, told(report.Found))
	}
	w.quiet()
	return report
}

// bothWays has DIDs in both directions, too.
func bothWays(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := phones(t, people...)
	w.spec("did").Direction = reconcile.Both
	return w
}

func (w *world) spec(field string) *spec {
	w.t.Helper()
	for i := range w.Specs {
		if w.Specs[i].Field == field {
			return &w.Specs[i]
		}
	}
	w.t.Fatalf("no field %s", field)
	return nil
}

const telephone = "telephoneNumber"

func outside(n int) string { return fmt.Sprintf("+33 4 72 10 10 %02d", n) }

// TestANumberAssignedInXiVOTravels to the directory, and the mailbox that the
// same attribute feeds follows in the same run.
func TestANumberAssignedInXiVOTravels(t *testing.T) {
	t.Parallel()
	w := bothWays(t, worker(1), worker(2))
	w.slapd.Modify(worker(1).DN, "ipPhone")
	w.slapd.Modify(worker(1).DN, telephone)
	w.good()
	w.wantPhone("w01", "", "")
	w.doorPhone("1055", w.user("w01")["id"])
	w.incall("1056", map[string]any{"type": "user", "user_id": w.user("w01")["id"]})
	w.good()
	w.wantEntry(worker(1).DN, "ipPhone", "1055")
	w.wantEntry(worker(1).DN, telephone, outside(56))
	w.wantPhone("w01", "1055", "1055", "1056")
}

// TestARenumberingInXiVOMovesTheMailbox in the same run, and the directory
// follows.
func TestARenumberingInXiVOMovesTheMailbox(t *testing.T) {
	t.Parallel()
	w := bothWays(t, worker(1), worker(2))
	w.good()
	box := w.tables().by("voicemails", "number", "1001")[0]["id"]
	w.renumber("1001", "default", "1066")
	w.renumber("1001", "from-extern", "1067")
	w.good()
	w.wantEntry(worker(1).DN, "ipPhone", "1066")
	w.wantEntry(worker(1).DN, telephone, outside(67))
	w.wantPhone("w01", "1066", "1066", "1067")
	if now := w.tables().by("voicemails", "number", "1066")[0]["id"]; now != box {
		t.Errorf("the mailbox is another one: %v, was %v", now, box)
	}
}

// TestSeveralDIDs adds, replaces and removes on both sides.
func TestSeveralDIDs(t *testing.T) {
	t.Parallel()
	start := func(t testing.TB) *world {
		w := bothWays(t, worker(1, telephone, outside(1), telephone, outside(51)), worker(2))
		w.good()
		w.wantPhone("w01", "1001", "1001", "1001", "1051")
		return w
	}
	incallOf := func(w *world, number string) any { return w.exten(number, "from-extern")["owner_id"] }
	for name, do := range map[string]func(t *testing.T, w *world){
		"added in the directory": func(t *testing.T, w *world) {
			w.slapd.Modify(worker(1).DN, telephone, outside(1), outside(51), outside(61))
			w.good()
			w.wantPhone("w01", "1001", "1001", "1001", "1051", "1061")
		},
		"added in XiVO": func(t *testing.T, w *world) {
			w.incall("1061", map[string]any{"type": "user", "user_id": w.user("w01")["id"]})
			w.good()
			w.wantEntry(worker(1).DN, telephone, outside(1), outside(51), outside(61))
		},
		"added on both sides": func(t *testing.T, w *world) {
			w.slapd.Modify(worker(1).DN, telephone, outside(1), outside(51), outside(62))
			w.incall("1061", map[string]any{"type": "user", "user_id": w.user("w01")["id"]})
			w.good()
			w.wantEntry(worker(1).DN, telephone, outside(1), outside(51), outside(62), outside(61))
			w.wantPhone("w01", "1001", "1001", "1001", "1051", "1061", "1062")
		},
		"replaced in the directory": func(t *testing.T, w *world) {
			was := incallOf(w, "1051")
			w.slapd.Modify(worker(1).DN, telephone, outside(1), outside(61))
			w.good()
			w.wantPhone("w01", "1001", "1001", "1001", "1061")
			if now := incallOf(w, "1061"); now != was {
				t.Errorf("replaced by another incall: %v, was %v", now, was)
			}
		},
		"replaced in XiVO": func(t *testing.T, w *world) {
			w.renumber("1051", "from-extern", "1061")
			w.good()
			w.wantEntry(worker(1).DN, telephone, outside(1), outside(61))
			w.wantPhone("w01", "1001", "1001", "1001", "1061")
		},
		"removed in the directory": func(t *testing.T, w *world) {
			w.slapd.Modify(worker(1).DN, telephone, outside(1))
			w.good()
			w.wantPhone("w01", "1001", "1001", "1001", "1051")
			if w.exten("1051", "from-extern")["commented"] != true || w.exten("1001", "from-extern")["commented"] == true {
				t.Error("the one that is gone, and it alone, has to be out of use")
			}
			w.slapd.Modify(worker(1).DN, telephone, outside(1), outside(51))
			w.good()
			if w.exten("1051", "from-extern")["commented"] == true {
				t.Error("back in the directory, and still out of use")
			}
		},
		"both removed in the directory": func(t *testing.T, w *world) {
			w.slapd.Modify(worker(1).DN, telephone)
			w.good()
			w.wantPhone("w01", "1001", "1001", "1001", "1051")
			w.slapd.Modify(worker(1).DN, telephone, outside(51), outside(1))
			w.good()
			if w.exten("1051", "from-extern")["commented"] == true || w.exten("1001", "from-extern")["commented"] == true {
				t.Error("back in the directory, and still out of use")
			}
		},
		"removed, to be deleted": func(t *testing.T, w *world) {
			w.spec("did").OnClear = reconcile.OnClearDelete
			w.slapd.Modify(worker(1).DN, telephone, outside(51))
			w.good()
			w.wantPhone("w01", "1001", "1001", "1051")
			w.slapd.Modify(worker(1).DN, telephone)
			w.good()
			w.wantPhone("w01", "1001", "1001")
			if left := w.tables()["incalls"]; len(left) != 1 {
				t.Errorf("incalls are left: %v", left)
			}
		},
		"removed, to be kept": func(t *testing.T, w *world) {
			w.spec("did").OnClear = reconcile.OnClearKeep
			w.slapd.Modify(worker(1).DN, telephone, outside(51))
			w.good()
			w.wantPhone("w01", "1001", "1001", "1001", "1051")
			w.wantEntry(worker(1).DN, telephone, outside(51))
		},
		"removed in XiVO": func(t *testing.T, w *world) {
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v/extensions/%v", incallOf(w, "1051"), w.exten("1051", "from-extern")["id"]), nil, nil)
			report := w.mustRun()
			if c := find(t, report.Found, "w01", "did"); c.Kind != record.EmptyBlocked {
				t.Errorf("%s", told(report.Found))
			}
			w.wantEntry(worker(1).DN, telephone, outside(1), outside(51))
			w.wantPhone("w01", "1001", "1001", "1001")
			w.quiet()
		},
		"all removed in XiVO": func(t *testing.T, w *world) {
			for _, n := range []string{"1001", "1051"} {
				w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v/extensions/%v", incallOf(w, n), w.exten(n, "from-extern")["id"]), nil, nil)
			}
			report := w.mustRun()
			if c := find(t, report.Found, "w01", "did"); c.Kind != record.EmptyBlocked {
				t.Errorf("%s", told(report.Found))
			}
			w.wantEntry(worker(1).DN, telephone, outside(1), outside(51))
			w.quiet()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			w.t = t
			do(t, w)
		})
	}
}

// TestOnClear empties the one attribute behind extension and mailbox.
func TestOnClear(t *testing.T) {
	t.Parallel()
	for clear, tc := range map[reconcile.OnClear]struct {
		exists, works bool
	}{
		reconcile.OnClearDeactivate: {true, false}, reconcile.OnClearKeep: {true, true}, reconcile.OnClearDelete: {false, false},
	} {
		t.Run(string(clear), func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1), worker(2))
			for _, name := range []string{"extension", "voicemail", "did"} {
				w.spec(name).OnClear = clear
			}
			w.good()
			full := w.estate()
			w.slapd.Modify(worker(1).DN, "ipPhone")
			w.slapd.Modify(worker(1).DN, telephone)
			w.good()
			if tc.exists {
				w.wantPhone("w01", "1001", "1001", "1001")
				for _, context := range []string{"default", "from-extern"} {
					if works := w.exten("1001", context)["commented"] != true; works != tc.works {
						t.Errorf("1001@%s works: %v", context, works)
					}
				}
			} else {
				w.wantPhone("w01", "", "")
			}
			w.slapd.Modify(worker(1).DN, "ipPhone", "1001")
			w.slapd.Modify(worker(1).DN, telephone, outside(1))
			w.good()
			w.wantEstate(full, "not as before it was emptied")
			w.slapd.Modify(worker(1).DN, "ipPhone")
			w.slapd.Modify(worker(1).DN, telephone)
			w.good()
			w.slapd.Modify(worker(1).DN, "ipPhone", "1081")
			w.slapd.Modify(worker(1).DN, telephone, outside(82))
			w.good()
			if tc.exists { // nobody takes away what was not replaced
				w.wantPhone("w01", "1081", "1081", "1001", "1082")
			} else {
				w.wantPhone("w01", "1081", "1081", "1082")
			}
			for number, context := range map[string]string{"1081": "default", "1082": "from-extern"} {
				if w.exten(number, context)["commented"] == true {
					t.Errorf("%s is back, and does not work", number)
				}
			}
		})
	}
}

// TestRulesSetThings gives by attribute and by group what the directory has no
// attribute for.
func TestRulesSetThings(t *testing.T) {
	t.Parallel()
	w := phones(t, hired(1), worker(2, "title", "pass0002", "l", "Paris", "description", "cn=desk"), worker(3, "employeeNumber", "x"))
	w.rest(http.MethodPost, "/1.1/entities", map[string]any{"name": "branch"}, nil)
	w.Specs = append(w.Specs, field("cti", "", reconcile.ToXiVO), field("entity", "", reconcile.ToXiVO),
		field("username", "uid", reconcile.ToXiVO), field("password", "title", reconcile.Initial))
	w.Rules = reconcile.Rules{
		{Name: "Paris", When: reconcile.Condition{Attribute: "l", Equals: "paris"}, Set: map[string]string{"entity": "branch", "cti": "Agent"}},
		{Name: "no mailbox", When: reconcile.Condition{Attribute: "employeeNumber", Equals: "x"}, Set: map[string]string{"voicemail": "false"}},
		{Name: "all", When: reconcile.Condition{Attribute: "title", Matches: mustWhole(t, "pass.*")}, Set: map[string]string{"cti": "Client"}},
	}
	w.good()
	w.wantPhone("w03", "1003", "", "1003")
	at := w.tables()
	for who, want := range map[string][2]any{"w01": {"xivotest", 3.0}, "w02": {"branch", 2.0}, "w03": {"xivotest", nil}} {
		u := at.by("users", "userfield", who)[0]
		if got := [2]any{text(at.by("entities", "id", u["entity_id"]), "name"), u["cti_profile_id"]}; got != want {
			t.Errorf("%s has %v, want %v", who, got, want)
		}
	}
	w.slapd.Modify(worker(2).DN, "l", "Lyon") // nothing sets the entity any more, and it stays
	w.good()
	w.slapd.Modify(worker(1).DN, "l", "Paris") // XiVO moves nobody who has a line
	w.sim.ResetLog()
	wantFound(t, w.mustRun(), []string{"w01 entity immutable"}, "branch", "xivotest", "has a line")
	for _, sent := range w.writes() {
		if strings.Contains(sent, "entities") {
			t.Errorf("sent %s, which XiVO refuses", sent)
		}
	}
	w.slapd.Modify(worker(1).DN, "l")
	w.good()
	w.slapd.Modify(worker(3).DN, "employeeNumber")
	w.mustRun()
	w.wantPhone("w03", "1003", "1003", "1003")
	w.quiet()
}

// TestPoolNumbersTravelBack draws free numbers that nothing holds; they reach the
// directory and the mailbox in the same run.
func TestPoolNumbersTravelBack(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1, "ipPhone", "1500"), worker(2), worker(3))
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1505"}}
	w.slapd.Modify(worker(2).DN, "ipPhone")
	w.extension("1501", "default")
	w.good()
	w.wantEntry(worker(2).DN, "ipPhone", "1502")
	w.wantPhone("w02", "1502", "1502", "1002")
	w.slapd.Modify(worker(3).DN, "ipPhone")
	w.good() // emptied: the number is out of use, and nobody else's
	for n := 4; n < 7; n++ {
		w.slapd.Add(worker(n))
		w.slapd.Modify(worker(n).DN, "ipPhone")
	}
	w.good()
	for n := 4; n < 7; n++ {
		uid, number := fmt.Sprintf("w%02d", n), fmt.Sprint(1499+n)
		w.wantPhone(uid, number, number, fmt.Sprint(1000+n))
		w.wantEntry(worker(n).DN, "ipPhone", number)
	}
}

func mustWhole(t testing.TB, pattern string) *regexp.Regexp {
	t.Helper()
	re, err := reconcile.WholeMatch(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return re
}

// TestADrawnNumberThatTheDirectoryRefuses stays the person's, is told, and
// travels once the directory takes it.
func TestADrawnNumberThatTheDirectoryRefuses(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.Sites[0].Pool = []reconcile.Range{{First: "1500", Last: "1500"}}
	w.good()
	w.slapd.Add(worker(3))
	w.slapd.Modify(worker(3).DN, "ipPhone")
	w.slapd.SetReadOnly(true)
	report := w.mustRun()
	if len(report.Failures) == 0 || report.Counts.Created != 1 {
		t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantPhone("w03", "1500", "1500", "1003")
	w.quietly("the refused write-back was repeated, or the phone taken down")
	w.slapd.SetReadOnly(false)
	w.mustRun(func(o *optionsOfRun) { o.Only = []string{"w03"} })
	w.wantEntry(worker(3).DN, "ipPhone", "1500")
	w.wantPhone("w03", "1500", "1500", "1003")
	w.good()
	w.slapd.Add(worker(4))
	w.slapd.Modify(worker(4).DN, "ipPhone")
	report = w.mustRun() // the pool is empty
	if c := find(t, report.Found, "w04", "extension"); c.Kind != record.NumberTaken {
		t.Errorf("%s", told(report.Found))
	}
	w.quiet()
	w.Sites[0].Pool[0].Last = "1501"
	w.mustRun(allow(reconcile.GuardConfiguration))
	w.wantPhone("w04", "1501", "1501", "1004")
	w.good()
}

// TestARetiredNumberInARing takes up a number again that changes hands on the
// way.
func TestARetiredNumberInARing(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.good()
	w.slapd.Modify(worker(2).DN, "ipPhone")
	w.good()
	w.slapd.Modify(worker(2).DN, "ipPhone", "1001")
	w.slapd.Modify(worker(1).DN, "ipPhone", "1002")
	w.good()
	w.wantPhone("w01", "1002", "1002", "1001")
	w.wantPhone("w02", "1001", "1001", "1002")
	for _, v := range w.tables()["voicemails"] {
		if v["enabled"] != true {
			t.Errorf("out of use: %v", v)
		}
	}
}

// TestARefusedRingWithARetiredNumber is told once, and then all is quiet until
// somebody asks again.
func TestARefusedRingWithARetiredNumber(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.good()
	w.slapd.Modify(worker(2).DN, "ipPhone")
	w.good()
	w.slapd.Modify(worker(2).DN, "ipPhone", "1001")
	w.slapd.Modify(worker(1).DN, "ipPhone", "1002")
	w.sim.Inject(xivosim.Fault{Method: http.MethodPut, Nth: 7, Status: http.StatusBadRequest, Body: noThankYou})
	w.mustRun()
	w.sim.ClearFaults()
	w.quiet()
	if last := w.mustRun(); len(last.Failures) > 0 {
		t.Errorf("%v", last.Failures)
	}
}
