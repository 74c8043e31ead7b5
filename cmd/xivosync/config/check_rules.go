package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// things checks what only the fields have that are things of their own.
func (c *checker) things() {
	for name, f := range c.cfg.Fields {
		key := join("fields", name)
		if c.has(key) && c.doc.given(key) && slices.Contains(things, name) {
			continue // refused as a whole
		}
		isThing := slices.Contains(things, name)
		for _, part := range []string{"when", "on_clear"} {
			if at := join(key, part); !isThing && c.doc.given(at) && !c.has(at) {
				c.add(at, "it belongs to "+strings.Join(things, ", "), "has no effect: %s is a field of the user", name)
			}
		}
		if at := key + ".when"; f.When != "" && !c.has(at) {
			c.condition(at, f.When)
		}
		c.format(key, name, f)
		if isNumber(name) && len(c.cfg.Numbering.Sites) == 0 && !c.has("numbering.site") {
			c.add(key, "add [[numbering.site]] with name and context", "there is no site that its numbers could belong to")
		} else if name == string(record.DID) && f.Direction != reconcile.None && !c.calledFromOutside() {
			c.add(key, "add did_context, XiVO's context of calls from outside, to [[numbering.site]]", "no site has a did_context: nobody could be called from outside")
		}
	}
}

// calledFromOutside tells whether direct numbers have a context: that of a site, or
// of a rule. One that was found wrong is told by itself.
func (c *checker) calledFromOutside() bool {
	for i, s := range c.cfg.Numbering.Sites {
		if s.DIDContext != "" || c.has(index("numbering.site", i)+".did_context") || c.has(index("numbering.site", i)) {
			return true
		}
	}
	return c.has("numbering.site") || slices.ContainsFunc(c.cfg.Rules, func(r Rule) bool { return r.Set.DIDContext != "" })
}

func isNumber(name string) bool { return slices.Contains(reconcile.NumberFields(), name) }

// format checks how a number is written: what is no DID needs a block to be
// written as a public number.
func (c *checker) format(key, name string, f Field) {
	at := key + ".format"
	if f.Format == "" || c.has(at) {
		return
	}
	if !isNumber(name) {
		c.add(at, `use transform = [{ number = "e164" }]`, "has no effect: %s is not one of %s", name, strings.Join(reconcile.NumberFields(), ", "))
		return
	}
	public := f.Format != reconcile.FormatInternal
	derives := slices.ContainsFunc(c.cfg.Numbering.Sites, func(s Site) bool { return s.DIDBlock != "" })
	if public != (name == string(record.DID)) && !derives {
		c.add(at, "add did_block to the site", "a number of %s can be written as %s only where it derives from a block", name, f.Format)
	}
}

// condition checks a filter that is asked of entries that were read.
func (c *checker) condition(key, text string) {
	if _, err := reconcile.ParseFilter(text); err != nil {
		c.add(key, "write it like (&(employeeType=internal)(!(l=Lyon)))", "%s", err)
	}
}

// rules checks each rule: whom it means, and what it sets.
func (c *checker) rules() {
	named := map[string]int{}
	for i, r := range c.cfg.Rules {
		key := index("rule", i)
		if line, twice := named[r.Name]; twice && r.Name != "" {
			c.add(key+".name", "give each rule a name of its own", "%q is the name of the rule in line %d, too", r.Name, line)
		}
		named[r.Name] = c.doc.line(key)
		c.when(key+".when", r.When)
		c.set(key+".set", r.Set)
		c.declared(key+".set", r.Set)
	}
}

// declared finds settings of fields that the file does not have: they would do
// nothing.
func (c *checker) declared(key string, s Set) {
	for _, name := range reconcile.RuledFields {
		if s.has(name) && !c.takes(name) && !c.has(join(key, name)) {
			c.add(join(key, name), "add an empty table [fields."+name+"]", "has no effect: %s is not among the fields", name)
		}
	}
	if _, has := c.cfg.Fields[string(record.Agent)]; s.Queues != nil && !has && !c.has(join(key, "queues")) {
		c.add(join(key, "queues"), "add [fields.agent] with the attribute of the agent's number", "has no effect: agent is not among the fields")
	}
	if _, has := c.cfg.Fields[reconcile.SetVoicemail]; s.Voicemail != nil && !has && !c.has(join(key, "voicemail")) {
		c.add(join(key, "voicemail"), "add [fields.voicemail] with the attribute of its number", "has no effect: voicemail is not among the fields")
	}
}

// takes tells whether a field has what a rule sets; a language is also that of
// the mailbox and of the agent.
func (c *checker) takes(setting string) bool {
	fields := []string{setting}
	if setting == reconcile.SetLanguage {
		fields = append(fields, string(record.Voicemail), string(record.Agent))
	}
	return slices.ContainsFunc(fields, func(name string) bool { _, has := c.cfg.Fields[name]; return has })
}

// when checks a condition.
func (c *checker) when(key string, w When) {
	if c.has(key) {
		return
	}
	if !c.doc.given(key) {
		c.add(key, "say which entries; when = {} is everybody", "is missing")
		return
	}
	for _, part := range []struct{ name, value string }{
		{"attribute", w.Attribute}, {"equals", w.Equals}, {"matches", w.Matches}, {"group", w.Group}, {"under", w.Under}, {"filter", w.Filter},
	} {
		if part.value == "" && c.doc.given(join(key, part.name)) {
			c.add(join(key, part.name), "take it out", "is empty")
		}
	}
	looks := w.Equals != "" || w.Matches != ""
	switch {
	case w.Attribute == "" && looks:
		c.add(key+".attribute", "", "is missing: equals and matches look at an attribute")
	case w.Attribute != "" && !attribute.MatchString(w.Attribute):
		c.add(key+".attribute", "", "%q is no LDAP attribute", w.Attribute)
	case w.Attribute != "" && !looks && !c.has(key):
		c.add(key+".attribute", "add equals or matches", "has no effect")
	}
	for name, dn := range map[string]string{"group": w.Group, "under": w.Under} {
		if dn != "" {
			c.dn(join(key, name), dn)
		}
	}
	_, err := w.engine()
	c.keyed(key, err)
}

// set checks what a rule sets.
func (c *checker) set(key string, s Set) {
	if reflect.ValueOf(s).IsZero() && !c.has(key) {
		c.add(key, `name what the entries get, such as set = { site = "lyon" }`, "sets nothing")
	}
	if s.Site != "" {
		c.knownSite(key+".site", s.Site)
	}
	for name, context := range map[string]string{"context": s.Context, "did_context": s.DIDContext} {
		if at := join(key, name); context != "" && !contextName.MatchString(context) && !c.has(at) {
			c.add(at, "use the name of the context, such as default", "%q is no name of a context", context)
		}
	}
	if at := key + ".language"; s.Language != "" && !languageName.MatchString(s.Language) && !c.has(at) {
		c.add(at, "write it like fr_FR", "%q is no language", s.Language)
	}
	c.detailSettings(key, s)
	if !c.has(key + ".queues") {
		c.queues(key+".queues", s.Queues)
	}
}

// knownSite finds rules that name a site that is not there.
func (c *checker) knownSite(key, name string) {
	var names []string
	for _, s := range c.cfg.Numbering.Sites {
		names = append(names, s.Name)
	}
	if slices.Contains(names, name) || c.has(key) {
		return
	}
	hint := suggestion(name, names)
	switch {
	case hint != "":
	case len(names) == 0:
		hint = "add [[numbering.site]]"
	default:
		hint = "there are " + strings.Join(names, ", ")
	}
	c.err(key, &hinted{"there is no site " + reconcile.Quoted(name), hint})
}

// queues checks the queues of an agent.
func (c *checker) queues(key string, queues []Queue) {
	for i, q := range queues {
		at := index(key, i)
		switch {
		case q.Name == "":
		case !queueName.MatchString(q.Name):
			c.add(at+".name", "use the name of the queue, not what it is shown as", "%q is no name of a queue", q.Name)
		case c.cfg.XiVO.Queues[q.Name] == 0 && !c.has(join("xivo.queues", q.Name)) && !c.has("xivo.queues"):
			hint := suggestion(q.Name, slices.Sorted(maps.Keys(c.cfg.XiVO.Queues)))
			if hint == "" {
				hint = "add it under [xivo.queues]; the address of the queue's page in XiVO's web interface has its id"
			}
			c.add(at+".name", hint, "there is no id for the queue %s", q.Name)
		case slices.ContainsFunc(queues[:i], func(o Queue) bool { return o.Name == q.Name }):
			c.add(at+".name", "name it once", "%s is there twice", q.Name)
		}
	}
}
