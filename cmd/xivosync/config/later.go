package config

import (
	"fmt"
	"slices"
)

// later is what the file can say already and this version does not do: it is
// refused, never ignored. With a value, only that value is; else any value but
// the default. NAME stands for any name, [] for any element, and what a line
// refuses covers the keys below it.
var later = []struct{ key, value, what string }{
	{"xivo.agentd_url", "", "the login of agents"},
}

// things are the names under fields that are things of their own.
var things = []string{"extension", "did", "voicemail", "agent", "cti", "entity"}

func (c *checker) notYet() {
	for _, l := range later {
		for _, key := range c.doc.matching(l.key) {
			v, isValue := c.doc.value(key)
			if l.value != "" && v != l.value || isValue && l.value == "" && v == c.defaults(l.key) || c.covered(key) {
				continue
			}
			said := "this version"
			if l.value != "" {
				said = fmt.Sprintf("%q: this version", l.value)
			}
			c.add(key, "take it out", "%s does not do %s yet", said, l.what)
		}
	}
}

// covered tells whether a table around the key was found wrong already.
func (c *checker) covered(key string) bool {
	return slices.ContainsFunc(c.list, func(e Error) bool { return e.Key != key && within(key, e.Key) })
}

// defaults returns the default of a key as the document would hold it; the
// zero text where it has none.
func (c *checker) defaults(key string) any {
	for _, k := range Reference() {
		if k.Key == key && k.Default != "" {
			return tomlValue(k.Default)
		}
	}
	return ""
}
