package conflicts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Words are the decisions that have a name; anything else is a value.
var Words = []string{record.DecideLDAP, record.DecideXiVO, record.DecideIgnore, record.DecideRelink, record.DecideNew, record.DecideForget}

// Take reads what somebody decides: one of [Words], or a value.
func Take(text string) record.Decision {
	if slices.Contains(Words, text) {
		return record.Decision{Take: text}
	}
	return record.Decision{Take: record.DecideValue, Value: text}
}

// Refused is returned when something cannot be decided: it was not offered, the
// value would not do, or nobody said why.
type Refused struct{ Err error }

// Error tells the conflict and the reason.
func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap returns the reason.
func (r *Refused) Unwrap() error { return r.Err }

// Desk is where people decide.
type Desk struct {
	Queue    Queue
	Settings *reconcile.Settings
	Now      func() time.Time
}

// Decide stores one decision about each of the conflicts: all, or none where one
// of them cannot be decided so. It returns them as they are then.
func (d *Desk) Decide(numbers []uint64, decision record.Decision) ([]record.Conflict, error) {
	if strings.TrimSpace(decision.Why) == "" {
		return nil, &Refused{errors.New("say why: it is kept in the journal for whoever asks later")}
	}
	decision.At = d.Now()
	return d.each(numbers, &decision, func(c record.Conflict) error {
		return d.Settings.CheckDecision(c, decision)
	})
}

// Withdraw takes the decisions about the conflicts back.
func (d *Desk) Withdraw(numbers []uint64) ([]record.Conflict, error) {
	return d.each(numbers, nil, func(c record.Conflict) error {
		if c.Decision == nil {
			return fmt.Errorf("conflict %d: nobody has decided about it", c.Number)
		}
		return nil
	})
}

// each checks all the conflicts before it stores anything about one.
func (d *Desk) each(numbers []uint64, decision *record.Decision, check func(record.Conflict) error) ([]record.Conflict, error) {
	var found []record.Conflict
	var wrong []error
	for _, n := range numbers {
		c, err := d.Queue.Conflict(n)
		if err != nil {
			return nil, err
		}
		if c.State == record.Closed {
			wrong = append(wrong, fmt.Errorf("conflict %d is closed: its cause is gone", n))
		} else if err := check(c); err != nil {
			wrong = append(wrong, err)
		}
		found = append(found, c)
	}
	if len(wrong) > 0 {
		return nil, &Refused{errors.Join(wrong...)}
	}
	for i, c := range found {
		if err := d.Queue.Decide(c.Number, decision); err != nil {
			return nil, err
		}
		var err error
		if found[i], err = d.Queue.Conflict(c.Number); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// Offering parts the conflicts into those that can be decided so, and the others.
func (d *Desk) Offering(found []record.Conflict, decision record.Decision) (can, cannot []record.Conflict) {
	for _, c := range found {
		if c.State != record.Closed && d.Settings.CheckDecision(c, decision) == nil {
			can = append(can, c)
		} else {
			cannot = append(cannot, c)
		}
	}
	return can, cannot
}

// Runner makes runs: the engine.
type Runner interface {
	Run(ctx context.Context, opt reconcile.Options) (*reconcile.Report, error)
}

// Apply makes a run for just those whom the decisions concern. It makes none
// where all of it is to be ignored: the report is nil then.
func Apply(ctx context.Context, engine Runner, decided []record.Conflict, opt reconcile.Options) (*reconcile.Report, error) {
	opt.Only = nil
	for _, c := range decided {
		id := c.Entry
		if id == "" {
			id = c.Person.UUID
		}
		if c.Decision != nil && c.Decision.Take != record.DecideIgnore && id != "" && !slices.Contains(opt.Only, id) {
			opt.Only = append(opt.Only, id)
		}
	}
	if len(opt.Only) == 0 {
		return nil, nil
	}
	return engine.Run(ctx, opt)
}
