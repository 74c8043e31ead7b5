package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// planning is what the flags of plan say.
type planning struct {
	json, exitCode, audit, incremental bool
	output                             string
	only                               []string
	allow                              []string
}

func (p *program) planCommand() *cobra.Command {
	var flags planning
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what a run would do; change nothing",
		Long: `Read both sides and show what a run would do, person by person, with what it
cannot decide and what the guards say. Neither side is changed.

A plan that was saved with -o is carried out, and nothing else, by
"xivosync run --plan FILE". The file holds people's data: only its owner can read
it.` + exitStatus(exitFailed, exitUsage, exitBusy, exitFound),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.plan(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	jsonFlag(cmd, &flags.json)
	f.StringVarP(&flags.output, "output", "o", "", "save the plan in a `file` for run --plan")
	f.BoolVar(&flags.exitCode, "exit-code", false, "answer 10 when there is something to do")
	f.BoolVar(&flags.audit, "audit", false, "read every user of XiVO in full")
	f.StringArrayVar(&flags.only, "only", nil, onlyHelp)
	f.BoolVar(&flags.incremental, "incremental", false, incrementalHelp)
	f.StringSliceVar(&flags.allow, "allow", nil, "let a `guard` through")
	return cmd
}

func (p *program) plan(ctx context.Context, flags planning) (err error) {
	if err := knownGuards(flags.allow); err != nil {
		return err
	}
	reading, err := mode(flags.audit, flags.incremental, flags.only)
	if err != nil {
		return err
	}
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	plan, err := all.engine(p).Plan(ctx, reconcile.Options{Mode: reading, Only: flags.only, Allow: flags.allow})
	if err != nil {
		return err
	}
	p.status.clear()
	if flags.output != "" {
		if err := p.savePlan(flags.output, plan); err != nil {
			return err
		}
	}
	if flags.json {
		err = printJSON(p.out, plan)
	} else {
		err = p.showPlan(p.out, plan, flags)
	}
	if err == nil && flags.exitCode && len(plan.Units)+len(plan.Conflicts) > 0 {
		return exit(exitFound)
	}
	return err
}

const incrementalHelp = "read of the directory only what changed since the last run"

// mode is how thoroughly is read. An incremental run looks at whoever changed, so
// it goes with nothing that names others.
func mode(audit, incremental bool, only []string) (record.Mode, error) {
	switch {
	case incremental && audit:
		return "", usagef("--incremental and --audit cannot be used together: one reads what changed, the other everything")
	case incremental && len(only) > 0:
		return "", usagef("--incremental and --only cannot be used together: one looks at whoever changed, the other at whom you name")
	case audit:
		return record.Audit, nil
	case incremental:
		return record.Incremental, nil
	}
	return record.Full, nil
}

// savePlan writes the plan to a file that only its owner can read, whole or not
// at all.
func (p *program) savePlan(path string, plan *reconcile.Plan) error {
	return p.saveFile(path, func(w io.Writer) error { return printJSON(w, plan) })
}
