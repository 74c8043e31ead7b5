package reconcile_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xivosync/reconcile"
)

func TestTheNextFreeNumber(t *testing.T) {
	for name, tc := range map[string]struct {
		pool  string
		taken []string
		want  string
	}{
		"the first":               {"1500-1509", nil, "1500"},
		"a gap":                   {"1500-1509", []string{"1500", "1501", "1503"}, "1502"},
		"the last":                {"10-12", []string{"10", "11"}, "12"},
		"the next range":          {"10-11, 20-29", []string{"10", "11"}, "20"},
		"the lowest range first":  {"20-29, 10-11", nil, "10"},
		"the shortest range":      {"100-199, 20-29", nil, "20"},
		"leading zeros":           {"0098-0101", []string{"0098", "0099"}, "0100"},
		"none":                    {"10-11", []string{"10", "11"}, ""},
		"no pool":                 {"", nil, ""},
		"the very last":           {"99-99", nil, "99"},
		"not by its number alone": {"10-11", []string{"010"}, "10"},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := reconcile.NextFree(ranges(tc.pool), func(n string) bool { return slices.Contains(tc.taken, n) })
			if got != tc.want || ok != (tc.want != "") {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}

func TestAPlanGivesNoNumberTwice(t *testing.T) {
	a := &reconcile.Site{Name: "a", Context: "default", Pool: ranges("10-14")}
	b := &reconcile.Site{Name: "b", Context: "default", Pool: ranges("12-16")} // shares a context and numbers
	c := &reconcile.Site{Name: "c", Context: "other", Pool: ranges("10-10")}
	moved := *a
	moved.Context = "moved"
	pools := reconcile.NewPools(func(raw string) bool { return raw == "11@default" })
	var got []string
	for _, s := range []*reconcile.Site{a, a, b, a, b, c, c, a, b, b, nil, &moved} {
		raw, _ := pools.Next(s)
		got = append(got, raw)
	}
	want := []string{"10@default", "12@default", "13@default", "14@default", "15@default", "10@other", "", "", "16@default", "", "", "10@moved"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPoolsGiveWhatIsFreeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		taken := rapid.MapOf(rapid.StringMatching(`1[0-9]{2}`), rapid.Just(true)).Draw(t, "taken")
		s := &reconcile.Site{Name: "s", Context: "c", Pool: ranges("100-149,160-199")}
		pools := reconcile.NewPools(func(raw string) bool { return taken[raw[:3]] })
		given := map[string]bool{}
		for last := ""; ; {
			raw, ok := pools.Next(s)
			if !ok {
				break
			}
			if given[raw] || taken[raw[:3]] || raw <= last {
				t.Fatalf("%s was given after %s", raw, last)
			}
			given[raw], last = true, raw
		}
		free := 0
		for _, r := range s.Pool {
			for n := r.First; ; n = after("+" + n)[1:] {
				if !taken[n] {
					free++
				}
				if n == r.Last {
					break
				}
			}
		}
		if free != len(given) {
			t.Fatalf("%d of %d free numbers were given", len(given), free)
		}
	})
}
