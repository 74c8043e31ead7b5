// Package ldaptest gives tests and benchmarks a real directory server, people to
// fill it with, and a proxy that breaks connections on purpose.
//
// Every server is its own: a slapd in a directory of its own under /tmp, on
// ports of its own, with a certificate authority made for it. It takes some
// 60 ms to load a thousand people and start, so tests do not share servers. The
// slapd dies with the test, whatever becomes of the test. Without the slapd
// program a test fails and says what to install; it is never skipped.
//
//	srv := ldaptest.Slapd(t, ldaptest.Options{People: ldaptest.People(1000, 1)})
//	conn := dial(srv.URL, srv.BindDN, srv.Password) // a service account that may write
//	srv.Modify(dn, "telephoneNumber", "+33 1 23 45 67 89") // as the administrator
//	srv.Kill()
package ldaptest
