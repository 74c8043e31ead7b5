package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// lyon is where the phones of these tests stand.
func lyon(t testing.TB) reconcile.Site {
	t.Helper()
	block, err := reconcile.ParseBlock("+33 4 72 10 10 00-99", "FR")
	if err != nil {
		t.Fatal(err)
	}
	return reconcile.Site{Name: "lyon", Context: "default", Extensions: []reconcile.Range{{First: "1000", Last: "1999"}},
		DIDContext: "from-extern", Block: block, DIDLength: 4, Prefix: "10"}
}

// phones is a world in which everybody gets a phone.
func phones(t testing.TB, people ...ldaptest.Person) *world {
	t.Helper()
	w := newWorld(t, people)
	w.Sites = []reconcile.Site{lyon(t)}
	w.Specs = append(w.Specs,
		field("extension", "ipPhone", reconcile.Both),
		field("voicemail", "ipPhone", reconcile.ToXiVO),
		field("did", "telephoneNumber", reconcile.ToXiVO),
	)
	return w
}

func worker(n int, pairs ...string) ldaptest.Person {
	uid := fmt.Sprintf("w%02d", n)
	own := []string{"givenName", "Worker", "ipPhone", fmt.Sprint(1000 + n), "telephoneNumber", fmt.Sprintf("+33 4 72 10 10 %02d", n)}
	for i := 0; i < len(own); i += 2 {
		if slices.Contains(pairs, own[i]) {
			continue // given
		}
		pairs = append(pairs, own[i], own[i+1])
	}
	return ldaptest.Plain(uid, pairs...)
}

// phone is what an independent reader finds of somebody.
type phone struct{ Extension, Voicemail, DID []string }

// phone reads a person's things as plain HTTP shows them.
func (w *world) phone(uid string) phone {
	w.t.Helper()
	u := w.users()[uid]
	if u == nil {
		w.t.Fatalf("XiVO has no user %s", uid)
	}
	var p phone
	for _, l := range u["lines"].([]any) {
		for _, x := range l.(map[string]any)["extensions"].([]any) {
			p.Extension = append(p.Extension, x.(map[string]any)["exten"].(string))
		}
	}
	if v, _ := u["voicemail"].(map[string]any); v != nil {
		var box map[string]any
		w.rest(http.MethodGet, fmt.Sprintf("/1.1/voicemails/%v", v["id"]), nil, &box)
		p.Voicemail = append(p.Voicemail, box["number"].(string))
	}
	var incalls struct{ Items []map[string]any }
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/incalls?user_id=%v", u["id"]), nil, &incalls)
	for _, i := range incalls.Items {
		for _, x := range i["extensions"].([]any) {
			p.DID = append(p.DID, x.(map[string]any)["exten"].(string))
		}
	}
	slices.Sort(p.DID)
	return p
}

func (w *world) wantPhone(uid string, extension, voicemail string, dids ...string) {
	w.t.Helper()
	got := w.phone(uid)
	want := phone{record.Text(extension), record.Text(voicemail), dids}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		w.t.Errorf("%s has %v, want %v", uid, got, want)
	}
}

// TestPhonesAreProvisioned is the whole of a new person: line, endpoint,
// extension, voicemail and DID; and quiet the second time.
func TestPhonesAreProvisioned(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2), worker(3, "telephoneNumber", "04 72 10 10 53"))
	report := w.mustRun()
	if report.Outcome != record.OutcomeDone {
		t.Fatalf("outcome %s: %v %v", report.Outcome, report.Failures, report.Found)
	}
	w.wantPhone("w01", "1001", "1001", "1001")
	w.wantPhone("w02", "1002", "1002", "1002")
	w.quiet()
}

// TestANumberTravelsBothWays renumbers in the directory and in XiVO.
func TestANumberTravelsBothWays(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.mustRun()
	w.slapd.Modify(worker(1).DN, "ipPhone", "1101")
	w.slapd.Modify(worker(2).DN, "telephoneNumber", "+33 4 72 10 10 77")
	w.mustRun()
	w.wantPhone("w01", "1101", "1101", "1001")
	w.wantPhone("w02", "1002", "1002", "1077")
	w.quiet()
}

// TestALeaverStopsRingingAndComesBackAsTheyWere deactivates by the disabled
// account, and restores inside grace.
func TestALeaverStopsRingingAndComesBackAsTheyWere(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.mustRun()
	secret := w.secretOf("w01")
	w.slapd.Modify(worker(1).DN, "employeeType", "disabled")
	w.mustRun()
	if w.secretOf("w01") == secret {
		t.Error("the phone of a leaver still registers with its old secret")
	}
	w.quiet()
	w.Clock = w.Clock.Add(48 * time.Hour)
	w.slapd.Modify(worker(1).DN, "employeeType", "internal")
	w.mustRun()
	if w.secretOf("w01") != secret {
		t.Error("the phone did not get its secret back")
	}
	w.wantPhone("w01", "1001", "1001", "1001")
	w.quiet()
}

func (w *world) secretOf(uid string) string {
	w.t.Helper()
	line := w.users()[uid]["lines"].([]any)[0].(map[string]any)
	var sip map[string]any
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/endpoints/sip/%v", line["endpoint_sip"].(map[string]any)["id"]), nil, &sip)
	return sip["secret"].(string)
}

// TestAnEmptiedNumberNeverTearsAPhoneDown deactivates the thing and keeps the
// line; the number coming back makes it ring again.
func TestAnEmptiedNumberNeverTearsAPhoneDown(t *testing.T) {
	t.Parallel()
	w := phones(t, worker(1), worker(2))
	w.mustRun()
	w.slapd.Modify(worker(1).DN, "ipPhone")
	w.mustRun()
	w.wantPhone("w01", "1001", "1001", "1001")
	w.quiet()
	w.slapd.Modify(worker(1).DN, "ipPhone", "1001")
	w.mustRun()
	w.wantPhone("w01", "1001", "1001", "1001")
	w.quiet()
}
