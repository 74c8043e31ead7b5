package config

import (
	"strings"

	"xivosync/reconcile"
)

// sites checks each site, and that no two of them have the same numbers.
func (c *checker) sites() {
	if c.has("numbering.site") && len(c.cfg.Numbering.Sites) == 0 {
		return
	}
	var sites []reconcile.Site
	for i, s := range c.cfg.Numbering.Sites {
		sites = append(sites, c.site(index("numbering.site", i), s))
		for j, before := range sites[:i] {
			c.together(index("numbering.site", i), index("numbering.site", j), sites[i], before)
		}
	}
}

// site checks one site by itself, and returns what of it could be read.
func (c *checker) site(key string, s Site) reconcile.Site {
	for name, context := range map[string]string{"context": s.Context, "did_context": s.DIDContext} {
		if context != "" && !contextName.MatchString(context) {
			c.add(join(key, name), "use the name of the context, such as default", "%q is no name of a context", context)
		}
	}
	if strings.Trim(s.Prefix, "0123456789") != "" {
		c.add(key+".prefix", "", "%q has more than digits", s.Prefix)
	}
	if s.Prefix != "" && s.DIDBlock == "" && !c.has(key+".did_block") {
		c.add(key+".prefix", "it belongs to did_block", "has no effect")
	}
	if s.DIDBlock != "" && c.has("numbering.region") {
		s.DIDBlock = ""
	}
	site, err := s.engine(c.cfg.Numbering.Region)
	c.keyed(key, err)
	if err == nil && !c.has(key) {
		c.keyed(key, site.Check())
	}
	return site
}

// keyed notes joined errors, each at its key.
func (c *checker) keyed(key string, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, one := range joined.Unwrap() {
		if at, ok := one.(*reconcile.KeyError); ok && !c.has(join(key, at.Key)) {
			c.add(join(key, at.Key), "", "%s", at.Err)
		}
	}
}

// together checks two sites: a number belongs to one of them.
func (c *checker) together(key, other string, s, before reconcile.Site) {
	if s.Name == before.Name && s.Name != "" {
		c.add(key+".name", "give each site a name of its own", "%q is the name of the site in line %d, too", s.Name, c.doc.line(other))
	}
	if a, b, overlap := overlapping(s.Extensions, before.Extensions); overlap && s.Context == before.Context {
		c.add(key+".extensions", "give each number to one site", "%s overlaps %s of site %s in context %s", a, b, before.Name, s.Context)
	}
	if s.Block.Overlaps(before.Block) {
		c.add(key+".did_block", "give each number to one site", "%s overlaps %s of site %s", s.Block, before.Block, before.Name)
		return
	}
	a, ok1 := s.Delivered()
	b, ok2 := before.Delivered()
	if ok1 && ok2 && s.DIDContext == before.DIDContext && a.Overlaps(b) {
		c.add(key+".did_length", "let the operator deliver more digits, or use a did_context for each site",
			"calls to %s could not be told from those of site %s, whose digits are %s in context %s, too", a, before.Name, b, s.DIDContext)
	}
}

func overlapping(some, others []reconcile.Range) (a, b reconcile.Range, overlap bool) {
	for _, a := range some {
		for _, b := range others {
			if a.Overlaps(b) {
				return a, b, true
			}
		}
	}
	return a, b, false
}
