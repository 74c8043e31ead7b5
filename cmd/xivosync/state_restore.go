package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"xivosync/store"
)

func (p *program) stateRestoreCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a copy that backup made in the place of the store",
		Long: `Put a copy that "state backup" made in the place of the store, once it has proved
sound and its secrets can be read. What was there is kept beside it. What was done
since the copy was made is no longer known: look at the plan before the next run.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: one,
		RunE: func(_ *cobra.Command, args []string) error { return p.stateRestore(args[0]) },
	}
}

func (p *program) stateRestore(backup string) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	opts, err := storeOptions(cfg, p.logger(cfg.Log))
	if err != nil {
		return err
	}
	opts.Clock = p.now
	aside, err := store.Restore(cfg.State.Path, backup, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Restored %s.\n", plain(cfg.State.Path))
	if aside != "" {
		fmt.Fprintf(p.out, "What was there is kept in %s.\n", plain(aside))
	}
	fmt.Fprintln(p.out, `What was done since the copy was made is no longer known: look at "xivosync plan" before the next run.`)
	return nil
}
