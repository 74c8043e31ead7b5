package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3".
var version = ""

// programVersion is the version that was built in, or that of the module.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// commit is what the program was built from, with a "+" where the tree held
// more than that, and when that was made; empty outside of a checkout.
func commit() (id, at string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			id = s.Value + id
		case s.Key == "vcs.modified" && s.Value == "true":
			id += "+"
		case s.Key == "vcs.time":
			at = s.Value
		}
	}
	return id, at
}

func (p *program) versionCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long:  `Print the version of the program, the commit that it was built from, and the Go that built it.` + exitStatus(exitUsage),
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			id, at := commit()
			build := runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
			if asJSON {
				return printJSON(p.out, map[string]string{"version": programVersion(), "commit": id, "committed": at, "go": runtime.Version(), "build": build})
			}
			fmt.Fprintf(p.out, "xivosync %s (%s)\n", programVersion(), build)
			if id != "" {
				fmt.Fprintf(p.out, "commit %s of %s\n", id, at)
			}
			return nil
		},
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

// jsonFlag adds --json.
func jsonFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, "print one JSON value, for programs")
}
