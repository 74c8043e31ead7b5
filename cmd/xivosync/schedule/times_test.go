package schedule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// paris loads the time zone in which the tests live: clocks go forward at 2:00
// on 29 March 2026 and back at 3:00 on 25 October 2026.
func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func parsed(t *testing.T, text string) Times {
	t.Helper()
	times, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return times
}

func TestTimesThatComeByTheClock(t *testing.T) {
	zone := paris(t)
	march, october := time.Date(2026, 3, 28, 23, 50, 0, 0, zone), time.Date(2026, 10, 24, 23, 50, 0, 0, zone)
	for name, tc := range map[string]struct {
		times string
		after time.Time
		want  []string
	}{
		"half past two, in spring":    {"30 2 * * *", march, []string{"29 03:30 CEST", "30 02:30 CEST"}},
		"half past two, in autumn":    {"30 2 * * *", october, []string{"25 02:30 CEST", "26 02:30 CET"}},
		"two, at the change itself":   {"0 2 * * *", march, []string{"29 03:00 CEST", "30 02:00 CEST"}},
		"three, in autumn":            {"0 3 * * *", october, []string{"25 03:00 CET", "26 03:00 CET"}},
		"every hour, in spring":       {"0 * * * *", march, []string{"29 00:00 CET", "29 01:00 CET", "29 03:00 CEST", "29 04:00 CEST"}},
		"every hour, in autumn":       {"@hourly", october, []string{"25 00:00 CEST", "25 01:00 CEST", "25 02:00 CEST", "25 02:00 CET", "25 03:00 CET"}},
		"given hours, in spring":      {"15 1-4 * * *", march, []string{"29 01:15 CET", "29 03:15 CEST", "29 04:15 CEST"}},
		"given hours, in autumn":      {"15 1-4 * * *", october, []string{"25 01:15 CEST", "25 02:15 CEST", "25 03:15 CET", "25 04:15 CET"}},
		"every other hour, in autumn": {"0 */2 * * *", october, []string{"25 00:00 CEST", "25 02:00 CEST", "25 04:00 CET"}},
		"midnight":                    {"@daily", march, []string{"29 00:00 CET", "30 00:00 CEST"}},
		"the first, or a Monday":      {"0 9 1 * mon", march, []string{"30 09:00 CEST", "01 09:00 CEST", "06 09:00 CEST"}},
		"working days":                {"0 7 * * mon-fri", october, []string{"26 07:00 CET", "27 07:00 CET"}},
	} {
		t.Run(name, func(t *testing.T) {
			times, at := parsed(t, tc.times), tc.after
			var got []string
			for range tc.want {
				at = times.next(at)
				got = append(got, at.Format("02 15:04 MST"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsNoTime(t *testing.T) {
	for text, want := range map[string]string{
		"often":             "neither a duration",
		"30 2 * *":          "neither a duration",
		"61 * * * *":        "neither a duration",
		"0 0 30 2 *":        "never comes",
		"5s":                "at least 10s",
		"-5m":               "at least 10s",
		"@every 1s":         "at least 10s",
		"TZ=UTC 30 2 * * *": "time_zone",
		"* * * * * *":       "neither a duration",
	} {
		if times, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, %v, want %q in the error", text, times, err, want)
		}
	}
	if never := parsed(t, " "); !never.Never() {
		t.Errorf("an empty text is %v, not never", never)
	}
	if often := parsed(t, "@every 90s"); often.Every() != 90*time.Second {
		t.Errorf("got %v", often.Every())
	}
}

// FuzzParse finds expressions that are taken and never come, or come in the past.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"5m", "30 2 * * *", "@daily", "0 0 29 2 *", "*/7 3-23/5 1,15 jan sun#2", "0 0 L * *"} {
		f.Add(text)
	}
	now := time.Date(2026, 3, 28, 23, 50, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		times, err := Parse(text)
		if err != nil || times.Never() || times.Every() > 0 {
			return
		}
		if next := times.next(now); !next.After(now) {
			t.Errorf("%q: %s comes after %s", text, next, now)
		}
	})
}
