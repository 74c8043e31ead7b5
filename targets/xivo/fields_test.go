package xivo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// What the table is held to: the bodies that a real confd refused and accepted.
// Numbers of another JSON type are not looked at: we always send what the
// field's kind says.
func TestFieldsRefuseWhatXiVORefused(t *testing.T) {
	taken := map[string]bool{}
	refused, accepted := 0, 0
	for _, s := range recorded(t, "04_user_create_errors.json") {
		var object map[string]any
		if s.Method != "POST" || s.Headers["Content-Type"] != "application/json" || json.Unmarshal(s.Request, &object) != nil || object == nil {
			continue
		}
		err := check(object, taken)
		switch {
		case s.Status == 201:
			accepted++
			if err != nil && !otherType(object) {
				t.Errorf("step %d: XiVO accepted %s, the table says: %v", s.N, s.Request, err)
			}
			note(object, taken)
		case s.Status == 400:
			refused++
			if err == nil {
				t.Errorf("step %d: XiVO refused %s with %s, the table does not", s.N, s.Request, s.Body)
			}
		}
	}
	if refused < 40 || accepted < 15 {
		t.Errorf("only %d refusals and %d acceptances looked at", refused, accepted)
	}
}

// otherType tells of the one leniency of confd that we never use: 10.5 and true
// are accepted as integers.
func otherType(object map[string]any) bool {
	v := object["ring_seconds"]
	_, isBool := v.(bool)
	return isBool || v == 10.5
}

// check applies the table to a body as the engine does to a plan.
func check(object map[string]any, taken map[string]bool) error {
	for _, f := range Fields() {
		v, there := object[f.Name]
		if f.Required && (!there || v == nil) {
			return fmt.Errorf("%s is required", f.Name)
		}
		if !there || v == nil {
			continue
		}
		text, err := textOf(f, v)
		if err != nil {
			return err
		}
		switch {
		case f.MaxLength > 0 && utf8.RuneCountInString(text) > f.MaxLength:
			return fmt.Errorf("%s is longer than %d", f.Name, f.MaxLength)
		case f.Pattern != nil && !f.Pattern.MatchString(text):
			return fmt.Errorf("%s is not %s", f.Name, f.Shape)
		case f.Unique && taken[uniqueKey(f, text)]:
			return fmt.Errorf("%s is taken", f.Name)
		}
		if n, err := strconv.Atoi(text); f.Kind == record.Int && (err != nil || n < f.Min || n > f.Max) {
			return fmt.Errorf("%s is not between %d and %d", f.Name, f.Min, f.Max)
		}
	}
	return nil
}

func textOf(f record.Field, v any) (string, error) {
	switch v := v.(type) {
	case string:
		if f.Kind != record.Bool {
			return v, nil
		}
	case bool:
		if f.Kind == record.Bool {
			return strconv.FormatBool(v), nil
		}
	case float64:
		if f.Kind == record.Int {
			return strconv.FormatFloat(v, 'f', -1, 64), nil
		}
	}
	return "", fmt.Errorf("%s cannot be %v", f.Name, v)
}

func uniqueKey(f record.Field, text string) string {
	if f.FoldCase {
		return f.Name + "=" + fold(text)
	}
	return f.Name + "=" + text
}

func fold(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func note(object map[string]any, taken map[string]bool) {
	for _, f := range Fields() {
		if text, ok := object[f.Name].(string); ok && f.Unique {
			taken[uniqueKey(f, text)] = true
		}
	}
}

func TestFieldsAreThoseOfARecordedUser(t *testing.T) {
	readOnly := []string{"id", "uuid", "links", "fallbacks", "groups", "incalls", "lines", "forwards", "services", "voicemail"}
	for _, s := range recorded(t, "04_user_create_errors.json") {
		if s.Status != 201 {
			continue
		}
		var object map[string]any
		if err := json.Unmarshal(s.Body, &object); err != nil {
			t.Fatal(err)
		}
		for key := range object {
			_, mapped := fieldOf(key)
			if mapped == slices.Contains(readOnly, key) {
				t.Errorf("key %s: in the table %t", key, mapped)
			}
		}
		if len(object) != len(fields)+len(readOnly) {
			t.Errorf("the user has %d keys, the table %d fields", len(object), len(fields))
		}
		return
	}
	t.Fatal("no user recorded")
}

func TestSurveyedFieldsAreThoseThatAnAnswerTells(t *testing.T) {
	for _, f := range Fields()[:len(fields)] {
		told := slices.ContainsFunc(survey, func(a answer) bool { return slices.Contains(a.tells, f.Name) })
		if told != f.Surveyed {
			t.Errorf("%s: surveyed %t, told %t", f.Name, f.Surveyed, told)
		}
		if f.Thing != record.User || f.Pattern != nil && f.Shape == "" {
			t.Errorf("%s: %+v", f.Name, f)
		}
	}
}
