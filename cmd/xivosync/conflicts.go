package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"xivosync/conflicts"
	"xivosync/reconcile/record"
	"xivosync/store"
)

func (p *program) conflictsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conflicts",
		Short: "List, show and decide what waits for a person",
		Long: `List, show and decide what xivosync could not decide. A conflict holds only its
field or person; it closes by itself when its cause is gone. What was decided is
carried out by the next run, or at once by decide --apply.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listConflicts(listing{}) },
	}
	cmd.AddCommand(p.conflictsListCommand(), p.conflictsShowCommand(), p.conflictsDecideCommand(), p.conflictsUndecideCommand(), p.conflictsReportCommand())
	return cmd
}

// listing is what the flags of conflicts list say.
type listing struct {
	json, exitCode, all bool
	filtering
}

func (p *program) conflictsListCommand() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the conflicts that are open or decided",
		Long:  `List the conflicts that are open or decided, in the order in which they were found.` + exitStatus(exitFailed, exitUsage, exitBusy, exitFound),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.listConflicts(l) },
	}
	jsonFlag(cmd, &l.json)
	cmd.Flags().BoolVar(&l.exitCode, "exit-code", false, "answer 10 when there is one")
	cmd.Flags().BoolVar(&l.all, "all", false, "list those that are closed, too")
	l.flags(cmd)
	return cmd
}

func (p *program) listConflicts(l listing) error {
	filter, err := l.filter(p.now())
	if err != nil {
		return err
	}
	if l.all && len(filter.States) == 0 {
		filter.States = conflicts.States
	}
	var found []record.Conflict
	err = p.looking(func(db *store.DB) (err error) {
		found, err = chosen(db, filter)
		return err
	})
	if err != nil {
		return err
	}
	if l.json {
		err = printJSON(p.out, orEmpty(found))
	} else {
		err = p.showConflictList(found)
	}
	if err == nil && l.exitCode && len(found) > 0 {
		return exit(exitFound)
	}
	return err
}

func (p *program) showConflictList(found []record.Conflict) error {
	if len(found) == 0 {
		fmt.Fprintln(p.out, "No conflicts.")
		return nil
	}
	if err := showConflictTable(p.out, found); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\n%s. \"xivosync conflicts show ID\" tells what to do about one.\n", count(len(found), "conflict"))
	return nil
}

func showConflictTable(w io.Writer, found []record.Conflict) error {
	t := newTable(w, "")
	t.row("ID", "PERSON", "FIELD", "WHAT", "DIRECTORY", "XIVO", "SINCE", "STATE")
	for _, c := range found {
		directory, pbx := "", ""
		if c.Field != "" {
			now := seen(c)
			directory, pbx = shown(now.LDAP, c.Secret), shown(now.XiVO, c.Secret)
		}
		t.row(strconv.FormatUint(c.Number, 10), c.Person.Label(), c.Field, conflicts.KindWords(c.Kind), directory, pbx, moment(c.Since), string(c.State))
	}
	return t.end()
}

func (p *program) conflictsShowCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a conflict: what both sides hold, and what to do",
		Long:  `Show one conflict with what both sides hold now, what they held last, and what to do.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args:  one,
		RunE: func(_ *cobra.Command, args []string) error {
			numbers, err := conflictNumbers(args)
			if err != nil {
				return err
			}
			return p.showOneConflict(numbers[0], asJSON)
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *program) showOneConflict(number uint64, asJSON bool) error {
	var c record.Conflict
	err := p.looking(func(db *store.DB) (err error) {
		c, err = db.Conflict(number)
		return err
	})
	if err != nil {
		return noConflict(err)
	}
	if asJSON {
		return printJSON(p.out, c)
	}
	if err := p.showConflict(p.out, c); err != nil {
		return err
	}
	showConflictHistory(p.out, c)
	return showChoices(p.out, c)
}

// noConflict says where the numbers of conflicts are found.
func noConflict(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no such conflict: %w; \"xivosync conflicts list --all\" has them all", err)
	}
	return err
}

// conflictNumbers reads the numbers of conflicts.
func conflictNumbers(args []string) ([]uint64, error) {
	var numbers []uint64
	for _, arg := range args {
		number, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			return nil, usagef("%s: want the number of a conflict, as \"xivosync conflicts list\" shows it", quoted(arg))
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}
