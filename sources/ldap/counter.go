package ldap

import "context"

// Counter returns how far the directory has counted its changes: the highest
// change number of the domain controller, or the newest change sequence number
// of the suffix (OpenLDAP, where its syncprov overlay keeps one); "" where the
// server counts nothing. A count that went back tells of a restored backup.
func (d *Directory) Counter(ctx context.Context) (string, error) {
	dn, attribute := d.suffix(), "contextCSN"
	if d.server.activeDirectory {
		dn, attribute = "", "highestCommittedUSN"
	}
	var newest string
	err := d.ask(ctx, func(s *session) error {
		e, err := d.entry(ctx, s, dn, []string{attribute})
		if hidden(err) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, v := range e.GetEqualFoldAttributeValues(attribute) { // one for each provider
			newest = max(newest, v)
		}
		return nil
	})
	if err != nil {
		return "", down(dn, "read "+attribute, err)
	}
	if newest == "" {
		return "", nil
	}
	return d.stamp(newest), nil
}
