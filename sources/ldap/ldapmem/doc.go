// Package ldapmem is a small LDAP server that holds its entries in memory, for
// the product's demo and for tests of servers that cannot be installed.
//
// It is loaded from LDIF, listens on the loopback interface only, and has no
// schema: every attribute may hold any text. It knows bind, search with every
// kind of filter, compare, add, delete, modify and modify DN; paging, assertion
// and post-read controls; and the operational attributes entryUUID, entryCSN,
// createTimestamp, modifyTimestamp and contextCSN. An entry without an entryUUID
// gets one that follows from its DN, so the same file gives the same ids again.
//
// It is our own, over asn1-ber, rather than gldap: that lacks modify DN and
// compare, links a test library into the program, and hands requests to handlers
// that its user writes, which are nearly all of this package.
//
//	srv, err := ldapmem.New(file, ldapmem.Account("cn=xivosync,dc=parts,dc=test", "demo"))
//	err = srv.Listen("127.0.0.1:0")
//	defer srv.Close()
//	dial(srv.URL())
package ldapmem
