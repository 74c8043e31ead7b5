package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const packaging = "../../../packaging"

// promtool is Prometheus' own checker.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is not installed: apt-get install --no-install-recommends prometheus")
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestAlertRules(t *testing.T) {
	dir := filepath.Join(packaging, "prometheus")
	promtool(t, dir, "check", "rules", "xivosync.rules.yml")
	promtool(t, dir, "test", "rules", "xivosync.rules.test.yml")
	rules, err := os.ReadFile(filepath.Join(dir, "xivosync.rules.yml"))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(filepath.Join(dir, "xivosync.rules.test.yml"))
	if err != nil {
		t.Fatal(err)
	}
	known(t, string(rules))
	known(t, string(tests))
	alerts := regexp.MustCompile(`alert: (\w+)`).FindAllStringSubmatch(string(rules), -1)
	if len(alerts) < 5 {
		t.Fatalf("only %d alerts", len(alerts))
	}
	for _, alert := range alerts {
		fires := regexp.MustCompile(`alertname: ` + alert[1] + `\n\s+exp_alerts:\n\s+- exp_labels`)
		if !fires.Match(tests) {
			t.Errorf("no test has %s fire", alert[1])
		}
	}
}

// TestDashboard checks that each query is one, and asks for what is there.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(packaging, "grafana", "xivosync.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ X, W int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	ids := map[int]bool{}
	n := 0
	for _, p := range dashboard.Panels {
		if ids[p.ID] || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: id %d, %d queries, at %+v", p.Title, p.ID, len(p.Targets), p.GridPos)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			n++
			known(t, target.Expr)
			fmt.Fprintf(&rules, "  - record: query:%d\n    expr: %q\n", n, target.Expr)
		}
	}
	if n < 15 {
		t.Fatalf("only %d queries", n)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dashboard.yml"), []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, dir, "check", "rules", "dashboard.yml")
	for _, name := range New("").Names() {
		if !strings.Contains(string(text), name) {
			t.Errorf("the dashboard does not show %s", name)
		}
	}
}

// known checks that all metrics that a text names are ours.
func known(t *testing.T, text string) {
	t.Helper()
	names := New("").Names()
	for _, name := range regexp.MustCompile(`\bxivosync_\w+`).FindAllString(text, -1) {
		base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_sum"), "_count")
		if !slices.Contains(names, name) && !slices.Contains(names, base) {
			t.Errorf("there is no metric %s", name)
		}
	}
}
