package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"xivosync/store"
)

func (p *program) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Look at the store, check it, copy it, put a copy back",
		Long: `Look at the store that remembers both sides between runs, check it, copy it,
put a copy back.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.stateInfo(false) },
	}
	cmd.AddCommand(p.stateInfoCommand(), p.stateCheckCommand(), p.stateBackupCommand(), p.stateRestoreCommand(), p.stateNewKeyCommand())
	return cmd
}

func (p *program) stateCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Read everything in the store and tell what is wrong",
		Long: `Read everything in the store: its pages, each link with its values, each run with
its changes, each conflict, each hold, each index, and hold every value against
its checksum. Nothing is written.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.looking(p.checkStore) },
	}
}

func (p *program) checkStore(db *store.DB) error {
	if err := db.KeyError(); err != nil {
		return err
	}
	problems, err := db.Check()
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		fmt.Fprintf(p.out, "The store %s is sound.\n", plain(db.Path()))
		return nil
	}
	for _, problem := range problems {
		fmt.Fprintln(p.out, plain(problem))
	}
	return fmt.Errorf("the store %s is damaged: %s; put a backup in its place: \"xivosync state restore FILE\"", db.Path(), count(len(problems), "problem"))
}

func (p *program) stateBackupCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the store to a file",
		Long: `Copy the store to a file that only its owner can read; a file that is there already
is not replaced without --force. Keep the key with it
(state.key beside the store, or what [state] key refers to): without the key the
secrets in the copy cannot be read.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: one,
		RunE: func(_ *cobra.Command, args []string) error {
			start := p.now()
			to := p.path(args[0])
			if err := vacant(to, force); err != nil {
				return err
			}
			if err := p.looking(func(db *store.DB) error { return db.Backup(to) }); err != nil {
				return err
			}
			fmt.Fprintf(p.out, "Copied to %s in %s.\n", plain(args[0]), p.now().Sub(start).Round(time.Millisecond))
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there")
	return cmd
}

// vacant fails where a file is there that nobody said to replace: it may be the
// backup that is needed.
func vacant(path string, force bool) error {
	if _, err := os.Lstat(path); err != nil || force {
		return nil // what else is wrong with it shows when it is written
	}
	return fmt.Errorf("%s is there already: name another file, or replace it with --force", path)
}
