package xivo

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// authPort is where xivo-auth listens.
const authPort = "9497"

// Config says which XiVO to speak to and what of it matters.
type Config struct {
	// URL is confd's address without /1.1, such as "https://xivo:9486", or
	// "https://xivo/api/confd" through XiVO's web server.
	URL string
	// AuthURL is xivo-auth's address without /0.1. Empty means port 9497 of the
	// same host.
	AuthURL string
	// WebURL is the address of XiVO's web interface, whose agent service is asked
	// with the same Username and Password when agents are mapped. Empty means the
	// same host.
	WebURL string
	// Username and Password are those of a web-service user. An empty Username
	// asks without a token, for a confd that knows us by our address.
	Username, Password string
	// CA holds the certificates to trust, in PEM; empty means the system's.
	CA []byte
	// Fingerprint pins XiVO's certificate instead: "sha256:" and the SHA-256 of
	// the certificate in hexadecimal, with or without colons.
	Fingerprint string
	// Timeout is how long XiVO may stay silent: before the first byte of an
	// answer and between any two. Zero means one minute.
	Timeout time.Duration
	// Writers is how many changes are carried out at a time. Zero means one:
	// confd is one busy core, and slower with more.
	Writers int
	// Fields are the XiVO fields that are mapped. Other fields are not read.
	Fields []string
	// Deletes tells that users may have to be deleted: that takes more rights.
	Deletes bool
	// Identifier is the XiVO field that carries the identifier; it need not be
	// among Fields. Empty means that there is none.
	Identifier string
	// Log takes what was asked and how long it took. Nil logs nothing.
	Log hclog.Logger
	// Observe, where set, is told how long XiVO took to answer a request, and
	// whether it failed: there was no answer, or XiVO could not serve us.
	Observe func(took time.Duration, failed bool)
	// Clock tells when a token is old. Nil means time.Now.
	Clock func() time.Time
}

// withDefaults fills in what is empty.
func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Writers <= 0 {
		c.Writers = 1
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	if c.Observe == nil {
		c.Observe = func(time.Duration, bool) {}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return c
}

// addresses are the roots of what is asked: confd's and xivo-auth's resources,
// and the web interface's agent service.
type addresses struct{ confd, auth, web *url.URL }

func (c Config) addresses() (a addresses, err error) {
	if a.confd, err = address(c.URL); err != nil {
		return a, fmt.Errorf("xivo url: %w", err)
	}
	a.auth = &url.URL{Scheme: a.confd.Scheme, Host: joinPort(a.confd.Hostname(), authPort), Path: "/"}
	if c.AuthURL != "" {
		if a.auth, err = address(c.AuthURL); err != nil {
			return a, fmt.Errorf("xivo auth_url: %w", err)
		}
	}
	a.web = &url.URL{Scheme: a.confd.Scheme, Host: strings.TrimSuffix(joinPort(a.confd.Hostname(), ""), ":"), Path: "/"}
	if c.WebURL != "" {
		if a.web, err = address(c.WebURL); err != nil {
			return a, fmt.Errorf("xivo web_url: %w", err)
		}
	}
	a.confd, a.auth, a.web = a.confd.JoinPath("1.1"), a.auth.JoinPath("0.1"), a.web.JoinPath(agentsPath)
	return a, nil
}

func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no address", text)
	}
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%q: want https://HOST:PORT", u.Redacted())
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q: want a plain address, without credentials or query", u.Redacted())
	}
	if u.Path == "" {
		u.Path = "/" // else what is joined to it stays relative
	}
	return u, nil
}

func joinPort(host, port string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]:" + port
	}
	return host + ":" + port
}

// mapped returns the names of the users' fields to read, the identifier's among
// them, in the order of the table, and those of the things and their details.
func (c Config) mapped() (users, held, detailed []string, err error) {
	want := slices.Clone(c.Fields)
	if c.Identifier != "" {
		f, ok := fieldOf(c.Identifier)
		if !ok || !f.Identifies {
			return nil, nil, nil, fmt.Errorf("xivo: users cannot be looked up by the field %q", c.Identifier)
		}
		want = append(want, c.Identifier)
	}
	for _, name := range want {
		f, detail := detailOf(name)
		if detail && !slices.Contains(want, string(f.Thing)) {
			return nil, nil, nil, fmt.Errorf("xivo: %s needs the field %s", name, f.Thing)
		}
		if _, ok := fieldOf(name); !ok && !isThing(name) && !detail {
			return nil, nil, nil, fmt.Errorf("xivo: users have no field %q", name)
		}
	}
	for _, f := range things {
		if slices.Contains(want, f.Name) {
			held = append(held, f.Name)
		}
	}
	for _, f := range details {
		if slices.Contains(want, f.Name) {
			detailed = append(detailed, f.Name)
		}
	}
	return inOrder(want), held, detailed, nil
}

// inOrder returns the names once each, in the order of the table.
func inOrder(names []string) []string {
	var ordered []string
	for _, f := range fields {
		if slices.Contains(names, f.Name) {
			ordered = append(ordered, f.Name)
		}
	}
	return ordered
}
