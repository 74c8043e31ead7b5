package main

import (
	"slices"
	"time"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// scheduled are the modes that come due at all.
func scheduled(cfg config.Schedule) (modes []record.Mode) {
	for _, e := range entries(cfg) {
		if !e.Times.Never() {
			modes = append(modes, e.Mode)
		}
	}
	return modes
}

// past is what the journal tells the schedule: when the last run of each mode began
// that came to an end, or, of a mode that never was made, when the journal begins;
// for which of its times that was; and whether a guard stopped the last run. It looks
// back no further than it has to: a journal may have a hundred thousand runs.
func (s *service) past(cfg config.Schedule) (schedule.Past, error) {
	modes := scheduled(cfg)
	past := schedule.Past{Began: map[record.Mode]time.Time{}, Due: map[record.Mode]time.Time{}}
	_, settings := s.current()
	var oldest time.Time
	var pause pausing
	for run, err := range s.store.Runs() {
		if err != nil {
			return past, err
		}
		oldest = run.Started
		pause.add(run, settings)
		if !completed(run) {
			continue
		}
		if past.Began[run.Mode].IsZero() {
			past.Began[run.Mode] = run.Started
		}
		for mode, due := range run.Due {
			if past.Due[mode].IsZero() {
				past.Due[mode] = due
			}
		}
		if pause.over && !slices.ContainsFunc(modes, func(m record.Mode) bool { return past.Began[m].IsZero() }) {
			break
		}
	}
	for _, mode := range modes {
		if past.Began[mode].IsZero() && !oldest.IsZero() {
			past.Began[mode] = oldest
		}
	}
	past.Pause = pause.found
	return past, nil
}

// pausing looks for the pause in which the last service ended, run by run, newest
// first: a guard stopped one, and none that came to its end since let it through.
type pausing struct {
	found *schedule.Pause
	over  bool
}

// add looks at one run more. Those that came to no end tell nothing, nor do those
// for some people.
func (p *pausing) add(run record.Run, settings reconcile.Settings) {
	if p.over || !completed(run) {
		return
	}
	guards := stoppedBy(run.Guards, settings)
	if run.Outcome != record.OutcomeGuarded || len(guards) == 0 {
		p.over = true
		return
	}
	if p.found == nil {
		p.found = &schedule.Pause{Run: run.Number, Guards: guards}
	}
	if p.found.Since = run.Started; run.Finished != nil {
		p.found.Since = *run.Finished
	}
}

// completed tells whether a run of the schedule, or one that stands in for it, came
// to its end, be it that a guard stopped it. A rollback and a run for some people
// stand in for none.
func completed(run record.Run) bool {
	if len(run.RolledBack) > 0 || run.Some {
		return false
	}
	switch run.Outcome {
	case record.OutcomeFailed, record.OutcomeStopped, "":
		return false
	}
	return true
}

// recall begins with what the journal knows: when runs were, how the last ones
// ended, and what waits for people.
func (s *service) recall(cfg config.Schedule) (schedule.Past, error) {
	seen := map[record.Mode]bool{}
	modes := scheduled(cfg)
	for run, err := range s.store.Runs() {
		if err != nil {
			return schedule.Past{}, err
		}
		if !completed(run) || seen[run.Mode] || run.Outcome == record.OutcomeGuarded {
			continue
		}
		seen[run.Mode] = true
		s.figures.Recall(run, true)
		if run.Finished != nil && run.Finished.After(s.good) {
			s.good = *run.Finished
		}
		if !slices.ContainsFunc(modes, func(m record.Mode) bool { return !seen[m] }) {
			break
		}
	}
	if err := s.figures.waiting(s.store); err != nil {
		return schedule.Past{}, err
	}
	return s.past(cfg)
}
