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
	field, output, plan string
	only, allow         []string
}

func (p *program) rollbackCommand() *cobra.Command {
	var flags undoing
	cmd := &cobra.Command{
		Use:   "rollback RUN | FIRST..LAST | --plan FILE",
		Short: "Take back what a run did, on both sides",
		Long: `Take back what a run did, or a range of runs, newest change first: on both sides
everything is as it was before. It is a run of its own: planned, guarded, shown
by "xivosync runs", and it can be rolled back itself. Begin with --dry-run.

What somebody changed since is left and listed; --force takes it back all the
same, field by field. A user whom the run created is taken down only if there is
nothing but what the run made. What cannot come back with a deleted user: the
uuid, messages of the mailbox, membership of queues as a user, schedules, call
filters, other people's keys.

With --plan, exactly what a plan lists that -o saved is taken back, and its guards
are let through; what is no longer so is skipped and listed.

What is taken back is held: the next runs leave it alone, until the value that
caused it changes, or "xivosync holds release" lets it through. One that was
interrupted is asked for again, and goes on where it stopped; until then no run
touches whom it is about.` +
			exitStatus(exitFailed, exitUsage, exitGuarded, exitPartial, exitBusy),
		Args: func(cmd *cobra.Command, args []string) error {
			if flags.plan != "" {
				return aloneWithPlan(cmd, args)
			}
			return one(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return p.rollback(cmd.Context(), args, flags) },
	}
	f := cmd.Flags()
	jsonFlag(cmd, &flags.json)
	f.BoolVar(&flags.dryRun, "dry-run", false, "show what would be taken back; change nothing")
	f.StringVarP(&flags.output, "output", "o", "", "save the plan in a `file` for rollback --plan, and change nothing")
	f.StringVar(&flags.plan, "plan", "", "carry out the plan that rollback -o saved in this `file`")
	f.BoolVar(&flags.force, "force", false, "take back what somebody changed since, too")
	f.StringArrayVar(&flags.only, "only", nil, onlyHelp)
	f.StringVar(&flags.field, "field", "", "only this `field`")
	f.StringSliceVar(&flags.allow, "allow", nil, "let a `guard` through: "+listed(guards))
	return cmd
}

// aloneWithPlan refuses what a saved plan says itself.
func aloneWithPlan(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("--plan and RUN cannot be used together: the saved plan says which runs it takes back")
	}
	for _, name := range []string{"only", "field", "force", "output"} {
		if cmd.Flags().Changed(name) {
			return usagef("--plan and --%s cannot be used together: the saved plan is carried out as it is", name)
		}
	}
	return nil
}

func (p *program) rollback(ctx context.Context, runs []string, flags undoing) (err error) {
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
	return p.showRollbackPlan(p.out, plan, flags)
}

// options are what the engine is told.
func (f undoing) options(p *program, runs []string) (opt reconcile.RollbackOptions, err error) {
	if f.plan == "" {
		opt, err = rangeMeant(runs[0])
		opt.Only, opt.Field, opt.Force = f.only, f.field, f.force
	} else {
		opt, err = p.savedRollback(f.plan)
	}
	opt.Allow, opt.Trigger, opt.Who = f.allow, triggerRollback, p.who()
	return opt, errors.Join(err, knownGuards(f.allow))
}

// rangeMeant reads the number of a run, or a range of them.
func rangeMeant(runs string) (opt reconcile.RollbackOptions, err error) {
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
	return opt, nil
}

// savedRollback reads a plan that rollback -o saved.
func (p *program) savedRollback(path string) (reconcile.RollbackOptions, error) {
	saved, err := p.savedPlan(path, "rollback RUN -o")
	if err != nil {
		return reconcile.RollbackOptions{}, err
	}
	opt, err := saved.Rollback()
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return opt, err
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
