package main

import (
	"context"
	"errors"
	"fmt"

	"xivosync/conflicts"
	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
)

const leftAlone = "It is left as it is until something about it changes."

// afterDeciding says what happens next.
func (p *program) afterDeciding(db *store.DB, decided []record.Conflict, d deciding) error {
	if d.json {
		return printJSON(p.out, decided)
	}
	waiting, err := waitForRelease(db, decided)
	if err != nil {
		return err
	}
	for _, c := range decided {
		fmt.Fprintf(p.out, "Conflict %d (%s): decided %s.\n", c.Number, plain(subjectOf(c)), plain(c.Decision.Taken(c.Secret)))
	}
	p.sayHeld(waiting)
	switch {
	case decided[0].Decision.Take == record.DecideIgnore: // it is the same for all
		fmt.Fprintln(p.out, leftAlone)
	case len(waiting) == 0:
		fmt.Fprintln(p.out, "The next run carries it out.")
	case len(waiting) < len(decided):
		fmt.Fprintln(p.out, "The next run carries the rest out.")
	}
	return nil
}

// carryDecisionsOut makes a run for just those whom the decisions concern, and says
// which of them were not carried out.
func (p *program) carryDecisionsOut(ctx context.Context, all *parts, decided []record.Conflict, d deciding) error {
	report, err := conflicts.Apply(ctx, carrier{p, all}, decided, reconcile.Options{Mode: record.Full, Trigger: "decision", Who: p.who()})
	if report == nil && err == nil {
		if d.json {
			return printJSON(p.out, decided)
		}
		fmt.Fprintln(p.out, leftAlone)
		return nil
	}
	again, e := reopened(all.store, decided)
	waiting, e2 := waitForRelease(all.store, decided)
	if !d.json {
		for _, c := range again {
			fmt.Fprintf(p.out, "Conflict %d (%s) is open again: %s.\n", c.Number, plain(subjectOf(c)), plain(c.Reopened))
		}
		p.sayHeld(waiting)
	}
	err = p.conclusion(all, report, errors.Join(err, e, e2), d.json)
	if err == nil && len(again)+len(waiting) > 0 {
		return exit(exitPartial)
	}
	return err
}

// heldDecision is a decision that a hold keeps from being carried out.
type heldDecision struct {
	conflict record.Conflict
	hold     record.Hold
}

// waitForRelease are those of the decisions that are about something held.
func waitForRelease(db *store.DB, decided []record.Conflict) (waiting []heldDecision, err error) {
	holds, err := take(db.Holds(), 0)
	if err != nil {
		return nil, err
	}
	for _, c := range decided {
		for _, h := range holds {
			same := h.Entry != "" && h.Entry == c.Entry || h.Entry == "" && h.User == c.Person.UUID
			if same && (h.Field == "" || h.Field == c.Field) && c.Decision != nil && c.Decision.Take != record.DecideIgnore {
				waiting = append(waiting, heldDecision{c, h})
				break
			}
		}
	}
	return waiting, nil
}

func (p *program) sayHeld(waiting []heldDecision) {
	for _, w := range waiting {
		fmt.Fprintf(p.out, "Conflict %d (%s) is about something held (%s): what was decided waits for \"xivosync holds release %d\".\n",
			w.conflict.Number, plain(subjectOf(w.conflict)), plain(w.hold.Why), w.hold.Number)
	}
}

// reopened are those of the conflicts whose decision was not carried out.
func reopened(db *store.DB, decided []record.Conflict) (again []record.Conflict, err error) {
	for _, old := range decided {
		c, err := db.Conflict(old.Number)
		if err != nil {
			return nil, err
		}
		if c.State == record.Open && c.Reopened != "" {
			again = append(again, c)
		}
	}
	return again, nil
}
