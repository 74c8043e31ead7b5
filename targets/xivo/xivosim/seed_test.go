package xivosim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
)

func TestSeedRefuses(t *testing.T) {
	for name, people := range map[string][]Person{
		"a number out of range": {{Firstname: "A", Exten: "9999"}},
		"a number twice":        {{Firstname: "A", Exten: "1000"}, {Firstname: "B", Exten: "1000"}},
		"an address twice":      {{Firstname: "A", Email: "a@x"}, {Firstname: "B", Email: "A@x"}},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newTestSim(Options{})
			if err := sim.Seed(slices.Values(people)); err == nil {
				t.Error("seeded, want an error")
			}
			if n := len(sim.Users()); n != len(people)-1 {
				t.Errorf("%d users, want those before the refused one", n)
			}
		})
	}
}

func TestSeedUsersMakesEverything(t *testing.T) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(2); err != nil {
		t.Fatal(err)
	}
	row := exported(t, sim)[1]
	for name, value := range map[string]string{
		"email": "user2@example.test", "exten": "1000001", "incall_exten": "1000001", "voicemail_number": "1000001",
		"cti_profile_name": "Client", "line_protocol": "sip", "outgoing_caller_id": "default",
	} {
		if row[name] != value {
			t.Errorf("%s is %q, want %q", name, row[name], value)
		}
	}
}

// Readers and writers at once, for the race detector.
func TestConcurrentRequests(t *testing.T) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(300); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 10 {
				ask(sim.LocalConfd(), "PUT", "/1.1/users/"+strconv.Itoa(10*i+j+1), `{"firstname":"X"}`)
			}
		})
		for _, path := range []string{"/1.1/users", "/1.1/users/export", "/1.1/users?view=summary", "/1.1/voicemails"} {
			all.Go(func() { ask(sim.LocalConfd(), "GET", path, "") })
		}
		all.Go(func() {
			if err := sim.Dump(io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// BenchmarkSurvey reads 100,000 people as every run of the synchroniser does.
func BenchmarkSurvey(b *testing.B) {
	sim := newTestSim(Options{})
	if err := sim.SeedUsers(100_000); err != nil {
		b.Fatal(err)
	}
	for name, path := range map[string]string{
		"page of users": "/1.1/users?order=id&limit=1000&offset=50000", "users": "/1.1/users?order=id",
		"export": "/1.1/users/export", "directory": "/1.1/users?view=directory", "summary": "/1.1/users?view=summary",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sim.LocalConfd().ServeHTTP(&discard{http.Header{}}, httptest.NewRequest("GET", path, nil))
			}
		})
	}
}

func BenchmarkSeed(b *testing.B) {
	for b.Loop() {
		if err := newTestSim(Options{}).SeedUsers(1000); err != nil {
			b.Fatal(err)
		}
	}
}
