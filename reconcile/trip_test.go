package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// TestATripFindsWhatWouldNotComeBack leads single values to XiVO and back.
func TestATripFindsWhatWouldNotComeBack(t *testing.T) {
	phone := record.Field{Name: "phone", Thing: record.User, Phone: true}
	word := record.Field{Name: "word", Thing: record.User, MaxLength: 5}
	chain := func(f record.Field, back []reconcile.Transform, steps ...reconcile.Transform) reconcile.Chain {
		c, err := reconcile.NewChain(f, reconcile.Numbering{Region: "FR"}, steps, back, true)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	upper := []reconcile.Transform{{Case: "upper"}}
	e := reconcile.Engine{Settings: reconcile.Settings{Fields: []reconcile.Mapping{
		{Field: phone, Attribute: "tel", Direction: reconcile.Both, Chain: chain(phone, nil, reconcile.Transform{Number: reconcile.FormatE164})},
		{Field: word, Attribute: "word", Direction: reconcile.Both, Chain: chain(word, upper, reconcile.Transform{Trim: true})},
	}}}
	for name, tc := range map[string]struct {
		attribute, value, want string
	}{
		"a number in any spelling":      {"tel", "01 23 45 67 89", ""},
		"no number":                     {"tel", "see reception", "no phone number"},
		"a word":                        {"word", "ABC", ""},
		"one that XiVO does not take":   {"word", "ABCDEF", "6 characters"},
		"one that comes back otherwise": {"word", "abc", "would be read as"},
		"nothing":                       {"word", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			notes := e.Trip(record.Record{ID: "1", Name: "Ann", Values: map[string]record.Value{tc.attribute: record.Text(tc.value)}})
			if tc.want == "" && len(notes) > 0 || tc.want != "" && (len(notes) != 1 || !strings.Contains(notes[0].Text, tc.want)) {
				t.Errorf("got %v, want %q", notes, tc.want)
			}
		})
	}
}
