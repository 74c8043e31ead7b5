package reconcile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// MemberOf is the attribute that tells an entry's groups.
const MemberOf = "memberOf"

// NestedMemberOf is memberOf with Active Directory's matching rule "in chain", as
// a filter writes it: the groups of an entry with all groups that these are in.
// It is no attribute; the directory is asked about each group that a condition
// names.
const NestedMemberOf = "memberOf:1.2.840.113556.1.4.1941:"

// The settings that rules set.
const (
	SetSite         = "site"
	SetContext      = "context"
	SetDIDContext   = "did_context"
	SetEntity       = "entity"
	SetLanguage     = "language"
	SetCTI          = "cti"
	SetVoicemail    = "voicemail"
	SetQueues       = "queues"
	SetRemoval      = "removal"
	SetMailTemplate = "mail_template"
)

// Rules are asked in their order: the first that matches an entry decides each
// setting that it sets.
type Rules []Rule

// Rule is what holds for the entries that its condition describes.
type Rule struct {
	// Name is what `why` calls the rule.
	Name string
	When Condition
	// Set are the settings by name; a voicemail reads true or false.
	Set map[string]string
	// Queues are set where they are not nil; none at all is a setting, too.
	Queues []AgentQueue
}

// AgentQueue is a queue that an agent is a member of.
type AgentQueue struct {
	// ID is XiVO's, Name what the configuration calls it.
	ID      int
	Name    string
	Penalty int
}

// Condition describes entries; all of it that is set has to hold, and nothing
// set holds for everybody.
type Condition struct {
	// Attribute is what Equals and Matches look at: one of its values has to fit.
	Attribute string
	// Equals minds neither case nor blanks around words.
	Equals string
	// Matches has to match a whole value.
	Matches *regexp.Regexp
	// Group is the DN of a group that the entry is a member of, by its memberOf.
	Group string
	// Under is the DN that the entry lies under.
	Under string
	// Filter is anything else.
	Filter *Filter
}

// WholeMatch compiles a regular expression (RE2) that has to match a whole text.
func WholeMatch(pattern string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(pattern); err != nil { // by itself, so that the error shows what was written
		return nil, err
	}
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

// Match tells whether an entry is meant; values returns what it holds of an
// attribute.
func (c Condition) Match(values func(attribute string) record.Value, dn string) bool {
	has := func(attribute string, fits func(string) bool) bool {
		return slices.ContainsFunc(values(attribute), fits)
	}
	return (c.Equals == "" || has(c.Attribute, func(v string) bool { return sameText(v, c.Equals) })) &&
		(c.Matches == nil || has(c.Attribute, c.Matches.MatchString)) &&
		(c.Group == "" || has(MemberOf, func(v string) bool { return SameDN(v, c.Group) })) &&
		(c.Under == "" || UnderDN(dn, c.Under)) &&
		c.Filter.Match(values)
}

// String says in a few words whom the condition describes.
func (c Condition) String() string {
	var parts []string
	add := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(c.Equals != "", "%s is %s", c.Attribute, c.Equals)
	if c.Matches != nil {
		add(true, "%s matches %s", c.Attribute, strings.TrimSuffix(strings.TrimPrefix(c.Matches.String(), "^(?:"), ")$"))
	}
	add(c.Group != "", "member of %s", c.Group)
	add(c.Under != "", "under %s", c.Under)
	add(c.Filter != nil, "%s", c.Filter)
	if parts == nil {
		return "everybody"
	}
	return strings.Join(parts, " and ")
}

// attributes adds those that the condition looks at.
func (c Condition) attributes(names []string) []string {
	if c.Equals != "" || c.Matches != nil {
		names = addName(names, c.Attribute)
	}
	if c.Group != "" {
		names = addName(names, MemberOf)
	}
	for _, name := range c.Filter.Attributes() {
		names = addName(names, name)
	}
	return names
}

// Setting is what a rule set.
type Setting struct {
	Value string
	// Rule is the name of the rule.
	Rule string
}

// Resolved is what all rules together set for one entry.
type Resolved struct {
	// Set are the settings by name, that of the queues in words.
	Set map[string]Setting
	// Queues are those of the setting queues.
	Queues []AgentQueue
}

// Value returns a setting, or "" where no rule set it.
func (r Resolved) Value(setting string) string { return r.Set[setting].Value }

// Resolve asks the rules about an entry; values returns what it holds of an
// attribute.
func (rs Rules) Resolve(values func(attribute string) record.Value, dn string) Resolved {
	r := Resolved{Set: map[string]Setting{}}
	for i := range rs {
		if rule := &rs[i]; rule.When.Match(values, dn) {
			r.take(rule)
		}
	}
	return r
}

// take sets what no earlier rule has set.
func (r *Resolved) take(rule *Rule) {
	for name, value := range rule.Set {
		if _, set := r.Set[name]; !set {
			r.Set[name] = Setting{value, rule.Name}
		}
	}
	if _, set := r.Set[SetQueues]; !set && rule.Queues != nil {
		r.Queues = rule.Queues
		r.Set[SetQueues] = Setting{inWords(rule.Queues), rule.Name}
	}
}

// inWords lists queues with their penalties.
func inWords(queues []AgentQueue) string {
	if len(queues) == 0 {
		return "none"
	}
	texts := make([]string, len(queues))
	for i, q := range queues {
		texts[i] = fmt.Sprintf("%s (penalty %d)", q.Name, q.Penalty)
	}
	return strings.Join(texts, ", ")
}

// Attributes lists the attributes that have to be read of every entry, each
// once.
func (rs Rules) Attributes() []string {
	var names []string
	for _, r := range rs {
		names = r.When.attributes(names)
	}
	return names
}

// Spelt returns the rules with other spellings of their attributes: records keep
// one key for mail and Mail.
func (rs Rules) Spelt(as func(attribute string) string) Rules {
	rs = slices.Clone(rs)
	for i := range rs {
		c := &rs[i].When
		if c.Attribute != "" {
			c.Attribute = as(c.Attribute)
		}
		c.Filter = c.Filter.Spelt(as)
	}
	return rs
}
