package ldap

import (
	"context"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"
)

// Identity names the directory: the suffix that holds the first base, and that
// entry's own id where it can be read. Replicas and the domain controllers of
// one domain have the same.
func (d *Directory) Identity(ctx context.Context) (string, error) {
	suffix := d.suffix()
	identity := suffix
	err := d.ask(ctx, func(s *session) error {
		e, err := d.entry(ctx, s, suffix, []string{d.server.id})
		if hidden(err) {
			return nil // then the name has to do
		}
		if err != nil {
			return err
		}
		if value := e.GetEqualFoldAttributeValue(d.server.id); value != "" {
			id, err := textGUID(d.server.id, value)
			if err != nil {
				return err
			}
			identity = fmt.Sprintf("%s/%s", suffix, id)
		}
		return nil
	})
	if err != nil {
		return "", down(suffix, "read the suffix", err)
	}
	return identity, nil
}

// suffix is the naming context of the first base.
func (d *Directory) suffix() string {
	if c := d.contextOf(d.cfg.Bases[0]); c != "" {
		return c
	}
	return d.cfg.Bases[0]
}

// hidden tells whether an entry is not there or not shown to this account, which
// servers do not tell apart.
func hidden(err error) bool {
	return goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject, goldap.LDAPResultInsufficientAccessRights)
}
