package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/config"
)

// defaultConfig is where the configuration lies unless -c tells otherwise.
const defaultConfig = "/etc/xivosync/xivosync.toml"

// program is what all commands share.
type program struct {
	// out takes what was asked for, and is flushed at the end; err takes logs,
	// progress and errors.
	out *bufio.Writer
	err io.Writer
	// style marks what matters, where out is a terminal.
	style style
	// status is the line on err that tells how far a run is.
	status *status
	now    func() time.Time
	// config is the path of the configuration.
	config string
	// entered tells that the command line was understood.
	entered bool
	// visit is there in a command that a service carries out for another process.
	visit *visit
}

func newProgram(out, err io.Writer) *program {
	return &program{
		out: bufio.NewWriter(out), err: err,
		style: styleOf(out), status: newStatus(err), now: time.Now,
	}
}

// execute carries out one command line and returns the exit code.
func (p *program) execute(ctx context.Context, args []string) int {
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var service *served
	if errors.As(err, &service) {
		return p.forward(ctx, service, args)
	}
	p.status.clear()
	if e := p.out.Flush(); err == nil && e != nil {
		err = fmt.Errorf("write output: %w", e)
	}
	if err != nil && !p.entered {
		err = misused(err)
	}
	return p.conclude(err)
}

// misused is what cobra says of a command line, with its suggestions indented by
// blanks: a tab is escaped where it is printed.
func misused(err error) error {
	return usagef("%s", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\t", "  "))
}

// one asks for exactly one argument, and shows the line that a command is used
// with rather than to count.
func one(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("it is used like this: %s", cmd.UseLine())
	}
	return nil
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "xivosync",
		Short: "Keep an LDAP directory and a XiVO in step, both ways",
		Long: `xivosync reads an LDAP directory and a XiVO, decides field by field which side
changed, shows the plan, carries it out, and reports what it could not decide.

Begin with "xivosync check", then "xivosync plan": both change nothing.`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		PersistentPreRun:  func(*cobra.Command, []string) { p.entered = true },
	}
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.PersistentFlags().StringVarP(&p.config, "config", "c", defaultConfig, "configuration `file`")
	for _, command := range p.commands() {
		root.AddCommand(command)
	}
	addManual(root)
	return root
}

// commands are the verbs, each in a file of its own.
func (p *program) commands() []*cobra.Command {
	return []*cobra.Command{
		p.demoCommand(),
		p.checkCommand(),
		p.planCommand(),
		p.runCommand(),
		p.serveCommand(),
		p.whyCommand(),
		p.numberCommand(),
		p.runsCommand(),
		p.rollbackCommand(),
		p.holdCommand(),
		p.holdsCommand(),
		p.conflictsCommand(),
		p.outboxCommand(),
		p.stateCommand(),
		p.simulateCommand(),
		p.versionCommand(),
	}
}

// load reads the configuration; the service's own is the one that counts in it.
func (p *program) load() (*config.Config, error) {
	if p.visit != nil {
		return p.visit.configuration(), nil
	}
	return config.Load(p.config)
}
