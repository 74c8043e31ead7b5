package record

import "time"

// Mode is how thoroughly a run reads.
type Mode string

// The modes of a run.
const (
	Full        Mode = "full"
	Incremental Mode = "incremental"
	Audit       Mode = "audit"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes. A run without one is still going, or was killed.
const (
	OutcomeDone    Outcome = "done"
	OutcomeNothing Outcome = "nothing"
	OutcomeGuarded Outcome = "guarded"
	OutcomePartial Outcome = "partial"
	OutcomeFailed  Outcome = "failed"
	OutcomeStopped Outcome = "stopped"
)

// Counts are what a run did, each person counted once a kind.
type Counts struct {
	Created     int `json:"created"`
	Adopted     int `json:"adopted"`
	Updated     int `json:"updated"`
	WrittenBack int `json:"written_back"`
	Deactivated int `json:"deactivated"`
	Reactivated int `json:"reactivated"`
	Deleted     int `json:"deleted"`
	Conflicts   int `json:"conflicts"`
	Blocked     int `json:"blocked"`
	Failed      int `json:"failed"`
	Stale       int `json:"stale"`
	Held        int `json:"held"`
	Mails       int `json:"mails"`
}

// Guard is one threshold with what it counted.
type Guard struct {
	Name    string `json:"name"`
	Count   int    `json:"count"`
	Limit   int    `json:"limit"`
	Tripped bool   `json:"tripped"`
	// Message says what was seen and what to do, for a guard that tripped.
	Message string `json:"message,omitempty"`
}

// Recovered counts what recovery made of the changes that a crash left open.
type Recovered struct {
	Done    int `json:"done"`
	Undone  int `json:"undone"`
	Unknown int `json:"unknown"`
}

// Recovery is what became of one change of an earlier run that a crash left open.
type Recovery struct {
	// ID is that of the change.
	ID string `json:"id"`
	Person
	Side  Side   `json:"side"`
	Op    Op     `json:"op"`
	Thing Thing  `json:"thing"`
	Key   string `json:"key"`
	Step  Step   `json:"state"`
	Error string `json:"error,omitempty"`
}

// NewRecovery tells what became of a change.
func NewRecovery(c Change) Recovery {
	return Recovery{ID: c.ID(), Person: c.Person, Side: c.Side, Op: c.Op, Thing: c.Thing, Key: c.Key, Step: c.Step, Error: c.Error}
}

// Requests counts what was asked of one side.
type Requests struct {
	Read  int64 `json:"read"`
	Write int64 `json:"write"`
}

// Failure is one person whom a run could not serve in full.
type Failure struct {
	Person
	Error string `json:"error"`
}

// Run is one pass, numbered 1, 2, 3…
type Run struct {
	Number uint64 `json:"run"`
	Mode   Mode   `json:"mode"`
	// FullBecause says why a run that should have been incremental was not.
	FullBecause string     `json:"full_because,omitempty"`
	Trigger     string     `json:"trigger"`
	Who         string     `json:"who"`
	Started     time.Time  `json:"started"`
	Finished    *time.Time `json:"finished"`
	Outcome     Outcome    `json:"outcome"`
	Fingerprint string     `json:"fingerprint"`
	// Some tells that the run was for some people only, so that it stands in for
	// none of the schedule's.
	Some bool `json:"some,omitempty"`
	// Due are the times of the schedule, by mode, that came last when the service
	// began the run: it does not begin them once more when the clock is put back.
	Due map[Mode]time.Time `json:"due,omitempty"`
	// Keys are the configuration's keys that changed since the run before.
	Keys []string `json:"keys,omitempty"`
	// RolledBack are the runs that this one took back.
	RolledBack []uint64  `json:"rolled_back,omitempty"`
	Allowed    []string  `json:"allowed,omitempty"`
	Counts     Counts    `json:"counts"`
	Guards     []Guard   `json:"guards"`
	Recovered  Recovered `json:"recovered"`
	// Recoveries are what recovery did, change by change.
	Recoveries []Recovery        `json:"recoveries,omitempty"`
	Requests   map[Side]Requests `json:"requests"`
	Seconds    float64           `json:"seconds"`
	Failures   []Failure         `json:"failures"`
	Error      string            `json:"error,omitempty"`
}
