package config

import (
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// guids are the attributes that directories number their entries with.
var guids = []string{"objectguid", "entryuuid", "nsuniqueid"}

// identifier checks what pairs an entry with a user: the same text on both
// sides, in a field that users can be looked up by.
func (c *checker) identifier() {
	id := c.cfg.Identifier
	if id.LDAP != "" && !attribute.MatchString(id.LDAP) {
		c.add("identifier.ldap", "", "%q is no LDAP attribute", id.LDAP)
	}
	if id.XiVO == "" || c.has("identifier.xivo") {
		return
	}
	f, known := c.field(id.XiVO)
	if !known || !f.Identifies || f.Thing != record.User {
		c.add("identifier.xivo", "use one of "+strings.Join(c.identifying(), ", "), "users cannot be looked up by %q", id.XiVO)
	}
	if slices.Contains(guids, strings.ToLower(id.LDAP)) && id.XiVO != "description" {
		c.add("identifier.xivo", `write xivo = "description"`, "a GUID identifier lives in description, not in %s", id.XiVO)
	}
	if key := join("fields", id.XiVO); c.doc.given(key) {
		c.add(key, "take this table out", "%s carries the identifier and cannot be mapped as a field, too", id.XiVO)
	}
	for _, name := range c.mapped() {
		c.identifierAttribute(name, c.cfg.Fields[name])
	}
}

// identifierAttribute checks a field that is fed by the identifier's attribute.
func (c *checker) identifierAttribute(name string, f Field) {
	id, key := c.cfg.Identifier, join("fields", name)
	if id.LDAP == "" || !slices.ContainsFunc(f.LDAP, func(a string) bool { return strings.EqualFold(a, id.LDAP) }) {
		return
	}
	if len(f.Transform)+len(f.ToLDAP) > 0 {
		c.add(key, "map the attribute without transforms", "the identifier %s is not processed", id.LDAP)
	}
	if writesBack(f) {
		c.add(key+".direction", "use to_xivo", "the identifier %s is never written to the directory", id.LDAP)
	}
}

// writesBack tells whether a field travels to the directory.
func writesBack(f Field) bool {
	return f.Direction == reconcile.Both || f.Direction == reconcile.ToLDAP
}

func (c *checker) identifying() []string {
	var names []string
	for _, f := range c.fields {
		if f.Identifies && f.Thing == record.User {
			names = append(names, f.Name)
		}
	}
	return names
}
