package main

import (
	"errors"
	"fmt"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// shownRun is a run with its changes, as runs RUN --json prints it.
type shownRun struct {
	listedRun
	Changes []record.Change `json:"changes"`
	// Mails are those that the run put into the outbox.
	Mails []record.Mail `json:"mails"`
}

func (p *program) showOneRun(number uint64, flags looks) error {
	var run shownRun
	if err := p.looking(func(db *store.DB) (err error) { run, err = runOf(db, number, flags); return err }); err != nil {
		return err
	}
	if flags.format != "text" || flags.output != "" {
		return p.writeRun(flags.reporting, run)
	}
	if flags.json {
		return printJSON(p.out, run)
	}
	if err := p.showRun(p.out, run.Run, provenance(run.listedRun)...); err != nil {
		return err
	}
	if len(run.Changes) > 0 {
		fmt.Fprintln(p.out)
	}
	for i, c := range run.Changes {
		if c.Step == record.Planned {
			run.Changes[i].Step = notMade
		}
	}
	if err := p.showChanges(p.out, run.Changes); err != nil || len(run.Mails) == 0 {
		return err
	}
	p.heading(p.out, true, "Mails:")
	return showMails(p.out, "  ", run.Mails)
}

// runOf reads a run with those of its changes that the flags ask for.
func runOf(db *store.DB, number uint64, flags looks) (run shownRun, err error) {
	run.Run, err = db.Run(number)
	if errors.Is(err, store.ErrNotFound) {
		return run, fmt.Errorf("there is no run %d; \"xivosync runs --last 0\" lists those that are kept", number)
	}
	if err != nil {
		return run, err
	}
	if run.RolledBackBy, err = db.RolledBackBy(number); err != nil {
		return run, err
	}
	who, err := reconcile.NamedBy(db, flags.only)
	if err != nil {
		return run, err
	}
	run.Changes, err = takeIf(db.Changes(number), 0, func(c record.Change) bool {
		return (flags.only == "" || who.Made(c)) && (!flags.failed || c.Step != record.Done)
	})
	run.Changes = orEmpty(run.Changes)
	if err != nil {
		return run, err
	}
	run.Mails, err = mailsOf(db, []uint64{number})
	run.Mails = orEmpty(run.Mails)
	if flags.only != "" {
		run.Mails = slices.DeleteFunc(run.Mails, func(m record.Mail) bool { return !who.Is(m.Person, m.Entry) })
		run.Failures = slices.DeleteFunc(run.Failures, func(f record.Failure) bool { return !who.Is(f.Person) })
		run.Recoveries = slices.DeleteFunc(run.Recoveries, func(r record.Recovery) bool { return !who.Is(r.Person) })
	}
	return run, err
}

// provenance are the rows that only the journal's own view of a run has.
func provenance(r listedRun) [][2]string {
	rows := [][2]string{{"configuration", r.Fingerprint[:min(len(r.Fingerprint), 12)]}}
	if r.Fingerprint == "" {
		rows = nil
	}
	if len(r.RolledBackBy) > 0 {
		rows = append(rows, [2]string{"taken back by", runNumbers(r.RolledBackBy)})
	}
	return rows
}
