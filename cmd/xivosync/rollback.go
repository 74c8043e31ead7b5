package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// triggerRollback is what the journal says of a run that takes others back.
const triggerRollback = "rollback"

// undoing is what the flags of rollback say.
type undoing struct {
	json, dryRun, force bool
	field, output       string
	only, allow         []string
}

func (p *program) rollbackCommand() *cobra.Command {
	var flags undoing
	cmd := &cobra.Command{
		Use:   "rollback RUN | FIRST..LAST",
		Short: "Take back what a run did, on both sides",
		Long: `Take back what a run did, or a range of runs, newest change first: on both sides
everything is as it was before. It is a run of its own: planned, guarded, shown
by "xivosync runs", and it can be rolled back itself. Begin with --dry-run.

What somebody changed since is left and listed; --force takes it back all the
same, field by field. A user whom the run created is taken down only if there is
nothing but what the run made. What cannot come back with a deleted user: the
uuid, messages of the mailbox, membership of queues as a user, schedules, call
filters, other people's keys.

What is taken back is held: the next runs leave it alone, until the value that
caused it changes, or "xivosync holds release" lets it through.` +
			exitStatus(exitFailed, exitUsage, exitGuarded, exitPartial, exitBusy),
		Args: one,
		RunE: func(cmd *cobra.Command, args []string) error { return p.rollback(cmd.Context(), args[0], flags) },
	}
	f := cmd.Flags()
	jsonFlag(cmd, &flags.json)
	f.BoolVar(&flags.dryRun, "dry-run", false, "show what would be taken back; change nothing")
	f.StringVarP(&flags.output, "output", "o", "", "save the plan in a `file`, as JSON, and change nothing")
	f.BoolVar(&flags.force, "force", false, "take back what somebody changed since, too")
	f.StringArrayVar(&flags.only, "only", nil, onlyHelp)
	f.StringVar(&flags.field, "field", "", "only this `field`")
	f.StringSliceVar(&flags.allow, "allow", nil, "let a `guard` through: "+listed(guards))
	return cmd
}

func (p *program) rollback(ctx context.Context, runs string, flags undoing) (err error) {
	opt, err := flags.options(p, runs)
	if err != nil {
		return err
	}
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	if flags.dryRun || flags.output != "" {
		return p.planRollback(ctx, all, opt, flags)
	}
	report, err := all.engine(p).Rollback(ctx, opt)
	p.status.clear()
	if report == nil {
		return unknownRun(err)
	}
	p.ended(all, &report.Report, false)
	if flags.json {
		err = errors.Join(err, printJSON(p.out, report))
	} else {
		err = errors.Join(err, p.showRolledBack(p.out, report))
	}
	return also(leftExit(report), err)
}

// planRollback shows the inverse plan, and saves it.
func (p *program) planRollback(ctx context.Context, all *parts, opt reconcile.RollbackOptions, flags undoing) error {
	plan, err := all.engine(p).PlanRollback(ctx, opt)
	p.status.clear()
	if err != nil {
		return unknownRun(err)
	}
	if flags.output != "" {
		if err := p.saveFile(flags.output, func(w io.Writer) error { return printJSON(w, plan) }); err != nil {
			return err
		}
	}
	if flags.json {
		return printJSON(p.out, plan)
	}
	return p.showRollbackPlan(p.out, plan, opt)
}

// options are what the engine is told.
func (f undoing) options(p *program, runs string) (reconcile.RollbackOptions, error) {
	opt := reconcile.RollbackOptions{Only: f.only, Field: f.field, Force: f.force, Allow: f.allow, Trigger: triggerRollback, Who: p.who()}
	first, last, ranged := strings.Cut(runs, "..")
	if !ranged {
		last = first
	}
	var err1, err2 error
	opt.First, err1 = strconv.ParseUint(first, 10, 64)
	opt.Last, err2 = strconv.ParseUint(last, 10, 64)
	if err1 != nil || err2 != nil || opt.First == 0 || opt.Last < opt.First {
		return opt, usagef("rollback %s: want the number of a run, or a range such as 41..43", runs)
	}
	return opt, knownGuards(f.allow)
}

// unknownRun says where the numbers of runs are to be found.
func unknownRun(err error) error {
	if errors.Is(err, reconcile.ErrNoRun) {
		return fmt.Errorf("%w; \"xivosync runs --last 0\" lists those that are kept", err)
	}
	return err
}

// leftExit maps how a rollback ended to the exit code.
func leftExit(report *reconcile.RollbackReport) error {
	if len(report.Left) > 0 && report.Outcome != record.OutcomeGuarded {
		return exit(exitPartial)
	}
	return outcomeExit(&report.Report)
}
