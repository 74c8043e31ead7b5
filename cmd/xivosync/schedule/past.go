package schedule

import (
	"time"

	"xivosync/reconcile/record"
)

// Past is what a service that begins knows of the runs before it. The zero value is
// that of the first one.
type Past struct {
	// Began tells when the last run of each mode began.
	Began map[record.Mode]time.Time
	// Due tells of each mode which of its times by the clock on the wall was begun
	// last. It is later than Began where the clock was put back in between.
	Due map[record.Mode]time.Time
	// Pause is there where a guard had stopped the last run: it goes on.
	Pause *Pause
}

// began is when the last run began that did what one of this mode does.
func (p Past) began(mode record.Mode) time.Time {
	var newest time.Time
	for m, at := range p.Began {
		if depths[m] >= depths[mode] && at.After(newest) {
			newest = at
		}
	}
	return newest
}

// due are the times by the clock on the wall that came last: those of which a turn
// that is taken now takes care, or an earlier one did.
func (a *Agenda) due() map[record.Mode]time.Time {
	due := map[record.Mode]time.Time{}
	for _, t := range a.timers {
		if !t.fired.IsZero() {
			due[t.Mode] = t.fired
		}
	}
	return due
}
