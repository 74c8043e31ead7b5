package ldap

import (
	"context"
	"slices"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// groupStamp is a fingerprint of all groups with the stamps of their last
// changes, or "" where nobody asks for groups. A person who is put into a group
// is not changed thereby, not even where the entry shows its groups.
func (d *Directory) groupStamp(ctx context.Context) (string, error) {
	if !d.asksForGroups() {
		return "", nil
	}
	var stamps []string
	for _, tree := range d.treesOf(slices.Concat(d.cfg.Bases, d.cfg.Groups, d.cfg.Nested)) {
		q := query{base: tree, scope: goldap.ScopeWholeSubtree, filter: anyGroup(), attributes: []string{d.server.id, d.server.version, modifyTimestamp}}
		err := d.walk(ctx, q, func(_ *session, e *goldap.Entry) error {
			id, err := d.idOf(e)
			stamps = append(stamps, strings.Join([]string{id, e.GetEqualFoldAttributeValue(d.server.version), e.GetEqualFoldAttributeValue(modifyTimestamp)}, " "))
			return err
		})
		if err != nil {
			return "", err
		}
	}
	slices.Sort(stamps)
	return fingerprint(stamps), nil
}

// asksForGroups tells whether anything depends on who is in which group.
func (d *Directory) asksForGroups() bool {
	asked := slices.Concat(d.cfg.Attributes, filterAttributes(d.cfg.Filter), filterAttributes(d.cfg.Disabled))
	return len(d.cfg.Groups)+len(d.cfg.AnyGroup)+len(d.cfg.Nested) > 0 || containsFold(asked, memberOf)
}
