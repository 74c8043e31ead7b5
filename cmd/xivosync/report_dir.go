package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// reportMode lets a group read reports: they hold people's data, and no secret.
const reportMode = 0o640

// leaveReport leaves the report of a run in [report] dir: a file of its own where
// something was done, failed, or is new to decide, and latest.html in any case.
// What goes wrong is said, and does not concern the run.
func (p *program) leaveReport(all *parts, run *reconcile.Report) {
	if all.reports == "" || run == nil {
		return
	}
	if err := p.writeReports(all, run); err != nil {
		all.log.Error("the report of the run was not written", "run", run.Number, "error", err)
	}
}

func (p *program) writeReports(all *parts, run *reconcile.Report) error {
	found, err := conflicts.List(all.store, conflicts.Filter{})
	if err != nil {
		return err
	}
	content := p.newReport(found)
	content.Run = &run.Run
	if content.Changes, err = take(all.store.Changes(run.Number), 0); err != nil {
		return err
	}
	if err := os.Mkdir(all.reports, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the folder of [report] dir: %w", err)
	}
	names := []string{"latest.html"}
	if worthKeeping(run, found) {
		names = append(names, reportName(run.Run))
	}
	for _, name := range names {
		path := filepath.Join(all.reports, name)
		if err := replaceFile(path, content.HTML); err != nil {
			return err
		}
		if err := os.Chmod(path, reportMode); err != nil {
			return err
		}
	}
	return nil
}

// worthKeeping tells whether there is anything in the report that the one before
// did not tell.
func worthKeeping(run *reconcile.Report, found []record.Conflict) bool {
	return run.Outcome != record.OutcomeNothing || slices.ContainsFunc(found, func(c record.Conflict) bool { return c.FirstRun == run.Number })
}

// reportName sorts by time.
func reportName(run record.Run) string {
	return fmt.Sprintf("%s-run-%d.html", run.Started.UTC().Format("20060102T150405Z"), run.Number)
}

// writeRun writes one run in a format of its own.
func (p *program) writeRun(flags reporting, run shownRun) error {
	content := p.newReport(nil)
	content.Run, content.Changes = &run.Run, run.Changes
	return p.writeReport(flags, content, run)
}

// shellWord is a text as a shell takes it for one word.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("/._-+@%,=:", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
