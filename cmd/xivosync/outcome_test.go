package main

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func TestWhatTheScheduleLearnsOfARun(t *testing.T) {
	stop := reconcile.Settings{Guards: reconcile.Guards{Limits: map[string]reconcile.Limit{reconcile.GuardRemovals: {}}}}
	hold := stop
	hold.Guards.OnTrip = reconcile.OnTripHold
	guarded := func(names ...string) *reconcile.Report {
		r := &reconcile.Report{Run: record.Run{Number: 7, Outcome: record.OutcomeGuarded}, Plan: &reconcile.Plan{}}
		for _, name := range names {
			r.Guards = append(r.Guards, record.Guard{Name: name, Tripped: true})
		}
		r.Guards = append(r.Guards, record.Guard{Name: reconcile.GuardUpdates})
		return r
	}
	done := &reconcile.Report{Run: record.Run{Number: 7, Outcome: record.OutcomeDone}, Plan: &reconcile.Plan{}}
	failed := &reconcile.Report{Run: record.Run{Number: 7, Outcome: record.OutcomeFailed}}
	down := &record.Error{Side: record.XiVO, Class: record.Down, Message: "gone"}
	for name, tc := range map[string]struct {
		report   *reconcile.Report
		only     []string
		settings reconcile.Settings
		err      error
		want     schedule.Result
	}{
		"done":                         {done, nil, stop, nil, schedule.Result{Run: 7, Answered: true, Passed: true}},
		"done for one person":          {done, []string{"ann"}, stop, nil, schedule.Result{Run: 7, Answered: true}},
		"stopped by a guard":           {guarded(reconcile.GuardRemovals), nil, stop, nil, schedule.Result{Run: 7, Answered: true, Guards: []string{"removals"}}},
		"stopped for one person":       {guarded(reconcile.GuardRemovals), []string{"ann"}, stop, nil, schedule.Result{Run: 7, Answered: true}},
		"a guard holds its kind":       {guarded(reconcile.GuardRemovals), nil, hold, nil, schedule.Result{Run: 7, Answered: true, Passed: true}},
		"a guard that stops all":       {guarded(reconcile.GuardRemovals, reconcile.GuardSource), nil, hold, nil, schedule.Result{Run: 7, Answered: true, Guards: []string{"removals", "source"}}},
		"a side is down":               {failed, nil, stop, fmt.Errorf("read: %w", down), schedule.Result{Run: 7, Down: record.XiVO, Err: cmpopts.AnyError}},
		"a side is down, before a run": {nil, nil, stop, down, schedule.Result{Down: record.XiVO, Err: cmpopts.AnyError}},
		"the store fails":              {failed, nil, stop, errors.New("no space left"), schedule.Result{Run: 7, Err: cmpopts.AnyError}},
		"refused for one person":       {failed, nil, stop, &record.Error{Side: record.LDAP, Class: record.Refused}, schedule.Result{Run: 7, Err: cmpopts.AnyError}},
		"somebody stopped it":          {failed, nil, stop, &record.Error{Side: record.LDAP, Class: record.Down, Err: context.Canceled}, schedule.Result{Run: 7, Err: cmpopts.AnyError}},
	} {
		t.Run(name, func(t *testing.T) {
			got := resultOf(tc.report, reconcile.Options{Only: tc.only}, tc.settings, tc.err)
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateErrors()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOneLineForTheServiceManager(t *testing.T) {
	at := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	for want, s := range map[string]schedule.Status{
		"waiting; next: incremental run":       {Next: map[record.Mode]time.Duration{record.Full: time.Hour, record.Incremental: time.Minute}},
		"waiting; the schedule is empty":       {},
		"full run since 12:00:00":              {Current: &schedule.Turn{Mode: record.Full, Since: at}},
		"paused; planning":                     {Current: &schedule.Turn{Mode: record.Full, ReadOnly: true}, Pause: &schedule.Pause{}},
		"carrying out a command":               {Current: &schedule.Turn{}},
		"PAUSED since run 3: guard removals":   {Pause: &schedule.Pause{Run: 3, Guards: []string{"removals"}}},
		"the directory is down since 12:00:00": {Trouble: &schedule.Trouble{Side: record.LDAP, Since: at}, Pause: &schedule.Pause{}},
		"audit run since 12:00:00":             {Current: &schedule.Turn{Mode: record.Audit, Since: at}, Trouble: &schedule.Trouble{Side: record.LDAP}},
	} {
		if got := summary(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
