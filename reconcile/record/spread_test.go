package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhatASetHasInCommon is one value where all elements agree, and else tells
// them apart, so that no directory's value is the same.
func TestWhatASetHasInCommon(t *testing.T) {
	for name, tc := range map[string]struct {
		texts map[string]string
		want  Value
	}{
		"nobody":          {nil, nil},
		"one":             {map[string]string{"a": "user"}, Value{"user"}},
		"one of nothing":  {map[string]string{"a": ""}, nil},
		"they agree":      {map[string]string{"a": "20", "b": "20"}, Value{"20"}},
		"they differ":     {map[string]string{"a": "20", "b": "30"}, Value{"a: 20", "b: 30"}},
		"one has nothing": {map[string]string{"a": "20", "b": ""}, Value{"a: 20", "b: "}},
	} {
		t.Run(name, func(t *testing.T) {
			var elements []string
			for _, e := range []string{"a", "b"} {
				if _, there := tc.texts[e]; there {
					elements = append(elements, e)
				}
			}
			got := Spread(elements, func(e string) string { return tc.texts[e] })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			for _, e := range elements {
				if of := got.Of(e); of != tc.texts[e] {
					t.Errorf("of %s: %q, want %q", e, of, tc.texts[e])
				}
			}
			if len(got) > 1 && got.Of("c") != "" {
				t.Errorf("of somebody else: %q", got.Of("c"))
			}
		})
	}
}
