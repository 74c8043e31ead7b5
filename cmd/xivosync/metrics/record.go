package metrics

import (
	"time"

	"xivosync/reconcile/record"
)

// Run takes in a run that ended, with the guards that stopped it. Whole tells
// that it was for everybody.
func (r *Recorder) Run(run record.Run, guards []string, whole bool) {
	mode := string(run.Mode)
	r.runs.WithLabelValues(mode, string(run.Outcome)).Inc()
	r.duration.WithLabelValues(mode).Observe(run.Seconds)
	for kind, n := range kinds(run.Counts) {
		r.changes.WithLabelValues(kind).Add(float64(n))
	}
	for _, guard := range guards {
		r.guardStops.WithLabelValues(guard).Inc()
	}
	for side, n := range run.Requests {
		r.requests.WithLabelValues(string(side), "read").Add(float64(n.Read))
		r.requests.WithLabelValues(string(side), "write").Add(float64(n.Write))
	}
	r.Recall(run, whole)
}

// Recall takes in when a run of the journal ended, and no more: it was counted by
// the process that made it.
func (r *Recorder) Recall(run record.Run, whole bool) {
	if run.Finished == nil {
		return
	}
	mode := string(run.Mode)
	r.last.WithLabelValues(mode).Set(unix(*run.Finished))
	switch run.Outcome {
	case record.OutcomeDone, record.OutcomeNothing, record.OutcomePartial:
		if whole {
			r.success.WithLabelValues(mode).Set(unix(*run.Finished))
		}
	}
}

// kinds are what a run did to people, by the names of the journal.
func kinds(c record.Counts) map[string]int {
	return map[string]int{
		"created": c.Created, "adopted": c.Adopted, "updated": c.Updated, "written_back": c.WrittenBack,
		"deactivated": c.Deactivated, "reactivated": c.Reactivated, "deleted": c.Deleted,
		"failed": c.Failed, "stale": c.Stale, "mails": c.Mails,
	}
}

// Linked takes in how many people are linked.
func (r *Recorder) Linked(n int) { r.linked.Set(float64(n)) }

// Waiting takes in what waits for people.
func (r *Recorder) Waiting(conflicts []record.Conflict, holds int) {
	r.conflicts.Reset()
	r.oldest.Reset()
	count, oldest := map[record.ConflictKind]int{}, map[record.ConflictKind]time.Time{}
	for _, c := range conflicts {
		if c.State != record.Open {
			continue
		}
		count[c.Kind]++
		if since := oldest[c.Kind]; since.IsZero() || c.Since.Before(since) {
			oldest[c.Kind] = c.Since
		}
	}
	for kind, n := range count {
		r.conflicts.WithLabelValues(string(kind)).Set(float64(n))
		r.oldest.WithLabelValues(string(kind)).Set(unix(oldest[kind]))
	}
	r.holds.Set(float64(holds))
}

// Phase takes in how long a phase of a run took.
func (r *Recorder) Phase(phase string, took time.Duration) {
	r.phases.WithLabelValues(phase).Observe(took.Seconds())
}

// Request takes in how long a side took for one request. Failed tells that there
// was no answer, or that the side could not serve us.
func (r *Recorder) Request(side record.Side, took time.Duration, failed bool) {
	r.latency.WithLabelValues(string(side)).Observe(took.Seconds())
	if failed {
		r.errors.WithLabelValues(string(side)).Inc()
	}
}

// Service takes in how a service stands: whether it is paused, and which side is
// down, "" for none.
func (r *Recorder) Service(paused bool, down record.Side) {
	r.paused.Set(one(paused))
	for _, side := range []record.Side{record.LDAP, record.XiVO} {
		r.down.WithLabelValues(string(side)).Set(one(side == down))
	}
}

func one(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}
