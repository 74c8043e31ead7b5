package main

import (
	"fmt"
	"io"

	"xivosync/reconcile/record"
)

// showGuards prints what the guards counted, those that tripped last and in
// full.
func (p *program) showGuards(w io.Writer, guards []record.Guard) error {
	t := newTable(w, "  ")
	for _, g := range guards {
		if g.Limit == 0 && !g.Tripped {
			continue
		}
		state := "ok"
		if g.Tripped {
			state = "STOPS THE RUN"
		}
		t.row(g.Name, fmt.Sprintf("%d of at most %d", g.Count, g.Limit), state)
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
