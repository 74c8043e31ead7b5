package xivosim

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Sixty people of one last name in pages of ten were seen to give 59 different
// ids on a real confd, with nobody writing; by id they give all sixty.
func TestPagingHasNoTieBreaker(t *testing.T) {
	sim := newTestSim(Options{})
	h := sim.LocalConfd()
	for i := range 60 {
		want(t, h, 201, "POST", "/1.1/users", `{"firstname":"N`+strconv.Itoa(i)+`","lastname":"Same"}`)
	}
	for order, distinct := range map[string]int{"lastname": 59, "id": 60} {
		ids := map[any]bool{}
		for offset := 0; offset < 60; offset += 10 {
			page := want(t, h, 200, "GET", fmt.Sprintf("/1.1/users?order=%s&limit=10&offset=%d", order, offset), "")
			for _, u := range items(t, page) {
				ids[u["id"]] = true
			}
		}
		if len(ids) != distinct {
			t.Errorf("by %s: %d ids, want %d", order, len(ids), distinct)
		}
	}
}

func TestQuicksortSorts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOf(rapid.IntRange(0, 20)).Draw(t, "values")
		sorted := slices.Sorted(slices.Values(a))
		quicksort(a, cmp.Compare[int])
		if !slices.Equal(a, sorted) {
			t.Fatalf("%v, want %v", a, sorted)
		}
	})
}

// The bounded heap returns the same keys as a full sort does.
func TestTopNIsTheFirstN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOf(rapid.IntRange(0, 20)).Draw(t, "values")
		n := rapid.IntRange(1, 10).Draw(t, "n")
		var rows []sortable[int]
		for _, v := range values {
			rows = append(rows, sortable[int]{num: v})
		}
		slices.Sort(values)
		var got []int
		for _, row := range topN(rows, compareKeys[int], n) {
			got = append(got, row.num)
		}
		if !slices.Equal(got, values[:min(n, len(values))]) {
			t.Fatalf("%v, want the first %d of %v", got, n, values)
		}
	})
}

func TestLike(t *testing.T) {
	for name, tc := range map[string]struct {
		pattern, text string
		want          bool
	}{
		"part":                     {"%art%", "Martin", true},
		"case is ignored":          {"%MART%", "martin", true},
		"accents are not":          {"%elodie%", "Élodie", false},
		"percent is any text":      {"%a%n%", "Martin", true},
		"underline is one letter":  {"%m_rtin%", "Martin", true},
		"nothing more than needed": {"%m__rtin%", "Martin", false},
		"escaped":                  {`%50\%%`, "50% off", true},
		"escaped, absent":          {`%50\%%`, "500", false},
		"a lone backslash":         {`%a\`, `a\`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newLike(tc.pattern).match(tc.text); got != tc.want {
				t.Errorf("%q on %q is %v", tc.pattern, tc.text, got)
			}
		})
	}
}
