package reconcile

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

func TestWhatXiVOWouldRefuseIsFoundWhilePlanning(t *testing.T) {
	digits := regexp.MustCompile(`^[0-9]+$`)
	for name, tc := range map[string]struct {
		field record.Field
		value record.Value
		want  record.ConflictKind
	}{
		"nothing is never refused":          {record.Field{MaxLength: 1, Pattern: digits, Kind: record.Int}, nil, ""},
		"several values":                    {record.Field{}, record.Texts("a", "b"), record.AmbiguousValue},
		"as long as it may be":              {record.Field{MaxLength: 3}, record.Text("éàü"), ""},
		"one character longer":              {record.Field{MaxLength: 3}, record.Text("éàüo"), record.Rejected},
		"not valid UTF-8":                   {record.Field{}, record.Text("\xff"), record.Rejected},
		"a NUL character":                   {record.Field{}, record.Text("a\x00b"), record.Rejected},
		"true":                              {record.Field{Kind: record.Bool}, record.Text("true"), ""},
		"yes is neither true nor false":     {record.Field{Kind: record.Bool}, record.Text("yes"), record.Rejected},
		"the least number":                  {record.Field{Kind: record.Int, Min: 1, Max: 20}, record.Text("1"), ""},
		"the greatest number":               {record.Field{Kind: record.Int, Min: 1, Max: 20}, record.Text("20"), ""},
		"a number below":                    {record.Field{Kind: record.Int, Min: 1, Max: 20}, record.Text("0"), record.OutOfRange},
		"a number above":                    {record.Field{Kind: record.Int, Min: 1, Max: 20}, record.Text("21"), record.OutOfRange},
		"a text for a number":               {record.Field{Kind: record.Int}, record.Text("one"), record.Rejected},
		"a number without bounds":           {record.Field{Kind: record.Int}, record.Text("-5"), ""},
		"what has the form":                 {record.Field{Pattern: digits}, record.Text("12"), ""},
		"what has another form":             {record.Field{Pattern: digits, Shape: "digits"}, record.Text("a"), record.Rejected},
		"a phone number of another form":    {record.Field{Pattern: digits, Phone: true}, record.Text("+33"), record.NumberInvalid},
		"the first of several that it is":   {record.Field{MaxLength: 1, Pattern: digits}, record.Text("ab"), record.Rejected},
		"an empty field that is required":   {record.Field{Required: true}, nil, ""},
		"hostile text without a rule at it": {record.Field{}, record.Text(`<script>*)(uid=*`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got record.ConflictKind
			if r := validate(tc.field, tc.value); r != nil {
				got = r.Kind
				if r.Message == "" || r.Hint == "" {
					t.Errorf("a reader is not told enough: %+v", r)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestARefusedSecretIsNotShown(t *testing.T) {
	for _, f := range []record.Field{{MaxLength: 3}, {Pattern: regexp.MustCompile("^$")}, {Kind: record.Int}, {Kind: record.Bool}} {
		f.Secret = true
		r := validate(f, record.Text("hunter2"))
		if r == nil || strings.Contains(r.Message+r.Hint, "hunter2") {
			t.Errorf("%+v", r)
		}
	}
}
