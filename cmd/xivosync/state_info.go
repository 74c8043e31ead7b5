package main

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"xivosync/store"
)

func (p *program) stateInfoCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Tell what the store holds",
		Long:  `Tell what the store holds, and which directory and XiVO it belongs to.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args:  cobra.NoArgs,
		RunE:  func(*cobra.Command, []string) error { return p.stateInfo(asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *program) stateInfo(asJSON bool) error {
	var info store.Info
	if err := p.looking(func(db *store.DB) (err error) { info, err = db.Info(); return err }); err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, info)
	}
	const unbound = "none yet: the first complete run binds the store to it"
	t := newTable(p.out, "")
	t.row("store", fmt.Sprintf("%s, %.1f MB, schema %d", info.Path, float64(info.Size)/1e6, info.Schema))
	t.row("written by", info.Program)
	t.row("directory", cmp.Or(info.LDAP, unbound))
	t.row("XiVO", cmp.Or(info.XiVO, unbound))
	t.row("linked", count(info.Links, "person"))
	t.row("runs", runsKept(info))
	t.row("conflicts", strconv.Itoa(info.OpenConflicts))
	t.row("left open", leftOpen(info.Unclosed))
	t.row("key", cmp.Or(info.Key, "can be read"))
	return t.end()
}

func runsKept(info store.Info) string {
	if info.LastRun == nil {
		return "none yet"
	}
	return fmt.Sprintf("%d with %s; the last is run %d of %s: %s", info.Runs, count(info.Changes, "change"),
		info.LastRun.Number, moment(info.LastRun.Started), outcomeWords(info.LastRun.Outcome))
}

func leftOpen(units int) string {
	if units == 0 {
		return "nothing"
	}
	return fmt.Sprintf("changes for %s: the next run looks after them first", count(units, "person"))
}
