package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/config"
	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/xivo"
)

// deciding is what the flags of conflicts decide say.
type deciding struct {
	why, take, value string
	apply, yes, json bool
	filtering
}

func (p *program) conflictsDecideCommand() *cobra.Command {
	var d deciding
	cmd := &cobra.Command{
		Use:   "decide ID " + decisionWords() + " --why TEXT",
		Short: "Decide about one conflict, or about many at once",
		Long: `Decide about the conflict of that number:

  ldap, xivo   that side's value goes to the other side; where nothing may be
               written there, both stay as they are
  VALUE        this value goes to both sides; --value for one that is called
               like a decision
  ignore       leave it until either side changes
  relink       the person is the one who has the other user: link them
  new          the person is new: create a user of their own
  forget       they are not the same person: drop the link, keep both

"conflicts show ID" lists what can be decided about a conflict. With --kind,
--site, --person, --age or --state instead of an ID, and --take instead of a
word, everything that these choose is decided at once: it is listed first and has
to be confirmed, or --yes says so.

The next run carries it out, or --apply does at once, with a run for just these
people. A decision outranks the policies; the guards count it like any change. If
either side changes before, the decision is refused and the conflict shown again.` +
			exitStatus(exitFailed, exitUsage, exitGuarded, exitPartial, exitBusy),
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.decide(cmd.Context(), args, d, cmd.Flags().Changed("value"))
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.why, "why", "", "the reason, kept in the journal")
	f.StringVar(&d.take, "take", "", "what to decide about all that the filters choose")
	f.StringVar(&d.value, "value", "", "decide for this value, whatever it reads like")
	f.BoolVar(&d.apply, "apply", false, "carry it out now, for just these people")
	f.BoolVar(&d.yes, "yes", false, "do not ask before many are decided")
	jsonFlag(cmd, &d.json)
	d.flags(cmd)
	return cmd
}

func (p *program) conflictsUndecideCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "undecide ID…",
		Short: "Take decisions back that were not carried out yet",
		Long:  `Take decisions back, of the conflicts of these numbers. What was carried out is undone by a rollback, not by this.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			numbers, err := conflictNumbers(args)
			if err != nil {
				return err
			}
			return p.atDesk(cmd.Context(), func(desk *conflicts.Desk, _ *store.DB) error {
				found, err := desk.Withdraw(numbers)
				if err != nil {
					return refusedDecision(err)
				}
				fmt.Fprintf(p.out, "%s open again.\n", areNow(len(found)))
				return nil
			})
		},
	}
}

// decide reads the command line and stores what was decided.
func (p *program) decide(ctx context.Context, args []string, d deciding, valued bool) (err error) {
	numbers, decision, err := d.decision(args, valued)
	if err != nil {
		return err
	}
	decision.Who = p.who()
	filter, err := d.filter(p.now())
	if err != nil {
		return err
	}
	work := func(desk *conflicts.Desk, db *store.DB, next func([]record.Conflict) error) error {
		left := 0
		if len(numbers) == 0 {
			if numbers, left, err = p.chooseConflicts(desk, db, filter, decision, d); err != nil {
				return err
			}
			if len(numbers) == 0 {
				return p.decidedNothing(d)
			}
		}
		decided, err := desk.Decide(numbers, decision)
		if err != nil {
			return refusedDecision(err)
		}
		if err = next(decided); err == nil && left > 0 {
			return exit(exitPartial)
		}
		return err
	}
	if !d.apply {
		return p.atDesk(ctx, func(desk *conflicts.Desk, db *store.DB) error {
			return work(desk, db, func(decided []record.Conflict) error { return p.afterDeciding(db, decided, d) })
		})
	}
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	return work(&conflicts.Desk{Queue: all.store, Settings: &all.settings, Now: p.now}, all.store, func(decided []record.Conflict) error {
		return p.carryDecisionsOut(ctx, all, decided, d)
	})
}

// decision is what the arguments and flags mean: of one conflict, or of all that
// the filters choose.
func (d deciding) decision(args []string, valued bool) (numbers []uint64, decision record.Decision, err error) {
	many := d.any()
	switch {
	case many && len(args) > 0:
		return nil, decision, usagef("give the number of a conflict, or filters with --take, not both")
	case !many && len(args) == 0:
		return nil, decision, usagef("give the number of a conflict, or filters such as --kind with --take")
	case many && valued || !many && d.take != "" || !many && valued == (len(args) == 2) || many && d.take == "":
		return nil, decision, usagef("give exactly one decision: ID %s, ID --value TEXT, or filters with --take", decisionWords())
	case d.why == "":
		return nil, decision, usagef("--why is missing: it is kept in the journal for whoever asks later")
	}
	word := d.take
	if len(args) == 2 {
		word = args[1]
	}
	if near := config.Nearest(word, conflicts.Words); near != "" && near != word && !valued {
		return nil, decision, usagef("%s: did you mean %s? --value %s decides for that text", quoted(word), near, word)
	}
	switch {
	case valued:
		decision = record.Decision{Take: record.DecideValue, Value: d.value}
	default:
		decision = conflicts.Take(word)
	}
	decision.Why = d.why
	if len(args) > 0 {
		numbers, err = conflictNumbers(args[:1])
	}
	return numbers, decision, err
}

// decidedNothing is what a program reads where nothing is to be decided.
func (p *program) decidedNothing(d deciding) error {
	if d.json {
		return printJSON(p.out, []record.Conflict{})
	}
	return nil
}

// chooseConflicts lists what would be decided, and asks: on stderr, where a program
// reads what becomes of it.
func (p *program) chooseConflicts(desk *conflicts.Desk, db *store.DB, filter conflicts.Filter, decision record.Decision, d deciding) (numbers []uint64, left int, err error) {
	var out io.Writer = p.out
	if d.json {
		out = p.err
	}
	found, err := chosen(db, filter)
	if err != nil {
		return nil, 0, err
	}
	can, cannot := desk.Offering(found, decision)
	if len(can) == 0 {
		fmt.Fprintf(out, "Nothing to decide: of %s that these filters choose, none can be decided so.\n", count(len(found), "conflict"))
		return nil, 0, nil
	}
	if err := showConflictTable(out, can); err != nil {
		return nil, 0, err
	}
	if len(cannot) > 0 {
		fmt.Fprintf(out, "\n%s cannot be decided so and stay open: %s\n", capital(count(len(cannot), "more")), numbersOf(cannot))
	}
	question := fmt.Sprintf("\nDecide %s for all %d? [y/N] ", plain(decision.Taken(false)), len(can))
	if !d.yes && !p.confirmed(out, question) {
		return nil, 0, usagef("nothing was decided; --yes answers the question where nobody can")
	}
	for _, c := range can {
		numbers = append(numbers, c.Number)
	}
	return numbers, len(cannot), nil
}

// confirmed asks on the terminal; without one the answer is no.
func (p *program) confirmed(out io.Writer, question string) bool {
	if p.visit != nil || !isTerminal(os.Stdin) { // a service has nobody to ask
		return false
	}
	fmt.Fprint(out, question)
	_ = p.out.Flush()
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an end of input is no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

func subjectOf(c record.Conflict) string {
	if c.Field == "" {
		return c.Person.Label()
	}
	return c.Person.Label() + ", " + c.Field
}

// atDesk opens the store alone: deciding asks neither side.
func (p *program) atDesk(ctx context.Context, work func(*conflicts.Desk, *store.DB) error) error {
	cfg, err := p.load()
	if err != nil {
		return err
	}
	settings, err := cfg.Settings(xivo.Fields())
	if err != nil {
		return err
	}
	return p.writing(ctx, func(db *store.DB) error {
		return work(&conflicts.Desk{Queue: db, Settings: &settings, Now: p.now}, db)
	})
}

// carrier makes the runs of a command.
type carrier struct {
	*program
	all *parts
}

// Run makes one run.
func (c carrier) Run(ctx context.Context, opt reconcile.Options) (*reconcile.Report, error) {
	return c.carryOut(ctx, c.all, opt)
}

// refusedDecision makes a wrong command line of what cannot be decided.
func refusedDecision(err error) error {
	var refused *conflicts.Refused
	switch {
	case errors.As(err, &refused):
		return usagef("%w", err)
	case errors.Is(err, store.ErrNotFound):
		return noConflict(err)
	}
	return err
}

func numbersOf(found []record.Conflict) string {
	var numbers []string
	for _, c := range found {
		numbers = append(numbers, fmt.Sprint(c.Number))
	}
	return listed(numbers)
}

func areNow(n int) string {
	if n == 1 {
		return "1 conflict is"
	}
	return fmt.Sprintf("%d conflicts are", n)
}
