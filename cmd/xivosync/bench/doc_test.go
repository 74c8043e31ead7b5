// Package bench measures the whole program as an operator would meet it: its own
// process, a real slapd, and the simulated XiVO at the pace of a measured one in
// a process of its own. Every ratio is made of figures of one and the same run.
//
//	go test -run '^$' -bench NoOpRun -benchtime 1x ./cmd/xivosync/bench
package bench

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"xivosync/reconcile"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo/xivosim"
)

// simEnv makes this test binary a simulated XiVO: the number of users, the pace,
// and where to listen.
const simEnv = "XIVOSYNC_BENCH_SIM"

func TestMain(m *testing.M) {
	if spec := os.Getenv(simEnv); spec != "" {
		if err := simulate(spec); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// simulation is what the parent asks for and what the child answers.
type simulation struct {
	People   int
	Phones   bool
	Measured bool
	Confd    string
	Auth     string
}

// simulate serves until it is told to stop.
func simulate(spec string) error {
	var s simulation
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	opt := xivosim.Options{Rand: rand.NewChaCha8([32]byte{1})}
	if s.Measured {
		opt.Pace = xivosim.PaceMeasured
	}
	sim := xivosim.New(opt)
	putContexts(sim)
	if err := sim.Seed(slices.Values(crowd(s.People, s.Phones))); err != nil {
		return err
	}
	srv, err := sim.Listen(xivosim.Addresses{Confd: s.Confd, Auth: s.Auth})
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	if err := json.NewEncoder(os.Stdout).Encode(simulation{Confd: srv.URL, Auth: srv.AuthURL}); err != nil {
		return err
	}
	<-stop
	return srv.Close()
}

// crowd are the directory's people as XiVO holds them when both are in step.
func crowd(n int, phones bool) []xivosim.Person {
	numbering := reconcile.Numbering{Region: "FR"}
	out := make([]xivosim.Person, 0, n)
	for _, p := range staff(n, phones) {
		mobile := p.First("mobile")
		if mobile != "" {
			mobile, _ = numbering.Format(mobile, reconcile.FormatE164)
		}
		out = append(out, xivosim.Person{Firstname: p.First("givenName"), Lastname: p.First("sn"), Email: p.First("mail"),
			Mobile: mobile, Userfield: p.First("uid"), OutgoingCallerID: "default"})
		if phones {
			last := &out[len(out)-1]
			last.Exten, last.Voicemail, last.DID = p.First("ipPhone"), p.First("ipPhone"), p.First("ipPhone")
		}
	}
	return out
}

// staff are the people of the directory; with phones, each has an internal
// number, and a direct one that ends with it.
func staff(n int, phones bool) []ldaptest.Person {
	people := ldaptest.People(n, seed)
	for i, p := range people {
		if phones {
			number(p, i)
		}
	}
	return people
}

// number gives the person the i-th numbers of the site.
func number(p ldaptest.Person, i int) {
	p.Attributes["ipPhone"] = []string{strconv.Itoa(10000 + i)}
	p.Attributes["telephoneNumber"] = []string{fmt.Sprintf("+33 4 72 11 %02d %02d", i/100, i%100)}
}

// putContexts makes room for the numbers of the site.
func putContexts(sim *xivosim.Sim) {
	sim.PutContext(xivosim.Context{ID: 1, Name: "default", Type: "internal", Users: []xivosim.Range{{Start: "10000", End: "19999"}}})
	sim.PutContext(xivosim.Context{ID: 2, Name: "from-extern", Type: "incall", Incalls: []xivosim.Range{{Start: "10000", End: "99999"}}})
}

const seed = 1

func human(n int) string { return strconv.Itoa(n) + " people" }
