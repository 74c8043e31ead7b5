package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

func (p *program) whyCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "why ID",
		Short: "Explain one person: what both sides hold, what follows, and why",
		Long: `Explain what a run does about one person: both sides now and as last known, the
mapping and the decision of each field, and the last changes. ID is the
identifier's value, a DN, an e-mail or a GUID. Nothing is changed.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: one,
		RunE: func(cmd *cobra.Command, args []string) error { return p.why(cmd.Context(), args[0], asJSON) },
	}
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *program) why(ctx context.Context, id string, asJSON bool) (err error) {
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	found, err := all.engine(p).Why(ctx, id)
	if err != nil {
		return err
	}
	p.status.clear()
	if asJSON {
		return printJSON(p.out, found)
	}
	for i, x := range found {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		if err := p.explain(p.out, x); err != nil {
			return err
		}
	}
	return nil
}

// explain prints one person: who it is, each field, what follows, what was.
func (p *program) explain(w io.Writer, x reconcile.Explanation) error {
	fmt.Fprintln(w, p.style.bold(plain(x.Label())))
	t := newTable(w, "  ")
	t.row("entry", x.DN, x.Entry)
	t.row("XiVO user", x.UUID)
	t.row("identifier", x.Identifier)
	t.row("situation", x.Situation)
	if err := t.end(); err != nil {
		return err
	}
	if err := p.explainRules(w, x.Rules); err != nil {
		return err
	}
	for _, f := range x.Fields {
		if err := p.explainField(w, f); err != nil {
			return err
		}
	}
	if len(x.Changes) > 0 {
		p.heading(w, true, "A run would:")
		if err := p.showSteps(w, x.Changes, false); err != nil {
			return err
		}
	}
	if len(x.Held) > 0 {
		p.heading(w, true, "Held, and left alone:")
		if err := showHolds(w, "  ", x.Held); err != nil {
			return err
		}
	}
	if len(x.Conflicts) > 0 {
		p.heading(w, true, "Cannot be decided:")
		if err := p.showConflicts(w, x.Conflicts); err != nil {
			return err
		}
	}
	if len(x.History) == 0 {
		return nil
	}
	p.heading(w, true, "Changes so far, newest first:")
	return p.showSteps(w, x.History, true)
}

// explainRules prints what rules set, and which.
func (p *program) explainRules(w io.Writer, rules []reconcile.RuleExplanation) error {
	if len(rules) == 0 {
		return nil
	}
	p.heading(w, true, "Set by rules:")
	t := newTable(w, "  ")
	for _, r := range rules {
		t.row(r.Setting, plain(r.Value), "by "+plain(r.Rule))
	}
	return t.end()
}

// explainField prints what both sides hold of a field, and the decision.
func (p *program) explainField(w io.Writer, f reconcile.FieldExplanation) error {
	verdict := f.Verdict
	if f.Reason != "" {
		verdict += ": " + f.Reason
	}
	from := directionWords[f.Direction]
	switch {
	case f.Rule != "":
		from = f.Rule + ", " + from
	case f.Attribute != "":
		from = f.Attribute + ", " + from
	}
	fmt.Fprintf(w, "\n  %s (%s): %s\n", p.style.bold(plain(f.Field)), plain(from), plain(verdict))
	if f.Direction == reconcile.None {
		return nil
	}
	last, _ := f.Last.(map[string]any)
	t := newTable(w, "    ")
	t.row("directory", held(f.LDAP), "last known "+held(last["ldap"]))
	t.row("XiVO", held(f.XiVO), "last known "+held(last["xivo"]))
	return t.end()
}

// held is a value as the engine shows it: a secret is told to be one.
func held(v any) string {
	switch v := v.(type) {
	case record.Value:
		return shown(v, false)
	case nil:
		return "(not there)"
	}
	return "(secret)"
}

// showSteps prints the changes of one person, with the run of each where that
// is past.
func (p *program) showSteps(w io.Writer, changes []record.Change, past bool) error {
	for _, c := range changes {
		if past {
			c.Reason = fmt.Sprintf("run %d, %s", c.Run, c.Reason)
		}
		if err := p.showChange(w, c); err != nil {
			return err
		}
	}
	return nil
}
