package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/proto"
)

// Past is what a textfile said before this process began to count.
type Past map[string]*dto.MetricFamily

// ReadPast reads the textfile; one that is not there, or that is none, says
// nothing: the counters begin anew, as after a restart.
func ReadPast(path string) (Past, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer f.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	past, err := parser.TextToMetricFamilies(f)
	if err != nil {
		return nil, nil
	}
	return past, nil
}

// Write writes the figures with what was before them, in the text form.
func (r *Recorder) Write(w io.Writer, past Past) error {
	now, err := r.registry.Gather()
	if err != nil {
		return fmt.Errorf("write metrics: %w", err)
	}
	for _, family := range r.withPast(now, past) {
		if was := past[family.GetName()]; was != nil && was.GetType() == family.GetType() {
			addFamily(family, was)
		}
		if len(family.Metric) == 0 {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(w, family); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}

// withPast adds the families of which this process has counted nothing yet, in
// order. Those that no process counts any more end here.
func (r *Recorder) withPast(now []*dto.MetricFamily, past Past) []*dto.MetricFamily {
	for _, name := range r.names {
		there := slices.ContainsFunc(now, func(f *dto.MetricFamily) bool { return f.GetName() == name })
		if was := past[name]; was != nil && !there {
			now = append(now, &dto.MetricFamily{Name: was.Name, Help: was.Help, Type: was.Type})
		}
	}
	slices.SortFunc(now, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return now
}

// addFamily adds what counted before. A gauge that this process has set counts as
// it is; of the others the last value stays: when the last audit was, a run of
// another kind does not know. What waits for people each run knows as a whole.
func addFamily(now, was *dto.MetricFamily) {
	byLabels := map[string]*dto.Metric{}
	for _, m := range now.Metric {
		byLabels[labelsOf(m)] = m
	}
	for _, before := range was.Metric {
		m, there := byLabels[labelsOf(before)]
		switch {
		case there:
			addMetric(m, before)
		case now.GetType() != dto.MetricType_GAUGE || strings.HasSuffix(now.GetName(), "_timestamp_seconds") && !whole[now.GetName()]:
			now.Metric = append(now.Metric, before)
		}
	}
	slices.SortFunc(now.Metric, func(a, b *dto.Metric) int { return cmp.Compare(labelsOf(a), labelsOf(b)) })
}

// whole are the gauges that a run sets for all of their labels.
var whole = map[string]bool{namespace + "_conflict_oldest_timestamp_seconds": true}

func labelsOf(m *dto.Metric) string {
	pairs := map[string]string{}
	for _, l := range m.Label {
		pairs[l.GetName()] = l.GetValue()
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		fmt.Fprintf(&b, "%s=%q,", name, pairs[name])
	}
	return b.String()
}

func addMetric(now, was *dto.Metric) {
	switch {
	case now.Counter != nil && was.Counter != nil:
		now.Counter.Value = proto.Float64(now.Counter.GetValue() + was.Counter.GetValue())
	case now.Histogram != nil && was.Histogram != nil:
		addHistogram(now.Histogram, was.Histogram)
	}
}

func addHistogram(now, was *dto.Histogram) {
	before := map[float64]uint64{}
	for _, b := range was.Bucket {
		before[b.GetUpperBound()] = b.GetCumulativeCount()
	}
	for _, b := range now.Bucket {
		if _, same := before[b.GetUpperBound()]; !same {
			return // other buckets, from another version: it begins anew
		}
	}
	for _, b := range now.Bucket {
		b.CumulativeCount = proto.Uint64(b.GetCumulativeCount() + before[b.GetUpperBound()])
	}
	now.SampleCount = proto.Uint64(now.GetSampleCount() + was.GetSampleCount())
	now.SampleSum = proto.Float64(now.GetSampleSum() + was.GetSampleSum())
}
