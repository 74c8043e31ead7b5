package main

import (
	"fmt"
	"io"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// showGuards prints what the guards counted, and what those that tripped say.
// A guard that counted nothing is left out.
func (p *program) showGuards(w io.Writer, guards []record.Guard) error {
	t := newTable(w, "  ")
	for _, g := range guards {
		if !told(g) {
			continue
		}
		state := "ok"
		if g.Tripped {
			state = "STOPS THE RUN"
		}
		t.row(g.Name, amount(g), state)
	}
	if err := t.end(); err != nil {
		return err
	}
	for _, g := range guards {
		if g.Tripped && g.Message != "" {
			fmt.Fprintf(w, "  %s: %s\n", p.style.bad(plain(g.Name)), lines(g.Message))
		}
	}
	return nil
}

// told tells whether a guard has something to say.
func told(g record.Guard) bool { return g.Count > 0 || g.Tripped }

// amount says how many of how many. A guard that allows none, as that of the
// first run, has only a count; what is no threshold speaks in its message.
func amount(g record.Guard) string {
	switch {
	case g.Name == reconcile.GuardSource || g.Name == reconcile.GuardCanary || g.Name == reconcile.GuardIdentity:
		return "–"
	case g.Limit == 0:
		return count(g.Count, "person")
	case g.Name == reconcile.GuardRestored:
		return fmt.Sprintf("%s, at most %d", count(g.Count, "value"), g.Limit)
	}
	return fmt.Sprintf("%s, at most %d", count(g.Count, "person"), g.Limit)
}

// tripped returns the names of the guards that tripped.
func tripped(guards []record.Guard) []string {
	var names []string
	for _, g := range guards {
		if g.Tripped {
			names = append(names, g.Name)
		}
	}
	return names
}

// showTold prints the guards of a plan under a heading, where one has something
// to tell.
func (p *program) showTold(w io.Writer, guards []record.Guard) error {
	if !slices.ContainsFunc(guards, told) {
		return nil
	}
	p.heading(w, true, "Guards, over the last 24 hours and this plan:")
	return p.showGuards(w, guards)
}
