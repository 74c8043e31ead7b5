package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

var fingerprintForm = regexp.MustCompile(`^sha256:([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$`)

// pbx checks how XiVO is reached.
func (c *checker) pbx() {
	x := c.cfg.XiVO
	for key, text := range map[string]string{"xivo.url": x.URL, "xivo.auth_url": x.AuthURL, "xivo.web_url": x.WebURL} {
		if text == "" || c.has(key) {
			continue
		}
		if u := c.address(key, text, "https", "http"); u != nil && u.Scheme == "http" && !loopback(u.Hostname()) {
			c.add(key, "write https://, with ca or fingerprint where XiVO signs its own certificate",
				"passwords and people would travel in clear to %s", u.Hostname())
		}
	}
	if x.CA != "" && x.Fingerprint != "" {
		c.add("xivo.fingerprint", "keep one of them", "there is ca, too")
	}
	if x.Fingerprint != "" && !fingerprintForm.MatchString(x.Fingerprint) {
		c.add("xivo.fingerprint", "openssl x509 -noout -fingerprint -sha256 -in CERT shows it", "%q is not sha256: and 64 hexadecimal digits", x.Fingerprint)
	}
	c.queueIDs()
	switch {
	case c.has("xivo.username") || c.has("xivo.password"):
	case x.Username != "" && x.Password.IsZero():
		c.add("xivo.password", "", "is missing: username needs a password")
	case x.Username == "" && !x.Password.IsZero():
		c.add("xivo.username", "", "is missing: there is a password")
	}
}

// queueIDs checks what the queues are called.
func (c *checker) queueIDs() {
	first := map[int]string{}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.XiVO.Queues)) {
		at, id := join("xivo.queues", name), c.cfg.XiVO.Queues[name]
		switch {
		case c.has(at):
		case !queueName.MatchString(name):
			c.add(at, "use the name of the queue, not what it is shown as", "%q is no name of a queue", name)
		case id < 1:
			c.add(at, "", "%d is no id of a queue", id)
		case first[id] != "":
			c.add(at, "name each queue once", "%d is the id of %s, too", id, first[id])
		}
		first[id] = name
	}
}

// state checks the place of the store.
func (c *checker) state() {
	if path := c.cfg.State.Path; strings.TrimSpace(path) == "" && !c.has("state.path") {
		c.add("state.path", "", "is empty: the store needs a file")
	}
}
