package main

import (
	"io"
	"time"

	"xivosync/cmd/xivosync/config"
	"xivosync/cmd/xivosync/metrics"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// figures are the metrics of this process, with what the textfile said before it.
type figures struct {
	*metrics.Recorder
	past     metrics.Past
	textfile string
}

// newFigures begins to count. A textfile that cannot be read is no reason to make
// no run.
func newFigures(textfile string) (*figures, error) {
	f := &figures{Recorder: metrics.New(programVersion()), textfile: textfile}
	if textfile == "" {
		return f, nil
	}
	var err error
	f.past, err = metrics.ReadPast(textfile)
	return f, err
}

// counting returns the figures of the service, or those of this process alone.
func (p *program) counting(cfg *config.Config) (*figures, error) {
	if p.visit != nil {
		return p.visit.service.figures, nil
	}
	return newFigures(cfg.Metrics.Textfile)
}

// of returns what is told of one side's requests; nil where nobody counts.
func (f *figures) of(side record.Side) func(time.Duration, bool) {
	if f == nil {
		return nil
	}
	return func(took time.Duration, failed bool) { f.Request(side, took, failed) }
}

// count takes in a run that ended, and writes the textfile. Whole tells that the
// run was for everybody.
func (a *parts) count(report *reconcile.Report, whole bool) {
	var guards []string
	if report.Outcome == record.OutcomeGuarded {
		guards = stoppedBy(report.Guards, a.settings)
	}
	a.figures.Run(report.Run, guards, whole)
	if report.Plan != nil {
		a.figures.Linked(report.Plan.Linked)
	}
	if err := a.figures.waiting(a.store); err != nil {
		a.log.Warn("metrics not counted", "error", err)
	}
	if a.figures.textfile == "" {
		return
	}
	err := replaceReadable(a.figures.textfile, func(w io.Writer) error { return a.figures.Write(w, a.figures.past) })
	if err != nil {
		a.log.Warn("metrics not written", "error", err)
	}
}

// waiting takes in what waits for people.
func (f *figures) waiting(db *store.DB) error {
	conflicts, err := take(db.Conflicts(), 0)
	if err != nil {
		return err
	}
	holds, err := take(db.Holds(), 0)
	if err != nil {
		return err
	}
	f.Waiting(conflicts, len(holds))
	return nil
}
