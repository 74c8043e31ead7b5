package config

import (
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// detail checks a field that says how a thing is set up: the thing has to be
// among the fields, and travel at least as far.
func (c *checker) detail(key, name string, f Field) {
	field, _ := c.field(name)
	if !field.Detail || c.has(key) {
		return
	}
	thing, declared := c.cfg.Fields[string(field.Thing)]
	at := key + ".direction"
	switch {
	case !declared || thing.Direction == reconcile.None:
		c.add(key, "add [fields."+string(field.Thing)+"]", "has no effect: it says how a thing is set up, and %s is not among the fields", field.Thing)
	case thing.Direction == reconcile.Initial && f.Direction != reconcile.Initial && f.Direction != reconcile.None:
		c.add(at, `write direction = "initial"`, "%s is not looked at after its creation", field.Thing)
	case field.Thing == record.DID && writesBack(f):
		c.add(at, "use to_xivo", "a person may have several direct numbers: how they are routed never goes from XiVO to LDAP")
	}
}

// detailSettings checks what a rule sets for details by the rules of their
// fields, so that an error has its line.
func (c *checker) detailSettings(key string, s Set) {
	for name, text := range s.texts() {
		field, _ := c.field(name)
		at := join(key, name)
		if !field.Detail || c.has(at) {
			continue
		}
		if field.Pattern != nil && !field.Pattern.MatchString(text) {
			c.add(at, "write it like "+field.Shape, "%q does not have the form of %s", text, name)
		}
		if strings.TrimSpace(text) == "" || field.MaxLength > 0 && len([]rune(text)) > field.MaxLength {
			c.add(at, "", "XiVO's %s takes 1 to %d characters", name, field.MaxLength)
		}
	}
}
