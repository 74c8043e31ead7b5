package main

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"xivosync/reconcile/record"
	"xivosync/store"
)

func (p *program) runsCommand() *cobra.Command {
	var asJSON bool
	last := 20
	cmd := &cobra.Command{
		Use:   "runs [list | RUN]",
		Short: "List the runs, or show one with all its changes",
		Long: `List the runs of the journal, newest first; or show the run of that number, with
each change that it made or tried.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] == "list" {
				return p.listRuns(last, asJSON)
			}
			number, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return usagef("runs %s: want the number of a run, or list", args[0])
			}
			return p.showOneRun(number, asJSON)
		},
	}
	cmd.Flags().IntVar(&last, "last", last, "list so many; 0 lists all")
	jsonFlag(cmd, &asJSON)
	return cmd
}

// looking opens the store of the configuration only to look at it.
func (p *program) looking(look func(*store.DB) error) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	db, err := readStore(cfg, p.logger(cfg.Log))
	if err != nil {
		return err
	}
	defer db.Close() // nothing was written
	return look(db)
}

func (p *program) listRuns(last int, asJSON bool) error {
	var runs []record.Run
	err := p.looking(func(db *store.DB) (err error) {
		runs, err = take(db.Runs(), last)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, orEmpty(runs))
	}
	if len(runs) == 0 {
		fmt.Fprintln(p.out, `There was no run yet. "xivosync plan" shows what the first one would do.`)
		return nil
	}
	t := newTable(p.out, "")
	t.row("RUN", "STARTED", "TOOK", "BY", "OUTCOME", "PEOPLE")
	for _, r := range runs {
		t.row(strconv.FormatUint(r.Number, 10), moment(r.Started), seconds(r), r.Trigger, outcomeWords(r.Outcome), tally(r.Counts))
	}
	return t.end()
}

func seconds(r record.Run) string {
	if r.Finished == nil {
		return "–"
	}
	return time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond).String()
}

func (p *program) showOneRun(number uint64, asJSON bool) error {
	var run record.Run
	var changes []record.Change
	err := p.looking(func(db *store.DB) (err error) {
		run, err = db.Run(number)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no run %d; \"xivosync runs --last 0\" lists those that are kept", number)
		}
		if err != nil {
			return err
		}
		changes, err = take(db.Changes(number), 0)
		return err
	})
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, struct {
			record.Run
			Changes []record.Change `json:"changes"`
		}{run, orEmpty(changes)})
	}
	if err := p.showRun(p.out, run); err != nil {
		return err
	}
	if len(changes) > 0 {
		fmt.Fprintln(p.out)
	}
	return p.showChanges(p.out, changes)
}

// take collects a listing, at most so many of it; zero takes all.
func take[T any](seq iter.Seq2[T, error], most int) ([]T, error) {
	var out []T
	for v, err := range seq {
		if err != nil {
			return nil, err
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
