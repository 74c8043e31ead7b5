package schedule

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

// play is an agenda with its clocks.
type play struct {
	*Agenda
	t   *testing.T
	now Moment
}

func newPlay(t *testing.T, last map[record.Mode]time.Time, times ...string) *play {
	t.Helper()
	p := &play{t: t, now: Moment{Wall: time.Date(2026, 6, 1, 12, 0, 0, 0, paris(t))}}
	p.Agenda = New(entries(t, times...), Past{Began: last}, p.now)
	return p
}

// entries are those of incremental, full and audit runs, in that order.
func entries(t *testing.T, times ...string) []Entry {
	t.Helper()
	var all []Entry
	for i, mode := range []record.Mode{record.Incremental, record.Full, record.Audit}[:len(times)] {
		all = append(all, Entry{Mode: mode, Times: parsed(t, times[i])})
	}
	return all
}

// later lets both clocks go on, and takes the turn that there is.
func (p *play) later(d time.Duration) *Turn {
	p.now.Wall, p.now.Up = p.now.Wall.Add(d), p.now.Up+d
	return p.take()
}

func (p *play) take() *Turn {
	p.Tick(p.now)
	turn, _ := p.Take(p.now)
	return turn
}

func (p *play) done(r Result) []EventKind {
	var kinds []EventKind
	for _, e := range p.Done(p.now, r) {
		kinds = append(kinds, e.Kind)
	}
	return kinds
}

// wants checks the turn that was taken.
func (p *play) wants(got *Turn, mode record.Mode) {
	p.t.Helper()
	switch {
	case got == nil && mode != "":
		p.t.Fatalf("at %s: no turn, want one for %s", p.now.Wall, mode)
	case got != nil && got.Mode != mode:
		p.t.Fatalf("at %s: a turn for %q, want %q", p.now.Wall, got.Mode, mode)
	}
}

const none = record.Mode("")

func TestAnIntervalBeginsAtOnceAndCountsOn(t *testing.T) {
	p := newPlay(t, nil, "5m")
	p.wants(p.take(), record.Incremental)
	p.done(Result{Answered: true, Passed: true})
	p.wants(p.later(4*time.Minute), none)
	p.wants(p.later(time.Minute), record.Incremental)
}

func TestARestartNeitherRepeatsNorLoses(t *testing.T) {
	noon := time.Date(2026, 6, 1, 12, 0, 0, 0, paris(t))
	p := newPlay(t, map[record.Mode]time.Time{record.Full: noon.Add(-2 * time.Minute), record.Audit: noon.Add(-24 * time.Hour)}, "5m", "1h", "0 4 * * *")
	p.wants(p.take(), record.Audit) // of four o'clock, when the machine was off
	p.done(Result{})
	p.wants(p.later(3*time.Minute-time.Second), none)
	p.wants(p.later(time.Second), record.Incremental) // the full run was one, too
	p.done(Result{})
	p.wants(p.later(55*time.Minute), record.Full)
}

func TestWhatCameDueMeanwhileIsOwedOnce(t *testing.T) {
	p := newPlay(t, nil, "5m", "1h")
	p.wants(p.take(), record.Full)
	for range 30 {
		p.wants(p.later(5*time.Minute), none) // it takes two hours and a half
	}
	p.done(Result{})
	p.wants(p.take(), record.Full)
	p.done(Result{})
	p.wants(p.take(), none)
	p.wants(p.later(5*time.Minute), record.Incremental)
}

func TestWhoAsksGoesFirst(t *testing.T) {
	p := newPlay(t, nil, "5m")
	p.take()
	first, second, third := p.Ask(), p.Ask(), p.Ask()
	p.wants(p.later(5*time.Minute), none)
	p.done(Result{})
	if got := p.take(); got != first {
		t.Fatalf("got %+v", got)
	}
	if !p.Withdraw(second) || p.Withdraw(first) {
		t.Error("what waits can be withdrawn, what was taken cannot")
	}
	p.done(Result{})
	if got := p.take(); got != third {
		t.Fatalf("got %+v", got)
	}
	p.done(Result{})
	p.wants(p.take(), record.Incremental)
}

func TestAGuardPausesUntilItNoLongerStops(t *testing.T) {
	p := newPlay(t, nil, "5m")
	p.take()
	stopped := Result{Run: 7, Answered: true, Guards: []string{"removals"}}
	if diff := cmp.Diff([]EventKind{Paused}, p.done(stopped)); diff != "" {
		t.Error(diff)
	}
	plan := p.later(5 * time.Minute)
	if p.wants(plan, record.Incremental); !plan.ReadOnly {
		t.Error("a run, where only a plan was to be made")
	}
	if events := p.done(Result{Answered: true, Guards: []string{"removals"}}); len(events) > 0 {
		t.Errorf("told again: %v", events)
	}
	p.later(5 * time.Minute)
	if diff := cmp.Diff([]EventKind{Paused}, p.done(Result{Answered: true, Guards: []string{"clears", "removals"}})); diff != "" {
		t.Error("another guard:", diff)
	}
	p.later(5 * time.Minute)
	if diff := cmp.Diff([]EventKind{Resumed}, p.done(Result{Answered: true, Passed: true})); diff != "" {
		t.Error(diff)
	}
	run := p.take()
	if p.wants(run, record.Incremental); run.ReadOnly {
		t.Error("the plan that nothing stops is not carried out")
	}
}

func TestWhoAllowsItEndsThePause(t *testing.T) {
	p := newPlay(t, nil, "5m")
	p.take()
	p.done(Result{Run: 7, Answered: true, Guards: []string{"removals"}})
	p.Ask()
	p.take()
	if events := p.done(Result{Answered: true}); len(events) > 0 { // a plan, or a run for one person
		t.Errorf("told %v", events)
	}
	p.Ask()
	p.take()
	if diff := cmp.Diff([]EventKind{Resumed}, p.done(Result{Run: 8, Answered: true, Passed: true})); diff != "" {
		t.Error(diff)
	}
	p.wants(p.take(), none)
	if run := p.later(5 * time.Minute); run == nil || run.ReadOnly {
		t.Errorf("got %+v", run)
	}
}

func TestASideThatIsDownIsLeftAlone(t *testing.T) {
	p := newPlay(t, nil, "1m")
	p.take()
	down := Result{Down: record.XiVO, Err: errors.New("refused")}
	if diff := cmp.Diff([]EventKind{WentDown}, p.done(down)); diff != "" {
		t.Error(diff)
	}
	var waits []time.Duration
	for range 8 {
		wait := time.Duration(0)
		for p.later(time.Second) == nil {
			wait += time.Second
		}
		waits = append(waits, wait+time.Second)
		if p.current.Probe != record.XiVO {
			t.Errorf("the turn looks for %q", p.current.Probe)
		}
		if events := p.done(down); len(events) > 0 {
			t.Errorf("told again: %v", events)
		}
	}
	want := []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute, 15 * time.Minute}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Error(diff)
	}
	p.wants(p.later(15*time.Minute), record.Incremental)
	if diff := cmp.Diff([]EventKind{CameBack}, p.done(Result{Answered: true, Passed: true})); diff != "" {
		t.Error(diff)
	}
	p.wants(p.take(), none) // that one run was for all that came due meanwhile
}

func TestARefusedLoginIsNotTriedOften(t *testing.T) {
	p := newPlay(t, nil, "1m")
	p.take()
	p.done(Result{Down: record.LDAP, Locked: true})
	for range 4 {
		p.wants(p.later(time.Minute), none)
	}
	p.wants(p.later(time.Minute), record.Incremental)
}

func TestTheClockIsSetBack(t *testing.T) {
	for name, tc := range map[string]struct {
		back  time.Duration
		times string
		quiet time.Duration
	}{
		"an hour after it came":                   {time.Hour, "0 13 * * *", 25*time.Hour - time.Minute},
		"ten days, since it had been wrong":       {240 * time.Hour, "0 13 * * *", time.Minute - time.Second},
		"an interval does not look at the clocks": {time.Hour, "5m", 4 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, map[record.Mode]time.Time{record.Incremental: time.Date(2026, 6, 1, 11, 59, 0, 0, paris(t))}, tc.times)
			for p.take() == nil {
				p.now.Wall, p.now.Up = p.now.Wall.Add(time.Minute), p.now.Up+time.Minute
			}
			p.done(Result{})
			p.now.Wall = p.now.Wall.Add(-tc.back)
			if tc.back > correction {
				p.now.Wall = p.now.Wall.Add(-time.Minute) // just before it comes again
			}
			p.wants(p.take(), none)
			p.wants(p.later(tc.quiet), none)
			p.wants(p.later(time.Minute), record.Incremental)
		})
	}
}

func TestTheClockIsSetForward(t *testing.T) {
	p := newPlay(t, map[record.Mode]time.Time{record.Incremental: time.Date(2026, 6, 1, 11, 59, 0, 0, paris(t))}, "0 13 * * *")
	p.now.Wall = p.now.Wall.AddDate(0, 0, 30)
	p.wants(p.take(), record.Incremental) // thirty times, once
	p.done(Result{})
	p.wants(p.take(), none)
	p.wants(p.later(time.Hour), record.Incremental)
}

func TestJitterNeitherLosesNorDoubles(t *testing.T) {
	e := entries(t, "*/5 * * * *")
	late := []time.Duration{4 * time.Minute, 0, 2 * time.Minute, 4*time.Minute + 59*time.Second}
	n := 0
	e[0].Jitter = func() time.Duration { n++; return late[n%len(late)] }
	now := Moment{Wall: time.Date(2026, 6, 1, 12, 0, 30, 0, paris(t))}
	p := &play{t: t, Agenda: New(e, Past{}, now), now: now}
	turns := 0
	for range 3600 {
		if p.later(time.Second) != nil {
			turns++
			p.done(Result{})
		}
	}
	if turns < 11 || turns > 12 {
		t.Errorf("%d turns in an hour of twelve", turns)
	}
}

func TestOtherEntriesForgetNothing(t *testing.T) {
	p := newPlay(t, nil, "5m", "1h")
	p.wants(p.take(), record.Full)
	p.later(5 * time.Minute)
	p.Replace(entries(t, "5m", "10m"), Past{}, p.now)
	p.done(Result{})
	p.wants(p.take(), record.Full) // its interval is new: it begins at once, and pays for what was owed
	p.done(Result{})
	p.wants(p.later(5*time.Minute-time.Second), none)
	p.wants(p.later(time.Second), record.Incremental)
	p.done(Result{})
	p.Replace(entries(t, ""), Past{}, p.now)
	p.wants(p.later(time.Hour), none)
	if wait := p.Wait(p.now); wait != longest {
		t.Errorf("waits %s", wait)
	}
}

// TestTheClockIsSetBackAndTheServiceStartedAnew: one o'clock came while something
// else was going on, and its run began when the clock had been put back to half past
// twelve. At the second one o'clock it is not made again, whatever happened to the
// service in between.
func TestTheClockIsSetBackAndTheServiceStartedAnew(t *testing.T) {
	p := newPlay(t, map[record.Mode]time.Time{record.Incremental: time.Date(2026, 6, 1, 11, 59, 0, 0, paris(t))}, "0 13 * * *")
	p.Ask()
	p.take() // a command, until one o'clock is over
	p.wants(p.later(time.Hour), none)
	p.now.Wall = p.now.Wall.Add(-30 * time.Minute)
	p.done(Result{})
	turn := p.take()
	p.wants(turn, record.Incremental)
	began := p.now.Wall
	p.done(Result{})
	for range 2 { // the second time it is known from the first restart only
		p.later(5 * time.Minute)
		p.Agenda = New(entries(t, "0 13 * * *"), Past{Began: map[record.Mode]time.Time{record.Incremental: began}, Due: turn.Due}, p.now)
		turn = &Turn{Due: p.due()}
	}
	p.wants(p.take(), none)
	p.wants(p.later(time.Hour), none) // one o'clock was again, long ago
	p.wants(p.later(23*time.Hour+15*time.Minute), none)
	p.wants(p.later(10*time.Minute), record.Incremental)
}

// TestAClockThatWasWrongIsNotBelievedAfterARestart: what a clock showed that was ten
// days ahead keeps nothing from being made.
func TestAClockThatWasWrongIsNotBelievedAfterARestart(t *testing.T) {
	now := Moment{Wall: time.Date(2026, 6, 1, 12, 0, 0, 0, paris(t))}
	ahead := map[record.Mode]time.Time{record.Incremental: now.Wall.AddDate(0, 0, 10)}
	p := &play{t: t, now: now, Agenda: New(entries(t, "0 13 * * *"), Past{Began: ahead, Due: ahead}, now)}
	p.wants(p.later(59*time.Minute), none)
	p.wants(p.later(time.Minute), record.Incremental)
}

func TestAPauseOutlivesTheService(t *testing.T) {
	now := Moment{Wall: time.Date(2026, 6, 1, 12, 0, 0, 0, paris(t))}
	pause := &Pause{Since: now.Wall.Add(-time.Hour), Run: 7, Guards: []string{"removals"}}
	p := &play{t: t, now: now, Agenda: New(entries(t, "5m"), Past{Pause: pause}, now)}
	if diff := cmp.Diff(pause, p.Status(p.now).Pause); diff != "" {
		t.Error(diff)
	}
	plan := p.take()
	if p.wants(plan, record.Incremental); !plan.ReadOnly {
		t.Error("a run, where only a plan was to be made")
	}
	if events := p.done(Result{Answered: true, Guards: []string{"removals"}}); len(events) > 0 {
		t.Errorf("told again: %v", events)
	}
	p.Replace(entries(t, "10m"), Past{}, p.now)
	if again := p.take(); again == nil || !again.ReadOnly {
		t.Errorf("after a reload: %+v", again)
	}
	if diff := cmp.Diff([]EventKind{Resumed}, p.done(Result{Answered: true, Passed: true})); diff != "" {
		t.Error(diff)
	}
}

// TestAClockPutBackWhileARunIsDelayed does not lose the run: its time has come, and
// only its jitter is not over.
func TestAClockPutBackWhileARunIsDelayed(t *testing.T) {
	for name, back := range map[string]time.Duration{"by a second": time.Second, "before its time": 10 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			p := newPlay(t, nil)
			late := []time.Duration{10 * time.Minute, 0}
			p.Replace([]Entry{{Mode: record.Full, Times: parsed(t, "0 13 * * *"), Jitter: func() time.Duration {
				d := late[0]
				late = late[1:]
				return d
			}}}, Past{}, p.now)
			p.wants(p.later(65*time.Minute), none)
			p.now.Wall = p.now.Wall.Add(-back)
			p.wants(p.take(), none)
			p.wants(p.later(5*time.Minute+back), record.Full)
			p.done(Result{})
			p.wants(p.later(23*time.Hour), none)
		})
	}
}
