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
	suffix := d.contextOf(d.cfg.Bases[0])
	if suffix == "" {
		suffix = d.cfg.Bases[0]
	}
	identity := suffix
	err := d.ask(ctx, func(s *session) error {
		e, err := d.entry(ctx, s, suffix, []string{d.server.id})
		if goldap.IsErrorAnyOf(err, goldap.LDAPResultNoSuchObject, goldap.LDAPResultInsufficientAccessRights) {
			return nil // it may not be shown; then the name has to do
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
