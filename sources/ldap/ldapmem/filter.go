package ldapmem

import (
	"errors"
	"slices"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// filter tells whether an entry matches.
type filter func(s *Server, e *entry) bool

var errFilter = errors.New("malformed filter")

// compile makes a filter of what came over the wire (RFC 4511, section 4.5.1.7).
func compile(p *ber.Packet) (filter, error) {
	switch p.Tag {
	case goldap.FilterAnd:
		return several(p, func(fs []filter, s *Server, e *entry) bool {
			return !slices.ContainsFunc(fs, func(f filter) bool { return !f(s, e) })
		})
	case goldap.FilterOr:
		return several(p, func(fs []filter, s *Server, e *entry) bool {
			return slices.ContainsFunc(fs, func(f filter) bool { return f(s, e) })
		})
	case goldap.FilterNot:
		inner, err := compile(child(p, 0))
		return func(s *Server, e *entry) bool { return !inner(s, e) }, err
	case goldap.FilterPresent:
		name := text(p)
		return func(s *Server, e *entry) bool { return len(s.values(e, name)) > 0 }, nil
	case goldap.FilterEqualityMatch, goldap.FilterApproxMatch:
		return assertionOf(p, func(name, v, asserted string) bool { return canonical(name, v) == canonical(name, asserted) })
	case goldap.FilterGreaterOrEqual:
		return assertionOf(p, atLeast)
	case goldap.FilterLessOrEqual:
		return assertionOf(p, func(name, v, bound string) bool { return atLeast(name, bound, v) })
	case goldap.FilterSubstrings:
		return substrings(p)
	case goldap.FilterExtensibleMatch:
		return extensible(p)
	}
	return nil, errFilter
}

func several(p *ber.Packet, join func([]filter, *Server, *entry) bool) (filter, error) {
	parts := make([]filter, len(p.Children))
	for i, c := range p.Children {
		f, err := compile(c)
		if err != nil {
			return nil, err
		}
		parts[i] = f
	}
	return func(s *Server, e *entry) bool { return join(parts, s, e) }, nil
}

func assertionOf(p *ber.Packet, match func(name, value, asserted string) bool) (filter, error) {
	if len(p.Children) != 2 {
		return nil, errFilter
	}
	name, asserted := text(child(p, 0)), text(child(p, 1))
	return anyValue(name, func(v string) bool { return match(name, v, asserted) }), nil
}

func anyValue(name string, match func(string) bool) filter {
	return func(s *Server, e *entry) bool { return slices.ContainsFunc(s.values(e, name), match) }
}

func substrings(p *ber.Packet) (filter, error) {
	if len(p.Children) != 2 {
		return nil, errFilter
	}
	name := text(child(p, 0))
	var parts []piece
	for _, c := range child(p, 1).Children {
		parts = append(parts, piece{int(c.Tag), text(c)})
	}
	return anyValue(name, func(v string) bool { return substring(name, v, parts) }), nil
}

// extensible knows the two rules that look at bits; any other rule compares as
// the attribute does. With ":dn" the parts of the entry's name count too.
func extensible(p *ber.Packet) (filter, error) {
	var rule, name, asserted string
	var inName bool
	for _, c := range p.Children {
		switch c.Tag {
		case goldap.MatchingRuleAssertionMatchingRule:
			rule = text(c)
		case goldap.MatchingRuleAssertionType:
			name = text(c)
		case goldap.MatchingRuleAssertionMatchValue:
			asserted = text(c)
		case goldap.MatchingRuleAssertionDNAttributes:
			inName = text(c) != "\x00"
		}
	}
	if name == "" {
		return nil, errFilter
	}
	match := func(v string) bool { return canonical(name, v) == canonical(name, asserted) }
	if rule == bitAnd || rule == bitOr {
		match = func(v string) bool { return matchBits(rule, v, asserted) }
	}
	return func(s *Server, e *entry) bool {
		return slices.ContainsFunc(s.values(e, name), match) || inName && slices.ContainsFunc(e.inName(name), match)
	}, nil
}

// inName returns the values that an attribute has anywhere in the entry's DN.
func (e *entry) inName(attribute string) []string {
	parsed, err := goldap.ParseDN(e.dn)
	if err != nil {
		return nil
	}
	var values []string
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			if named(a.Type, attribute) {
				values = append(values, a.Value)
			}
		}
	}
	return values
}
