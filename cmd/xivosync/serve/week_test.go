package serve

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile/record"
)

// performance is a service in simulated time, in a bubble of its own, with
// everything that it did.
type performance struct {
	t    *testing.T
	loop *Loop
	zone *time.Location
	// began is when the bubble's time began to count, shift what people did to
	// the clock on the wall.
	began time.Time
	// mu guards what follows.
	mu    sync.Mutex
	shift time.Duration
	// takes is how long a run takes, result what comes of it.
	takes  func(schedule.Turn) time.Duration
	result func(schedule.Turn) schedule.Result
	runs   []pass
	// send and mails are there where the service has mails.
	send  func(context.Context)
	mails func() time.Time
	stop  context.CancelFunc
	over  chan error
}

// pass is one run, with its begin by both clocks.
type pass struct {
	schedule.Turn
	wall, end time.Time
	up        time.Duration
	stopped   error
}

func (p *performance) clock() schedule.Moment {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	return schedule.Moment{Wall: now.Add(p.shift).Round(0).In(p.zone), Up: now.Sub(p.began)}
}

// perform begins a service at a time on the wall, inside of a bubble.
func perform(t *testing.T, begin time.Time, entries []schedule.Entry) *performance {
	p := &performance{
		t: t, zone: begin.Location(), began: time.Now(), shift: time.Until(begin), over: make(chan error, 1),
		takes:  func(schedule.Turn) time.Duration { return 20 * time.Second },
		result: func(schedule.Turn) schedule.Result { return schedule.Result{Answered: true, Passed: true} },
	}
	p.start(entries, schedule.Past{})
	return p
}

func (p *performance) start(entries []schedule.Entry, past schedule.Past) {
	p.loop = NewLoop(schedule.New(entries, past, p.clock()), Options{Clock: p.clock, Run: p.run, Mails: p.mails, StopWithin: time.Minute})
	ctx, cancel := context.WithCancel(p.t.Context())
	p.stop = cancel
	go func() { p.over <- p.loop.Do(ctx) }()
}

// run takes its time, or stops when it is told to.
func (p *performance) run(ctx context.Context, turn schedule.Turn) schedule.Result {
	if turn.Mails {
		p.send(ctx)
		return schedule.Result{}
	}
	one := pass{Turn: turn, wall: p.clock().Wall, up: p.clock().Up}
	select {
	case <-time.After(p.long(turn)):
	case <-ctx.Done():
		one.stopped = context.Cause(ctx)
	}
	one.end = p.clock().Wall
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = append(p.runs, one)
	if one.stopped != nil {
		return schedule.Result{}
	}
	return p.result(turn)
}

func (p *performance) long(turn schedule.Turn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takes(turn)
}

// change sets what the goroutines of the service read, too.
func (p *performance) change(set func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	set()
}

// end stops the service and waits for it.
func (p *performance) end() {
	p.t.Helper()
	p.stop()
	if err := <-p.over; err != nil {
		p.t.Error(err)
	}
}

func entry(t *testing.T, mode record.Mode, times string) schedule.Entry {
	t.Helper()
	parsed, err := schedule.Parse(times)
	if err != nil {
		t.Fatal(err)
	}
	return schedule.Entry{Mode: mode, Times: parsed}
}

func inParis(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// depth ranks the modes, as the test understands them.
var depth = map[record.Mode]int{record.Incremental: 1, record.Full: 2, record.Audit: 3}

// paid checks that every time of a mode was paid for by a run of at least its
// depth that began at that time or later, before the next time but one, and that
// there were not more runs than times.
func (p *performance) paid(mode record.Mode, due []time.Time) {
	p.t.Helper()
	used := 0
	for i, at := range due {
		found := false
		for _, r := range p.runs {
			onTime := i+2 >= len(due) || r.wall.Before(due[i+2])
			if depth[r.Mode] >= depth[mode] && !r.wall.Before(at) && onTime {
				found = true
				break
			}
		}
		if !found {
			p.t.Errorf("%s: nothing was run for %s", mode, at)
		}
	}
	for _, r := range p.runs {
		if r.Mode == mode {
			used++
		}
	}
	if used > len(due) {
		p.t.Errorf("%s: %d runs for %d times", mode, used, len(due))
	}
}

// oneAtATime checks that no run began before the one before it ended.
func (p *performance) oneAtATime() {
	p.t.Helper()
	for i := 1; i < len(p.runs); i++ {
		if p.runs[i].up < p.runs[i-1].up+p.runs[i-1].end.Sub(p.runs[i-1].wall) {
			p.t.Errorf("run %d began at %s, while another was going until %s", i, p.runs[i].wall, p.runs[i-1].end)
		}
	}
}

// TestWeek plays a week with a change of the clocks in it. The times that are due
// are written out by hand, from the calendar.
func TestWeek(t *testing.T) {
	for name, monday := range map[string]time.Time{
		"clocks go forward":  time.Date(2026, 3, 23, 0, 0, 0, 0, inParis(t)),
		"clocks go back":     time.Date(2026, 10, 19, 0, 0, 0, 0, inParis(t)),
		"clocks are as ever": time.Date(2026, 6, 1, 0, 0, 0, 0, inParis(t)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				zone := monday.Location()
				next := time.Date(monday.Year(), monday.Month(), monday.Day()+7, 0, 0, 0, 0, zone)
				var audits, fulls, incrementals []time.Time
				for day := range 7 {
					at := time.Date(monday.Year(), monday.Month(), monday.Day()+day, 2, 30, 0, 0, zone)
					if name == "clocks go forward" && day == 6 {
						at = time.Date(2026, 3, 29, 3, 30, 0, 0, zone)
					}
					if name == "clocks go back" && day == 6 {
						at = time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(zone) // the first of two
					}
					audits = append(audits, at)
				}
				for at := monday.Add(time.Hour); at.Before(next); at = at.Add(time.Hour) {
					fulls = append(fulls, at) // every hour that passes, in spring and in autumn, too
				}
				p := perform(t, monday.Add(time.Minute), []schedule.Entry{
					entry(t, record.Incremental, "5m"), entry(t, record.Full, "0 * * * *"), entry(t, record.Audit, "30 2 * * *"),
				})
				for at := monday.Add(time.Minute); at.Before(next); at = at.Add(5 * time.Minute) {
					incrementals = append(incrementals, at)
				}
				p.change(func() {
					p.takes = func(turn schedule.Turn) time.Duration {
						return map[record.Mode]time.Duration{record.Incremental: 3 * time.Second, record.Full: 40 * time.Second, record.Audit: 47 * time.Minute}[turn.Mode]
					}
				})
				time.Sleep(next.Sub(monday) - 2*time.Minute)
				p.end()
				p.paid(record.Audit, audits)
				p.paid(record.Full, fulls)
				p.oneAtATime()
				count := map[record.Mode]int{}
				for _, r := range p.runs {
					count[r.Mode]++
				}
				if count[record.Audit] != 7 {
					t.Errorf("%d audits", count[record.Audit])
				}
				// An audit keeps away what comes due in its 47 minutes, but for one.
				if got, want := count[record.Incremental], len(incrementals)-7*10; got > len(incrementals) || got < want {
					t.Errorf("%d incremental runs, want at least %d", got, want)
				}
			})
		})
	}
}

// TestDisturbedWeek plays a week in which people stop and start the service, load
// the configuration anew, ask for runs, stop runs and set the clock back, at random,
// at every phase.
func TestDisturbedWeek(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				monday := time.Date(2026, 3, 23, 0, 0, 0, 0, inParis(t))
				entries := []schedule.Entry{entry(t, record.Incremental, "5m"), entry(t, record.Full, "20 * * * *"), entry(t, record.Audit, "30 2 * * *")}
				p := perform(t, monday.Add(time.Minute), entries)
				random := rand.New(rand.NewPCG(seed, 7))
				p.change(func() {
					p.takes = func(turn schedule.Turn) time.Duration {
						return time.Duration(depth[turn.Mode]*depth[turn.Mode]) * 3 * time.Minute
					}
				})
				for p.clock().Wall.Before(monday.AddDate(0, 0, 7)) {
					time.Sleep(time.Duration(random.Int64N(int64(3 * time.Hour))))
					p.disturb(random, entries)
				}
				p.end()
				p.oneAtATime()
				p.never(record.Incremental, 90*time.Minute)
				p.never(record.Full, 5*time.Hour)
				p.daily(record.Audit, monday, 7)
			})
		})
	}
}

func (p *performance) disturb(random *rand.Rand, entries []schedule.Entry) {
	switch random.IntN(5) {
	case 0: // stop and start, after a while
		p.end()
		past := p.past(entries)
		time.Sleep(time.Duration(random.Int64N(int64(20 * time.Minute))))
		p.start(entries, past)
	case 1: // load the same anew
		p.loop.Edit(func(a *schedule.Agenda, now schedule.Moment) { a.Replace(entries, schedule.Past{}, now) })
	case 2: // set the clock back by less than an hour
		p.change(func() { p.shift -= time.Duration(random.Int64N(int64(50 * time.Minute))) })
	case 3: // ask for a turn
		ctx, release, err := p.loop.Turn(p.t.Context(), func(schedule.Status) {})
		if err != nil {
			p.t.Error(err)
			return
		}
		if ctx.Err() != nil {
			p.t.Error("the turn is over before it began")
		}
		time.Sleep(time.Minute)
		release(schedule.Result{})
	case 4: // stop what is going on
		p.loop.Stop(Stopped("stopped by somebody"))
	}
}

// past is what the journal tells a service that begins.
func (p *performance) past(entries []schedule.Entry) schedule.Past {
	past := schedule.Past{Began: map[record.Mode]time.Time{}, Due: map[record.Mode]time.Time{}}
	for _, e := range entries {
		past.Began[e.Mode] = p.runs[0].wall // what never was is owed since the journal begins
	}
	for _, r := range p.runs {
		if p.counts(r) {
			past.Began[r.Mode] = r.wall
			maps.Copy(past.Due, r.Due)
		}
	}
	return past
}

// counts tells whether a run was made; one that somebody stopped was not wanted.
func (p *performance) counts(r pass) bool { return r.stopped == nil || r.stopped != ErrStopping }

// never checks that there was never so long without a run that does what one of
// this mode does, by the clock that counts up.
func (p *performance) never(mode record.Mode, gap time.Duration) {
	p.t.Helper()
	var before time.Duration
	for _, r := range p.runs {
		if depth[r.Mode] < depth[mode] || !p.counts(r) {
			continue
		}
		if r.up-before > gap {
			p.t.Errorf("%s: nothing between %s and %s, at %s", mode, before, r.up, r.wall)
		}
		before = r.up
	}
}

// daily checks that there was one run of a mode on each day, and not two.
func (p *performance) daily(mode record.Mode, from time.Time, days int) {
	p.t.Helper()
	on := map[string]int{}
	for _, r := range p.runs {
		if r.Mode == mode && p.counts(r) {
			on[r.wall.Format(time.DateOnly)]++
		}
	}
	for day := range days {
		if date := from.AddDate(0, 0, day).Format(time.DateOnly); on[date] != 1 {
			p.t.Errorf("%s: %d on %s", mode, on[date], date)
		}
	}
}
