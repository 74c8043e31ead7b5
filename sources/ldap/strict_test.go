package ldap_test

import (
	"fmt"
	"slices"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// onStrict starts a domain controller with n people behind limits like those of
// Windows, only smaller.
func onStrict(t *testing.T, n int, limits ldaptest.Strict) (*ldaptest.DC, *ldaptest.Meddler, []string, ldap.Config) {
	t.Helper()
	dc := ldaptest.Samba(t, ldaptest.SambaOptions{Unencrypted: true})
	m := ldaptest.NewMeddler(t, dc.URL)
	m.Enforce(limits)
	people := make([]string, n)
	for i := range people {
		people[i] = dc.Hire(fmt.Sprintf("p%03d", i), "ipPhone", fmt.Sprint(1000+i))
	}
	return dc, m, people, ldap.Config{
		URLs: []string{m.URL()}, BindDN: ldaptest.SeerAD, Password: ldaptest.Password, Bases: []string{ldaptest.SuffixAD},
		Filter: "(ipPhone=*)", Attributes: []string{"sn", "ipPhone", "otherTelephone"}, Identifier: "objectGUID", PageSize: 500,
	}
}

// TestWindowsLimits: pages are smaller than asked for, searches without pages are
// cut off, and referrals lead elsewhere; a listing is complete all the same.
func TestWindowsLimits(t *testing.T) {
	dc, _, people, cfg := onStrict(t, 23, ldaptest.Strict{Page: 5, Values: 4, Referral: "ldap://other.test/DC=other,DC=test"})
	var numbers []string
	for i := range 11 {
		numbers = append(numbers, fmt.Sprint(2000+i))
	}
	dc.Modify(people[3], "otherTelephone", numbers...)
	dc.Modify(people[4], "userAccountControl", "546")
	dir := openWith(t, cfg)
	s := newShadow(t, dir)
	all := list(t, dir)
	if len(all) != 23 || !all[people[4]].Disabled {
		t.Errorf("%d people", len(all))
	}
	got := slices.Clone(all[people[3]].Values["otherTelephone"])
	slices.Sort(got)
	if diff := cmp.Diff(record.Texts(numbers...), got); diff != "" {
		t.Errorf("values in ranges: %s", diff)
	}
	ids := map[string]bool{}
	for id, err := range dir.Present(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids[id] = true
	}
	if len(ids) != 23 {
		t.Errorf("%d are present", len(ids))
	}
	for i := range 13 {
		dc.Modify(people[i], "sn", "Changed")
	}
	if inc := s.follow(t); len(inc.Records) != 13 {
		t.Errorf("%d records", len(inc.Records))
	}
}

// TestWindowsLimitsOnGroups: of a group with many members, none is left out.
func TestWindowsLimitsOnGroups(t *testing.T) {
	dc, _, people, cfg := onStrict(t, 13, ldaptest.Strict{Page: 5, Values: 4})
	group := dc.Group("crowd", people[:11]...)
	cfg.Attributes = append(cfg.Attributes, "memberOf")
	cfg.Groups, cfg.GroupsBy = []string{group}, ldap.GroupsListed
	members := 0
	for _, rec := range list(t, openWith(t, cfg)) {
		members += len(rec.Values["memberOf"])
	}
	if members != 11 {
		t.Errorf("%d members", members)
	}
}

// TestABusyControllerIsNoEmptyOne, whenever in a run it says so.
func TestABusyControllerIsNoEmptyOne(t *testing.T) {
	dc, m, people, cfg := onStrict(t, 8, ldaptest.Strict{Page: 5})
	s := newShadow(t, openWith(t, cfg))
	dc.Modify(people[1], "sn", "Changed")
	for _, code := range []int{51, 52, 80, 1} {
		m.OnAnswer(ldaptest.SearchDone, ldaptest.Fail(code))
		if all, err := collect(t.Context(), s.dir); err == nil {
			t.Errorf("code %d: %d people, and no error", code, len(all))
		} else {
			wantError(t, err, record.Down, fmt.Sprintf("code %d", code))
		}
		m.OnAnswer(ldaptest.SearchDone, ldaptest.Fail(code))
		inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
		if err == nil && inc.Refused == "" && !inc.Blind {
			t.Errorf("code %d: %d changes, and nothing wrong", code, len(inc.Records))
		}
	}
	s.follow(t)
}

// TestDirSyncGoesOnWhileThereIsMore: the controller says so with each answer.
func TestDirSyncGoesOnWhileThereIsMore(t *testing.T) {
	dc, m, people, cfg := onStrict(t, 8, ldaptest.Strict{})
	s := newShadow(t, openWith(t, cfg))
	dc.Modify(people[1], "sn", "Changed")
	answers := 0
	always(m, ldaptest.SearchDone, 1000, func(p *ber.Packet) *ber.Packet {
		if len(p.Children) < 3 || p.Children[2].Children[0].Children[0].Data.String() != goldap.ControlTypeDirSync {
			return p
		}
		if answers++; answers > 1 {
			return p
		}
		return more(p)
	})
	inc := s.follow(t)
	if len(inc.Records) != 1 || answers != 2 {
		t.Errorf("%d records after %d answers", len(inc.Records), answers)
	}
}

// more is an answer to DirSync which says that there is more.
func more(p *ber.Packet) *ber.Packet {
	c := p.Children[2].Children[0]
	value := ber.DecodePacket(c.Children[len(c.Children)-1].Data.Bytes())
	now := ber.NewSequence("")
	now.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(1), ""))
	now.AppendChild(value.Children[1])
	now.AppendChild(value.Children[2])
	control := ber.NewSequence("")
	control.AppendChild(c.Children[0])
	control.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(now.Bytes()), ""))
	controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	controls.AppendChild(control)
	out := ldaptest.Fail(0)(p)
	out.AppendChild(controls)
	return out
}
