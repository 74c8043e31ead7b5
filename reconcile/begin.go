package reconcile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// begin opens a run under the present configuration, and journals which of its
// keys changed since the run before.
func (e *Engine) begin(run record.Run) (record.Run, error) {
	before, err := e.Store.Configuration()
	if err != nil {
		return run, fmt.Errorf("read the configuration of the run before: %w", err)
	}
	now := make(map[string]record.Digest, len(e.Settings.Effective))
	for key, text := range e.Settings.Effective {
		now[key] = e.Store.Digest(key, text)
	}
	if len(before) > 0 {
		run.Keys = changedKeys(before, now)
	}
	run.Started, run.Fingerprint = e.now(), e.Settings.Fingerprint
	if run, err = e.Store.Begin(run); err != nil || maps.Equal(before, now) {
		return run, err
	}
	// After it: a crash in between names the keys once more, and loses none.
	return run, e.Store.Configure(now)
}

// changedKeys are the keys whose values differ, in order. What is below a table
// that is new or gone is told by the table.
func changedKeys(before, now map[string]record.Digest) []string {
	var keys []string
	for key, digest := range now {
		if before[key] != digest {
			keys = append(keys, key)
		}
	}
	for key := range before {
		if _, still := now[key]; !still {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.DeleteFunc(slices.Clone(keys), func(key string) bool {
		return slices.ContainsFunc(keys, func(table string) bool { return strings.HasPrefix(key, table+".") })
	})
}
