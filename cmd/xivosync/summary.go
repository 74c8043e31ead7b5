package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"xivosync/cmd/xivosync/schedule"
	"xivosync/reconcile/record"
)

// summary says in one line what the service does.
func summary(s schedule.Status) string {
	switch {
	case s.Current != nil && s.Current.Asked():
		return "carrying out a command"
	case s.Current != nil && s.Current.Mails:
		return "sending mails"
	case s.Current != nil && s.Current.ReadOnly:
		return "paused; planning"
	case s.Current != nil:
		return fmt.Sprintf("%s run since %s", s.Current.Mode, s.Current.Since.Format("15:04:05"))
	case s.Trouble != nil:
		return fmt.Sprintf("%s is down since %s", sideNames[s.Trouble.Side], s.Trouble.Since.Format("15:04:05"))
	case s.Pause != nil:
		return "PAUSED since run " + fmt.Sprint(s.Pause.Run) + ": guard " + listed(s.Pause.Guards)
	}
	return "waiting" + upcoming(s.Next)
}

// upcoming names the run that comes next.
func upcoming(next map[record.Mode]time.Duration) string {
	if len(next) == 0 {
		return "; the schedule is empty"
	}
	modes := slices.SortedFunc(maps.Keys(next), func(a, b record.Mode) int { return int(next[a] - next[b]) })
	return fmt.Sprintf("; next: %s run", modes[0])
}
