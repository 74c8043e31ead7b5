package ldap

import (
	"context"
	"crypto/rand"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"
)

// allowedEffective lists the attributes that the account may write in an entry, on
// Active Directory; allowed those that the entry could have, readable by anybody.
const (
	allowedEffective = "allowedAttributesEffective"
	allowed          = "allowedAttributes"
)

// Unwritable returns those of the attributes that the account may not write in an
// entry, as far as the server tells. Nothing is changed to find out.
//
// Active Directory has an attribute that tells. Other servers are asked to delete
// a random value, which no entry has: who may not write is refused the access,
// who may is told that there is no such value. A server that finds the value
// unfit for the attribute before it looks at the rights tells nothing.
func (d *Directory) Unwritable(ctx context.Context, dn string, attributes []string) ([]string, error) {
	if d.server.activeDirectory {
		return d.notEffective(ctx, dn, attributes)
	}
	var refused []string
	for _, attribute := range attributes {
		err := d.ask(ctx, func(s *session) error {
			req := goldap.NewModifyRequest(dn, nil)
			req.Delete(attribute, []string{"xivosync-" + rand.Text()})
			return s.do(ctx, func() error { return s.conn.Modify(req) })
		})
		switch {
		case goldap.IsErrorAnyOf(err, goldap.LDAPResultInsufficientAccessRights):
			refused = append(refused, attribute)
		case err != nil && !answeredBy(err):
			return refused, lookupError(dn, err)
		}
	}
	return refused, nil
}

func (d *Directory) notEffective(ctx context.Context, dn string, attributes []string) (refused []string, err error) {
	var e *goldap.Entry
	err = d.ask(ctx, func(s *session) (err error) {
		e, err = d.entry(ctx, s, dn, []string{allowed, allowedEffective})
		return err
	})
	if err != nil {
		return nil, lookupError(dn, err)
	}
	may := e.GetEqualFoldAttributeValues(allowedEffective)
	if len(may) == 0 && len(e.GetEqualFoldAttributeValues(allowed)) == 0 {
		return nil, nil // this server does not tell
	}
	for _, attribute := range attributes {
		if !slices.ContainsFunc(may, func(name string) bool { return d.layout.equal(name, attribute) }) {
			refused = append(refused, attribute)
		}
	}
	return refused, nil
}
