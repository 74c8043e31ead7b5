package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"xivosync/reconcile/record"
	"xivosync/store"
)

func (p *program) conflictsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conflicts",
		Short: "List and show what waits for a person",
		Long: `List and show what xivosync could not decide. A conflict holds only its field or
person; it closes by itself when its cause is gone.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listConflicts(listing{}) },
	}
	cmd.AddCommand(p.conflictsListCommand(), p.conflictsShowCommand())
	return cmd
}

// listing is what the flags of conflicts list say.
type listing struct{ json, exitCode, all bool }

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
	return cmd
}

func (p *program) listConflicts(l listing) error {
	var found []record.Conflict
	err := p.looking(func(db *store.DB) (err error) {
		if l.all {
			found, err = take(db.AllConflicts(), 0)
			return err
		}
		found, err = take(db.Conflicts(), 0)
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
	t := newTable(p.out, "")
	t.row("ID", "PERSON", "FIELD", "WHAT", "DIRECTORY", "XIVO", "SINCE", "STATE")
	for _, c := range found {
		directory, pbx := "", ""
		if c.Field != "" {
			now := seen(c)
			directory, pbx = shown(now.LDAP, c.Secret), shown(now.XiVO, c.Secret)
		}
		t.row(strconv.FormatUint(c.Number, 10), c.Person.Label(), c.Field, kindWords(c.Kind), directory, pbx, moment(c.Since), string(c.State))
	}
	if err := t.end(); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\n%s. \"xivosync conflicts show ID\" tells what to do about one.\n", count(len(found), "conflict"))
	return nil
}

func (p *program) conflictsShowCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a conflict: what both sides hold, and what to do",
		Long:  `Show one conflict with what both sides hold now, what they held last, and what to do.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args:  one,
		RunE: func(_ *cobra.Command, args []string) error {
			number, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return usagef("conflicts show %s: want the number of a conflict", args[0])
			}
			return p.showOneConflict(number, asJSON)
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
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("there is no conflict %d; \"xivosync conflicts list --all\" has them all", number)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, c)
	}
	if err := p.showConflict(p.out, c); err != nil {
		return err
	}
	showConflictHistory(p.out, c)
	return nil
}
