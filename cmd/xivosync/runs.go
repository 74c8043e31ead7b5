package main

import (
	"iter"
	"strconv"

	"github.com/spf13/cobra"
)

// looks is what the flags of runs say.
type looks struct {
	json, failed bool
	last         int
	only         string
	reporting
}

func (p *program) runsCommand() *cobra.Command {
	flags := looks{last: 20}
	cmd := &cobra.Command{
		Use:   "runs [list | RUN | stop]",
		Short: "List the runs, show one with all its changes, or stop the one that is going",
		Long: `List the runs of the journal, newest first; or show the run of that number, with
each change that it made or tried: person by person, each field before and
after, how it ended, and what the target said where it refused. What a crash had
left open, and what recovery made of it, is shown with the run that found it.
With --only, the runs that had a change for that person, or the changes for that
person. With --failed, the runs that did not come to a good end, or the changes
that did not.

"runs stop" has the service stop what it is doing, after the change at hand; the
next run goes on with the rest.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			one := len(args) == 1 && args[0] != "list" && args[0] != "stop"
			if !one && (flags.format != "text" || flags.output != "") {
				return usagef("--format and -o are for the report of one run: runs RUN --format %s", flags.format)
			}
			if len(args) == 0 || args[0] == "list" {
				return p.listRuns(flags)
			}
			if args[0] == "stop" {
				return p.stopRun()
			}
			number, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return usagef("runs %s: want the number of a run, list or stop", args[0])
			}
			return p.showOneRun(number, flags)
		},
	}
	f := cmd.Flags()
	f.IntVar(&flags.last, "last", flags.last, "list so many; 0 lists all")
	f.StringVar(&flags.only, "only", "", "only what was done for the person with this `ID`: an identifier, DN, e-mail or GUID")
	f.BoolVar(&flags.failed, "failed", false, "only what did not come to a good end")
	jsonFlag(cmd, &flags.json)
	flags.reporting.flags(cmd, "text")
	return cmd
}

// take collects a listing, at most so many of it; zero takes all.
func take[T any](seq iter.Seq2[T, error], most int) ([]T, error) {
	return takeIf(seq, most, func(T) bool { return true })
}

// takeIf collects what is wanted of a listing, at most so many; zero takes all.
func takeIf[T any](seq iter.Seq2[T, error], most int, wanted func(T) bool) ([]T, error) {
	var out []T
	for v, err := range seq {
		if err != nil {
			return nil, err
		}
		if !wanted(v) {
			continue
		}
		if out = append(out, v); len(out) == most {
			break
		}
	}
	return out, nil
}

// orEmpty makes a list that JSON shows as [] rather than null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
