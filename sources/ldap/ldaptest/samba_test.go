package ldaptest_test

import (
	"testing"

	"xivosync/sources/ldap/ldaptest"
)

func TestSamba(t *testing.T) {
	dc := ldaptest.Samba(t, ldaptest.SambaOptions{})
	dn := dc.Hire("ann", "ipPhone", "1001")
	dc.Group("crew", dn)
	if got := dc.Values(dn, "memberOf"); len(got) != 1 {
		t.Errorf("member of %q", got)
	}
	dc.Kill()
	dc.Start()
	if got := dc.Values(dn, "ipPhone"); len(got) != 1 || got[0] != "1001" {
		t.Errorf("ipPhone %q after a restart", got)
	}
}
