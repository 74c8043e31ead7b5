package metrics

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile/record"
)

// text is what a recorder writes, as the textfile collector reads it.
func text(t *testing.T, r *Recorder, past Past) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, past); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// value reads one series.
func value(t *testing.T, text, series string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		return -1
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wants(t *testing.T, text string, series map[string]float64) {
	t.Helper()
	for name, want := range series {
		if got := value(t, text, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func ended(mode record.Mode, outcome record.Outcome, at time.Time) record.Run {
	return record.Run{Number: 3, Mode: mode, Outcome: outcome, Finished: &at, Seconds: 1.5,
		Counts:   record.Counts{Created: 2, Conflicts: 1},
		Requests: map[record.Side]record.Requests{record.XiVO: {Read: 4, Write: 2}, record.LDAP: {Read: 3}}}
}

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestWhatARunLeaves(t *testing.T) {
	r := New("1.0")
	r.Run(ended(record.Full, record.OutcomeDone, noon), nil, true)
	r.Run(ended(record.Audit, record.OutcomeGuarded, noon.Add(time.Hour)), []string{"removals"}, true)
	r.Run(ended(record.Full, record.OutcomeDone, noon.Add(2*time.Hour)), nil, false) // for one person
	r.Waiting([]record.Conflict{
		{Kind: record.ConflictField, State: record.Open, Since: noon}, {Kind: record.ConflictField, State: record.Open, Since: noon.Add(-time.Hour)},
		{Kind: record.Rejected, State: record.Decided, Since: noon},
	}, 4)
	r.Phase("read", 700*time.Millisecond)
	r.Request(record.XiVO, 30*time.Millisecond, true)
	r.Service(true, record.LDAP)
	wants(t, text(t, r, nil), map[string]float64{
		`xivosync_runs_total{mode="full",outcome="done"}`:          2,
		`xivosync_runs_total{mode="audit",outcome="guarded"}`:      1,
		`xivosync_runs_total{mode="full",outcome="failed"}`:        0,
		`xivosync_changes_total{kind="created"}`:                   6,
		`xivosync_guard_stops_total{guard="removals"}`:             1,
		`xivosync_requests_total{kind="write",side="xivo"}`:        6,
		`xivosync_requests_total{kind="write",side="ldap"}`:        0,
		`xivosync_last_run_timestamp_seconds{mode="full"}`:         unix(noon.Add(2 * time.Hour)),
		`xivosync_last_success_timestamp_seconds{mode="full"}`:     unix(noon),
		`xivosync_last_success_timestamp_seconds{mode="audit"}`:    -1,
		`xivosync_conflicts_open{kind="field"}`:                    2,
		`xivosync_conflicts_open{kind="rejected"}`:                 -1,
		`xivosync_conflict_oldest_timestamp_seconds{kind="field"}`: unix(noon.Add(-time.Hour)),
		`xivosync_holds`: 4,
		`xivosync_phase_duration_seconds_count{phase="read"}`:              1,
		`xivosync_request_duration_seconds_bucket{side="xivo",le="0.05"}`:  1,
		`xivosync_request_duration_seconds_bucket{side="xivo",le="0.025"}`: 0,
		`xivosync_request_errors_total{side="xivo"}`:                       1,
		`xivosync_request_errors_total{side="ldap"}`:                       0,
		`xivosync_paused`:                                          1,
		`xivosync_side_down{side="ldap"}`:                          1,
		`xivosync_side_down{side="xivo"}`:                          0,
		`xivosync_build_info{version="1.0"}`:                       1,
		`xivosync_run_duration_seconds_bucket{mode="full",le="2"}`: 2,
	})
}

// TestTheTextfileGoesOn plays a timer: each run is a process of its own.
func TestTheTextfileGoesOn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "xivosync.prom")
	write := func(change func(r *Recorder)) string {
		past, err := ReadPast(path)
		if err != nil {
			t.Fatal(err)
		}
		r := New("1.0")
		change(r)
		out := text(t, r, past)
		if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
		return out
	}
	write(func(r *Recorder) {
		r.Run(ended(record.Audit, record.OutcomeDone, noon), []string{"removals"}, true)
		r.Waiting([]record.Conflict{{Kind: record.Rejected, State: record.Open, Since: noon}}, 2)
		r.Request(record.LDAP, time.Second, false)
	})
	out := write(func(r *Recorder) {
		r.Run(ended(record.Full, record.OutcomeDone, noon.Add(time.Hour)), nil, true)
		r.Waiting(nil, 0)
		r.Request(record.LDAP, 3*time.Second, true)
	})
	want := map[string]float64{
		`xivosync_runs_total{mode="audit",outcome="done"}`:            1,
		`xivosync_runs_total{mode="full",outcome="done"}`:             1,
		`xivosync_changes_total{kind="created"}`:                      4,
		`xivosync_guard_stops_total{guard="removals"}`:                1,
		`xivosync_last_success_timestamp_seconds{mode="audit"}`:       unix(noon),
		`xivosync_last_success_timestamp_seconds{mode="full"}`:        unix(noon.Add(time.Hour)),
		`xivosync_conflicts_open{kind="rejected"}`:                    -1,
		`xivosync_conflict_oldest_timestamp_seconds{kind="rejected"}`: -1,
		`xivosync_holds`: 0,
		`xivosync_request_duration_seconds_count{side="ldap"}`:            2,
		`xivosync_request_duration_seconds_sum{side="ldap"}`:              4,
		`xivosync_request_duration_seconds_bucket{side="ldap",le="1"}`:    1,
		`xivosync_request_duration_seconds_bucket{side="ldap",le="+Inf"}`: 2,
		`xivosync_request_errors_total{side="ldap"}`:                      1,
	}
	wants(t, out, want)
	if again := write(func(*Recorder) {}); value(t, again, `xivosync_runs_total{mode="full",outcome="done"}`) != 1 {
		t.Error("a process that makes no run counts one")
	}
	if err := os.WriteFile(path, []byte("no metrics {"), 0o600); err != nil {
		t.Fatal(err)
	}
	if past, err := ReadPast(path); err != nil || past != nil {
		t.Errorf("what is no textfile says %v, %v", past, err)
	}
}

// TestNoLabelGrowsWithThePeople looks at every label that there is.
func TestNoLabelGrowsWithThePeople(t *testing.T) {
	r := New("1.0")
	r.Run(ended(record.Full, record.OutcomeDone, noon), []string{"removals"}, true)
	r.Waiting([]record.Conflict{{Kind: record.ConflictField, State: record.Open, Person: record.Person{Identifier: "zq77"}}}, 1)
	answer := httptest.NewRecorder()
	r.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(answer.Body.String(), "process_resident_memory_bytes") {
		t.Error("the process's own figures are not there")
	}
	known := "mode outcome kind guard side phase version le quantile"
	for _, m := range regexp.MustCompile(`[{,](\w+)="`).FindAllStringSubmatch(answer.Body.String(), -1) {
		if !strings.Contains(known+" ", m[1]+" ") {
			t.Errorf("a label %q", m[1])
		}
	}
	if strings.Contains(answer.Body.String(), "zq77") {
		t.Error("a person is named")
	}
}
