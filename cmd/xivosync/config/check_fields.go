package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// attribute is the form of an attribute's name or OID, with options.
var attribute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

// mapped returns the fields of the file that are fields of XiVO's user, in
// order of their names.
func (c *checker) mapped() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Fields)) {
		if _, known := c.field(name); known {
			names = append(names, name)
		}
	}
	return names
}

// names finds fields that XiVO does not have.
func (c *checker) names() {
	for name := range c.cfg.Fields {
		key := join("fields", name)
		switch _, known := c.field(name); {
		case known || slices.Contains(things, name):
		case name == "call_permissions":
			c.add(key, "take this table out", "call permissions are not managed: they stay as they are in XiVO")
		default:
			hint := suggestion(name, c.fieldNames())
			if hint == "" {
				hint = "there are " + strings.Join(c.fieldNames(), ", ")
			}
			c.add(key, hint, "XiVO's user has no field %q", name)
		}
	}
}

func (c *checker) fieldNames() []string {
	names := slices.Clone(things)
	for _, f := range c.fields {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// outgoingCallerID wants a decision: XiVO's own default hands the internal
// caller id out to the world.
func (c *checker) outgoingCallerID() {
	if _, declared := c.cfg.Fields["outgoing_caller_id"]; declared || c.has("fields") && len(c.cfg.Fields) == 0 {
		return
	}
	c.add("fields.outgoing_caller_id", "add these two lines, or map it:\n    [fields.outgoing_caller_id]\n    direction = \"none\"",
		"is missing: outgoing_caller_id must be declared, so that nobody's internal number goes out by accident")
}

// mappings checks each field by itself.
func (c *checker) mappings() {
	for _, name := range c.mapped() {
		key, f := join("fields", name), c.cfg.Fields[name]
		c.source(key, name, f)
		c.detail(key, name, f)
		if name == "mobile_phone_number" && writesBack(f) {
			c.add(key+".direction", "use to_xivo", "the mobile number never goes from XiVO to LDAP")
		}
		switch {
		case f.Pick == reconcile.PickMatches && f.PickPattern == "":
			c.add(key+".pick_pattern", "", `is missing: pick = "matches" needs it`)
		case f.Pick != reconcile.PickMatches && f.PickPattern != "":
			c.add(key+".pick_pattern", `add pick = "matches"`, "has no effect")
		}
		if _, err := regexp.Compile(f.PickPattern); err != nil {
			c.add(key+".pick_pattern", "", "%s", err)
		}
	}
}

// source checks where a field comes from: one attribute, as it is.
func (c *checker) source(key, name string, f Field) {
	if c.has(key + ".ldap") {
		return
	}
	from := key + ".ldap"
	switch text := f.LDAP.First(); {
	case len(f.LDAP) > 1 || joins(text):
		if name == "caller_id" {
			c.add(from, "name the one attribute that holds it, such as displayName", "caller id comes from one source field")
			return
		}
		c.add(from, "name one attribute", "a field comes from one attribute")
	case text == "" && (f.Direction == reconcile.ToXiVO || f.Direction == reconcile.Initial) && c.ruled(name):
	case text == "" && f.Direction != reconcile.None:
		c.add(from, `name the attribute, or write direction = "none"`, "is missing")
	case text != "" && !attribute.MatchString(text):
		c.add(from, "", "%q is no LDAP attribute", text)
	}
}

// ruled tells whether rules say what the field holds: it then needs no attribute.
func (c *checker) ruled(name string) bool {
	return slices.Contains(reconcile.RuledFields, name) &&
		slices.ContainsFunc(c.cfg.Rules, func(r Rule) bool { return r.Set.has(name) })
}

// has tells whether the rule sets what holds for the field of that name.
func (s Set) has(field string) bool { return s.texts()[field] != "" }

// joins tells whether a text is a template or a list of attributes.
func joins(text string) bool { return strings.ContainsAny(strings.TrimSpace(text), "{}$%+, ") }

// transforms checks the way between both sides, each step by itself.
func (c *checker) transforms() {
	for _, name := range c.mapped() {
		key, f := join("fields", name), c.cfg.Fields[name]
		if c.has(key+".transform") || c.has(key+".to_ldap") {
			continue
		}
		c.steps(name, key+".transform", f.Transform, writesBack(f) && len(f.ToLDAP) == 0)
		c.steps(name, key+".to_ldap", f.ToLDAP, false)
	}
}

// steps compiles the transforms of a mapped field, each alone, so that an error
// has its line.
func (c *checker) steps(name, key string, steps []Transform, turned bool) {
	field, _ := c.field(name)
	c.chainOf(field, key, steps, turned)
}

// chainOf compiles the steps of a field.
func (c *checker) chainOf(field record.Field, key string, steps []Transform, turned bool) {
	for i, t := range steps {
		at := index(key, i)
		if n := t.keys(); n != 1 {
			c.add(at, "give each its own braces: [{ trim = true }, { case = \"lower\" }]", "a transform has one key, this one has %d", n)
			continue
		}
		if _, err := reconcile.NewChain(field, c.cfg.numbering(), []reconcile.Transform{t.engine()}, nil, turned); err != nil {
			_, message, _ := strings.Cut(err.Error(), ": ") // "transform 1: …"
			c.add(at, "", "%s", message)
		}
	}
}

// writeBacks finds attributes that two fields would write.
func (c *checker) writeBacks() {
	writer := map[string]string{}
	for _, name := range c.mapped() {
		f := c.cfg.Fields[name]
		at := strings.ToLower(f.LDAP.First())
		if !writesBack(f) || at == "" {
			continue
		}
		if other := writer[at]; other != "" {
			c.add(join("fields", name), "let only one of them have the direction both or to_ldap",
				"%s writes back to %s, and so does %s", name, f.LDAP.First(), other)
			continue
		}
		writer[at] = name
	}
}

// region checks the country that numbers belong to.
func (c *checker) region() {
	region := c.cfg.Numbering.Region
	if region != "" && !reconcile.ValidRegion(region) && !c.has("numbering.region") {
		c.add("numbering.region", "use an ISO 3166 code such as FR", "%q is no country whose numbers are known", region)
	}
}
