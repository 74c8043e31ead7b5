package reconcile

import (
	"io"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile/record"
)

// Engine carries out runs over two sides and a store. It keeps nothing between
// two calls: what it remembers is in the store.
type Engine struct {
	LDAP, XiVO Side
	Store      Store
	Settings   Settings
	// Random is where keys and secrets of new things come from.
	Random io.Reader
	// Now is the clock; Log receives what an operator may want to know later.
	Now func() time.Time
	Log hclog.Logger
	// Progress, where set, is told how far a phase has come; a total of zero is
	// not known.
	Progress func(phase string, done, total int)
	// Phase, where set, is told how long each phase took: recover, read, decide,
	// write.
	Phase func(phase string, took time.Duration)
}

// Options say how a plan or a run is made.
type Options struct {
	// Mode is full, incremental or audit. An incremental run becomes a full one
	// where the changes cannot be followed; the plan says so.
	Mode record.Mode
	// Only restricts the run to these people: identifiers, DNs, e-mails or GUIDs.
	// None means everybody.
	Only []string
	// Allow names the guards that are let through.
	Allow []string
	// Approved, where set, is the saved plan: nothing else is carried out.
	Approved *Approved
	// Trigger and Who are journaled: what started the run, and on whose behalf.
	Trigger, Who string
	// Due, where set, is journaled; see [record.Run].
	Due map[record.Mode]time.Time
	// glance tells that nothing comes of the plan: what takes long to look for, and
	// changes no more than what is said of a deletion, is left out.
	glance bool
}

// depth is how deep XiVO is read at once.
func (o Options) depth() record.Depth {
	if o.Mode == record.Audit {
		return record.Detail
	}
	return record.Survey
}

// retries tells whether what was refused before is tried again.
func (o Options) retries() bool { return len(o.Only) > 0 || o.Mode == record.Audit }

// allowed is what the journal says was let through.
func (o Options) allowed() []string {
	allowed := slices.Clone(o.Allow)
	if o.Approved != nil {
		allowed = append(allowed, approvedPlan)
	}
	return allowed
}

func (e *Engine) now() time.Time { return e.Now() }

// timed begins a phase; what it returns ends it.
func (e *Engine) timed(phase string) (end func()) {
	start := e.now()
	return func() {
		if e.Phase != nil {
			e.Phase(phase, e.now().Sub(start))
		}
	}
}

func (e *Engine) progress(phase string) func(int) {
	return func(done int) { e.progressOf(phase, done, 0) }
}

func (e *Engine) progressOf(phase string, done, total int) {
	if e.Progress != nil {
		e.Progress(phase, done, total)
	}
}

// digestValue is the keyed digest that is remembered in place of a secret.
func (e *Engine) digestValue(v record.Value) record.Value {
	if v.Empty() {
		return nil
	}
	d := e.Store.Digest(v...)
	return record.Text(digestPrefix + hexOf(d))
}

// digestPrefix marks the digest of a secret.
const digestPrefix = "digest:"
