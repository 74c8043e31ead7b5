package xivosim

import (
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
