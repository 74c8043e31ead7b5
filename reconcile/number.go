package reconcile

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumberFormat is how a side writes a phone number.
type NumberFormat string

// The number formats. An internal number is an extension: it is never parsed as
// a public number.
const (
	FormatInternal      NumberFormat = "internal"
	FormatNational      NumberFormat = "national"
	FormatInternational NumberFormat = "international"
	FormatE164          NumberFormat = "e164"
)

var libraryFormats = map[NumberFormat]phonenumbers.PhoneNumberFormat{
	FormatNational:      phonenumbers.NATIONAL,
	FormatInternational: phonenumbers.INTERNATIONAL,
	FormatE164:          phonenumbers.E164,
}

// ValidNumberFormat tells whether the text names a format.
func ValidNumberFormat(s string) bool {
	_, ok := libraryFormats[NumberFormat(s)]
	return ok || NumberFormat(s) == FormatInternal
}

// Numbering says in which country numbers are dialled, and how each side writes
// them.
type Numbering struct {
	// Region is the ISO 3166 code that numbers without a country code belong to.
	Region string
	// LDAP is how numbers are written into the directory; empty means
	// international.
	LDAP NumberFormat
	// Sites are the places with their numbers, in order. They concern only the
	// fields that are things: other fields' fingerprints do not depend on them.
	Sites []Site `json:"-"`
}

// ldapFormat is how a number is written back to the directory.
func (n Numbering) ldapFormat() NumberFormat {
	if n.LDAP == "" {
		return FormatInternational
	}
	return n.LDAP
}

// ValidRegion tells whether phone numbers of that region are known.
func ValidRegion(region string) bool { return phonenumbers.GetSupportedRegions()[region] }

// Format writes a number in a format. It returns false, and the text without
// the separators that only people need, where the text is no valid number of
// the region: extensions and feature codes are never parsed as public numbers.
func (n Numbering) Format(text string, format NumberFormat) (string, bool) {
	bare := dialled(text)
	lib, known := libraryFormats[format]
	if !known {
		return bare, isDialled(bare)
	}
	number, ok := n.parse(text)
	if !ok {
		return bare, false
	}
	if lib == phonenumbers.NATIONAL && int(number.GetCountryCode()) != phonenumbers.GetCountryCodeForRegion(n.Region) {
		lib = phonenumbers.INTERNATIONAL // another country's number has no national form here
	}
	return phonenumbers.Format(number, lib), true
}

// E164 returns the number in E.164 where it is valid, else the text itself.
func (n Numbering) E164(text string) string {
	if number, ok := n.parse(text); ok {
		return phonenumbers.Format(number, phonenumbers.E164)
	}
	return text
}

// shortest is the fewest digits of a public number worth parsing: what is
// shorter is an extension or a code, whatever the library makes of it.
const shortest = 7

func (n Numbering) parse(text string) (*phonenumbers.PhoneNumber, bool) {
	bare := dialled(text)
	if len(strings.TrimLeft(bare, "+")) < shortest || !isDialled(bare) || strings.ContainsAny(bare, "*#") {
		return nil, false
	}
	number, err := phonenumbers.Parse(bare, n.Region)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return nil, false
	}
	return number, true
}

// separators are what people put between digits, in any script that shows up
// in directories: blanks, dots, dashes, slashes, parentheses.
const separators = " \t.-/()\u00a0\u202f\u2007\u2009\u2010\u2011\u2012\u2013\u2014\u2212"

// dialled drops the separators, and the "(0)" of "+33 (0)1…".
func dialled(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "00") {
		text = strings.Replace(text, "(0)", "", 1)
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(separators, r) {
			return -1
		}
		return r
	}, text)
}

// isDialled tells whether the text could be dialled on a phone.
func isDialled(text string) bool {
	digits := strings.TrimPrefix(text, "+")
	return digits != "" && strings.Trim(digits, "0123456789*#") == ""
}
