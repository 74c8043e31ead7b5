package reconcile

import (
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// Absence is somebody whose entry the complete runs did not list, and who is not
// removed for it yet (design, section 8: absence counts after some runs and some
// time).
type Absence struct {
	record.Person
	// Since is the start of the run that missed the entry first, Missed how many
	// complete runs have by now, this one included.
	Since  time.Time `json:"since"`
	Missed int       `json:"missed"`
	// Outside tells that the entry is there, but outside of base and filter.
	Outside bool `json:"outside"`
	// Then is what the first complete run from Due on does, after at least Runs
	// of them.
	Then record.Op `json:"then"`
	Due  time.Time `json:"due"`
	Runs int       `json:"runs"`
}

// absence returns what becomes of somebody who is not listed; false for whoever is
// listed, removed already or in this plan, held, or kept whatever happens.
func (e *Engine) absence(p *person) (Absence, bool) {
	l, r := p.state.Link, e.Settings.Removal
	if !p.missed || p.life != nil || l.Deactivated || p.stays() || p.fate == RemovalKeep || p.fate == "" {
		return Absence{}, false
	}
	a := Absence{Person: p.Who(), Since: l.Absent, Missed: l.Missed, Outside: p.outside,
		Then: record.Deactivate, Due: l.Absent.Add(r.AbsentFor), Runs: r.AbsentRuns}
	if p.fate == RemovalDelete && r.DeleteAfter == 0 {
		a.Then = record.Delete
	}
	return a, true
}

// String says it in words.
func (a Absence) String() string {
	what, then := "not listed any more", "deactivated"
	if a.Outside {
		what = "outside of base and filter"
	}
	if a.Then == record.Delete {
		then = "deleted"
	}
	text := fmt.Sprintf("%s since %s: %s by the first complete run from %s on", what, inWordsAt(a.Since), then, inWordsAt(a.Due))
	if more := a.Runs - a.Missed; more > 1 {
		text += fmt.Sprintf(", after %d more of them", more-1)
	}
	return text
}
