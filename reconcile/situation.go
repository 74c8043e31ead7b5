package reconcile

import (
	"fmt"
	"time"

	"xivosync/reconcile/record"
)

// situation says how a person stands.
func (e *Engine) situation(p *person) string {
	text := p.whereabouts()
	if a, waits := e.absence(p); waits {
		return "the entry is " + a.String()
	}
	switch l := p.state.Link; {
	case p.held || p.origin != fromLink:
		return text
	case l.Halfway:
		return text + "; a deactivation, reactivation or deletion was begun and is not finished: the next run goes on with it"
	case l.Deactivated:
		return text + "; " + e.graceInWords(p)
	}
	return text
}

func (p *person) whereabouts() string {
	switch {
	case p.held:
		return "held: left alone until somebody decides"
	case p.missed:
		return fmt.Sprintf("the entry is not listed any more (missed by %d complete runs)", p.state.Missed)
	case p.origin == fromEntry:
		return "in the directory, no XiVO user yet"
	case p.origin == fromAdopt:
		return "a XiVO user with this identifier exists and is not linked yet"
	case p.entry != nil && p.entry.Disabled:
		return "linked, and the account is disabled in the directory"
	}
	return "linked"
}

// graceInWords says since when somebody is deactivated, and what comes of it.
func (e *Engine) graceInWords(p *person) string {
	l := p.state.Link
	text := "deactivated: the fields wait for the return"
	if !l.Left.IsZero() {
		text = fmt.Sprintf("deactivated since %s: the fields wait for the return", inWordsAt(l.Left))
	}
	elsewhere := p.missed && p.entry != nil
	switch {
	case e.Settings.Removal.fate(l.Removal, elsewhere) != RemovalDelete:
		return text + ", and the user is never deleted"
	case e.graceOver(l):
		return text + ", and the user is to be deleted"
	case l.Left.IsZero():
		return text + ", and grace begins with the next run"
	}
	return text + ", and the user is deleted after " + inWordsAt(e.deletion(l))
}

func inWordsAt(t time.Time) string { return t.Format("2006-01-02 15:04 MST") }

// asideInWords says where a thing is that is not in use; "" for one that is.
func asideInWords(b record.Base) string {
	switch {
	case !b.Parked.Empty():
		return fmt.Sprintf("out of use: parked as %s, since another entry took the number", b.Parked)
	case b.Retired:
		return "deactivated: the directory has no value for it, and on_clear keeps it"
	case !b.GivenUp.Empty():
		return fmt.Sprintf("%s is deactivated: the directory does not list it any more", b.GivenUp)
	}
	return ""
}
