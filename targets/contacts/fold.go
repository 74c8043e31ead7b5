package contacts

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// letters that no decomposition turns into plain ones.
var letters = strings.NewReplacer("œ", "oe", "æ", "ae", "ø", "o", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")

// fold returns the text without case and accents, blanks made one, so that
// "Élodie  Müller" is found by "elodie muller".
func fold(text string) string {
	if isASCII(text) {
		return strings.Join(strings.Fields(strings.ToLower(text)), " ")
	}
	// Transformers keep state: they are made anew, not shared.
	marks := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	plain, _, err := transform.String(marks, text)
	if err != nil {
		plain = text // none of these steps refuses a text; what cannot be folded is found as it is
	}
	return letters.Replace(strings.Join(strings.Fields(cases.Fold().String(plain)), " "))
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// clean makes a text fit for a cell: valid UTF-8, and without the NUL at which
// XiVO's reader of CSV gives up the whole file.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
}
