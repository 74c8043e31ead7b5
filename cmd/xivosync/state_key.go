package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"xivosync/store"
)

func (p *program) stateNewKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "new-key",
		Short: "Go on with another key after the old one was lost",
		Long: `Let the store go on with another key when the one that its secrets are sealed with
is lost for good: the one that [state] key refers to, or the key file, which is made
where there is none. What was sealed with the old key stays unreadable, and is
counted: a rollback makes such secrets anew, and says which. The next run looks at
everybody again. A key that fits is not replaced.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.stateNewKey() },
	}
}

func (p *program) stateNewKey() (err error) {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	opts, err := storeOptions(cfg, p.logger(cfg.Log))
	if err != nil {
		return err
	}
	if err := keyIsLost(cfg.State.Path, opts); err != nil {
		return err
	}
	opts.NewKey = true
	db, err := store.Open(cfg.State.Path, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	lost, err := db.Lost()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "The store %s goes on with the key of %s. Keep a copy of it apart from the backups.\n", plain(cfg.State.Path), keyPlace(opts, cfg.State.Path))
	fmt.Fprintln(p.out, unreadable(lost))
	return nil
}

// keyIsLost fails where the store's secrets can be read, or it cannot be opened
// at all.
func keyIsLost(path string, opts store.Options) error {
	db, err := store.OpenReadOnly(path, opts)
	if err != nil {
		return err
	}
	fits := db.KeyError() == nil
	if err := db.Close(); err != nil {
		return err
	}
	if fits {
		return fmt.Errorf("the key of the store %s fits: there is nothing to replace", path)
	}
	return nil
}

func keyPlace(opts store.Options, path string) string {
	if opts.Key != nil {
		return "the configuration"
	}
	return plain(store.KeyFile(path))
}

// unreadable says which secrets are lost.
func unreadable(lost map[string]int) string {
	if len(lost) == 0 {
		return "No secret is lost by that."
	}
	var parts []string
	for _, field := range slices.Sorted(maps.Keys(lost)) {
		parts = append(parts, fmt.Sprintf("%d × %s", lost[field], plain(field)))
	}
	return "Unreadable from now on: " + strings.Join(parts, ", ") + "."
}
