package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/post"
	"xivosync/reconcile/record"
)

func (p *program) sendCommand(asJSON *bool) *cobra.Command {
	return &cobra.Command{
		Use: "send", Short: "Send the mails that are due, as a run does", Args: cobra.NoArgs,
		Long: `Send the mails that are due, and the summary of the day if it is. Every run does
that, and "xivosync serve" besides whenever a mail is due; this is for schedulers
whose runs are far between. It asks neither the directory nor XiVO.` + exitStatus(exitFailed, exitUsage, exitPartial, exitBusy),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.sendDue(cmd.Context(), *asJSON) },
	}
}

// posted is what came of sending, under keys that other programs may rely on.
type posted struct {
	Sent      int           `json:"sent"`
	Waiting   []record.Mail `json:"waiting"`
	Failed    []record.Mail `json:"failed"`
	Uncertain []record.Mail `json:"uncertain"`
	Trouble   string        `json:"trouble"`
}

func (p *program) sendDue(ctx context.Context, asJSON bool) (err error) {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	if cfg.Mail.Host == "" {
		return usagef("outbox send: there is no [mail] host in the configuration")
	}
	all, err := p.openOutbox(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	p.tellAdmins(all)
	p.sendMails(ctx, all)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	r := all.posted
	if asJSON {
		err = printJSON(p.out, posted{r.Sent, orEmpty(r.Waiting), orEmpty(r.Failed), orEmpty(r.Uncertain), r.Trouble})
	} else {
		err = p.showSent(r)
	}
	if err == nil && (r.Trouble != "" || len(r.Failed)+len(r.Uncertain) > 0) {
		return exit(exitPartial)
	}
	return err
}

// showSent prints what came of it, if there was anything to send.
func (p *program) showSent(r post.Result) error {
	if r.Sent+len(r.Waiting)+len(r.Failed)+len(r.Uncertain) == 0 && r.Trouble == "" {
		fmt.Fprintln(p.out, "No mail is due.")
		return nil
	}
	var text strings.Builder
	err := p.showPosted(&text, r)
	fmt.Fprint(p.out, strings.TrimPrefix(text.String(), "\n"))
	return err
}
