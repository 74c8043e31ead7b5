package reconcile_test

import (
	"strings"
	"testing"

	"xivosync/reconcile"
)

func TestNumbersAreParsedOnlyWhereValid(t *testing.T) {
	canada := reconcile.Numbering{Region: "CA"}
	for name, tc := range map[string]struct {
		numbering  reconcile.Numbering
		text, want string
		valid      bool
	}{
		"with blanks":                        {france, "01 23 45 67 89", "+33123456789", true},
		"without":                            {france, "0123456789", "+33123456789", true},
		"with dots":                          {france, "01.23.45.67.89", "+33123456789", true},
		"with dashes":                        {france, "01-23-45-67-89", "+33123456789", true},
		"with slashes":                       {france, "01/23/45/67/89", "+33123456789", true},
		"with no-break spaces":               {france, "01\u00a023\u202f45\u00a067\u202f89", "+33123456789", true},
		"international":                      {france, "+33 1 23 45 67 89", "+33123456789", true},
		"with the zero in parentheses":       {france, "+33 (0)1 23 45 67 89", "+33123456789", true},
		"with the international prefix":      {france, "0033123456789", "+33123456789", true},
		"with that prefix and the zero":      {france, "0033 (0)1 23 45 67 89", "+33123456789", true},
		"with blanks around":                 {france, "  01 23 45 67 89 ", "+33123456789", true},
		"mobile":                             {france, "06 12 34 56 78", "+33612345678", true},
		"of another country":                 {france, "+44 20 7946 0958", "+442079460958", true},
		"an extension":                       {france, "12045", "12045", false},
		"an extension with a blank":          {france, "12 045", "12045", false},
		"a long extension":                   {france, "1204567", "1204567", false},
		"a feature code":                     {france, "*98", "*98", false},
		"a feature code with a number":       {france, "*21#0123456789", "*21#0123456789", false},
		"letters":                            {france, "s1234", "s1234", false},
		"an emergency call":                  {france, "112", "112", false},
		"a number of Canada in France":       {france, "(418) 555-1234", "4185551234", false},
		"a number of Canada":                 {canada, "(418) 555-1234", "+14185551234", true},
		"an extension of seven digits there": {canada, "555-1234", "5551234", false},
		"too long":                           {france, "012345678901234567890", "012345678901234567890", false},
		"nothing":                            {france, "", "", false},
		"only a plus":                        {france, "+", "+", false},
	} {
		t.Run(name, func(t *testing.T) {
			got, valid := tc.numbering.Format(tc.text, reconcile.FormatE164)
			if got != tc.want || valid != tc.valid {
				t.Errorf("%q became %q, valid %v", tc.text, got, valid)
			}
		})
	}
}

func TestAnotherCountrysNumberHasNoNationalForm(t *testing.T) {
	if got, _ := france.Format("+32 10 00 00 00", reconcile.FormatNational); got != "+32 10 00 00 00" {
		t.Errorf("it became %q", got)
	}
}

func TestAnInternalNumberIsNeverParsed(t *testing.T) {
	for text, want := range map[string]string{"12045": "12045", "0123456789": "0123456789", "+33 1 23": "+33123", "*98": "*98"} {
		if got, ok := france.Format(text, reconcile.FormatInternal); got != want || !ok {
			t.Errorf("%q became %q, may be dialled %v", text, got, ok)
		}
	}
	if _, ok := france.Format("s1234", reconcile.FormatInternal); ok {
		t.Error("s1234 may be dialled")
	}
}

func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"12045", "*98", "s1234", "(418) 555-1234", "01 23 45 67 89", "+33 (0)1 23 45 67 89", "0033123456789", "+", "()", "٠١٢٣٤٥٦٧٨٩"} {
		f.Add(seed)
	}
	formats := []reconcile.NumberFormat{reconcile.FormatE164, reconcile.FormatNational, reconcile.FormatInternational, reconcile.FormatInternal}
	f.Fuzz(func(t *testing.T, text string) {
		e164, valid := france.Format(text, reconcile.FormatE164)
		if valid && !strings.HasPrefix(e164, "+") {
			t.Errorf("%q is valid and becomes %q", text, e164)
		}
		if valid && len(strings.Map(digit, text)) < 7 {
			t.Errorf("%q is an extension, and becomes %q", text, e164)
		}
		for _, format := range formats {
			once, ok := france.Format(text, format)
			twice, again := france.Format(once, format)
			if ok && (!again || once != twice) {
				t.Errorf("%q becomes %q, and that %q, valid %v", text, once, twice, again)
			}
			if valid && ok && france.E164(once) != e164 && format != reconcile.FormatInternal {
				t.Errorf("%q is %q in %s, which is another number than %s", text, once, format, e164)
			}
		}
	})
}

func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}
