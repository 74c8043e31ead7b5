package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/targets/xivo/xivosim"
)

// make sends a request that makes something and returns its id.
func (w *world) make(path string, body map[string]any) any {
	w.t.Helper()
	var made map[string]any
	w.rest(http.MethodPost, path, body, &made)
	return made["id"]
}

func (w *world) put(format string, args ...any) {
	w.t.Helper()
	w.rest(http.MethodPut, fmt.Sprintf(format, args...), nil, nil)
}

func (w *world) extension(number, context string) any {
	return w.make("/1.1/extensions", map[string]any{"exten": number, "context": context})
}

// doorPhone makes a line with a number, and whoever it belongs to.
func (w *world) doorPhone(number string, users ...any) (line any) {
	w.t.Helper()
	line = w.make("/1.1/lines", map[string]any{"context": "default"})
	w.put("/1.1/lines/%v/endpoints/sip/%v", line, w.make("/1.1/endpoints/sip", map[string]any{}))
	w.put("/1.1/lines/%v/extensions/%v", line, w.extension(number, "default"))
	for _, u := range users {
		w.put("/1.1/users/%v/lines/%v", u, line)
	}
	return line
}

// stranger is a user without an entry.
func (w *world) stranger(name string) any {
	return w.make("/1.1/users", map[string]any{"firstname": name, "lastname": "Phone"})
}

func (w *world) mailbox(number string, users ...any) any {
	w.t.Helper()
	box := w.make("/1.1/voicemails", map[string]any{"name": "box " + number, "number": number, "context": "default"})
	for _, u := range users {
		w.put("/1.1/users/%v/voicemails/%v", u, box)
	}
	return box
}

// incall leads a number from outside to a destination.
func (w *world) incall(number string, destination map[string]any) any {
	w.t.Helper()
	in := w.make("/1.1/incalls", map[string]any{"destination": destination})
	w.put("/1.1/incalls/%v/extensions/%v", in, w.extension(number, "from-extern"))
	return in
}

// TestATakenNumberIsAConflictWhilePlanning has, for each person, one number that
// something in XiVO holds which no entry is linked to. The plan says who holds it
// and what to delete by hand; everything else of everybody is provisioned; and
// once the number is free, the rest follows.
func TestATakenNumberIsAConflictWhilePlanning(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		take  func(w *world) (free func())
		field string
		words []string
	}{
		"an extension of nobody": {func(w *world) func() {
			x := w.extension("1002", "default")
			return func() { w.rest(http.MethodDelete, fmt.Sprintf("/1.1/extensions/%v", x), nil, nil) }
		}, "extension", []string{"1002", "extension 34"}},
		"a door phone without a user": {func(w *world) func() { w.doorPhone("1002"); return nil }, "extension", []string{"1002", "line 1", "without a user"}},
		"the line of a stranger":      {func(w *world) func() { w.doorPhone("1002", w.stranger("Door")); return nil }, "extension", []string{"1002", "Door Phone"}},
		"a shared line": {func(w *world) func() { w.doorPhone("1002", w.stranger("Hall"), w.stranger("Kitchen")); return nil },
			"extension", []string{"1002"}},
		"a mailbox of nobody": {func(w *world) func() {
			box := w.mailbox("1002")
			return func() { w.rest(http.MethodDelete, fmt.Sprintf("/1.1/voicemails/%v", box), nil, nil) }
		}, "voicemail", []string{"1002", "mailbox 1", "without a user", "messages"}},
		"a shared mailbox": {func(w *world) func() { w.mailbox("1002", w.stranger("Hall"), w.stranger("Kitchen")); return nil },
			"voicemail", []string{"1002", "mailbox 1", "Hall Phone", "Kitchen Phone"}},
		"a number to a stranger": {func(w *world) func() {
			w.incall("1002", map[string]any{"type": "user", "user_id": w.stranger("Door")})
			return nil
		}, "did", []string{"1002", "Door Phone"}},
		"a number to a mailbox of nobody": {func(w *world) func() {
			w.incall("1002", map[string]any{"type": "voicemail", "voicemail_id": w.mailbox("1999")})
			return nil
		}, "did", []string{"1002", "mailbox 1"}},
		"a number to nowhere": {func(w *world) func() { w.incall("1002", map[string]any{"type": "none"}); return nil }, "did", []string{"1002", "incall 1"}},
		"an agent of a stranger": {func(w *world) func() {
			a := w.sim.AddAgent(xivosim.Agent{Number: "8002", Firstname: "Some", Lastname: "Body"})
			w.put("/1.1/users/%v/agents/%v", w.stranger("Desk"), a)
			return nil
		}, "agent", []string{"8002", "Desk Phone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := phones(t, worker(1), worker(2, "employeeNumber", "8002"))
			if tc.field == "agent" {
				w.Specs = append(w.Specs, field("agent", "employeeNumber", reconcile.ToXiVO))
			}
			free := tc.take(w)
			before := w.tables()
			w.sim.ResetLog()
			plan := w.plan()
			c := find(t, plan.Conflicts, "w02", tc.field)
			if c.Kind != record.ResourceExists || len(plan.Conflicts) != 1 {
				t.Errorf("planned: %s%s", c.Kind, told(plan.Conflicts))
			}
			wantWords(t, c.Message+" "+c.Owner+" "+c.Hint, tc.words...)
			if sent := w.writes(); len(sent) > 0 {
				t.Errorf("a plan wrote %v", sent)
			}
			report := w.mustRun()
			if report.Counts.Created != 2 || len(report.Failures) > 0 || len(report.Found) != 1 {
				t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
			}
			w.wantPhone("w01", "1001", "1001", "1001")
			got := w.phone("w02")
			want := phone{record.Text("1002"), record.Text("1002"), record.Text("1002")}
			switch tc.field {
			case "extension", "voicemail": // fed by one attribute, they stand or fall together
				want.Extension, want.Voicemail = nil, nil
			case "did":
				want.DID = nil
			}
			if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
				t.Errorf("w02 without the one number:\n%s", diff)
			}
			w.keeps(before)
			w.quiet()
			if free == nil {
				return
			}
			free()
			if report := w.mustRun(); len(report.Found) > 0 {
				t.Errorf("free now, and still there is%s", told(report.Found))
			}
			w.wantPhone("w02", "1002", "1002", "1002")
			w.quiet()
		})
	}
}

// TestANumberOutOfRangeIsFoundWhilePlanning has numbers that no range of the
// site has.
func TestANumberOutOfRangeIsFoundWhilePlanning(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2, "ipPhone", "2002"), worker(3, "telephoneNumber", "+33 4 72 99 99 99"))
	plan := w.plan()
	for _, at := range [][2]string{{"w02", "extension"}, {"w03", "did"}} {
		if c := find(t, plan.Conflicts, at[0], at[1]); c.Kind != record.OutOfRange {
			t.Errorf("%v: %s", at, c.Kind)
		}
	}
	report := w.mustRun()
	if report.Counts.Created != 3 || len(report.Failures) > 0 {
		t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantPhone("w02", "", "", "1002") // a mailbox has no ranges, but goes with the phone
	w.wantPhone("w03", "1003", "1003")
	w.quiet()
	w.slapd.Modify(worker(2).DN, "ipPhone", "1002")
	w.mustRun()
	w.wantPhone("w02", "1002", "1002", "1002")
	w.quiet()

	w.slapd.Modify(worker(2).DN, "ipPhone", "2002")
	verdicts := map[string]string{}
	for _, f := range w.why("w02").Fields {
		verdicts[f.Field] = f.Verdict
	}
	if verdicts["extension"] != "conflict" || verdicts["voicemail"] != "waits" {
		t.Errorf("the mailbox goes with the phone, and why says %v", verdicts)
	}
}

// TestTwoEntriesAskForOneNumber and neither gets it, until one of them gives way.
func TestTwoEntriesAskForOneNumber(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2), worker(3, "ipPhone", "1002", "telephoneNumber", "+33 4 72 10 10 02"))
	plan := w.plan()
	for _, who := range []string{"w02", "w03"} {
		for _, field := range []string{"extension", "voicemail", "did"} {
			c := find(t, plan.Conflicts, who, field)
			wantWords(t, c.Message, "1002", "several people")
		}
	}
	report := w.mustRun()
	if report.Counts.Created != 3 || len(report.Failures) > 0 || len(report.Found) != 6 {
		t.Errorf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	}
	w.wantPhone("w01", "1001", "1001", "1001")
	w.wantPhone("w02", "", "")
	w.wantPhone("w03", "", "")
	w.quiet()
	w.slapd.Modify(worker(3).DN, "ipPhone", "1003")
	w.slapd.Modify(worker(3).DN, "telephoneNumber", "+33 4 72 10 10 03")
	if report := w.mustRun(); len(report.Found) > 0 {
		t.Errorf("still there is%s", told(report.Found))
	}
	w.wantPhone("w02", "1002", "1002", "1002")
	w.wantPhone("w03", "1003", "1003", "1003")
	w.quiet()
}

// TestUnownedThingsStay is one of everything that belongs to nobody in the
// directory, or to more than one, through a joiner, a renumbering, an emptied
// number and a leaver.
func TestUnownedThingsStay(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2), worker(3))
	w.settle()
	id := func(uid string) any { return w.user(uid)["id"] }
	w.doorPhone("1900")
	w.doorPhone("1901", w.stranger("Door"))
	hall := w.doorPhone("1902", w.stranger("Hall"))
	w.put("/1.1/users/%v/lines/%v", id("w01"), hall) // a second line, of which somebody else is the main user
	w.mailbox("1903")
	w.mailbox("1904", w.stranger("Fax"), w.stranger("Desk"))
	w.incall("1905", map[string]any{"type": "user", "user_id": w.stranger("Gate")})
	w.incall("1906", map[string]any{"type": "none"})
	w.extension("1907", "default")
	mine := w.tables()
	others := tables{}
	for table, rows := range mine {
		for _, r := range rows {
			switch u, _ := r["userfield"].(string); {
			case u == "w01" || u == "w02" || u == "w03":
			case table == "users", r["number"] == "1903", r["number"] == "1904", r["exten"] != nil && r["exten"].(string) >= "1900" && r["context"] != "xivo-features":
				others[table] = append(others[table], r)
			case table == "lines" || table == "endpoints_sip" || table == "incalls" || table == "user_lines" || table == "line_extensions":
				if n, _ := r["id"].(float64); n > 3 {
					others[table] = append(others[table], r)
				}
			}
		}
	}
	w.mustRun()
	w.slapd.Add(worker(4))
	w.slapd.Modify(worker(1).DN, "ipPhone", "1101")
	w.slapd.Modify(worker(2).DN, "ipPhone")
	w.slapd.Modify(worker(3).DN, "employeeType", "disabled")
	report := w.mustRun()
	t.Logf("%+v %v%s", report.Counts, report.Failures, told(report.Found))
	w.keeps(others)
	w.quiet()
	w.slapd.Modify(worker(3).DN, "employeeType", "internal")
	w.mustRun()
	w.keeps(others)
	w.quiet()
}
