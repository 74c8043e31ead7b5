package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"xivosync/reconcile/record"
	"xivosync/store"
)

// listedRun is a run with the rollbacks that took it back.
type listedRun struct {
	record.Run
	RolledBackBy []uint64 `json:"rolled_back_by,omitempty"`
}

func (p *program) listRuns(flags looks) error {
	var runs []listedRun
	if err := p.looking(func(db *store.DB) (err error) { runs, err = runsOf(db, flags); return err }); err != nil {
		return err
	}
	if flags.json {
		return printJSON(p.out, orEmpty(runs))
	}
	if len(runs) == 0 {
		fmt.Fprintln(p.out, noRuns(flags))
		return nil
	}
	t := newTable(p.out, "")
	t.row("RUN", "STARTED", "TOOK", "BY", "OUTCOME", "PEOPLE")
	for _, r := range runs {
		t.row(strconv.FormatUint(r.Number, 10), moment(r.Started), seconds(r.Run), r.Trigger+", "+r.Who, ending(r), tally(r.Counts))
	}
	err := t.end()
	p.showPause()
	return err
}

// showPause tells that the service makes no runs at present.
func (p *program) showPause() {
	if p.visit == nil {
		return // it is a service's alone
	}
	if pause := p.visit.service.loop.Status().Pause; pause != nil {
		fmt.Fprintf(p.out, "\nThe service is %s since %s: guard %s stopped run %d. Only plans are made until \"xivosync run --allow %[3]s\" lets one through, or no guard stops the plan any more.\n",
			p.style.bold("PAUSED"), moment(pause.Since), strings.Join(pause.Guards, ","), pause.Run)
	}
}

// runsOf are the runs that the flags ask for, newest first.
func runsOf(db *store.DB, flags looks) ([]listedRun, error) {
	wanted := func(r record.Run) bool { return !flags.failed || badly(r) }
	if flags.only != "" {
		touched, err := runsFor(db, flags.only)
		if err != nil {
			return nil, err
		}
		failed := wanted
		wanted = func(r record.Run) bool { return touched[r.Number] && failed(r) }
	}
	found, err := takeIf(db.Runs(), flags.last, wanted)
	if err != nil {
		return nil, err
	}
	runs := make([]listedRun, len(found))
	for i, r := range found {
		runs[i].Run = r
		if runs[i].RolledBackBy, err = db.RolledBackBy(r.Number); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// badly tells whether a run did not come to a good end.
func badly(r record.Run) bool {
	ended := r.Outcome == record.OutcomeDone || r.Outcome == record.OutcomeNothing
	return !ended || len(r.Failures) > 0 || r.Counts.Failed+r.Counts.Stale > 0
}

// ending says how a run ended, and what became of it since.
func ending(r listedRun) string {
	words := outcomeWords(r.Outcome)
	if len(r.RolledBack) > 0 {
		words += ", takes back " + runNumbers(r.RolledBack)
	}
	if len(r.RolledBackBy) > 0 {
		words += ", taken back by " + runNumbers(r.RolledBackBy)
	}
	return words
}

// runNumbers names runs: run 7, or runs 7, 8.
func runNumbers(numbers []uint64) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatUint(n, 10)
	}
	if len(texts) == 1 {
		return "run " + texts[0]
	}
	return "runs " + strings.Join(texts, ", ")
}

func noRuns(flags looks) string {
	switch {
	case flags.only != "" && flags.failed:
		return "No run that did not come to a good end had a change for " + plain(flags.only) + "."
	case flags.only != "":
		return "No run had a change for " + plain(flags.only) + "."
	case flags.failed:
		return "Every run that is kept came to a good end."
	}
	return `There was no run yet. "xivosync plan" shows what the first one would do.`
}

func seconds(r record.Run) string {
	if r.Finished == nil {
		return "–"
	}
	return time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}
