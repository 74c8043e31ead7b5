package reconcile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Site is a place with its numbers: what may be given to phones there, and how
// its operator delivers calls from outside.
type Site struct {
	// Name is what rules and reports call the site.
	Name string
	// Context is XiVO's context of the internal numbers and mailboxes.
	Context string
	// Extensions are the ranges that the context allows; none allows any short
	// number. Pool are those that free numbers are taken from.
	Extensions []Range
	Pool       []Range
	// DIDContext is XiVO's context of calls from outside.
	DIDContext string
	// Block are the public numbers that internal ones derive from; nil derives
	// none. Prefix are the digits that a derived internal number has before the
	// last ones of the public number.
	Block  *DIDBlock
	Prefix string
	// DIDFormat is how the operator delivers a number: national (also where it is
	// empty) or e164, in digits; DIDLength how many of its last digits, all where
	// it is zero.
	DIDFormat NumberFormat
	DIDLength int
	// LDAP is how the directory writes public numbers of this site; empty means
	// as everywhere.
	LDAP NumberFormat
	// Fingerprint changes when the same values may read differently; empty where
	// nobody remembers values.
	Fingerprint string
}

// Range is numbers of one length, both ends included. Leading zeros count: 010
// is not in 10-99.
type Range struct{ First, Last string }

// longestRange keeps the size of a range within an int64.
const longestRange = 18

// Contains tells whether a number lies in the range.
func (r Range) Contains(number string) bool {
	return len(number) == len(r.First) && onlyDigits(number) && r.First <= number && number <= r.Last
}

// Size counts the numbers of the range.
func (r Range) Size() int { return ordinal(r.Last) - ordinal(r.First) + 1 }

// String writes FIRST-LAST, or the one number.
func (r Range) String() string {
	if r.First == r.Last {
		return r.First
	}
	return r.First + "-" + r.Last
}

// Overlaps tells whether a number lies in both ranges.
func (r Range) Overlaps(o Range) bool {
	return len(r.First) == len(o.First) && r.First <= o.Last && o.First <= r.Last
}

func ordinal(digits string) int {
	n, _ := strconv.Atoi(digits) // ParseRanges sees to it
	return n
}

func onlyDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// ParseRanges reads "1000-1999, 2500-2599"; a single number is a range of one.
// No text is no range.
func ParseRanges(text string) ([]Range, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	var ranges []Range
	for part := range strings.SplitSeq(text, ",") {
		r, err := parseRange(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		for _, o := range ranges {
			if r.Overlaps(o) {
				return nil, fmt.Errorf("%s and %s overlap", o, r)
			}
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

func parseRange(text string) (Range, error) {
	first, last, several := strings.Cut(strings.ReplaceAll(text, "–", "-"), "-")
	first, last = strings.TrimSpace(first), strings.TrimSpace(last)
	if !several {
		last = first
	}
	switch {
	case !onlyDigits(first) || !onlyDigits(last):
		return Range{}, fmt.Errorf("%s is no range of numbers such as 1000-1999", Quoted(text))
	case len(first) != len(last):
		return Range{}, fmt.Errorf("%s and %s do not have the same length", Quoted(first), Quoted(last))
	case len(first) > longestRange:
		return Range{}, fmt.Errorf("%s has more than %d digits", Quoted(first), longestRange)
	case first > last:
		return Range{}, fmt.Errorf("%s comes after %s", first, last)
	}
	return Range{first, last}, nil
}

// contains tells whether one of the ranges has the number.
func contains(ranges []Range, number string) bool {
	for _, r := range ranges {
		if r.Contains(number) {
			return true
		}
	}
	return false
}

// CoveredBy tells whether every number of the range lies in one of the others.
func (r Range) CoveredBy(ranges []Range) bool {
	for next := r.First; ; {
		i := 0
		for i < len(ranges) && !ranges[i].Contains(next) {
			i++
		}
		if i == len(ranges) {
			return false
		}
		if ranges[i].Last >= r.Last {
			return true
		}
		next = successor(ranges[i].Last)
	}
}

// successor returns the next number of the same length; after the last one it
// starts again.
func successor(digits string) string {
	b := []byte(digits)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] <= '9' {
			break
		}
		b[i] = '0'
	}
	return string(b)
}

// Ranges says which numbers the site has, for people.
func (s *Site) Ranges() string {
	var parts []string
	for _, r := range s.Extensions {
		parts = append(parts, r.String())
	}
	if s.Block != nil {
		parts = append(parts, "block "+s.Block.String())
	}
	return strings.Join(parts, ", ")
}

// RangeError says that a number is none of the site's: conflict out_of_range.
type RangeError struct {
	// Number is as it was read, Site the name of the site, empty where the person
	// has none, and Ranges its numbers.
	Number string
	Site   string
	Ranges string
	// Why says more where the ranges do not tell all; it may be empty.
	Why string
}

func (e *RangeError) Error() string {
	switch {
	case e.Site == "":
		return fmt.Sprintf("%s belongs nowhere: no site is known", Quoted(e.Number))
	case e.Why != "":
		return fmt.Sprintf("%s is no number of site %s: %s", Quoted(e.Number), e.Site, e.Why)
	case e.Ranges == "":
		return fmt.Sprintf("%s is no number of site %s", Quoted(e.Number), e.Site)
	}
	return fmt.Sprintf("%s is none of the numbers of site %s (%s)", Quoted(e.Number), e.Site, e.Ranges)
}

// outside is the RangeError of a number that the site does not have.
func (s *Site) outside(text, why string) error {
	if s == nil {
		return &RangeError{Number: text}
	}
	return &RangeError{Number: text, Site: s.Name, Ranges: s.Ranges(), Why: why}
}

// Site returns the site of that name, or nil.
func (n Numbering) Site(name string) *Site {
	for i := range n.Sites {
		if n.Sites[i].Name == name {
			return &n.Sites[i]
		}
	}
	return nil
}

// SiteOfNumber returns the site that a number belongs to by its block or its
// ranges; nil if there is none, or if there are several.
func (n Numbering) SiteOfNumber(text string) *Site {
	if found := n.SitesOfNumber(text); len(found) == 1 {
		return found[0]
	}
	return nil
}

// SitesOfNumber returns every site that a number may belong to, in their order:
// sites of different contexts may have the same internal numbers.
func (n Numbering) SitesOfNumber(text string) []*Site {
	var found []*Site
	for i := range n.Sites {
		s := &n.Sites[i]
		number, public := n.public(text, s)
		if contains(s.Extensions, dialled(text)) || public && s.Block.Contains(e164(number)) {
			found = append(found, s)
		}
	}
	return found
}

// Check finds what cannot be right within the site; the errors name what they
// are about by the keys of the configuration.
func (s *Site) Check() error {
	var errs []error
	for _, p := range s.Pool {
		if !p.CoveredBy(s.Extensions) {
			errs = append(errs, &KeyError{"pool", fmt.Errorf("%s lies outside extensions (%s)", p, listed(s.Extensions))})
		}
	}
	if s.Context != "" && s.Context == s.DIDContext {
		errs = append(errs, &KeyError{"did_context", errors.New("is the context of the internal numbers, too: calls from outside need one of their own")})
	}
	if s.Block == nil && s.DIDLength > 0 && s.DIDLength < shortest {
		errs = append(errs, &KeyError{"did_length", fmt.Errorf("the last %d digits alone do not tell a number: did_block has to tell the rest", s.DIDLength)})
	}
	if s.Block != nil {
		errs = append(errs, s.checkBlock())
	}
	return errors.Join(errs...)
}

// KeyError is what is wrong with one key of a site.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap returns the reason.
func (e *KeyError) Unwrap() error { return e.Err }

func listed(ranges []Range) string {
	texts := make([]string, len(ranges))
	for i, r := range ranges {
		texts[i] = r.String()
	}
	return strings.Join(texts, ", ")
}
