package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"xivosync/reconcile/record"
)

// The fields whose values are numbers of a site: XiVO's raw value is
// NUMBER@CONTEXT, the directory's any spelling that leads there.
//
//	field      directory                             XiVO
//	extension  1023, 10 23, +33 4 72 10 10 23        1023@default
//	voicemail  the same                              1023@default
//	did        +33 4 72 10 10 23, 0472101023, 1023   0472101023@from-extern
//
// Whatever is read can be written back and reads the same again, or it is
// refused: ExtensionOf, VoicemailOf, DIDOf and Written never guess.

// numberFields leads from a field to the function that reads it.
var numberFields = map[string]func(Numbering, string, *Site) (string, error){
	string(record.Extension): Numbering.ExtensionOf,
	string(record.Voicemail): Numbering.VoicemailOf,
	string(record.DID):       Numbering.DIDOf,
}

// NumberFields lists the fields whose values are numbers of a site.
func NumberFields() []string {
	return []string{string(record.Extension), string(record.DID), string(record.Voicemail)}
}

// at is the numbering as it is understood at a site: a site's block tells its
// country.
func (n Numbering) at(s *Site) Numbering {
	if s != nil && s.Block != nil {
		n.Region = s.Block.Region
	}
	return n
}

// public reads a public number as people at the site write it.
func (n Numbering) public(text string, s *Site) (*phonenumbers.PhoneNumber, bool) {
	return n.at(s).parse(text)
}

// longestNumber is how many digits XiVO takes.
const longestNumber = 40

// short tells whether digits are too few for a public number, so that they are
// meant as an internal one.
func short(digits string) bool { return onlyDigits(digits) && len(digits) < shortest }

// ExtensionOf leads a value of the directory to the raw value of the extension:
// an internal number in the site's ranges, or one derived from a public number
// of its block. The error is a [*NumberError] or a [*RangeError].
func (n Numbering) ExtensionOf(text string, s *Site) (string, error) {
	if s == nil {
		return "", s.outside(text, "")
	}
	bare := dialled(text)
	if contains(s.Extensions, bare) || len(s.Extensions) == 0 && short(bare) {
		return bare + "@" + s.Context, nil
	}
	internal, err := n.derive(text, s)
	if err != nil {
		return "", err
	}
	return internal + "@" + s.Context, nil
}

// VoicemailOf leads a value of the directory to the raw value of the voicemail:
// its number, which need not be in the ranges of extensions, or one derived
// from a public number of the site's block.
func (n Numbering) VoicemailOf(text string, s *Site) (string, error) {
	if s == nil {
		return "", s.outside(text, "")
	}
	bare := dialled(text)
	if contains(s.Extensions, bare) || short(bare) {
		return bare + "@" + s.Context, nil
	}
	internal, err := n.derive(text, s)
	if err != nil {
		return "", err
	}
	return internal + "@" + s.Context, nil
}

// derive leads a public number to the internal one of the site's block.
func (n Numbering) derive(text string, s *Site) (string, error) {
	number, ok := n.public(text, s)
	if !ok {
		return "", n.noNumber(text, s)
	}
	internal, ok := s.internalOf(e164(number))
	if !ok {
		return "", s.outside(text, "")
	}
	return internal, nil
}

// noNumber tells a number that the site does not have, or a code, from a text
// that is no number at all.
func (n Numbering) noNumber(text string, s *Site) error {
	bare := dialled(text)
	if short(bare) || isDialled(bare) && strings.ContainsAny(bare, "*#") {
		return s.outside(text, "")
	}
	return &NumberError{text, n.at(s).Region}
}

// DIDOf leads a value of the directory to the raw value of the DID: the digits
// that the operator delivers for a public number, in the context of calls from
// outside. An internal number stands for the public one that it derives from.
func (n Numbering) DIDOf(text string, s *Site) (string, error) {
	if s == nil {
		return "", s.outside(text, "")
	}
	if s.DIDContext == "" {
		return "", s.outside(text, "the site has no did_context")
	}
	number, err := n.didNumber(text, s)
	if err != nil {
		return "", err
	}
	digits, ok := n.delivered(number, s)
	if !ok {
		return "", s.outside(text, "the operator does not deliver it in the form of this site")
	}
	if back, ok := n.dialledIn(digits, s); !ok || e164(back) != e164(number) {
		return "", s.outside(text, fmt.Sprintf("the digits %s that the operator delivers do not lead back to it", digits))
	}
	if other := n.owner(number); other != nil && other.Name != s.Name {
		if theirs, ok := n.delivered(number, other); !ok || theirs != digits || other.DIDContext != s.DIDContext {
			return "", s.outside(text, fmt.Sprintf("it is in the block of site %s, which is called in another way", other.Name))
		}
	}
	return digits + "@" + s.DIDContext, nil
}

// didNumber reads the public number that a DID is for.
func (n Numbering) didNumber(text string, s *Site) (*phonenumbers.PhoneNumber, error) {
	if bare := dialled(text); contains(s.Extensions, bare) {
		public, ok := s.publicOf(bare)
		if !ok {
			return nil, s.outside(text, "no public number derives from it")
		}
		text = public
	}
	number, ok := n.public(text, s)
	if !ok {
		return nil, n.noNumber(text, s)
	}
	return number, nil
}

// owner returns the site whose block has the number.
func (n Numbering) owner(number *phonenumbers.PhoneNumber) *Site {
	for i := range n.Sites {
		if n.Sites[i].Block.Contains(e164(number)) {
			return &n.Sites[i]
		}
	}
	return nil
}

// delivered returns the digits that the site's operator sends for a number; ok
// is false for a number that has no such form there. Only the whole number
// with its country code tells where an other country's number belongs.
func (n Numbering) delivered(number *phonenumbers.PhoneNumber, s *Site) (digits string, ok bool) {
	home := int(number.GetCountryCode()) == phonenumbers.GetCountryCodeForRegion(n.at(s).Region)
	digits = strings.TrimPrefix(e164(number), "+")
	if s.DIDFormat != FormatE164 {
		digits = strings.Map(digit, phonenumbers.Format(number, phonenumbers.NATIONAL))
	}
	if !home && (s.DIDFormat != FormatE164 || s.DIDLength > 0) || len(digits) < s.DIDLength {
		return "", false
	}
	if s.DIDLength > 0 {
		digits = digits[len(digits)-s.DIDLength:]
	}
	return digits, true
}

// digit keeps the digits of a text.
func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

// dialledIn returns the number for which the site's operator sends those digits:
// the one of the block, or the one that the digits are by themselves.
func (n Numbering) dialledIn(digits string, s *Site) (*phonenumbers.PhoneNumber, bool) {
	if !onlyDigits(digits) {
		return nil, false
	}
	for _, text := range n.readings(digits, s) {
		number, ok := n.public(text, s)
		if !ok {
			continue
		}
		if sent, ok := n.delivered(number, s); ok && sent == digits {
			return number, true
		}
	}
	return nil, false
}

// readings are the public numbers that digits from the operator may stand for.
func (n Numbering) readings(digits string, s *Site) []string {
	var texts []string
	if s.Block != nil {
		if tail := digits[max(0, len(digits)-s.Block.varying()):]; len(tail) < len(s.Block.First) {
			if number, ok := s.Block.with(tail); ok {
				texts = append(texts, number)
			}
		}
	}
	if s.DIDFormat == FormatE164 {
		texts = append(texts, "+"+digits)
	}
	return append(texts, digits)
}

// Written leads the raw value of a number field, NUMBER@CONTEXT, to how the
// directory writes it; no format means that of the field: internal for
// extension and voicemail, the site's for did. It is an error where the result
// would not read back as the same.
func (n Numbering) Written(field, raw string, s *Site, as NumberFormat) (string, error) {
	read := numberFields[field]
	if read == nil {
		return "", fmt.Errorf("%s is no field of numbers", field)
	}
	if s == nil {
		return "", s.outside(raw, "")
	}
	text, err := n.spell(field, raw, s, as)
	if err != nil {
		return "", err
	}
	if again, err := read(n, text, s); err != nil || again != raw {
		return "", s.outside(raw, fmt.Sprintf("written as %s, it would not read back as the same", Quoted(text)))
	}
	return text, nil
}

// spell writes the number of a raw value.
func (n Numbering) spell(field, raw string, s *Site, as NumberFormat) (string, error) {
	at := strings.LastIndexByte(raw, '@')
	if at < 0 || !onlyDigits(raw[:at]) || at > longestNumber {
		return "", &NumberError{raw, n.at(s).Region}
	}
	number, context := raw[:at], raw[at+1:]
	if home := s.contextOf(field); context != home {
		return "", s.outside(raw, fmt.Sprintf("the site's context is %s", Quoted(home)))
	}
	if as == "" {
		as = n.formatOf(field, s)
	}
	if field != string(record.DID) {
		return n.spellInternal(raw, number, s, as)
	}
	public, ok := n.dialledIn(number, s)
	if !ok {
		return "", s.outside(raw, "no public number is known for it")
	}
	return n.spellPublic(raw, public, s, as)
}

// contextOf is the context of a field's numbers.
func (s *Site) contextOf(field string) string {
	if field == string(record.DID) {
		return s.DIDContext
	}
	return s.Context
}

// formatOf is how the directory writes a field unless told otherwise.
func (n Numbering) formatOf(field string, s *Site) NumberFormat {
	switch {
	case field != string(record.DID):
		return FormatInternal
	case s.LDAP != "":
		return s.LDAP
	}
	return n.ldapFormat()
}

func (n Numbering) spellInternal(raw, number string, s *Site, as NumberFormat) (string, error) {
	if as == FormatInternal {
		return number, nil
	}
	public, ok := s.publicOf(number)
	if !ok {
		return "", s.outside(raw, "no public number derives from it")
	}
	parsed, ok := n.public(public, s)
	if !ok {
		return "", &NumberError{public, n.at(s).Region}
	}
	return n.spellPublic(raw, parsed, s, as)
}

func (n Numbering) spellPublic(raw string, number *phonenumbers.PhoneNumber, s *Site, as NumberFormat) (string, error) {
	if as == FormatInternal {
		internal, ok := s.internalOf(e164(number))
		if !ok {
			return "", s.outside(raw, "no internal number derives from it")
		}
		return internal, nil
	}
	text, ok := n.at(s).Format(e164(number), as)
	if !ok || !slices.Contains([]NumberFormat{FormatNational, FormatInternational, FormatE164}, as) {
		return "", &NumberError{raw, n.at(s).Region}
	}
	return text, nil
}
