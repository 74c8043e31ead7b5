package xivosim

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// kind is the JSON type that a field wants.
type kind int

const (
	text    kind = iota // a JSON string
	whole               // an integer, or what Python's int() makes one of
	decimal             // a number
	flag                // true or false, nothing else
	loose               // a boolean, or one of the usual words for it
	pairs               // a list of pairs of strings
)

// nullRule says what null does to a field.
type nullRule int

const (
	nullRefused  nullRule = iota
	nullResets            // null sets the field to nothing
	nullAtCreate          // null on POST is as if the key were absent; refused on PUT
)

// rule is one field of a body, as data; checkField walks it.
type rule struct {
	name     string
	kind     kind
	required bool
	null     nullRule
	digits   bool // only digits
	max      int  // longest text, 0 for any
	exact    int  // only this length, 0 for any
	pattern  *regexp.Regexp
	choices  []string
	between  *[2]int
	least    *int
}

// pair is one [key, value] of an options list.
type pair [2]string

// seconds is a number that Python calls a float: it is written with a point.
type seconds float64

// MarshalJSON writes 20 as 20.0.
func (s seconds) MarshalJSON() ([]byte, error) {
	text := strconv.FormatFloat(float64(s), 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return []byte(text), nil
}

// faults collects the schema errors of one body: all fields together.
type faults struct{ texts []string }

func (f *faults) add(name, repr string) {
	f.texts = append(f.texts, "Input Error - "+name+": "+repr)
}

func (f *faults) err() error {
	if len(f.texts) == 0 {
		return nil
	}
	return &problem{400, f.texts}
}

// checkField returns the field's value: a string, an int, seconds, a bool, a
// []pair, or nil for null; present is false when there is nothing to write.
func checkField(r rule, body map[string]any, creating bool, f *faults) (value any, present bool) {
	raw, ok := body[r.name]
	switch {
	case !ok && r.required && creating:
		f.add(r.name, pyList("Missing data for required field."))
		return nil, false
	case !ok:
		return nil, false
	case raw == nil && r.null == nullResets:
		return nil, true
	case raw == nil && r.null == nullAtCreate && creating:
		return nil, false
	case raw == nil:
		f.add(r.name, pyList("Field may not be null."))
		return nil, false
	}
	value, complaint := r.convert(raw)
	if complaint == "" {
		if texts := r.complaints(value); len(texts) > 0 {
			complaint = pyList(texts...)
		}
	}
	if complaint != "" {
		f.add(r.name, complaint)
		return nil, false
	}
	return value, true
}

// pyList writes messages as Python 2 writes a list of unicode strings.
func pyList(texts ...string) string {
	parts := make([]string, len(texts))
	for i, t := range texts {
		parts[i] = pyRepr(t)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// convert turns a JSON value into the field's Go value, or complains.
func (r rule) convert(raw any) (any, string) {
	switch r.kind {
	case text:
		if s, ok := raw.(string); ok {
			return s, ""
		}
		return nil, pyList("Not a valid string.")
	case whole:
		if n, ok := pyInt(raw); ok {
			return n, ""
		}
		return nil, pyList("Not a valid integer.")
	case decimal:
		if n, ok := pyFloat(raw); ok {
			return seconds(n), ""
		}
		return nil, pyList("Not a valid number.")
	case flag:
		if b, ok := raw.(bool); ok {
			return b, ""
		}
		return nil, pyList("Not a valid boolean.")
	case loose:
		if b, ok := looseBool(raw); ok {
			return b, ""
		}
		return nil, pyList("Not a valid boolean.")
	default:
		return convertPairs(raw)
	}
}

// pyInt accepts what Python's int() accepts of a JSON value.
func pyInt(raw any) (int, bool) {
	switch v := raw.(type) {
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case json.Number:
		if n, err := strconv.Atoi(v.String()); err == nil {
			return n, true
		}
		f, err := v.Float64()
		return int(f), err == nil && !math.IsInf(f, 0) && math.Abs(f) < 1<<53
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return n, err == nil
	}
	return 0, false
}

func pyFloat(raw any) (float64, bool) {
	switch v := raw.(type) {
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	case bool:
		n, _ := pyInt(v)
		return float64(n), true
	}
	return 0, false
}

func looseBool(raw any) (value, ok bool) {
	switch v := raw.(type) {
	case bool:
		return v, true
	case json.Number:
		return v == "1", v == "1" || v == "0"
	case string:
		yes := slices.Contains([]string{"t", "T", "true", "True", "TRUE", "1"}, v)
		return yes, yes || slices.Contains([]string{"f", "F", "false", "False", "FALSE", "0"}, v)
	}
	return false, false
}

// convertPairs names the first faulty place of the list as confd does.
func convertPairs(raw any) (any, string) {
	list, ok := raw.([]any)
	if !ok {
		return nil, pyList("Not a valid list.")
	}
	out := make([]pair, 0, len(list))
	for i, item := range list {
		p, complaint := convertPair(item)
		if complaint != "" {
			return nil, "{" + strconv.Itoa(i) + ": " + complaint + "}"
		}
		out = append(out, p)
	}
	return out, ""
}

func convertPair(item any) (p pair, complaint string) {
	list, ok := item.([]any)
	if !ok {
		return p, pyList("Not a valid list.")
	}
	for i, v := range list {
		s, ok := v.(string)
		if !ok {
			return p, "{" + strconv.Itoa(i) + ": " + pyList("Not a valid string.") + "}"
		}
		if i < len(p) {
			p[i] = s
		}
	}
	if len(list) != len(p) {
		return p, pyList("Length must be 2.")
	}
	return p, ""
}

// complaints are the messages of every check that a value of the right type fails.
func (r rule) complaints(value any) (texts []string) {
	say := func(bad bool, text string) {
		if bad {
			texts = append(texts, text)
		}
	}
	switch v := value.(type) {
	case string:
		n := utf8.RuneCountInString(v)
		say(r.digits && !allDigits(v), "Invalid input.")
		say(r.exact > 0 && n != r.exact, "Length must be "+strconv.Itoa(r.exact)+".")
		say(r.max > 0 && n > r.max, "Longer than maximum length "+strconv.Itoa(r.max)+".")
		say(r.pattern != nil && !r.pattern.MatchString(v), "String does not match expected pattern.")
		say(r.choices != nil && !slices.Contains(r.choices, v), "Not a valid choice.")
	case int:
		if b := r.between; b != nil {
			say(v < b[0] || v > b[1], "Must be between "+strconv.Itoa(b[0])+" and "+strconv.Itoa(b[1])+".")
		}
		if r.least != nil {
			say(v < *r.least, "Must be at least "+strconv.Itoa(*r.least)+".")
		}
	}
	return texts
}

func allDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
