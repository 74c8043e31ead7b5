package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

func (p *program) holdCommand() *cobra.Command {
	var field, why string
	asJSON := false
	cmd := &cobra.Command{
		Use:   "hold ID",
		Short: "Keep a person, or one field, out of plans",
		Long: `Keep a person out of plans, or with --field one field of theirs, until "xivosync
holds release" lets them through. ID is an identifier, DN, e-mail or GUID. The
field "enabled" stands for deactivating, reactivating and deleting the user.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: one,
		RunE: func(cmd *cobra.Command, args []string) error {
			if why == "" {
				return usagef("hold %s: --why is missing; whoever finds the hold wants to know", args[0])
			}
			return p.hold(cmd.Context(), reconcile.HoldRequest{ID: args[0], Field: field, Why: why, Who: p.who()}, asJSON)
		},
	}
	cmd.Flags().StringVar(&field, "field", "", "only this `field`")
	cmd.Flags().StringVar(&why, "why", "", "the `reason`, for whoever finds the hold")
	jsonFlag(cmd, &asJSON)
	return cmd
}

func (p *program) hold(ctx context.Context, ask reconcile.HoldRequest, asJSON bool) (err error) {
	all, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = also(err, all.close(ctx)) }()
	h, err := all.engine(p).HoldByHand(ctx, ask)
	p.status.clear()
	if errors.Is(err, reconcile.ErrNobody) || errors.Is(err, reconcile.ErrSeveral) {
		return &usageError{err}
	}
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(p.out, h)
	}
	fmt.Fprintf(p.out, "%s is held until \"xivosync holds release %s\".\n", capital(heldWords(h)), plain(ask.ID))
	return nil
}

// heldWords says what a hold is about.
func heldWords(h record.Hold) string {
	if h.Field == "" {
		return plain(h.Person.Label())
	}
	return plain(h.Person.Label()) + ", " + plain(h.Field)
}

func (p *program) holdsCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "holds [list]",
		Short: "List what is kept out of plans, and release it",
		Long: `List what is kept out of plans: what rollbacks took back, until the value that
caused it changes, and what somebody holds by hand.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listHolds(asJSON) },
	}
	cmd.PersistentFlags().BoolVar(&asJSON, "json", false, "print one JSON value, for programs")
	cmd.AddCommand(&cobra.Command{
		Use: "list", Short: "List what is kept out of plans", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return p.listHolds(asJSON) },
	}, p.holdsReleaseCommand(&asJSON))
	return cmd
}

func (p *program) listHolds(asJSON bool) error {
	var holds []record.Hold
	err := p.looking(func(db *store.DB) (err error) {
		holds, err = take(db.Holds(), 0)
		return err
	})
	switch {
	case err != nil:
		return err
	case asJSON:
		return printJSON(p.out, orEmpty(holds))
	case len(holds) == 0:
		fmt.Fprintln(p.out, "Nothing is held.")
		return nil
	}
	if err := showHolds(p.out, "", holds); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\n%s. \"xivosync holds release N\" lets the next run decide anew.\n", capital(count(len(holds), "hold")))
	return nil
}

// showHolds prints holds, a line each.
func showHolds(w io.Writer, indent string, holds []record.Hold) error {
	t := newTable(w, indent)
	t.row("N", "PERSON", "FIELD", "UNTIL", "WHY", "BY", "SINCE")
	for _, h := range holds {
		t.row(strconv.FormatUint(h.Number, 10), h.Person.Label(), h.Field, untilWords(h), h.Why, h.Who, moment(h.Since))
	}
	return t.end()
}

// untilWords says what ends a hold.
func untilWords(h record.Hold) string {
	switch {
	case h.Side == "":
		return "released"
	case h.Field == "":
		return "the entry changes"
	case h.Side == record.LDAP && h.Field == "enabled":
		return "the entry is no longer " + plain(h.Value.First())
	}
	return fmt.Sprintf("%s is no longer %s", sideName(h.Side), shown(h.Value, h.Secret))
}

func (p *program) holdsReleaseCommand(asJSON *bool) *cobra.Command {
	var field string
	var run uint64
	cmd := &cobra.Command{
		Use:   "release N | ID | --run RUN",
		Short: "End holds: the next run decides anew",
		Long: `End a hold by its number, those of a person by identifier, DN, e-mail or GUID, with
--field the one of that field, or with --run all those of a rollback. The next run
decides anew what was taken back.` + exitStatus(exitFailed, exitUsage, exitBusy),
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 0) == (run == 0) {
				return usagef("holds release: name a hold or a person, or --run with a rollback")
			}
			return p.releaseHolds(cmd.Context(), func(db *store.DB) (func(record.Hold) (bool, error), error) {
				if run != 0 {
					return func(h record.Hold) (bool, error) { return h.Run == run, nil }, nil
				}
				who, err := reconcile.NamedBy(db, args[0])
				return func(h record.Hold) (bool, error) {
					if cmd.Flags().Changed("field") && h.Field != field {
						return false, nil
					}
					if isNumber(h, args[0]) {
						return true, nil
					}
					return who.Held(db, h)
				}, err
			}, *asJSON)
		},
	}
	cmd.Flags().StringVar(&field, "field", "", "only this `field`")
	cmd.Flags().Uint64Var(&run, "run", 0, "all the holds of this rollback, by its `number`")
	return cmd
}

func isNumber(h record.Hold, text string) bool { return strconv.FormatUint(h.Number, 10) == text }

// releaseHolds ends those of the holds that are meant.
func (p *program) releaseHolds(ctx context.Context, which func(*store.DB) (func(record.Hold) (bool, error), error), asJSON bool) error {
	var ended []record.Hold
	err := p.writing(ctx, func(db *store.DB) error {
		meant, err := which(db)
		if err != nil {
			return err
		}
		for h, err := range db.Holds() {
			if err != nil {
				return err
			}
			is, err := meant(h)
			if err != nil {
				return err
			}
			if is {
				ended = append(ended, h)
			}
		}
		return reconcile.Release(db, ended...)
	})
	switch {
	case err != nil:
		return err
	case len(ended) == 0:
		return usagef("holds release: there is no such hold; \"xivosync holds\" lists them")
	case asJSON:
		return printJSON(p.out, ended)
	}
	for _, h := range ended {
		fmt.Fprintf(p.out, "%s is released; the next run decides anew.\n", capital(heldWords(h)))
	}
	return nil
}
