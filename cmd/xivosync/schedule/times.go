package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/netresearch/go-cron"
)

// Times says when something is due: every so often, or by the clock on the wall.
// The zero value is never.
type Times struct {
	// every is the time between two, zero where cron says when.
	every time.Duration
	cron  *cron.SpecSchedule
	// text is what was parsed.
	text string
}

// shortest keeps a typo from making one run after the other.
const shortest = 10 * time.Second

// grammar is that of crontab(5): day of month or day of week, where both are
// given.
var grammar = cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor | cron.DowOrDom)

// Parse reads a duration such as "5m", or a cron expression of five fields such
// as "30 2 * * mon-fri"; "" is never.
func Parse(text string) (Times, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Times{}, nil
	}
	if every, err := time.ParseDuration(text); err == nil {
		return interval(text, every)
	}
	if strings.Contains(text, "=") {
		return Times{}, fmt.Errorf("%q: the time zone is said by time_zone", text)
	}
	parsed, err := grammar.Parse(text)
	if err != nil {
		return Times{}, fmt.Errorf("%q is neither a duration such as 5m nor a cron expression such as 30 2 * * *: %w", text, err)
	}
	switch s := parsed.(type) {
	case *cron.SpecSchedule:
		if s.Next(time.Unix(0, 0).UTC()).IsZero() {
			return Times{}, fmt.Errorf("%q never comes", text)
		}
		return Times{cron: s, text: text}, nil
	case cron.ConstantDelaySchedule:
		return interval(text, s.Delay)
	}
	return Times{}, fmt.Errorf("%q is no time that comes again", text)
}

func interval(text string, every time.Duration) (Times, error) {
	if every < shortest {
		return Times{}, fmt.Errorf("%q is too often: at least %s have to lie between two", text, shortest)
	}
	return Times{every: every, text: text}, nil
}

// Never tells whether nothing is ever due.
func (t Times) Never() bool { return t.every == 0 && t.cron == nil }

// Every is the time between two, zero where the clock on the wall says when.
func (t Times) Every() time.Duration { return t.every }

// String returns the text that was parsed.
func (t Times) String() string { return t.text }

// next returns the first time after t that the clock of t's zone shows what the
// expression says.
//
// In spring, what falls into the hour that is left out comes as much later as
// the clocks were put forward. In autumn, what is at given hours comes in the
// first of the two equal hours only; what is at every hour comes in both.
func (t Times) next(after time.Time) time.Time {
	for {
		after = t.cron.Next(after)
		if after.IsZero() || t.everyHour() || !repeated(after) {
			return after
		}
	}
}

// everyHour tells whether the expression names no hours.
func (t Times) everyHour() bool {
	const all = 1<<24 - 1
	return t.cron.Hour&all == all
}

// repeated tells whether clocks were put back and show this time for the second
// time.
func repeated(t time.Time) bool {
	since, _ := t.ZoneBounds()
	if since.IsZero() {
		return false
	}
	_, before := since.Add(-time.Second).Zone()
	_, now := t.Zone()
	return t.Sub(since) < time.Duration(before-now)*time.Second
}
