package ldap

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/hashicorp/go-hclog"
)

// What is used where the configuration is silent.
const (
	DefaultPageSize = 500
	DefaultTimeout  = 30 * time.Second
	everything      = "(objectClass=*)"
)

// Config says which directory, as whom, and what of it.
type Config struct {
	// URLs are ldaps://, ldap:// or ldapi:// addresses of servers of one
	// directory. The first that answers is kept until Close.
	URLs []string
	// Prefer is the one of them that is tried first: changes are counted by each
	// server for itself.
	Prefer string
	// StartTLS encrypts ldap:// connections before anything else is said.
	StartTLS bool
	// BindDN and Password are the account's; without a BindDN the directory is
	// read as nobody.
	BindDN, Password string
	// Bases are the subtrees that hold the people.
	Bases []string
	// Filter chooses the people; default: every entry.
	Filter string
	// Disabled chooses those of them whose account is disabled. The default on
	// Active Directory is the bit in userAccountControl; elsewhere nobody.
	Disabled string
	// CA is the certificate authority in PEM; default: the system's.
	CA []byte
	// ServerName is what the certificate must be for; default: the URL's host.
	ServerName string
	// PageSize is how many entries are asked for at a time; default 500.
	PageSize int
	// Timeout is how long one answer (a whole page) may take; default 30 s.
	Timeout time.Duration
	// Attributes are read of every person, and are the keys of their values.
	Attributes []string
	// Identifier is the attribute that identifies a person on both sides.
	Identifier string
	// Groups are the DNs of the groups that rules and conditions name, and AnyGroup
	// what else is asked about memberOf (see [reconcile.Groups]); Attributes has
	// memberOf then. GroupsBy says how members are found; default: auto.
	Groups, AnyGroup []string
	// Nested are the DNs of groups whose members count with those of the groups in
	// them; Attributes has [reconcile.NestedMemberOf] then.
	Nested   []string
	GroupsBy GroupsBy
	// Observe, where set, is told how long the server took to answer a request,
	// and whether there was no answer.
	Observe func(took time.Duration, failed bool) `json:"-"`
	// Log receives what is worth knowing and is no error; default: nothing.
	Log hclog.Logger
}

// complete returns the configuration with its defaults, or what is wrong in it.
func (c Config) complete() (Config, error) {
	if c.Filter == "" {
		c.Filter = everything
	}
	if c.PageSize == 0 {
		c.PageSize = DefaultPageSize
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.GroupsBy == "" {
		c.GroupsBy = GroupsAuto
	}
	if c.Observe == nil {
		c.Observe = func(time.Duration, bool) {}
	}
	if c.Log == nil {
		c.Log = hclog.NewNullLogger()
	}
	c.Log = c.Log.Named("ldap")
	var wrong []error
	wrong = append(wrong, c.checkAccount(), c.checkFilters(), c.checkURLs(), c.checkCA())
	bases, err := outermost(c.Bases)
	c.Bases = bases
	if slices.Contains(c.URLs, c.Prefer) {
		c.URLs = append([]string{c.Prefer}, slices.DeleteFunc(slices.Clone(c.URLs), func(u string) bool { return u == c.Prefer })...)
	}
	return c, errors.Join(append(wrong, err)...)
}

func (c Config) checkAccount() error {
	switch {
	case c.BindDN != "" && c.Password == "":
		return fmt.Errorf("bind as %s: the password is empty, which servers take for an anonymous login", c.BindDN)
	case c.Identifier == "":
		return errors.New("no attribute is configured as the identifier")
	case c.PageSize < 1:
		return fmt.Errorf("a page of %d entries: give a positive number", c.PageSize)
	case c.Timeout < 0:
		return fmt.Errorf("a timeout of %s: give a positive duration", c.Timeout)
	}
	return nil
}

func (c Config) checkFilters() error {
	for _, filter := range []string{c.Filter, c.Disabled} {
		if filter == "" {
			continue
		}
		if _, err := goldap.CompileFilter(filter); err != nil {
			return fmt.Errorf("filter %s: %w", filter, err)
		}
	}
	return nil
}

func (c Config) checkURLs() error {
	if len(c.URLs) == 0 {
		return errors.New("no url is configured")
	}
	for _, raw := range c.URLs {
		u, err := parseURL(raw)
		if err != nil {
			return err
		}
		if u.Scheme == "ldap" && !c.StartTLS && c.Password != "" && !loopback(u.Hostname()) {
			return fmt.Errorf("%s: the password would cross the network in clear: use ldaps://, or start_tls = true", raw)
		}
		if u.Scheme == "ldaps" && c.StartTLS {
			return fmt.Errorf("%s: start_tls is for ldap:// URLs; ldaps:// is encrypted from the start", raw)
		}
	}
	return nil
}

func (c Config) checkCA() error {
	if len(c.CA) > 0 && !x509.NewCertPool().AppendCertsFromPEM(c.CA) {
		return errors.New("ca: no certificate in PEM form is in it")
	}
	return nil
}

// parseURL reads an LDAP URL. The path of a socket stands percent-encoded where
// the host would be, which net/url does not accept.
func parseURL(raw string) (*url.URL, error) {
	if socket, ok := strings.CutPrefix(raw, "ldapi://"); ok {
		path, err := url.PathUnescape(strings.TrimSuffix(socket, "/"))
		if err != nil || path == "" {
			return nil, fmt.Errorf("url %q: give the socket's path with / written as %%2F", raw)
		}
		return &url.URL{Scheme: "ldapi", Path: path}, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("url %q: %w", raw, err)
	}
	if u.Scheme != "ldap" && u.Scheme != "ldaps" || u.Hostname() == "" {
		return nil, fmt.Errorf("url %q: give ldaps://HOST or ldap://HOST", raw)
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// outermost drops the bases that lie within another one, so that no entry is
// listed twice.
func outermost(bases []string) ([]string, error) {
	if len(bases) == 0 {
		return nil, errors.New("no base is configured")
	}
	var kept []string
	for i, base := range bases {
		dn, err := goldap.ParseDN(base)
		if err != nil {
			return nil, fmt.Errorf("base %q: %w", base, err)
		}
		covered := func(j int, other string) bool {
			o, err := goldap.ParseDN(other)
			return err == nil && j != i && (o.AncestorOfFold(dn) || j < i && o.EqualFold(dn))
		}
		if !slices.ContainsFunc(indices(bases), func(j int) bool { return covered(j, bases[j]) }) {
			kept = append(kept, base)
		}
	}
	return kept, nil
}

func indices(list []string) []int {
	all := make([]int, len(list))
	for i := range all {
		all[i] = i
	}
	return all
}
