package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// running is what the flags of run say.
type running struct {
	json, audit, incremental bool
	plan                     string
	only, allow              []string
}

// onlyHelp says what --only takes.
const onlyHelp = "only the person with this `ID`: an identifier, DN, e-mail or GUID; may be repeated"

// guards are the names that --allow takes.
var guards = []string{
	reconcile.GuardRemovals, reconcile.GuardClears, reconcile.GuardRenumberings, reconcile.GuardCreates,
	reconcile.GuardUpdates, reconcile.GuardWritebacks, reconcile.GuardMails, reconcile.GuardFirstRun, reconcile.GuardSource,
	reconcile.GuardConfiguration, reconcile.GuardRestored, reconcile.GuardIdentity, reconcile.GuardCanary,
}

func (p *program) runCommand() *cobra.Command {
	var flags running
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Bring both sides in step",
		Long: `Read both sides, plan, and carry the plan out. What cannot be decided is reported
and left alone; a plan beyond the guards is not carried out.

With --plan, exactly what the saved plan lists is done, and its guards are let
through; what is no longer so is skipped and listed.` +
			exitStatus(exitFailed, exitUsage, exitGuarded, exitPartial, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.run(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	jsonFlag(cmd, &flags.json)
	f.StringVar(&flags.plan, "plan", "", "carry out the plan that plan -o saved in this `file`")
	f.BoolVar(&flags.audit, "audit", false, "read every user of XiVO in full")
	f.StringArrayVar(&flags.only, "only", nil, onlyHelp)
	f.BoolVar(&flags.incremental, "incremental", false, incrementalHelp)
	f.StringSliceVar(&flags.allow, "allow", nil, "let a `guard` through: "+listed(guards))
	return cmd
}

func (p *program) run(ctx context.Context, flags running) (err error) {
	opt, err := flags.options(p)
	if err != nil {
		return err
	}
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	report, err := p.carryOut(ctx, all, opt)
	return p.conclusion(all, report, err, flags.json)
}

// conclusion tells how a run went.
func (p *program) conclusion(all *parts, report *reconcile.Report, err error, asJSON bool) error {
	p.status.clear()
	if report == nil {
		return err
	}
	waiting, e := take(all.store.Conflicts(), 0)
	err = errors.Join(err, e)
	if asJSON {
		err = errors.Join(err, printJSON(p.out, report))
	} else {
		err = errors.Join(err, p.showReport(p.out, report, waitingFor(waiting)), p.showPosted(p.out, all.posted))
	}
	return also(outcomeExit(report), errors.Join(err, prune(all, p)))
}

// options are what the engine is told. Unknown guards are refused, since a typo
// would otherwise let nothing through, silently.
func (f running) options(p *program) (reconcile.Options, error) {
	reading, err := mode(f.audit, f.incremental, f.only)
	opt := reconcile.Options{Mode: reading, Only: f.only, Allow: f.allow, Trigger: p.trigger(), Who: p.who()}
	if err = errors.Join(err, knownGuards(f.allow)); err != nil {
		return opt, err
	}
	if f.plan == "" {
		return opt, nil
	}
	opt.Approved, err = p.savedPlan(f.plan, "plan -o")
	return opt, err
}

// savedPlan reads a plan that a command saved.
func (p *program) savedPlan(path, command string) (*reconcile.Approved, error) {
	text, err := p.readFile(path)
	if err != nil {
		return nil, fmt.Errorf("read plan: %w", err)
	}
	saved, err := reconcile.ParseApproved(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no plan that \"xivosync %s\" saved: %w", path, command, err)
	}
	return saved, nil
}

// carryOut makes one run; a service is told what came of it.
func (p *program) carryOut(ctx context.Context, all *parts, opt reconcile.Options) (*reconcile.Report, error) {
	report, err := all.engine(p).Run(ctx, opt)
	p.status.clear()
	p.ended(all, report, len(opt.Only) == 0)
	p.leaveReport(all, report)
	p.leaveContacts(ctx, all, report)
	p.tellAdmins(all)
	p.sendMails(ctx, all)
	if p.visit != nil {
		p.visit.result = resultOf(report, opt, all.settings, err)
	}
	return report, err
}

// ended counts and logs what came of a run, if it came to be one. Whole tells that
// it was for everybody.
func (p *program) ended(all *parts, report *reconcile.Report, whole bool) {
	if report == nil {
		return
	}
	all.count(report, whole)
	if p.visit != nil {
		p.visit.service.ran(report, whole)
	}
}

// prune forgets runs that are older than the configuration keeps.
func prune(all *parts, p *program) error {
	keep := all.keep
	removed, err := all.store.Prune(keep.KeepRuns, keep.KeepFor.Std(), p.now())
	if removed > 0 {
		all.log.Info("old runs forgotten", "runs", removed)
	}
	return err
}

// outcomeExit maps how a run ended to the exit code; the report has said the
// rest.
func outcomeExit(report *reconcile.Report) error {
	stale := report.Plan != nil && len(report.Plan.Stale) > 0
	switch c := report.Counts; {
	case report.Outcome == record.OutcomeGuarded:
		return exit(exitGuarded)
	case report.Outcome == record.OutcomePartial || c.Failed+c.Stale > 0 || stale:
		return exit(exitPartial)
	}
	return nil
}
