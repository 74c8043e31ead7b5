package e2e

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// killing is a job that is killed at every moment of its way: before and after
// every writing request to XiVO, every modification of the directory and every step
// of the store, before every answer of a mail relay, and before some of the reading
// requests. Each time the world is made again as it was before the job. What is done after the crash has to end as
// the job ends that nobody kills, and then all is quiet.
type killing struct {
	// begin makes the world just before the job.
	begin func(testing.TB) *world
	// job says what the process does, where it is not a plain run.
	job func(*job)
	// again is what is done after the crash; nil is one more run. The moment is that
	// of the crash.
	again func(*world, moment) *reportOfRun
	// ended is what has to be the same in the end; nil is all of both systems, the
	// open conflicts, the holds and the mails.
	ended func(*world) any
	// arrived checks each ending besides; it may be nil.
	arrived func(*world)
	// reads strikes one of so many reading requests; 0 is none.
	reads int
	// least is how many moments there have to be, so that the story cannot shrink
	// without anybody's noticing.
	least int
	// every kills at one of so many moments, others with every seed, but before every
	// answer of a relay; 0 is at all of them, or at one of eight under the race
	// detector. KILL_EVERY=1 in the environment is all of them, and KILL_SEED repeats
	// a sample.
	every int
}

// everywhere kills the job at every moment.
func (k killing) everywhere(t *testing.T) {
	t.Helper()
	if k.again == nil {
		k.again = func(w *world, _ moment) *reportOfRun { return w.mustRun() }
	}
	if k.ended == nil {
		k.ended = func(w *world) any { return w.ended() }
	}
	begun := k.begin(t).keep()
	w := begun.world(t)
	moments := k.undisturbed(w)
	want, done := k.ended(w), w.ledger().made(begun)
	k.settled(w)
	t.Logf("%d moments: %s", len(moments), tally(moments))
	if len(moments) < k.least {
		t.Fatalf("there are %d moments, want at least %d: is it still the job that is wanted?", len(moments), k.least)
	}
	for _, m := range k.sampled(t, moments) {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			w := begun.world(t)
			w.killedAt(m, k.job)
			crashed := w.ledger()
			report := k.again(w, m)
			if report.Recovered.Unknown > 0 || len(report.Failures) > 0 {
				t.Errorf("recovered %+v, failures %v%s", report.Recovered, report.Failures, told(report.Found))
			}
			if diff := cmp.Diff(want, k.ended(w)); diff != "" {
				t.Errorf("the crash made a difference (-without +with):\n%s", diff)
			}
			now := w.ledger()
			now.keeps(t, crashed)
			if diff := cmp.Diff(done, now.made(begun)); diff != "" {
				t.Errorf("the journal tells something else (-without +with):\n%s", diff)
			}
			k.settled(w)
		})
	}
}

// sampled picks the moments at which the job is killed.
func (k killing) sampled(t *testing.T, moments []moment) []moment {
	t.Helper()
	every := max(1, k.every)
	if raced {
		every = max(8, every)
	}
	if n, err := strconv.Atoi(os.Getenv("KILL_EVERY")); err == nil && n > 0 {
		every = n
	}
	if every == 1 {
		return moments
	}
	seed, err := strconv.Atoi(os.Getenv("KILL_SEED"))
	if err != nil {
		seed = rand.IntN(every)
	}
	var out []moment
	for i, m := range moments {
		if m.kind == aMail || i%every == ((seed%every)+every)%every {
			out = append(out, m)
		}
	}
	t.Logf("killed at %d of them: KILL_EVERY=%d KILL_SEED=%d", len(out), every, seed)
	return out
}

// undisturbed does the job in a process that nobody kills, and returns the moments
// that it had.
func (k killing) undisturbed(w *world) []moment {
	w.t.Helper()
	c, h := w.hunt(func(j *job) {
		if k.job != nil {
			k.job(j)
		}
		j.Steps = true
	}, nil)
	killed, err := c.wait()
	w.sim.OnRequest(nil, nil)
	if killed || err != nil {
		w.t.Fatalf("the process that nobody kills: killed %v, %v", killed, err)
	}
	steps, err := strconv.Atoi(strings.TrimSpace(c.out.String()))
	if err != nil {
		w.t.Fatal(err)
	}
	return h.moments(steps, k.reads)
}

func (k killing) settled(w *world) {
	w.t.Helper()
	if k.arrived != nil {
		k.arrived(w)
	}
	w.quiet()
}

// tally tells how many moments of each kind there are.
func tally(moments []moment) string {
	n := map[string]int{}
	var out []string
	for _, m := range moments {
		n[m.kind]++
	}
	for _, kind := range []string{aStep, aWrite, aModify, aRead, aMail} {
		out = append(out, strconv.Itoa(n[kind])+" at a "+kind)
	}
	return strings.Join(out, ", ")
}
