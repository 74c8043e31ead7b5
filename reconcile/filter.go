package reconcile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Filter is the part of LDAP's filters (RFC 4515) that can be told from what was
// read of an entry: and, or, not, equality, presence and substrings. Like most
// attributes it minds neither case nor blanks around words; names are compared
// as names.
//
//	f, err := reconcile.ParseFilter("(&(employeeType=internal)(!(l=Lyon)))")
//	f.Match(func(attribute string) record.Value { return entry.Values[attribute] })
type Filter struct {
	text string
	root node
}

// node is one pair of parentheses: a combination of others, or an assertion
// about one attribute.
type node struct {
	// op is & | ! = or *; an equality of parts around stars is *, a presence
	// has no parts.
	op        byte
	nodes     []node
	attribute string
	// value is that of an equality, and named tells that it is a DN.
	value string
	named bool
	parts []string
}

// deepest bounds the parentheses inside one another.
const deepest = 50

// FilterError says where a filter cannot be read.
type FilterError struct {
	Text string
	// At counts bytes from 0.
	At  int
	Why string
}

func (e *FilterError) Error() string {
	return fmt.Sprintf("%s cannot be used as a filter here: %s at character %d", Quoted(e.Text), e.Why, e.At+1)
}

// ParseFilter reads a filter. What this version cannot tell from an entry, such
// as >= or a matching rule, is an error; but for [NestedMemberOf], which the
// directory answers.
func ParseFilter(text string) (*Filter, error) {
	p := &filterParser{text: strings.TrimSpace(text)}
	root, err := p.node(0)
	if err == nil && p.at < len(p.text) {
		err = p.wrong("there is more after the last parenthesis")
	}
	if err != nil {
		return nil, err
	}
	return &Filter{p.text, root}, nil
}

type filterParser struct {
	text string
	at   int
}

func (p *filterParser) wrong(why string) error { return &FilterError{p.text, p.at, why} }

func (p *filterParser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// blanks between parentheses are not in the RFC, but in many people's files.
func (p *filterParser) blanks() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

func (p *filterParser) expect(c byte) error {
	p.blanks()
	if p.peek() != c {
		return p.wrong(fmt.Sprintf("%q is missing", string(c)))
	}
	p.at++
	return nil
}

func (p *filterParser) node(depth int) (node, error) {
	if depth > deepest {
		return node{}, p.wrong("too many parentheses inside one another")
	}
	if err := p.expect('('); err != nil {
		return node{}, err
	}
	p.blanks()
	read := p.assertion
	if c := p.peek(); c != 0 && strings.IndexByte("&|!", c) >= 0 {
		read = func() (node, error) { return p.combined(depth) }
	}
	n, err := read()
	if err != nil {
		return node{}, err
	}
	return n, p.expect(')')
}

func (p *filterParser) combined(depth int) (node, error) {
	n := node{op: p.peek()}
	p.at++
	for p.blanks(); p.peek() == '('; p.blanks() {
		inner, err := p.node(depth + 1)
		if err != nil {
			return node{}, err
		}
		n.nodes = append(n.nodes, inner)
	}
	if len(n.nodes) == 0 || n.op == '!' && len(n.nodes) > 1 {
		return node{}, p.wrong(fmt.Sprintf("%q has %d filters", string(n.op), len(n.nodes)))
	}
	return n, nil
}

// attributeName is the form of an attribute's name or OID, with options.
var attributeName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

func (p *filterParser) assertion() (node, error) {
	rest := p.text[p.at:]
	end := strings.IndexAny(rest, "()")
	if end < 0 {
		end = len(rest)
	}
	attribute, value, ok := strings.Cut(rest[:end], "=")
	if strings.EqualFold(strings.TrimSpace(attribute), NestedMemberOf) {
		n, err := nestedNode(value)
		if err != nil {
			return node{}, p.wrong(err.Error())
		}
		p.at += end
		return n, nil
	}
	switch {
	case !ok:
		return node{}, p.wrong(`"=" is missing`)
	case attribute != "" && strings.IndexByte("<>~:", attribute[len(attribute)-1]) >= 0:
		return node{}, p.wrong(fmt.Sprintf("only = can be used, not %s=", attribute[len(attribute)-1:]))
	}
	attribute = strings.TrimSpace(attribute)
	if !attributeName.MatchString(attribute) {
		return node{}, p.wrong(fmt.Sprintf("%s is no attribute", Quoted(attribute)))
	}
	n, err := valueNode(attribute, value)
	if err != nil {
		return node{}, p.wrong(err.Error())
	}
	p.at += end
	return n, nil
}

// nestedNode reads the group of an assertion about [NestedMemberOf].
func nestedNode(value string) (node, error) {
	n, err := valueNode(NestedMemberOf, value)
	if err == nil && (n.op != '=' || !n.named) {
		err = fmt.Errorf("%s wants the DN of a group", NestedMemberOf)
	}
	return n, err
}

// valueNode reads what stands after the =.
func valueNode(attribute, value string) (node, error) {
	n := node{op: '=', attribute: attribute}
	if strings.Contains(value, "*") {
		n.op = '*'
	}
	for part := range strings.SplitSeq(value, "*") {
		plain, ok := unescaped(part, func(byte) bool { return false })
		if !ok {
			return node{}, errors.New(`a backslash needs two hexadecimal digits, such as \28 for "("`)
		}
		n.parts = append(n.parts, plain)
	}
	switch {
	case n.op == '=' && strings.TrimSpace(n.parts[0]) == "":
		return node{}, fmt.Errorf("nothing stands after the =; (%s=*) is whether there is a value", attribute)
	case n.op == '=':
		n.value, n.parts = n.parts[0], nil
		_, err := parseDN(n.value)
		n.named = err == nil
	case strings.Trim(value, "*") == "":
		n.parts = nil
	default:
		for i, part := range n.parts {
			n.parts[i] = strings.ToLower(part)
		}
	}
	return n, nil
}

// Match tells whether the entry is meant; values returns what it holds of an
// attribute. No filter means every entry.
func (f *Filter) Match(values func(attribute string) record.Value) bool {
	return f == nil || f.root.match(values)
}

func (n *node) match(values func(string) record.Value) bool {
	matches := func(inner node) bool { return inner.match(values) }
	switch n.op {
	case '&':
		return !slices.ContainsFunc(n.nodes, func(inner node) bool { return !inner.match(values) })
	case '|':
		return slices.ContainsFunc(n.nodes, matches)
	case '!':
		return !n.nodes[0].match(values)
	}
	return slices.ContainsFunc(values(n.attribute), n.holds)
}

// holds tells whether the assertion is true of one value.
func (n *node) holds(value string) bool {
	if n.op == '=' {
		return sameText(value, n.value) || n.named && SameDN(value, n.value)
	}
	return n.parts == nil || inTurn(strings.ToLower(value), n.parts)
}

// inTurn tells whether a text begins with the first part, ends with the last and
// has the others between them, in their order.
func inTurn(text string, parts []string) bool {
	text, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		if _, text, ok = strings.Cut(text, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(text, parts[last])
}

// Attributes lists the attributes that have to be read, each once, in their
// order in the filter.
func (f *Filter) Attributes() []string {
	if f == nil {
		return nil
	}
	return f.root.attributes(nil)
}

func (n *node) attributes(names []string) []string {
	if n.attribute != "" {
		return addName(names, n.attribute)
	}
	for _, inner := range n.nodes {
		names = inner.attributes(names)
	}
	return names
}

// addName adds an attribute unless it is there in some spelling.
func addName(names []string, name string) []string {
	if slices.ContainsFunc(names, func(o string) bool { return strings.EqualFold(o, name) }) {
		return names
	}
	return append(names, name)
}

// Spelt returns the filter with other spellings of its attributes: records keep
// one key for mail and Mail.
func (f *Filter) Spelt(as func(attribute string) string) *Filter {
	if f == nil {
		return nil
	}
	return &Filter{f.text, f.root.spelt(as)}
}

func (n node) spelt(as func(string) string) node {
	if n.attribute != "" {
		n.attribute = as(n.attribute)
	}
	n.nodes = slices.Clone(n.nodes)
	for i, inner := range n.nodes {
		n.nodes[i] = inner.spelt(as)
	}
	return n
}

// String returns the filter as it was written.
func (f *Filter) String() string {
	if f == nil {
		return ""
	}
	return f.text
}
