// Package schedule decides when a run is made, and what kind of run: the
// scheduler of "xivosync serve" as a state machine over a clock that is handed
// in. It starts nothing, waits for nothing and prints nothing.
//
// Three things are owed independently of one another, each at its own [Times]:
// incremental, full and audit runs. What is due while a run is going is owed
// once, whatever the number of times that it came due; the deeper run pays for
// the shallower. A guard that stopped a run makes the [Agenda] hand out plans
// instead of runs until one is no longer stopped or somebody lets a run through;
// a side that is down makes it wait longer and longer. Mails that are due in
// between get turns of their own.
//
//	agenda := schedule.New(entries, past, now)
//	agenda.Tick(now)
//	if turn, ok := agenda.Take(now); ok {
//		events := agenda.Done(after, run(turn))
//	}
//	sleep(agenda.Wait(now))
package schedule
