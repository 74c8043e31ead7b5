package schedule

import (
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// Result is what came of a turn. The zero value tells nothing: the turn was for
// something that neither guards nor lets through.
type Result struct {
	// Run is the number of the run, zero for a plan.
	Run uint64
	// Down is the side that could not be reached or did not let us in, and Err
	// what it said.
	Down record.Side
	Err  error
	// Locked tells that a login was refused: asking often may lock the account.
	Locked bool
	// Answered tells that both sides were read.
	Answered bool
	// Guards are those that stopped it.
	Guards []string
	// Passed tells that everybody was planned for and no guard stopped it.
	Passed bool
}

// Pause is why only plans are made.
type Pause struct {
	Since  time.Time
	Run    uint64
	Guards []string
}

// Trouble is a side that is down.
type Trouble struct {
	Side  record.Side
	Since time.Time
	// Tries counts the turns that found it so.
	Tries int
	// retry is when it is asked again, by the clock that counts up.
	retry time.Duration
}

// The first wait for a side that is down, and the longest.
const (
	firstRetry  = 30 * time.Second
	lockedRetry = 5 * time.Minute
	lastRetry   = 15 * time.Minute
)

// over tells whether it is time to ask again.
func (t *Trouble) over(now Moment) bool { return t == nil || now.Up >= t.retry }

// What happens to an agenda.
const (
	Paused   EventKind = "paused"
	Resumed  EventKind = "resumed"
	WentDown EventKind = "down"
	CameBack EventKind = "back"
)

// EventKind names what happened.
type EventKind string

// Event is what people are told, once.
type Event struct {
	Kind EventKind
	// Pause is the one that begins or ends, Trouble likewise.
	Pause   Pause
	Trouble Trouble
	// Retry is how long the side is left alone.
	Retry time.Duration
	// By is the run that ended a pause; zero for a plan that no guard stops.
	By  uint64
	Err error
}

// Done ends the current turn and tells what changed by it.
func (a *Agenda) Done(now Moment, r Result) []Event {
	turn := a.current
	a.current = nil
	if turn == nil {
		return nil
	}
	return append(a.reached(now, turn, r), a.guarded(now, turn, r)...)
}

// reached keeps whether a side is down. What somebody asked for does not make
// the schedule wait, but it does tell that the side is back.
func (a *Agenda) reached(now Moment, turn *Turn, r Result) []Event {
	if r.Down == "" {
		if a.trouble == nil || !r.Answered {
			return nil
		}
		was := *a.trouble
		a.trouble = nil
		return []Event{{Kind: CameBack, Trouble: was}}
	}
	if turn.Asked() {
		return nil
	}
	a.owed = deeper(a.owed, turn.Mode)
	fresh := a.trouble == nil || a.trouble.Side != r.Down
	if a.trouble == nil {
		a.trouble = &Trouble{Since: now.Wall}
	}
	a.trouble.Side = r.Down
	a.trouble.Tries++
	wait := backOff(a.trouble.Tries, r.Locked)
	a.trouble.retry = now.Up + wait
	if !fresh {
		return nil
	}
	return []Event{{Kind: WentDown, Trouble: *a.trouble, Retry: wait, Err: r.Err}}
}

// backOff doubles with each try.
func backOff(tries int, locked bool) time.Duration {
	wait := firstRetry
	if locked {
		wait = lockedRetry
	}
	for range tries - 1 {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}

// guarded keeps whether a guard stopped what was planned.
func (a *Agenda) guarded(now Moment, turn *Turn, r Result) []Event {
	switch {
	case len(r.Guards) > 0:
		if a.pause != nil && slices.Equal(a.pause.Guards, r.Guards) {
			return nil
		}
		if a.pause == nil {
			a.pause = &Pause{Since: now.Wall}
		}
		a.pause.Guards = r.Guards
		if r.Run != 0 {
			a.pause.Run = r.Run
		}
		return []Event{{Kind: Paused, Pause: *a.pause}}
	case a.pause != nil && r.Passed:
		was := *a.pause
		a.pause = nil
		if turn.ReadOnly && r.Run == 0 { // what was only planned is owed at once
			a.owed = deeper(a.owed, turn.Mode)
		}
		return []Event{{Kind: Resumed, Pause: was, By: r.Run}}
	}
	return nil
}

// Status is what an agenda looks like from outside.
type Status struct {
	// Current is the turn that is going, Owed the mode that waits for its turn,
	// Asked how many people wait for one.
	Current *Turn
	Owed    record.Mode
	Asked   int
	Pause   *Pause
	Trouble *Trouble
	// Next says how long it is until the next run of each mode.
	Next map[record.Mode]time.Duration
}

// Status tells how things stand; what it returns is the caller's.
func (a *Agenda) Status(now Moment) Status {
	s := Status{Owed: a.owed, Asked: len(a.asked), Next: map[record.Mode]time.Duration{}}
	s.Current, s.Pause, s.Trouble = copied(a.current), copied(a.pause), copied(a.trouble)
	for _, t := range a.timers {
		if !t.Times.Never() {
			s.Next[t.Mode] = max(t.wait(now), 0)
		}
	}
	return s
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
