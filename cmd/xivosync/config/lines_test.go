package config

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestFindLines(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want map[string]int
	}{
		"tables": {"a = 1\n\n[t]\nb = 2 # [c]\n[t.u]\nc=3",
			map[string]int{"a": 1, "t": 3, "t.b": 4, "t.u": 5, "t.u.c": 6}},
		"dotted and quoted keys": {"a.\"b.c\".'d e' = 1\n",
			map[string]int{"a": 1, `a."b.c"`: 1, `a."b.c"."d e"`: 1}},
		"lists of tables": {"[[s]]\nn = 1\n[[s]]\nn = 2\n[s.t]\nm = 3\n",
			map[string]int{"s": 1, "s[0]": 1, "s[0].n": 2, "s[1]": 3, "s[1].n": 4, "s[1].t": 5, "s[1].t.m": 6}},
		"lists over several lines": {"a = [ # one, ]\n  { x = 1 },\n  { y = [2,\n 3] }\n]\nb = 1",
			map[string]int{"a": 1, "a[0]": 2, "a[0].x": 2, "a[1]": 3, "a[1].y": 3, "a[1].y[0]": 3, "a[1].y[1]": 4, "b": 6}},
		"texts that look like keys": {"a = \"\"\"\nb = 1\n\\\"\"\"\"\nc = '''\nd = 2'''\ne = \"# \\\" [f]\"\n",
			map[string]int{"a": 1, "c": 4, "e": 6}},
		"line ends of Windows": {"a = 1\r\nb = 2\r\n", map[string]int{"a": 1, "b": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			var any map[string]any
			if _, err := toml.Decode(tc.text, &any); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, findLines(tc.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParentOfAPath(t *testing.T) {
	for path, want := range map[string]string{
		"a": "", "a.b": "a", "a[1]": "a", "a[1].b": "a[1]", `a."b.c"`: "a", `a."b[0]"[1]`: `a."b[0]"`, `"a\"."`: "",
	} {
		if got := parent(path); got != want {
			t.Errorf("parent of %s: got %q, want %q", path, got, want)
		}
	}
}

// pathsOf lists the paths of everything in a decoded document.
func pathsOf(path string, v any) []string {
	var found []string
	switch v := v.(type) {
	case map[string]any:
		for key := range maps.Keys(v) {
			at := join(path, key)
			found = append(append(found, at), pathsOf(at, v[key])...)
		}
	case []any:
		for i, e := range v {
			found = append(append(found, index(path, i)), pathsOf(index(path, i), e)...)
		}
	case []map[string]any:
		for i, e := range v {
			found = append(append(found, index(path, i)), pathsOf(index(path, i), e)...)
		}
	}
	return found
}

// FuzzParse holds that any text is taken or refused with lines that exist, and
// that each key of a valid text has its line.
func FuzzParse(f *testing.F) {
	for _, path := range []string{example, "testdata/wrong.toml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(minimal)
	f.Add("a = \"\"\"\"\"\"\"\n[[b]]\n'' = { c.d = [[], {}] }")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse("f", []byte(text))
		last := strings.Count(text, "\n") + 1
		var all Errors
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("error of another kind: %v", err)
		}
		for _, e := range all {
			if e.Line < 1 || e.Line > last {
				t.Errorf("line %d of %d: %v", e.Line, last, e)
			}
		}
		lines := findLines(text) // ends on any text
		var tree map[string]any
		if _, err := toml.Decode(text, &tree); err != nil {
			return
		}
		paths := pathsOf("", tree)
		slices.Sort(paths)
		for _, path := range paths {
			if line := lines[path]; line < 1 || line > last {
				t.Errorf("%s has line %d of %d", path, line, last)
			}
		}
	})
}
