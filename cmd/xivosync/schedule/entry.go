package schedule

import (
	"time"

	"xivosync/reconcile/record"
)

// Moment is a point of time as two clocks show it: the one on the wall, which
// people set, and the one that only ever counts up.
type Moment struct {
	// Wall is in the time zone of the schedule.
	Wall time.Time
	// Up is the time since the program began.
	Up time.Duration
}

// Entry says when runs of one mode are due.
type Entry struct {
	Mode  record.Mode
	Times Times
	// Jitter, where set, is how much later one of them comes; it is asked once
	// for each, and has to stay below the time between two.
	Jitter func() time.Duration
}

// correction is how far a clock may be put back for what it shows again to count
// as shown already. Beyond that the clock was wrong before, and the time that it
// shows now is believed.
const correction = 3 * time.Hour

// timer is an entry with the next time that it is due.
type timer struct {
	Entry
	// begins is the next occurrence without its jitter, by the clock that counts
	// up or by that on the wall, as Times says.
	beginsUp   time.Duration
	beginsWall time.Time
	late       time.Duration
	// seen is what the wall showed at the last tick, fired the last occurrence.
	seen, fired time.Time
}

// start sets the timer for its first time. What came due since the last run of
// its mode is owed at once. Where there was none, an interval begins at once,
// and what is by the clock waits for its time. What was begun already does not come
// again when the clock was put back.
func start(e Entry, past Past, now Moment) *timer {
	t := &timer{Entry: e, seen: now.Wall}
	last := past.began(e.Mode)
	switch {
	case e.Times.Never():
		return t
	case e.Times.every > 0:
		t.beginsUp = now.Up
		if !last.IsZero() {
			since := min(max(now.Wall.Sub(last), 0), e.Times.every)
			t.beginsUp += e.Times.every - since
		}
	default:
		if last.IsZero() || last.Sub(now.Wall) > correction {
			last = now.Wall
		}
		if due := past.Due[e.Mode]; due.Sub(now.Wall) <= correction {
			t.fired, last = due, later(last, due)
		}
		t.beginsWall = e.Times.next(last.In(now.Wall.Location()))
	}
	t.delay()
	return t
}

// delay draws the jitter of the next occurrence.
func (t *timer) delay() {
	t.late = 0
	if t.Jitter != nil {
		t.late = t.Jitter()
	}
}

// tick tells whether the timer came due, once for all the times that it did.
func (t *timer) tick(now Moment) bool {
	if t.Times.Never() {
		return false
	}
	if t.Times.cron != nil && now.Wall.Before(t.seen) {
		t.putBack(now)
	}
	t.seen = now.Wall
	if t.wait(now) > 0 {
		return false
	}
	if every := t.Times.every; every > 0 {
		missed := (now.Up - t.beginsUp) / every
		t.beginsUp += (missed + 1) * every
	} else {
		t.fired = t.beginsWall
		t.beginsWall = t.Times.next(later(now.Wall, t.beginsWall))
	}
	t.delay()
	return true
}

// putBack looks for the next occurrence anew after the clock on the wall was put
// back: not for one that came already, nor is one lost that came and is delayed.
func (t *timer) putBack(now Moment) {
	if !t.beginsWall.After(t.seen) && t.beginsWall.Sub(now.Wall) <= correction {
		return
	}
	from := now.Wall
	if t.fired.After(now.Wall) && t.fired.Sub(now.Wall) <= correction {
		from = t.fired
	}
	t.beginsWall = t.Times.next(from)
}

// wait is the time until the timer is due, zero or less where it is.
func (t *timer) wait(now Moment) time.Duration {
	if t.Times.every > 0 {
		return t.beginsUp + t.late - now.Up
	}
	return t.beginsWall.Sub(now.Wall) + t.late
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
