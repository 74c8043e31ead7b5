package config

import (
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// directory checks the addresses: credentials do not travel in clear.
func (c *checker) directory() {
	for i, text := range c.cfg.LDAP.URL {
		key := "ldap.url"
		if element := index(key, i); c.doc.given(element) {
			key = element
		}
		if strings.HasPrefix(text, "ldapi://") { // a socket of this very machine
			continue
		}
		u := c.address(key, text, "ldap", "ldaps")
		if u == nil {
			continue
		}
		switch {
		case u.Scheme == "ldaps" && c.cfg.LDAP.StartTLS:
			c.add("ldap.start_tls", "use ldap:// with start_tls, or ldaps:// without", "%s is encrypted already", text)
		case u.Scheme == "ldap" && !c.cfg.LDAP.StartTLS && !loopback(u.Hostname()):
			c.add(key, "write ldaps://, or add start_tls = true", "passwords and people would travel in clear to %s", u.Hostname())
		}
		if strings.Trim(u.Path, "/") != "" {
			c.add(key, "write it as base", "an address holds no base DN")
		}
	}
}

// bases checks where people are looked for.
func (c *checker) bases() {
	l := c.cfg.LDAP
	switch {
	case c.has("ldap.base") || c.has("ldap.bases"):
		return
	case l.Base == "" && len(l.Bases) == 0:
		c.add("ldap.base", "", "is missing: the DN under which people are looked for")
	case l.Base != "" && len(l.Bases) > 0:
		c.add("ldap.bases", "keep one of them", "there is base, too")
	}
	if l.Base != "" {
		c.dn("ldap.base", l.Base)
	}
	for i, base := range l.Bases {
		c.dn(index("ldap.bases", i), base)
	}
}

func (c *checker) dn(key, text string) {
	if _, err := ldap.ParseDN(text); err != nil || text == "" {
		c.add(key, "write it like ou=people,dc=example,dc=org", "%q is no distinguished name", text)
	}
}

// bind checks who asks the directory.
func (c *checker) bind() {
	l := c.cfg.LDAP
	if l.BindDN != "" && !strings.ContainsAny(l.BindDN, `@\`) {
		c.dn("ldap.bind_dn", l.BindDN)
	}
	switch {
	case c.has("ldap.bind_dn") || c.has("ldap.password"):
	case l.BindDN != "" && l.Password.IsZero():
		c.add("ldap.password", "", "is missing: bind_dn needs a password, else the directory takes it for nobody")
	case l.BindDN == "" && !l.Password.IsZero():
		c.add("ldap.bind_dn", "", "is missing: there is a password")
	}
}

// filters checks what selects entries.
func (c *checker) filters() {
	c.filter("ldap.filter", c.cfg.LDAP.Filter)
	if c.cfg.LDAP.Disabled != "" {
		c.filter("ldap.disabled", c.cfg.LDAP.Disabled)
	}
}

func (c *checker) filter(key, text string) {
	if c.has(key) {
		return
	}
	if _, err := ldap.CompileFilter(text); err != nil {
		c.add(key, "write it like (&(objectClass=person)(mail=*))", "%q is no LDAP filter: %s", text, plainLDAP(err))
	}
}

// plainLDAP takes the library's prefix off its message.
func plainLDAP(err error) string {
	_, message, found := strings.Cut(err.Error(), "ldap: ")
	if !found {
		return err.Error()
	}
	return message
}
