package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// DIDBlock is the public numbers that an operator gave to a site, one after the
// other, all of the same length.
type DIDBlock struct {
	// First and Last are in E.164.
	First, Last string
	// Region is the country that the numbers belong to.
	Region string
}

// ParseBlock reads "+33 4 72 10 10 00-99": the first number, and the last digits
// of the last one. Numbers without a country code belong to the region.
func ParseBlock(text, region string) (*DIDBlock, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "–", "-"))
	cut := strings.LastIndexByte(text, '-')
	if cut < 0 {
		return nil, fmt.Errorf("%s is no block such as +33 4 72 10 10 00-99", Quoted(text))
	}
	from, tail := dialled(text[:cut]), dialled(text[cut+1:])
	if strings.HasPrefix(tail, "+") { // the last number is written out
		return newBlock(text, from, tail, region)
	}
	if !onlyDigits(tail) || len(tail) > len(strings.TrimPrefix(from, "+")) {
		return nil, fmt.Errorf("%s is no block such as +33 4 72 10 10 00-99", Quoted(text))
	}
	return newBlock(text, from, from[:len(from)-len(tail)]+tail, region)
}

func newBlock(text, from, to, region string) (*DIDBlock, error) {
	n := Numbering{Region: region}
	first, ok1 := n.parse(from)
	last, ok2 := n.parse(to)
	switch {
	case !ok1:
		return nil, &NumberError{from, region}
	case !ok2:
		return nil, &NumberError{to, region}
	}
	b := &DIDBlock{e164(first), e164(last), phonenumbers.GetRegionCodeForNumber(first)}
	switch {
	case len(b.First) != len(b.Last) || first.GetCountryCode() != last.GetCountryCode():
		return nil, fmt.Errorf("%s: %s and %s do not have the same length", Quoted(text), b.First, b.Last)
	case b.First > b.Last:
		return nil, fmt.Errorf("%s: %s comes after %s", Quoted(text), b.First, b.Last)
	}
	return b, nil
}

func e164(number *phonenumbers.PhoneNumber) string {
	return phonenumbers.Format(number, phonenumbers.E164)
}

// Contains tells whether a number, in E.164, lies in the block. No block has no
// numbers.
func (b *DIDBlock) Contains(e164 string) bool {
	return b != nil && len(e164) == len(b.First) && b.First <= e164 && e164 <= b.Last
}

// Overlaps tells whether a number lies in both blocks.
func (b *DIDBlock) Overlaps(o *DIDBlock) bool {
	return b != nil && o != nil && len(b.First) == len(o.First) && b.First <= o.Last && o.First <= b.Last
}

// varying counts the last digits in which the numbers of the block differ.
func (b *DIDBlock) varying() int {
	same := 0
	for same < len(b.First) && b.First[same] == b.Last[same] {
		same++
	}
	return len(b.First) - same
}

// String writes FIRST-DIGITS, such as +33472101000-99.
func (b *DIDBlock) String() string { return b.First + "-" + b.Last[len(b.Last)-max(b.varying(), 1):] }

// with returns the number of the block that ends in the digits.
func (b *DIDBlock) with(tail string) (string, bool) {
	if len(tail) < b.varying() || len(tail) >= len(b.First) {
		return "", false
	}
	number := b.First[:len(b.First)-len(tail)] + tail
	return number, b.Contains(number)
}

// kept counts the last digits of a public number that its internal number has
// after the site's prefix: so many that the whole block finds its place in the
// site's ranges. It is zero where there is not exactly one such length.
func (s *Site) kept() int {
	if s == nil || s.Block == nil {
		return 0
	}
	if fits := s.fits(); len(fits) == 1 {
		return fits[0]
	}
	return 0
}

// fits lists the counts of digits under which the block lies in the ranges.
func (s *Site) fits() []int {
	var fits []int
	for _, r := range s.Extensions {
		keep := len(r.First) - len(s.Prefix)
		if keep < max(s.Block.varying(), 1) || keep >= len(s.Block.First) || slices.Contains(fits, keep) {
			continue
		}
		if s.derived(keep).CoveredBy(s.Extensions) {
			fits = append(fits, keep)
		}
	}
	return fits
}

// derived are the internal numbers of the whole block.
func (s *Site) derived(keep int) Range {
	b := s.Block
	return Range{s.Prefix + b.First[len(b.First)-keep:], s.Prefix + b.Last[len(b.Last)-keep:]}
}

// internalOf derives the internal number of a public one, in E.164.
func (s *Site) internalOf(e164 string) (string, bool) {
	keep := s.kept()
	if keep == 0 || !s.Block.Contains(e164) {
		return "", false
	}
	return s.Prefix + e164[len(e164)-keep:], true
}

// publicOf derives the public number, in E.164, of an internal one.
func (s *Site) publicOf(internal string) (string, bool) {
	keep := s.kept()
	tail, ok := strings.CutPrefix(internal, s.Prefix)
	if keep == 0 || !ok || len(tail) != keep || !onlyDigits(internal) {
		return "", false
	}
	return s.Block.with(tail)
}

// checkBlock finds why nothing can be derived from the site's block.
func (s *Site) checkBlock() error {
	wrong := func(key, format string, args ...any) error { return &KeyError{key, fmt.Errorf(format, args...)} }
	fits := s.fits()
	switch {
	case len(s.Extensions) == 0:
		return wrong("did_block", "needs extensions, whose numbers derive from it")
	case len(fits) == 0:
		return wrong("did_block", "its size does not match: %s", s.misfit())
	case len(fits) > 1:
		return wrong("did_block", "derives internal numbers of several lengths: extensions has room for it more than once")
	case s.DIDContext == "":
		return wrong("did_context", "is missing: did_block needs it")
	}
	if s.DIDLength > 0 && s.DIDLength < s.Block.varying() {
		return wrong("did_length", "%d digits do not tell the numbers of did_block apart, whose last %d digits differ", s.DIDLength, s.Block.varying())
	}
	if _, ok := s.Delivered(); !ok {
		return wrong("did_length", "the numbers of did_block do not have %d digits", s.DIDLength)
	}
	return nil
}

// misfit shows what the block would derive.
func (s *Site) misfit() string {
	var would []string
	for _, r := range s.Extensions {
		keep := len(r.First) - len(s.Prefix)
		if keep > 0 && keep < len(s.Block.First) {
			would = append(would, s.derived(keep).String())
		}
	}
	if len(would) == 0 {
		return "extensions has no numbers that end in its digits"
	}
	slices.Sort(would)
	return fmt.Sprintf("it would derive %s, and extensions is %s", strings.Join(slices.Compact(would), " or "), listed(s.Extensions))
}

// Delivered are the digits that the operator sends for the first and the last
// number of the site's block; false where there are none.
func (s *Site) Delivered() (Range, bool) {
	if s.Block == nil {
		return Range{}, false
	}
	first, ok1 := s.deliver(s.Block.First)
	last, ok2 := s.deliver(s.Block.Last)
	return Range{first, last}, ok1 && ok2 && len(first) == len(last)
}

func (s *Site) deliver(e164 string) (string, bool) {
	number, ok := Numbering{}.public(e164, s)
	if !ok {
		return "", false
	}
	return Numbering{}.delivered(number, s)
}
