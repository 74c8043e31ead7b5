package ldap_test

import (
	"xivosync/reconcile"
	"xivosync/sources/ldap"
)

// The directory is what the engine takes it for.
var (
	_ reconcile.Side     = (*ldap.Directory)(nil)
	_ reconcile.Identity = (*ldap.Directory)(nil)
	_ reconcile.Counter  = (*ldap.Directory)(nil)
	_ reconcile.Follower = (*ldap.Directory)(nil)
)
