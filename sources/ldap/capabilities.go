package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"
)

// Capabilities are what a person wants to know of the server before trusting it
// with a run.
type Capabilities struct {
	// URL is the server that answered, and Vendor what it says it is.
	URL    string `json:"url"`
	Vendor string `json:"vendor"`
	// ActiveDirectory tells that it speaks Microsoft's dialect.
	ActiveDirectory bool `json:"active_directory"`
	// TLS is the protocol and whose certificate it was; empty where the
	// connection is not encrypted.
	TLS string `json:"tls"`
	// NamingContexts are the trees that it holds.
	NamingContexts []string `json:"naming_contexts"`
	// ID and Version are the attributes with the immutable id and the stamp of
	// the last change. IDReadable and VersionReadable tell that a person was found
	// who shows them, and Sample is that person's DN, empty when nobody was found.
	ID              string `json:"id"`
	IDReadable      bool   `json:"id_readable"`
	Version         string `json:"version"`
	VersionReadable bool   `json:"version_readable"`
	Sample          string `json:"sample"`
	// Groups is how the groups of a person are found, in words: by memberOf, or by
	// reading the groups; empty where the configuration asks for none.
	Groups string `json:"groups,omitempty"`
	// Following is how changes are found in an incremental run, "" where they cannot
	// be; Deletions tells that what is deleted shows, too.
	Following string `json:"following"`
	Deletions bool   `json:"deletions"`
	// PageSize is how many entries are asked for at a time.
	PageSize int `json:"page_size"`
	// Controls are those that matter, whether the server has them or not.
	Controls []Control `json:"controls"`
}

// Control is one of the server's abilities.
type Control struct {
	OID       string `json:"oid"`
	Name      string `json:"name"`
	Supported bool   `json:"supported"`
	// Meaning says what having it, or lacking it, means here.
	Meaning string `json:"meaning"`
}

// mattering are the controls that change how the directory is read or written.
var mattering = []struct{ oid, name, has, lacks string }{
	{
		oidPaging, "paged results", "people are listed page by page",
		"people are listed in one answer, which the server's size limit must allow",
	},
	{
		oidAssertion, "assertion", "a write is refused when the entry has changed in any way since it was read",
		"a write deletes the value that it replaces, which fails when that is gone; adding to an attribute that was empty is not guarded",
	},
	{oidPostRead, "post-read", "a write answers with the entry as it is afterwards", "every write is followed by one more read"},
}

// Capabilities tells what was found out about the server, and looks whether a
// person can be read as a run will want to.
func (d *Directory) Capabilities(ctx context.Context) (Capabilities, error) {
	c := Capabilities{
		URL: d.url, Vendor: d.server.vendor, ActiveDirectory: d.server.activeDirectory,
		NamingContexts: d.server.contexts, ID: d.server.id, Version: d.server.version, PageSize: d.cfg.PageSize,
	}
	for _, m := range mattering {
		supported := d.server.supports(m.oid)
		meaning := m.has
		if !supported {
			meaning = m.lacks
		}
		if meaning != "" {
			c.Controls = append(c.Controls, Control{m.oid, m.name, supported, meaning})
		}
	}
	err := d.ask(ctx, func(s *session) error {
		if state, ok := s.conn.TLSConnectionState(); ok {
			c.TLS = describeTLS(state)
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	if err := d.knowGroups(ctx); err != nil {
		return c, err
	}
	c.Groups = d.groups.Load().String()
	if err := d.following(ctx, &c); err != nil {
		return c, err
	}
	return c, d.sample(ctx, &c)
}

// following finds out how this account can follow changes, by trying.
func (d *Directory) following(ctx context.Context, c *Capabilities) error {
	at, err := d.Position(ctx)
	if err != nil {
		return err
	}
	c.Following, c.Deletions = at.Method, at.Method == "syncrepl"
	if at.Method == "dirsync" {
		c.Deletions, err = d.showsDeleted(ctx)
	}
	return err
}

func describeTLS(state tls.ConnectionState) string {
	text := tls.VersionName(state.Version)
	if len(state.PeerCertificates) > 0 {
		cert := state.PeerCertificates[0]
		text += fmt.Sprintf(", certificate of %s by %s, until %s",
			cert.Subject, cert.Issuer, cert.NotAfter.UTC().Format("2006-01-02"))
	}
	return text
}

// errSampled ends the listing that only wanted one person.
var errSampled = errors.New("one is enough")

// sample reads the first person that a listing would show.
func (d *Directory) sample(ctx context.Context, c *Capabilities) error {
	for _, base := range d.cfg.Bases {
		q := query{base: base, scope: goldap.ScopeWholeSubtree, filter: d.cfg.Filter, attributes: []string{d.server.id, d.server.version}}
		err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
			_, err := d.idOf(e)
			c.Sample, c.IDReadable = e.DN, err == nil
			c.VersionReadable = e.GetEqualFoldAttributeValue(d.server.version) != ""
			return errSampled
		})
		if errors.Is(err, errSampled) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
