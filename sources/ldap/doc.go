// Package ldap is the directory as the reconciler sees it: one side that is
// listed, looked up and written, whatever server stands behind it (OpenLDAP,
// Active Directory, 389 Directory Server, any LDAPv3 server).
//
// What it promises:
//
//   - A listing is complete, or its last element is an error that says why it
//     was cut short. It never passes for a smaller directory.
//   - Every entry has the directory's own immutable id, in one textual form, so
//     that renames and moves are seen as what they are.
//   - A write goes out only while the entry holds, byte for byte, what the
//     decision was made from; all attributes of a change change together.
//   - No path of it sends an empty value.
//   - A password goes only to a server whose certificate was checked, or that
//     is on this machine.
//
// Its errors are *[record.Error].
//
//	dir, err := ldap.Open(ctx, ldap.Config{
//		URLs: []string{"ldaps://dc1.example.org"}, BindDN: dn, Password: secret,
//		Bases: []string{"ou=people,dc=example,dc=org"}, Filter: "(objectClass=person)",
//		Attributes: []string{"givenName", "sn", "mail", "ipPhone"}, Identifier: "objectGUID",
//	})
//	defer dir.Close()
//	for person, err := range dir.List(ctx, record.Survey) { … }
package ldap
