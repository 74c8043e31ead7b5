package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"xivosync/reconcile/record"
)

// outcomes are how a run ended, in words.
var outcomes = map[record.Outcome]string{
	record.OutcomeDone:    "done",
	record.OutcomeNothing: "nothing to do",
	record.OutcomeGuarded: "stopped by a guard",
	record.OutcomePartial: "done in part",
	record.OutcomeFailed:  "failed",
	record.OutcomeStopped: "stopped",
	"":                    "not finished",
}

func outcomeWords(o record.Outcome) string {
	if words := outcomes[o]; words != "" {
		return words
	}
	return string(o)
}

// tally lists the counts that are not zero: 3 created, 1 conflict.
func tally(c record.Counts) string {
	var parts []string
	for _, one := range []struct {
		n    int
		what string
	}{
		{c.Created, "created"}, {c.Adopted, "linked"}, {c.Updated, "changed in XiVO"},
		{c.WrittenBack, "changed in the directory"}, {c.Deactivated, "deactivated"},
		{c.Reactivated, "reactivated"}, {c.Deleted, "deleted"}, {c.Conflicts, "with conflicts"},
		{c.Blocked, "blocked"}, {c.Failed, "failed"}, {c.Stale, "skipped"}, {c.Held, "held"},
		{c.Mails, "mails"},
	} {
		if one.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", one.n, one.what))
		}
	}
	if len(parts) == 0 {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

// showRun prints how a run went, with more rows about it: what it did, what
// stopped it, whom it could not serve.
func (p *program) showRun(w io.Writer, run record.Run, more ...[2]string) error {
	fmt.Fprintf(w, "%s: %s. %s.\n", p.style.bold(fmt.Sprintf("Run %d", run.Number)), outcomeWords(run.Outcome), capital(tally(run.Counts)))
	t := newTable(w, "  ")
	t.row("started", fmt.Sprintf("%s (%s reading, %s, %s)", moment(run.Started), run.Mode, run.Trigger, run.Who))
	if run.FullBecause != "" {
		t.row("not incremental", run.FullBecause)
	}
	if run.Finished != nil {
		t.row("took", (time.Duration(run.Seconds * float64(time.Second))).Round(time.Millisecond).String())
	}
	for _, side := range []record.Side{record.LDAP, record.XiVO} {
		if r, known := run.Requests[side]; known {
			t.row(sideName(side), count(int(r.Read), "reading request")+", "+count(int(r.Write), "writing request"))
		}
	}
	if r := run.Recovered; r != (record.Recovered{}) {
		t.row("left open before", fmt.Sprintf("%d found done, %d undone, %d unknown", r.Done, r.Undone, r.Unknown))
	}
	if len(run.Allowed) > 0 {
		t.row("let through", strings.Join(run.Allowed, ", "))
	}
	if len(run.Keys) > 0 {
		t.row("changed settings", strings.Join(run.Keys, ", "))
	}
	if len(run.RolledBack) > 0 {
		t.row("takes back", runNumbers(run.RolledBack))
	}
	for _, row := range more {
		t.row(row[0], row[1])
	}
	if run.Error != "" {
		t.row("error", run.Error)
	}
	if err := t.end(); err != nil {
		return err
	}
	if err := showRecoveries(w, run.Recoveries); err != nil {
		return err
	}
	if len(tripped(run.Guards)) > 0 {
		if err := p.showGuards(w, run.Guards); err != nil {
			return err
		}
	}
	return showFailures(w, run.Failures)
}

// found are what recovery made of a change that was left open, in words.
var found = map[record.Step]string{
	record.Done:    "was carried out",
	record.Undone:  "was not carried out, or is taken back",
	record.Planned: "was not begun",
	record.Unknown: "its outcome is unknown",
}

// showRecoveries prints what an earlier run had left open.
func showRecoveries(w io.Writer, recoveries []record.Recovery) error {
	if len(recoveries) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nLeft open by an earlier run:")
	t := newTable(w, "  ")
	for _, r := range recoveries {
		words := cmp.Or(found[r.Step], string(r.Step))
		if r.Error != "" {
			words += ": " + r.Error
		}
		t.row(r.Label(), r.ID, action(record.Change{Side: r.Side, Op: r.Op, Thing: r.Thing}), words)
	}
	return t.end()
}

func showFailures(w io.Writer, failures []record.Failure) error {
	if len(failures) == 0 {
		return nil
	}
	fmt.Fprintln(w, "\nNot served in full:")
	t := newTable(w, "  ")
	for _, f := range failures {
		t.row(f.Label(), f.Error)
	}
	return t.end()
}

func sideName(s record.Side) string {
	if s == record.LDAP {
		return "directory"
	}
	return "XiVO"
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
