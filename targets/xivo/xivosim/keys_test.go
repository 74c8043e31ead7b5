package xivosim

import (
	"strings"
	"testing"
)

// Keys to a user or a group go with him or it; the template can be written
// afterwards.
func TestKeysToWhatIsGone(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	want(t, h, 201, "POST", "/1.1/users", newUser)
	want(t, h, 201, "POST", "/1.1/users", newUser)
	want(t, h, 201, "POST", "/1.1/groups", `{"name":"sales"}`)
	want(t, h, 204, "PUT", "/1.1/users/1/funckeys", `{"keys":{
		"1":{"destination":{"type":"user","user_id":2}},
		"2":{"destination":{"type":"group","group_id":1}},
		"3":{"destination":{"type":"custom","exten":"5"}}}}`)
	want(t, h, 204, "DELETE", "/1.1/users/2", "")
	want(t, h, 204, "DELETE", "/1.1/groups/1", "")
	want(t, h, 204, "PUT", "/1.1/users/1/funckeys/4", `{"destination":{"type":"custom","exten":"6"}}`)
	keys := want(t, h, 200, "GET", "/1.1/users/1/funckeys", "")["keys"].(map[string]any)
	if len(keys) != 2 || keys["3"] == nil || keys["4"] == nil {
		t.Errorf("keys %v, want 3 and 4", keys)
	}
}

// What GET gives cannot be put back as it is.
func TestKeysAreNotRoundTripped(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	want(t, h, 201, "POST", "/1.1/users", newUser)
	for _, body := range []string{`{"id":1,"keys":{}}`, `{"name":null,"keys":{}}`, `{"links":[],"keys":{}}`} {
		if w := ask(h, "PUT", "/1.1/users/1/funckeys", body); w.Code != 400 || !strings.Contains(w.Body.String(), "Input Error") {
			t.Errorf("%s: %d %s", body, w.Code, w.Body.String())
		}
	}
}
