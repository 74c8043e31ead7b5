package reconcile

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// refusal is what XiVO would say of a value, found before it is asked.
type refusal struct {
	Kind    record.ConflictKind
	Message string
	Hint    string
}

// validate checks one value against the rules of a field of XiVO, so that what
// XiVO would refuse becomes a conflict while planning. It returns nil for a
// value that it would take. The value of a secret is not shown.
func validate(f record.Field, v record.Value) *refusal {
	if v.Empty() {
		return nil
	}
	if f.Many {
		var all []*refusal
		one := f
		one.Many = false
		for _, s := range v {
			all = append(all, validate(one, record.Text(s)))
		}
		return firstRefusal(all...)
	}
	if len(v) > 1 {
		return &refusal{record.AmbiguousValue, fmt.Sprintf("%s takes one value, not %d", f.Name, len(v)), "leave one value, or set pick for this field"}
	}
	s := v[0]
	shown := Quoted(s)
	if f.Secret {
		shown = "the value (a secret, not shown)"
	}
	return firstRefusal(
		textRefusal(f, s, shown),
		kindRefusal(f, s, shown),
		patternRefusal(f, s, shown),
	)
}

func firstRefusal(all ...*refusal) *refusal {
	for _, r := range all {
		if r != nil {
			return r
		}
	}
	return nil
}

func textRefusal(f record.Field, s, shown string) *refusal {
	switch {
	case !utf8.ValidString(s):
		return &refusal{record.Rejected, fmt.Sprintf("%s is not valid UTF-8", shown), "write the value anew in the directory"}
	case strings.ContainsRune(s, 0):
		return &refusal{record.Rejected, fmt.Sprintf("%s holds a NUL character, which no database column takes", shown), "write the value anew in the directory"}
	case f.MaxLength > 0 && utf8.RuneCountInString(s) > f.MaxLength:
		return &refusal{record.Rejected, fmt.Sprintf("%s has %d characters; XiVO's %s takes %d", shown, utf8.RuneCountInString(s), f.Name, f.MaxLength),
			"shorten it in the directory, or cut it with a transform"}
	}
	return nil
}

func kindRefusal(f record.Field, s, shown string) *refusal {
	switch f.Kind {
	case record.Bool:
		if s != "true" && s != "false" {
			return &refusal{record.Rejected, fmt.Sprintf("%s is neither true nor false", shown), "translate it with a map transform"}
		}
	case record.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return &refusal{record.Rejected, fmt.Sprintf("%s is no whole number", shown), "correct it in the directory"}
		}
		if f.Max > 0 && (n < f.Min || n > f.Max) {
			return &refusal{record.OutOfRange, fmt.Sprintf("%d is not between %d and %d", n, f.Min, f.Max), "correct it in the directory"}
		}
	}
	return nil
}

func patternRefusal(f record.Field, s, shown string) *refusal {
	if f.Pattern == nil || f.Pattern.MatchString(s) {
		return nil
	}
	kind := record.Rejected
	if f.Phone {
		kind = record.NumberInvalid
	}
	return &refusal{kind, fmt.Sprintf("%s does not have the form of XiVO's %s: %s", shown, f.Name, f.Shape), "correct it in the directory, or with a transform"}
}
