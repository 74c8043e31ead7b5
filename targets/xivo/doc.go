// Package xivo is the XiVO side of the synchroniser: a client of confd, XiVO's
// REST configuration daemon, with tokens of xivo-auth.
//
// Invariants:
//   - a listing is complete or it is an error; it is read to its end before the
//     first record is yielded, so that nobody's slowness holds one of confd's
//     ten connections;
//   - only fields of [Config].Fields, and those that a change names, are read
//     or sent; other columns are dropped while decoding;
//   - a write goes out only while XiVO holds the before-values, and is read
//     back; after a lost answer XiVO is asked what became of it, and no create
//     is made twice;
//   - what takes several requests (a line, a DID, a mailbox) is made in full or
//     not at all: it is found again by its keys, completed or taken back;
//   - what is shared with somebody else is neither told nor changed;
//   - no password, token or body reaches a log or an error.
//
// What is known of confd stands in docs and in testdata/confd, the recorded
// answers of a real one; comments name its resources, such as /users.
//
//	xv, err := xivo.New(xivo.Config{
//		URL: "https://xivo.example.org:9486", Username: "xivosync", Password: secret,
//		Fields: []string{"firstname", "lastname", "email"}, Identifier: "description",
//	})
//	if err != nil { … }
//	defer xv.Close(ctx)
//	for r, err := range xv.List(ctx, record.Survey) { … }
package xivo
