package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// value is what a type of its own implements to be read from TOML.
type value interface {
	// read takes what the TOML decoder made of the text.
	read(from any) error
	// kind says in words what the file has to hold.
	kind() string
}

// Texts is one text, or a list of them.
type Texts []string

func (t *Texts) kind() string { return "text or list of texts" }

func (t *Texts) read(from any) error {
	switch v := from.(type) {
	case string:
		*t = Texts{v}
		return nil
	case []any:
		list := make(Texts, 0, len(v))
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				return wrongKind(t.kind(), e)
			}
			list = append(list, s)
		}
		*t = list
		return nil
	}
	return wrongKind(t.kind(), from)
}

// First returns the first text, or "".
func (t Texts) First() string {
	if len(t) == 0 {
		return ""
	}
	return t[0]
}

// Duration is a time span: Go's units and d for a day of 24 hours.
type Duration time.Duration

// Std returns the span as the standard library knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d *Duration) kind() string { return `duration such as "30s", "24h" or "30d"` }

func (d *Duration) read(from any) error {
	s, ok := from.(string)
	if !ok {
		return wrongKind(d.kind(), from)
	}
	if s == "" {
		*d = 0
		return nil
	}
	span, err := ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no %s", s, d.kind())
	}
	*d = Duration(span)
	return nil
}

const day = 24 * time.Hour

// longestDays keeps the sum of a span within what time.Duration can hold.
const longestDays = 100_000

// ParseDuration reads a time span: Go's units, and d for a day of 24 hours.
func ParseDuration(s string) (time.Duration, error) {
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 32)
	if err != nil || n > longestDays {
		return 0, errors.New("no number of days")
	}
	span := time.Duration(n) * day
	if rest == "" {
		return span, nil
	}
	more, err := time.ParseDuration(rest)
	if err != nil || more < 0 || more > day {
		return 0, errors.New("no duration after the days")
	}
	return span + more, nil
}

// String writes the span with days where it is whole days.
func (d Duration) String() string {
	if span := d.Std(); span != 0 && span%day == 0 {
		return fmt.Sprintf("%dd", span/day)
	}
	return d.Std().String()
}

// MarshalJSON writes the span as a text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

func wrongKind(want string, got any) error {
	return fmt.Errorf("must be a %s, not a %s", want, kindOf(got))
}

// kindOf names what TOML held.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64:
		return "whole number"
	case float64:
		return "number"
	case bool:
		return "true or false"
	case time.Time:
		return "date"
	case map[string]any:
		return "table"
	case []any, []map[string]any:
		return "list"
	}
	return "value of another kind"
}
