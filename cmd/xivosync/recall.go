package main

import (
	"time"

	"xivosync/reconcile/record"
)

// modes are those of the schedule.
var modes = []record.Mode{record.Incremental, record.Full, record.Audit}

// lastRuns tells when the last run of each mode began that came to an end; of a
// mode that never was made, when the journal begins.
func (s *service) lastRuns() (map[record.Mode]time.Time, error) {
	last := map[record.Mode]time.Time{}
	var oldest time.Time
	for run, err := range s.store.Runs() {
		if err != nil {
			return nil, err
		}
		oldest = run.Started
		if completed(run) && last[run.Mode].IsZero() {
			last[run.Mode] = run.Started
		}
	}
	for _, mode := range modes {
		if last[mode].IsZero() && !oldest.IsZero() {
			last[mode] = oldest
		}
	}
	return last, nil
}

// completed tells whether a run came to its end, be it that a guard stopped it; a
// rollback is none of the schedule's.
func completed(run record.Run) bool {
	if len(run.RolledBack) > 0 {
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
func (s *service) recall() (map[record.Mode]time.Time, error) {
	seen := map[record.Mode]bool{}
	for run, err := range s.store.Runs() {
		if err != nil {
			return nil, err
		}
		if !completed(run) || seen[run.Mode] || run.Outcome == record.OutcomeGuarded {
			continue
		}
		seen[run.Mode] = true
		s.figures.Recall(run, true)
		if run.Finished != nil && run.Finished.After(s.good) {
			s.good = *run.Finished
		}
		if len(seen) == len(modes) {
			break
		}
	}
	if err := s.figures.waiting(s.store); err != nil {
		return nil, err
	}
	return s.lastRuns()
}
