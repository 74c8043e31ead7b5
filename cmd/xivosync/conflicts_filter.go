package main

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"xivosync/cmd/xivosync/config"
	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

// filtering is what the flags say that choose among conflicts.
type filtering struct {
	kinds, states     []string
	age, site, person string
}

func (f *filtering) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.kinds, "kind", nil, "only those of a `kind`: "+listed(names(conflicts.Kinds)))
	flags.StringSliceVar(&f.states, "state", nil, "only those in a `state`: "+listed(names(conflicts.States)))
	flags.StringVar(&f.age, "age", "", "only those that have stood for at least so `long`, such as 12h or 3d")
	flags.StringVar(&f.site, "site", "", "only those of people of this `site`")
	flags.StringVar(&f.person, "person", "", "only those about the person with this `ID`: an identifier, DN, e-mail, GUID or name")
}

// any tells whether one of the flags was given.
func (f *filtering) any() bool {
	return len(f.kinds)+len(f.states) > 0 || f.age != "" || f.site != "" || f.person != ""
}

// filter is what the flags mean at that time. Unknown names are refused: a typo
// would otherwise find nothing, silently.
func (f *filtering) filter(now time.Time) (out conflicts.Filter, err error) {
	out = conflicts.Filter{Site: f.site, Person: f.person}
	if out.Kinds, err = known("--kind", f.kinds, conflicts.Kinds); err != nil {
		return out, err
	}
	if out.States, err = known("--state", f.states, conflicts.States); err != nil {
		return out, err
	}
	if f.age != "" {
		span, err := config.ParseDuration(f.age)
		if err != nil {
			return out, usagef("--age %s: %w", f.age, err)
		}
		out.Before = now.Add(-span)
	}
	return out, nil
}

// chosen reads the conflicts that the filter lets through.
func chosen(db *store.DB, filter conflicts.Filter) (found []record.Conflict, err error) {
	if filter.Named, err = reconcile.NamedBy(db, filter.Person); err != nil {
		return nil, err
	}
	return conflicts.List(db, filter)
}

// known reads names of which there are only so many.
func known[T ~string](flag string, given []string, all []T) ([]T, error) {
	var out []T
	for _, name := range given {
		if !slices.Contains(all, T(name)) {
			return nil, usagef("%s %s: there is none such; there are %s", flag, name, listed(names(all)))
		}
		out = append(out, T(name))
	}
	return out, nil
}

func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = string(one)
	}
	return out
}

// waitingFor keeps the conflicts that wait for a person.
func waitingFor(found []record.Conflict) []record.Conflict {
	return slices.DeleteFunc(slices.Clone(found), func(c record.Conflict) bool { return c.State != record.Open })
}

// decisionWords are what decide takes, for its help.
func decisionWords() string { return strings.Join(append(slices.Clone(conflicts.Words), "VALUE"), "|") }
