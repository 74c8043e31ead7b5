package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestOnePersonIsExplainedWithoutReadingEverybody asks for somebody with everything
// that there is to a person by their identifier, for which both sides are asked for
// them alone, and by DN, for which everybody is read: the answers are the same.
func TestOnePersonIsExplainedWithoutReadingEverybody(t *testing.T) {
	t.Parallel()
	w := agentsInFull(t, agentWorker(1, "departmentNumber", "Sales", "displayName", "Zoé"), agentWorker(2))
	w.good()
	dn := worker(1).DN
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"in step", func() {}},
		{"changed in the directory", func() { w.slapd.Modify(dn, "sn", "Other") }},
		{"drifted", func() { w.good(); w.edit("w01", map[string]any{"lastname": "Theirs"}) }},
		{"drifted where no survey looks", func() { w.good(); w.edit("w01", map[string]any{"music_on_hold": "jazz"}) }},
		{"its agent edited", func() { w.editAgent("8001", map[string]any{"firstname": "Other"}) }},
		{"without a number", func() { w.good(); w.slapd.Modify(dn, "ipPhone") }},
		{"with a number at rest", func() { w.good() }},
		{"disabled", func() { w.slapd.Modify(dn, "employeeType", "disabled") }},
		{"deactivated", func() { w.good() }},
		{"gone", func() { w.slapd.Delete(dn) }},
		{"gone for long", func() { w.good(); w.Clock = w.Clock.Add(72 * time.Hour); w.good() }},
	} {
		t.Run(step.name, func(t *testing.T) {
			step.do()
			w.sim.ResetLog()
			alone := string(encode(t, w.why("w01")))
			if paths := w.reads(); slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "/export") }) {
				t.Errorf("everybody was read: %v", paths)
			}
			if whole := string(encode(t, w.why(dn))); alone != whole {
				t.Errorf("alone: %s\nas one of all: %s", alone, whole)
			}
		})
	}
}
