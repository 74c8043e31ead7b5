package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/config"
	"xivosync/reconcile"
	"xivosync/targets/xivo"
)

func (p *program) checkCommand() *cobra.Command {
	asJSON, mailTo := false, ""
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look at both sides and tell what is found; change nothing",
		Long: `Read the configuration, log in to the directory and to XiVO, read both, open the
store, and tell what is found: what is right, what is not, and what to do about
it. Nothing is changed anywhere. With --mail, a test mail is sent.` + exitStatus(exitFailed, exitUsage),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.check(cmd.Context(), mailTo, asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	cmd.Flags().StringVar(&mailTo, "mail", "", "send a test mail to this `address`")
	return cmd
}

// finding is one thing that was looked at.
type finding struct {
	Section string  `json:"section"`
	State   verdict `json:"state"`
	Text    string  `json:"text"`
	// Hint is what to do, where something is not right.
	Hint string `json:"hint,omitempty"`
}

// verdict says whether what was found is right.
type verdict string

const (
	right   verdict = "ok"
	unusual verdict = "warning"
	wrong   verdict = "failed"
)

// inspection looks at one thing after the other and collects what it finds.
type inspection struct {
	cfg      *config.Config
	settings reconcile.Settings
	log      hclog.Logger
	progress func(phase string, done, total int)
	section  string
	findings []finding
	// directory and pbx are the identities that were found, for the store.
	directory, pbx string
}

func (i *inspection) note(state verdict, hint, format string, args ...any) {
	i.findings = append(i.findings, finding{i.section, state, fmt.Sprintf(format, args...), hint})
}

func (i *inspection) failed() bool {
	for _, f := range i.findings {
		if f.State == wrong {
			return true
		}
	}
	return false
}

func (p *program) check(ctx context.Context, mailTo string, asJSON bool) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	i := &inspection{cfg: cfg, settings: settings, log: p.logger(cfg.Log), progress: p.status.show}
	i.configuration(p.config)
	i.lookAtDirectory(ctx)
	i.lookAtXiVO(ctx)
	i.lookAtStore()
	i.lookAtMail(ctx, mailTo)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.status.clear()
	if asJSON {
		err = printJSON(p.out, map[string]any{"ok": !i.failed(), "findings": i.findings})
	} else {
		p.showFindings(i)
	}
	if err == nil && i.failed() {
		return exit(exitFailed)
	}
	return err
}

// marks stand before what was found.
var marks = map[verdict]string{right: "✓", unusual: "!", wrong: "✗"}

func (p *program) showFindings(i *inspection) {
	section := ""
	for _, f := range i.findings {
		if f.Section != section {
			fmt.Fprintln(p.out, p.style.bold(f.Section))
			section = f.Section
		}
		mark := p.style.good(marks[f.State])
		if f.State != right {
			mark = p.style.bad(marks[f.State])
		}
		fmt.Fprintf(p.out, "  %s %s\n", mark, plain(f.Text))
		if f.Hint != "" {
			fmt.Fprintf(p.out, "    %s\n", plain(f.Hint))
		}
	}
	if i.failed() {
		fmt.Fprintln(p.out, "\nPut right what is marked with ✗, then check again.")
		return
	}
	fmt.Fprintln(p.out, "\nBoth sides can be reached. \"xivosync plan\" shows what a run would do.")
}
