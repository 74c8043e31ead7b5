package serve

import (
	"context"
	"errors"
	"fmt"
	"time"

	"xivosync/cmd/xivosync/schedule"
)

// Stopped is why a turn is given up early. It is a cancellation, as
// [context.Canceled] is one, that says more.
type Stopped string

func (s Stopped) Error() string { return string(s) }

// Is tells that this is a cancellation.
func (s Stopped) Is(target error) bool { return target == context.Canceled }

// ErrStopping is returned to whoever wants a turn of a service that stops, and
// is the cause by which what goes on is cancelled then.
const ErrStopping = Stopped("the service is stopping")

// ErrDeadline is returned when what went on did not end in time after the
// service was told to stop.
var ErrDeadline = errors.New("what was going on did not end in time")

// Options are what a loop works with.
type Options struct {
	// Clock tells the time.
	Clock func() schedule.Moment
	// Run does what a turn of the schedule is for.
	Run func(context.Context, schedule.Turn) schedule.Result
	// Mails, where set, tells when the next mail is due, and is asked at first and
	// after each turn; the zero time is never.
	Mails func() time.Time
	// Tell, where set, is told what happens, by the loop's own goroutine.
	Tell func(schedule.Event)
	// Beat, where set, is called after each step, and at least so often.
	Beat      func(schedule.Status)
	BeatEvery time.Duration
	// StopWithin is how long what is going on may take to end.
	StopWithin time.Duration
}

// Loop gives turns, one at a time. It owns the agenda.
type Loop struct {
	opt    Options
	agenda *schedule.Agenda
	calls  chan func()
	ended  chan schedule.Result
	done   chan struct{}
	// waiting are those who asked for a turn, cancel ends the one that is going.
	waiting map[*schedule.Turn]chan context.Context
	cancel  context.CancelCauseFunc
}

// NewLoop returns a loop over an agenda, which is the loop's alone from then on.
func NewLoop(agenda *schedule.Agenda, opt Options) *Loop {
	return &Loop{
		opt: opt, agenda: agenda,
		calls: make(chan func()), ended: make(chan schedule.Result, 1), done: make(chan struct{}),
		waiting: map[*schedule.Turn]chan context.Context{},
	}
}

// Do gives turns until ctx ends, then has what is going on stop, and waits for
// it. The error is [ErrDeadline] where that took too long.
func (l *Loop) Do(ctx context.Context) error {
	defer close(l.done)
	// What goes on is not cancelled by ctx itself, but with a cause of its own.
	turns, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	timer := time.NewTimer(0)
	defer timer.Stop()
	l.post()
	for {
		timer.Reset(l.step(turns))
		select {
		case <-ctx.Done():
			cancel(ErrStopping)
			return l.finish()
		case call := <-l.calls:
			call()
		case result := <-l.ended:
			l.settle(result)
			l.post()
		case <-timer.C:
		}
	}
}

// step begins what is to be begun, and returns how long there is nothing to do.
func (l *Loop) step(ctx context.Context) time.Duration {
	now := l.opt.Clock()
	l.agenda.Tick(now)
	if turn, ok := l.agenda.Take(now); ok {
		l.begin(ctx, turn)
	}
	wait := l.agenda.Wait(now)
	if l.opt.Beat != nil {
		l.opt.Beat(l.agenda.Status(now))
		if l.opt.BeatEvery > 0 {
			wait = min(wait, l.opt.BeatEvery)
		}
	}
	return wait
}

// begin gives the turn to whoever asked for it, or to the schedule's own run.
func (l *Loop) begin(ctx context.Context, turn *schedule.Turn) {
	ctx, l.cancel = context.WithCancelCause(ctx)
	if turn.Asked() {
		l.waiting[turn] <- ctx // it has room for one
		delete(l.waiting, turn)
		return
	}
	own := *turn
	go func() { l.ended <- l.opt.Run(ctx, own) }()
}

// settle ends the turn.
func (l *Loop) settle(result schedule.Result) {
	l.cancel(nil)
	for _, event := range l.agenda.Done(l.opt.Clock(), result) {
		if l.opt.Tell != nil {
			l.opt.Tell(event)
		}
	}
}

// post notes when the next mail is due.
func (l *Loop) post() {
	if l.opt.Mails != nil {
		l.agenda.Post(l.opt.Mails())
	}
}

// finish waits for what is going on.
func (l *Loop) finish() error {
	if l.agenda.Status(l.opt.Clock()).Current == nil {
		return nil
	}
	deadline := time.NewTimer(l.opt.StopWithin)
	defer deadline.Stop()
	select {
	case result := <-l.ended:
		l.settle(result)
		return nil
	case <-deadline.C:
		return fmt.Errorf("%w (%s)", ErrDeadline, l.opt.StopWithin)
	}
}

// call has the loop's goroutine call f; it tells whether that was done.
func (l *Loop) call(f func()) bool {
	called := make(chan struct{})
	select {
	case l.calls <- func() { f(); close(called) }:
		<-called
		return true
	case <-l.done:
		return false
	}
}

// Turn waits for a turn. The context that it returns ends when the turn is to be
// given up early; release has to be called in any case. Where the turn is not to be had
// at once, busy is told what is going on.
func (l *Loop) Turn(ctx context.Context, busy func(schedule.Status)) (context.Context, func(schedule.Result), error) {
	granted := make(chan context.Context, 1)
	var turn *schedule.Turn
	var before schedule.Status
	if !l.call(func() {
		before = l.agenda.Status(l.opt.Clock())
		turn = l.agenda.Ask()
		l.waiting[turn] = granted
	}) {
		return nil, nil, ErrStopping
	}
	if before.Current != nil {
		busy(before)
	}
	release := func(r schedule.Result) { l.ended <- r }
	select {
	case given := <-granted:
		return given, release, nil
	case <-l.done:
		return nil, nil, ErrStopping
	case <-ctx.Done():
	}
	withdrawn := false
	if l.call(func() {
		withdrawn = l.agenda.Withdraw(turn)
		delete(l.waiting, turn)
	}) && !withdrawn {
		release(schedule.Result{})
	}
	return nil, nil, context.Cause(ctx)
}

// Stop has the turn that is going on end early, for that cause; it tells whether
// there was one.
func (l *Loop) Stop(cause error) (going bool) {
	l.call(func() {
		if going = l.agenda.Status(l.opt.Clock()).Current != nil; going {
			l.cancel(cause)
		}
	})
	return going
}

// Edit has the loop's goroutine change the agenda.
func (l *Loop) Edit(edit func(*schedule.Agenda, schedule.Moment)) {
	l.call(func() { edit(l.agenda, l.opt.Clock()) })
}

// Status tells how things stand; it is zero once the loop has ended.
func (l *Loop) Status() (s schedule.Status) {
	l.call(func() { s = l.agenda.Status(l.opt.Clock()) })
	return s
}
