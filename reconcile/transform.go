package reconcile

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Transform is one step between an attribute's text and a field's: exactly one
// of its members is set.
type Transform struct {
	// Trim drops blanks around the text.
	Trim bool
	// Case is lower, upper or title.
	Case string
	// Replace replaces what a regular expression matches.
	Replace *Replace
	// Map replaces whole texts by a table; a text that is not in it is an error.
	Map map[string]string
	// Default stands where the attribute is empty.
	Default string
	// Split keeps one part of the text.
	Split *Split
	// Number writes a phone number in a format.
	Number NumberFormat
}

// Replace is a regular expression (RE2) and its replacement, with $1, $2 for
// groups.
type Replace struct {
	Pattern string
	With    string
}

// Split cuts a text at each By; Part counts from 1, and from the end where it
// is negative.
type Split struct {
	By   string
	Part int
}

// name is the key that the transform has in the configuration.
func (t Transform) name() string {
	switch {
	case t.Case != "":
		return "case"
	case t.Replace != nil:
		return "replace"
	case t.Map != nil:
		return "map"
	case t.Default != "":
		return "default"
	case t.Split != nil:
		return "split"
	case t.Number != "":
		return "number"
	case t.Trim:
		return "trim"
	}
	return "nothing"
}

func same(s string) (string, error) { return s, nil }

func compile(t Transform, n Numbering) (step, error) {
	switch t.name() {
	case "trim":
		return step{func(s string) (string, error) { return strings.TrimSpace(s), nil }, same}, nil
	case "case":
		return compileCase(t.Case)
	case "replace":
		return compileReplace(*t.Replace)
	case "map":
		return compileMap(t.Map)
	case "default":
		return step{same, same}, nil
	case "split":
		return compileSplit(*t.Split)
	case "number":
		return compileNumber(t.Number, n)
	}
	return step{}, errors.New("names no transform: one of trim, case, replace, map, default, split, number")
}

var cases = map[string]func(string) string{
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"title": titleCase,
}

func compileCase(name string) (step, error) {
	f := cases[name]
	if f == nil {
		return step{}, fmt.Errorf("case %q is not one of lower, upper, title", name)
	}
	return step{func(s string) (string, error) { return f(s), nil }, same}, nil
}

// titleCase writes the first letter of each word large and the others small.
func titleCase(s string) string {
	begin := true
	return strings.Map(func(r rune) rune {
		first := begin
		begin = !unicode.IsLetter(r) && r != '\'' && r != '’'
		if first {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func compileReplace(r Replace) (step, error) {
	re, err := regexp.Compile(r.Pattern)
	if err != nil {
		return step{}, fmt.Errorf("pattern %q: %w", r.Pattern, err)
	}
	return step{forward: func(s string) (string, error) { return re.ReplaceAllString(s, r.With), nil }}, nil
}

func compileMap(table map[string]string) (step, error) {
	inverse := make(map[string]string, len(table))
	for from, to := range table {
		inverse[to] = from
	}
	s := step{forward: lookup(table)}
	if len(inverse) == len(table) {
		s.back = lookup(inverse)
	}
	return s, nil
}

func lookup(table map[string]string) func(string) (string, error) {
	return func(s string) (string, error) {
		to, ok := table[s]
		if !ok {
			return "", fmt.Errorf("%s is not in the map", Quoted(s))
		}
		return to, nil
	}
}

func compileSplit(sp Split) (step, error) {
	if sp.By == "" || sp.Part == 0 {
		return step{}, errors.New("split needs by (a text) and part (1 is the first, -1 the last)")
	}
	return step{forward: func(s string) (string, error) {
		parts := strings.Split(s, sp.By)
		i := sp.Part - 1
		if sp.Part < 0 {
			i = len(parts) + sp.Part
		}
		if i < 0 || i >= len(parts) {
			return "", fmt.Errorf("%s has no part %d", Quoted(s), sp.Part)
		}
		return parts[i], nil
	}}, nil
}

func compileNumber(f NumberFormat, n Numbering) (step, error) {
	if !ValidNumberFormat(string(f)) {
		return step{}, fmt.Errorf("number format %q is not one of internal, national, international, e164", f)
	}
	if n.Region == "" && f != FormatInternal {
		return step{}, errors.New("number needs [numbering] region")
	}
	to := func(f NumberFormat) func(string) (string, error) {
		return func(s string) (string, error) {
			out, ok := n.Format(s, f)
			if !ok && !isDialled(out) {
				return "", &NumberError{Text: s, Region: n.Region}
			}
			return out, nil
		}
	}
	back := f
	if f != FormatInternal {
		back = n.ldapFormat()
	}
	return step{to(f), to(back)}, nil
}

// NumberError says that a text cannot be dialled.
type NumberError struct {
	Text   string
	Region string
}

func (e *NumberError) Error() string {
	return fmt.Sprintf("%s is no phone number of region %s", Quoted(e.Text), e.Region)
}
