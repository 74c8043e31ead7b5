package main

import (
	"context"
	"errors"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
)

// resultOf tells the schedule what came of a run. Of a run for one person it
// learns only whether both sides answered.
func resultOf(report *reconcile.Report, opt reconcile.Options, settings reconcile.Settings, err error) schedule.Result {
	r := failure(err)
	if report == nil {
		return r
	}
	r.Run, r.Answered = report.Number, report.Plan != nil
	if len(opt.Only) > 0 {
		return r
	}
	if report.Outcome == record.OutcomeGuarded {
		r.Guards = stoppedBy(report.Guards, settings)
	}
	r.Passed = err == nil && len(r.Guards) == 0
	return r
}

// planned tells the schedule what came of a plan for everybody.
func planned(plan *reconcile.Plan, settings reconcile.Settings, err error) schedule.Result {
	if err != nil {
		return failure(err)
	}
	guards := stoppedBy(plan.Guards, settings)
	return schedule.Result{Answered: true, Guards: guards, Passed: len(guards) == 0}
}

// failure tells which side is down, if that is what went wrong.
func failure(err error) schedule.Result {
	r := schedule.Result{Err: err}
	var side *record.Error
	if errors.As(err, &side) && side.Class == record.Down && !errors.Is(err, context.Canceled) {
		r.Down, r.Locked = side.Side, ldap.LoginRefused(err)
	}
	return r
}

// stoppedBy names the guards that stopped a run as a whole: with on_trip =
// "hold", one that counts only held what it counts.
func stoppedBy(guards []record.Guard, settings reconcile.Settings) []string {
	names := tripped(guards)
	if settings.Guards.OnTrip != reconcile.OnTripHold {
		return names
	}
	for _, name := range names {
		if _, counts := settings.Guards.Limits[name]; !counts {
			return names
		}
	}
	return nil
}
