package schedule

import (
	"slices"
	"time"

	"xivosync/reconcile/record"
)

// Turn is the right to use both sides and the store: one at a time.
type Turn struct {
	// Mode is that of the run that is owed; "" where somebody asked for a turn,
	// who knows what it is for, and for mails.
	Mode record.Mode
	// Mails tells that the turn is for the mails that are due, and for no run.
	Mails bool
	// ReadOnly turns are for a plan: a guard stopped a run before.
	ReadOnly bool
	// Probe is the side that was down: it is asked first whether it is back.
	Probe record.Side
	// Due are the times by the clock on the wall that came last, by mode: the turn
	// takes care of them, unless an earlier one did.
	Due map[record.Mode]time.Time
	// Since is when the turn was taken.
	Since time.Time
}

// Asked tells whether somebody asked for the turn.
func (t *Turn) Asked() bool { return t.Mode == "" && !t.Mails }

// Agenda is what is owed, in which order. Its methods are called by one
// goroutine.
type Agenda struct {
	timers []*timer
	// owed is the deepest run that came due and was not begun; "" for none.
	owed    record.Mode
	asked   []*Turn
	current *Turn
	pause   *Pause
	trouble *Trouble
	mails   mails
}

// New returns the agenda of a service that begins now.
func New(entries []Entry, past Past, now Moment) *Agenda {
	a := &Agenda{pause: copied(past.Pause)}
	for _, e := range entries {
		a.timers = append(a.timers, start(e, past, now))
	}
	return a
}

// Replace takes other entries, as after a configuration was loaded anew. Those
// that stay as they were go on counting; nothing that is owed is forgotten, nor is
// a pause.
func (a *Agenda) Replace(entries []Entry, past Past, now Moment) {
	timers := make([]*timer, len(entries))
	for i, e := range entries {
		same := func(t *timer) bool { return t.Mode == e.Mode && t.Times.text == e.Times.text }
		if j := slices.IndexFunc(a.timers, same); j >= 0 {
			timers[i] = a.timers[j]
			timers[i].Jitter = e.Jitter
			continue
		}
		timers[i] = start(e, past, now)
	}
	a.timers = timers
}

// depths ranks the modes: a deeper run does what a shallower one would.
var depths = map[record.Mode]int{record.Incremental: 1, record.Full: 2, record.Audit: 3}

// deeper returns the deeper of two modes.
func deeper(a, b record.Mode) record.Mode {
	if depths[b] > depths[a] {
		return b
	}
	return a
}

// Tick notes what came due.
func (a *Agenda) Tick(now Moment) {
	for _, t := range a.timers {
		if t.tick(now) {
			a.owed = deeper(a.owed, t.Mode)
		}
	}
}

// Ask queues a turn that somebody asked for. Those go before what is owed, in
// order.
func (a *Agenda) Ask() *Turn {
	t := &Turn{}
	a.asked = append(a.asked, t)
	return t
}

// Withdraw takes a turn out of the queue; it tells whether it was still there.
func (a *Agenda) Withdraw(t *Turn) bool {
	i := slices.Index(a.asked, t)
	if i >= 0 {
		a.asked = slices.Delete(a.asked, i, i+1)
	}
	return i >= 0
}

// Take returns the next turn, unless one is going or none is to be had yet.
func (a *Agenda) Take(now Moment) (*Turn, bool) {
	switch {
	case a.current != nil:
		return nil, false
	case len(a.asked) > 0:
		a.current, a.asked = a.asked[0], a.asked[1:]
	case a.owed != "" && a.trouble.over(now):
		a.current = &Turn{Mode: a.owed, ReadOnly: a.pause != nil, Due: a.due()}
		if a.trouble != nil {
			a.current.Probe = a.trouble.Side
		}
		a.owed = ""
	case a.mails.over(now):
		a.current = &Turn{Mails: true}
		a.mails.take(now)
	default:
		return nil, false
	}
	a.current.Since = now.Wall
	return a.current, true
}

// longest is how long [Agenda.Wait] waits at most, so that a clock that was set
// is noticed.
const longest = time.Minute

// Wait returns how long there is nothing to do.
func (a *Agenda) Wait(now Moment) time.Duration {
	wait := longest
	for _, t := range a.timers {
		if !t.Times.Never() {
			wait = min(wait, t.wait(now))
		}
	}
	if a.current == nil && a.owed != "" && a.trouble != nil {
		wait = min(wait, a.trouble.retry-now.Up)
	}
	if later, waits := a.mails.wait(now); waits && a.current == nil {
		wait = min(wait, later)
	}
	return max(wait, 0)
}
