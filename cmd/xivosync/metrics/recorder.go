package metrics

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"xivosync/reconcile/record"
)

// Recorder keeps the figures of one process. Its methods may be called by several
// goroutines.
type Recorder struct {
	registry *prometheus.Registry
	// names are those of all families.
	names []string

	runs, changes, guardStops, requests, errors *prometheus.CounterVec
	duration, phases, latency                   *prometheus.HistogramVec
	last, success                               *prometheus.GaugeVec
	conflicts, oldest, down                     *prometheus.GaugeVec
	holds, linked, paused, build                prometheus.Gauge
}

// seconds are the buckets of what takes from a moment to an hour; quick those of
// one request.
var (
	seconds = []float64{.1, .5, 1, 2, 5, 10, 30, 60, 120, 300, 900, 3600}
	quick   = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
)

// New returns a recorder. The version is that of the program.
func New(version string) *Recorder {
	r := &Recorder{registry: prometheus.NewRegistry()}
	r.runs = counter(r, "runs_total", "Runs that ended, by mode and outcome.", "mode", "outcome")
	r.changes = counter(r, "changes_total", "People changed, by kind of change: each person once a run and kind.", "kind")
	r.guardStops = counter(r, "guard_stops_total", "Runs that a guard stopped, by guard.", "guard")
	r.requests = counter(r, "requests_total", "Requests of runs, by side and kind.", "side", "kind")
	r.errors = counter(r, "request_errors_total", "Requests without a good answer because of the side itself, by side: no answer, or one that it cannot serve us.", "side")
	r.duration = histogram(r, "run_duration_seconds", "Time that runs took, by mode.", seconds, "mode")
	r.phases = histogram(r, "phase_duration_seconds", "Time that a phase of a run took, by phase.", seconds, "phase")
	r.latency = histogram(r, "request_duration_seconds", "Time until a side answered, by side.", quick, "side")
	r.last = gauge(r, "last_run_timestamp_seconds", "When the last run ended, by mode.", "mode")
	r.success = gauge(r, "last_success_timestamp_seconds", "When the last run ended that came to its end for everybody, by mode.", "mode")
	r.conflicts = gauge(r, "conflicts_open", "Conflicts that wait for a person, by kind.", "kind")
	r.oldest = gauge(r, "conflict_oldest_timestamp_seconds", "Since when the oldest conflict of a kind waits; absent where none does.", "kind")
	r.down = gauge(r, "side_down", "1 while the service cannot reach a side, by side.", "side")
	r.holds = single(r, "holds", "Holds that keep people or fields out of plans.")
	r.linked = single(r, "linked", "People that are linked.")
	r.paused = single(r, "paused", "1 while the service makes only plans, since a guard stopped a run.")
	r.build = single(r, "build_info", "Always 1; the version stands in the label.", version)
	r.build.Set(1)
	r.nothingYet()
	return r
}

// nothingYet makes the series that alerts are about be there from the start: a
// counter that begins with 1 did not increase.
func (r *Recorder) nothingYet() {
	for _, side := range []record.Side{record.LDAP, record.XiVO} {
		r.errors.WithLabelValues(string(side))
		r.down.WithLabelValues(string(side))
		for _, kind := range []string{"read", "write"} {
			r.requests.WithLabelValues(string(side), kind)
		}
	}
	for _, mode := range []record.Mode{record.Full, record.Incremental, record.Audit} {
		for _, outcome := range []record.Outcome{record.OutcomeDone, record.OutcomeNothing, record.OutcomeGuarded, record.OutcomePartial, record.OutcomeFailed, record.OutcomeStopped} {
			r.runs.WithLabelValues(string(mode), string(outcome))
		}
	}
	for kind := range kinds(record.Counts{}) {
		r.changes.WithLabelValues(kind)
	}
}

const namespace = "xivosync"

func (r *Recorder) register(name string, c prometheus.Collector) {
	r.registry.MustRegister(c)
	r.names = append(r.names, namespace+"_"+name)
}

// Names are those of all families, as queries and alerts may use them.
func (r *Recorder) Names() []string { return slices.Clone(r.names) }

func counter(r *Recorder, name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	r.register(name, v)
	return v
}

func gauge(r *Recorder, name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	r.register(name, v)
	return v
}

func single(r *Recorder, name, help string, version ...string) prometheus.Gauge {
	opts := prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}
	if len(version) > 0 {
		opts.ConstLabels = prometheus.Labels{"version": version[0]}
	}
	v := prometheus.NewGauge(opts)
	r.register(name, v)
	return v
}

func histogram(r *Recorder, name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
	r.register(name, v)
	return v
}

// Handler serves the figures, with those of the process itself.
func (r *Recorder) Handler() http.Handler {
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(prometheus.Gatherers{r.registry, process}, promhttp.HandlerOpts{})
}

// unix is a point of time as Prometheus counts.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
