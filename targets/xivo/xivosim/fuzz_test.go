package xivosim

import (
	"net/http"
	"strings"
	"testing"
)

// FuzzRequests sends any body and query anywhere: whatever comes, there is an
// answer and the content stays sound.
func FuzzRequests(f *testing.F) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(2); err != nil {
		f.Fatal(err)
	}
	for _, rt := range sim.routes {
		for method := range rt.methods {
			f.Add(method, pathOfPattern(rt.path), "", `{"destination":{"type":"user","user_id":1,"ring_time":"nan"},"options":[["a","b"]]}`)
			f.Add(method, pathOfPattern(rt.path), "id=x&limit=99999999999999999999&search=%5C", `{"firstname":null,"keys":{"1":{"destination":{"type":"user"}}}}`)
		}
	}
	f.Add("POST", "/1.1/users/import", "", "firstname,exten,context,line_protocol,entity_id\n\"\n,1,2")
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		r, err := http.NewRequest(method, "http://x"+path+"?"+query, strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		sim := newTestSim(Options{})
		if err := sim.SeedUsers(2); err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		sim.LocalConfd().ServeHTTP(&discard{http.Header{}}, r)
		if err := sim.content.sound(); err != nil {
			t.Error(err)
		}
		if log := sim.Log(); len(log) != 1 || log[0].Status == 0 {
			t.Errorf("%s %s: no answer", method, path)
		}
	})
}

// pathOfPattern fills a route's variable parts with 1.
func pathOfPattern(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "1"
		}
	}
	return "/1.1/" + strings.Join(parts, "/")
}
