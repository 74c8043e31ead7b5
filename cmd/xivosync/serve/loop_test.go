package serve

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inPhase plays a service whose only entry is every hour, and brings it to a
// phase.
var phases = map[string]func(p *performance){
	"idle":    func(*performance) { time.Sleep(10 * time.Minute) },
	"running": func(*performance) { time.Sleep(time.Hour) },
	"queued": func(p *performance) {
		p.change(func() { p.takes = func(schedule.Turn) time.Duration { return 90 * time.Minute } })
		time.Sleep(2*time.Hour + time.Minute)
	},
	"paused": func(p *performance) {
		p.change(func() {
			p.result = func(schedule.Turn) schedule.Result {
				return schedule.Result{Run: 2, Answered: true, Guards: []string{"removals"}}
			}
		})
		time.Sleep(time.Hour + 10*time.Minute)
	},
	"down": func(p *performance) {
		p.change(func() { p.result = func(schedule.Turn) schedule.Result { return schedule.Result{Down: record.LDAP} } })
		time.Sleep(time.Hour + 10*time.Minute)
	},
}

func hourly(t *testing.T) []schedule.Entry {
	return []schedule.Entry{entry(t, record.Full, "1h")}
}

func TestStopAtEveryPhase(t *testing.T) {
	for name, reach := range phases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := perform(t, time.Date(2026, 6, 1, 12, 0, 0, 0, inParis(t)), hourly(t))
				reach(p)
				synctest.Wait()
				going := p.loop.Status().Current != nil
				if wants := name == "running" || name == "queued"; going != wants {
					t.Errorf("something is going on: %v", going)
				}
				began := time.Now()
				p.end()
				if took := time.Since(began); took > 0 {
					t.Errorf("it took %s", took)
				}
				last := p.runs[len(p.runs)-1]
				if going != errors.Is(last.stopped, ErrStopping) || going != errors.Is(last.stopped, context.Canceled) {
					t.Errorf("the last run ended by %v", last.stopped)
				}
				if _, _, err := p.loop.Turn(t.Context(), nil); !errors.Is(err, ErrStopping) {
					t.Errorf("a turn after the end: %v", err)
				}
			})
		})
	}
}

func TestReloadAtEveryPhase(t *testing.T) {
	for name, reach := range phases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := perform(t, time.Date(2026, 6, 1, 12, 0, 0, 0, inParis(t)), hourly(t))
				reach(p)
				synctest.Wait()
				before, runs := p.loop.Status(), len(p.runs)
				p.loop.Edit(func(a *schedule.Agenda, now schedule.Moment) {
					a.Replace([]schedule.Entry{entry(t, record.Full, "1h"), entry(t, record.Incremental, "0 0 1 1 *")}, schedule.Past{}, now)
				})
				after := p.loop.Status()
				if before.Next[record.Full] != after.Next[record.Full] || before.Owed != after.Owed {
					t.Errorf("before %+v, after %+v", before, after)
				}
				if (before.Pause == nil) != (after.Pause == nil) || (before.Trouble == nil) != (after.Trouble == nil) || (before.Current == nil) != (after.Current == nil) {
					t.Errorf("before %+v, after %+v", before, after)
				}
				if _, comes := after.Next[record.Incremental]; !comes {
					t.Error("the new entry is not there")
				}
				p.change(func() {
					p.result = func(schedule.Turn) schedule.Result { return schedule.Result{Answered: true, Passed: true} }
				})
				time.Sleep(6 * time.Hour)
				p.end()
				if len(p.runs) < runs+3 {
					t.Errorf("%d runs before, %d after six more hours", runs, len(p.runs))
				}
				p.oneAtATime()
			})
		})
	}
}

func TestARunThatDoesNotEndIsLeftAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		let := make(chan struct{})
		run := func(context.Context, schedule.Turn) schedule.Result { <-let; return schedule.Result{} }
		began := time.Now()
		clock := func() schedule.Moment { return schedule.Moment{Wall: time.Now(), Up: time.Since(began)} }
		loop := NewLoop(schedule.New(hourly(t), schedule.Past{}, clock()), Options{Clock: clock, Run: run, StopWithin: 75 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		over := make(chan error)
		go func() { over <- loop.Do(ctx) }()
		time.Sleep(time.Minute)
		cancel()
		if err := <-over; !errors.Is(err, ErrDeadline) || time.Since(began) != time.Minute+75*time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		close(let)
	})
}

func TestWhoWaitsIsToldAndMayGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := perform(t, time.Date(2026, 6, 1, 12, 0, 0, 0, inParis(t)), hourly(t))
		synctest.Wait() // the first run has begun
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var told *schedule.Turn
		if _, _, err := p.loop.Turn(ctx, func(s schedule.Status) { told = s.Current }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if told == nil || told.Mode != record.Full {
			t.Errorf("told %+v", told)
		}
		turn, release, err := p.loop.Turn(t.Context(), func(schedule.Status) {})
		if err != nil || p.clock().Up != 20*time.Second {
			t.Fatalf("at %s: %v", p.clock().Up, err)
		}
		if !p.loop.Stop(Stopped("stopped by ann")) {
			t.Error("nothing is going on")
		}
		<-turn.Done()
		if cause := context.Cause(turn); cause != Stopped("stopped by ann") {
			t.Errorf("ended by %v", cause)
		}
		release(schedule.Result{})
		if p.loop.Stop(ErrStopping) {
			t.Error("something is going on still")
		}
		p.end()
	})
}

func TestTheBeatShowsThatTheLoopLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		beats := 0
		began := time.Now()
		clock := func() schedule.Moment { return schedule.Moment{Wall: time.Now(), Up: time.Since(began)} }
		loop := NewLoop(schedule.New(nil, schedule.Past{}, clock()), Options{Clock: clock, Beat: func(schedule.Status) { beats++ }, BeatEvery: 10 * time.Second})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := loop.Do(ctx); err != nil || beats < 360 {
			t.Errorf("%d beats, %v", beats, err)
		}
	})
}
