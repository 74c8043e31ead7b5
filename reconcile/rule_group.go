package reconcile

import (
	"slices"
	"strings"
)

// Groups is what rules and conditions want to know of the groups of entries.
// A directory that tells no entry its groups can answer for those that are
// named, by reading them; it cannot answer what is asked of any group.
type Groups struct {
	// Named are the DNs of groups, each once.
	Named []string
	// Other are the assertions about memberOf that name no group, such as
	// (memberOf=*ou=sales*), and the fields that are mapped to it.
	Other []string
	// Nested are the DNs of those whose members count with the members of groups in
	// them.
	Nested []string
}

// Groups lists what is asked about groups.
func (s *Settings) Groups() Groups {
	var g Groups
	for i := range s.Rules {
		g.condition(&s.Rules[i].When)
	}
	for i := range s.Fields {
		m := &s.Fields[i]
		g.filter(m.When)
		if m.Direction != None && strings.EqualFold(m.Attribute, MemberOf) {
			g.Other = append(g.Other, "fields."+m.Field.Name)
		}
	}
	return g
}

func (g *Groups) condition(c *Condition) {
	if c.Group != "" {
		g.name(c.Group)
	}
	if strings.EqualFold(c.Attribute, MemberOf) && (c.Equals != "" || c.Matches != nil) {
		g.Other = append(g.Other, c.String())
	}
	g.filter(c.Filter)
}

func (g *Groups) filter(f *Filter) {
	if f != nil {
		g.node(&f.root, f)
	}
}

func (g *Groups) node(n *node, whole *Filter) {
	for i := range n.nodes {
		g.node(&n.nodes[i], whole)
	}
	if n.attribute == NestedMemberOf {
		g.Nested = addDN(g.Nested, n.value)
	}
	if !strings.EqualFold(n.attribute, MemberOf) {
		return
	}
	if n.op == '=' && n.named {
		g.name(n.value)
	} else {
		g.Other = append(g.Other, whole.String())
	}
}

func (g *Groups) name(dn string) { g.Named = addDN(g.Named, dn) }

// addDN adds a name unless it is there in some spelling.
func addDN(names []string, dn string) []string {
	if slices.ContainsFunc(names, func(known string) bool { return SameDN(known, dn) }) {
		return names
	}
	return append(names, dn)
}

// DNKey returns a text that is the same for all spellings of a distinguished
// name, and another one for every other name.
func DNKey(text string) (string, error) {
	name, err := parseDN(text)
	return strings.Join(name, ","), err
}
