// Package xivosim is a XiVO in memory: the configuration daemon (confd, under
// /1.1), the authentication daemon (xivo-auth, under /0.1) and the agents
// service of the web interface, answering as a real 16.16 was recorded to
// answer (testdata/confd). The synchroniser is tested and rehearsed against it.
//
// Invariants:
//   - the recordings win: whatever they show is answered with the same status,
//     the same text and the same body (replay_test.go sends them all again);
//   - a request is one transaction: it is seen whole or not at all;
//   - a row is never changed in place, so an answer that is still being sent
//     shows the content of the moment it was asked for;
//   - every generated value comes from [Options].Rand, every instant from
//     [Options].Now: the same options and requests give the same content.
//
// Example:
//
//	sim := xivosim.New(xivosim.Options{Username: "xivosync", Password: "secret"})
//	srv, err := sim.Listen(xivosim.Addresses{})
//	if err != nil { … }
//	defer srv.Close()
//	http.Get(srv.URL + "/1.1/infos") // 401: a token from srv.AuthURL is wanted
package xivosim
