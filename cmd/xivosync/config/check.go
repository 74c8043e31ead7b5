package config

import (
	"net"
	"net/url"
	"strings"

	"xivosync/reconcile/record"
)

// checker finds what is wrong between keys: each of its checks looks at one
// part of the file and leaves alone what the decoder already found wrong.
type checker struct {
	*findings
	cfg    *Config
	fields []record.Field
}

// check runs all checks.
func check(cfg *Config, found *findings, fields []record.Field) {
	c := &checker{found, cfg, fields}
	for _, one := range []func(){
		c.notYet,
		c.directory, c.bases, c.bind, c.filters,
		c.pbx, c.state, c.schedule, c.metrics, c.contacts,
		c.region, c.sites, c.identifier,
		c.names, c.outgoingCallerID, c.mappings, c.transforms, c.writeBacks, c.things, c.rules, c.removal, c.mail,
	} {
		one()
	}
}

// field finds what the target tells about a field.
func (c *checker) field(name string) (record.Field, bool) {
	for _, f := range c.fields {
		if f.Name == name {
			return f, true
		}
	}
	return record.Field{}, false
}

// address checks a URL and returns it; nil when it is none.
func (c *checker) address(key, text string, schemes ...string) *url.URL {
	want := strings.Join(schemes, ":// or ") + "://"
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		c.add(key, "", "%q is no address that begins with %s", withoutCredentials(text), want)
		return nil
	}
	for _, s := range schemes {
		if u.Scheme == s {
			if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
				c.add(key, "", "must be a plain address, without credentials or query")
				return nil
			}
			return u
		}
	}
	c.add(key, "", "%q does not begin with %s", withoutCredentials(text), want)
	return nil
}

// withoutCredentials hides what stands before an @.
func withoutCredentials(text string) string {
	if _, host, found := strings.Cut(text, "@"); found {
		return "…@" + host
	}
	return text
}

// loopback tells whether a host is this very machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
