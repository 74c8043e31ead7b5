package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"xivosync/reconcile/record"
)

// TestLimits holds the limits of the design's section 5 that only a run can keep;
// those of the configuration are in the test of that name there.
func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"an existing line or voicemail is never given to a new or existing user": limitTaken,
		"an empty value is never pushed to LDAP":                                 limitEmpty,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

func limitTaken(t *testing.T) {
	w := phones(t, worker(1), worker(2))
	w.good()
	w.doorPhone("1051", w.stranger("Door"))
	w.mailbox("1052", w.stranger("Fax"))
	others := tables{}
	for _, table := range []string{"lines", "endpoints_sip", "extensions", "voicemails"} {
		others[table] = w.tables()[table]
	}
	w.slapd.Modify(worker(1).DN, "ipPhone", "1051") // an existing user
	w.slapd.Add(worker(3, "ipPhone", "1052"))       // a new one
	report := w.mustRun()
	for who, owner := range map[[2]string]string{{"w01", "extension"}: "Door", {"w03", "voicemail"}: "Fax"} {
		c := find(t, report.Found, who[0], who[1])
		if c.Kind != record.ResourceExists {
			t.Errorf("%v: the conflict is %s", who, c.Kind)
		}
		wantWords(t, c.Message, owner)
		wantWords(t, c.Hint, "delete by hand")
	}
	w.keeps(others)
	w.quiet()
}

func limitEmpty(t *testing.T) {
	w := bothWays(t, worker(1), worker(2))
	w.good()
	u := w.user("w01")
	w.edit("w01", map[string]any{"email": nil})
	var incalls struct{ Items []map[string]any }
	w.rest(http.MethodGet, fmt.Sprintf("/1.1/incalls?user_id=%v", u["id"]), nil, &incalls)
	for _, i := range incalls.Items { // and the DID taken off
		for _, x := range i["extensions"].([]any) {
			x := x.(map[string]any)["id"]
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v/extensions/%v", i["id"], x), nil, nil)
			w.rest(http.MethodDelete, fmt.Sprintf("/1.1/extensions/%v", x), nil, nil)
		}
		w.rest(http.MethodDelete, fmt.Sprintf("/1.1/incalls/%v", i["id"]), nil, nil)
	}
	report := w.mustRun()
	for _, field := range []string{"email", "did"} {
		if c := find(t, report.Found, "w01", field); c.Kind != record.EmptyBlocked {
			t.Errorf("%s: the conflict is %s", field, c.Kind)
		}
	}
	w.wantEntry(worker(1).DN, "mail", "w01@parts.test")
	w.wantEntry(worker(1).DN, telephone, outside(1))
	w.quiet()
}
