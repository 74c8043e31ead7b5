package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
	"xivosync/targets/xivo"
	"xivosync/targets/xivo/xivosim"
)

// domain is a world whose directory is an Active Directory: people are paired by
// objectGUID, which XiVO keeps in the description.
type domain struct {
	*world
	dc *ldaptest.DC
}

// newDomain starts a domain controller with n people, p00 and on, who have numbers
// from 1000 on. The account is what the configuration logs in as.
func newDomain(t *testing.T, n int, account string) *domain {
	t.Helper()
	d := &domain{world: &world{t: t, sim: xivosim.New(xivosim.Options{}), log: hclog.NewNullLogger()}, dc: ldaptest.Samba(t, ldaptest.SambaOptions{})}
	srv, err := d.sim.Listen(xivosim.Addresses{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	d.srv = srv
	for i := range n {
		d.hire(i)
	}
	d.setup = setup{
		Path:  filepath.Join(t.TempDir(), "state.db"),
		Clock: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
		ID:    reconcile.IdentifierMap{LDAP: "objectGUID", XiVO: "description"},
		Sites: []reconcile.Site{lyon(t)},
		Specs: []spec{
			field("email", "mail", reconcile.Both),
			field("firstname", "givenName", reconcile.ToXiVO),
			field("lastname", "sn", reconcile.ToXiVO),
			field("extension", "ipPhone", reconcile.Both),
			field("outgoing_caller_id", "", reconcile.None),
		},
		Removal: reconcile.Removal{Policy: reconcile.RemovalDeactivate, OutOfScope: reconcile.RemovalDeactivate, AbsentRuns: 1},
		Guards:  usualGuards(t),
		LDAP: ldap.Config{URLs: []string{d.dc.URL}, StartTLS: true, CA: d.dc.CA, BindDN: account, Password: ldaptest.Password,
			Bases: []string{ldaptest.PeopleAD}, Filter: "(objectCategory=person)", PageSize: 4},
		XiVO: xivo.Config{URL: srv.URL, AuthURL: srv.AuthURL, WebURL: srv.WebURL, Username: "xivosync", Password: "secret"},
	}
	return d
}

func (d *domain) hire(n int) string {
	return d.dc.Hire(fmt.Sprintf("p%02d", n), "ipPhone", fmt.Sprint(1000+n))
}

func account(n int) string { return fmt.Sprintf("CN=p%02d,%s", n, ldaptest.PeopleAD) }

// who is the XiVO user of somebody, found by the mail address.
func (d *domain) who(name string) row {
	d.t.Helper()
	users := d.tables().by("users", "email", name+"@parts.test")
	if len(users) != 1 {
		d.t.Fatalf("%d users are %s", len(users), name)
	}
	return users[0]
}

// want fails unless the user holds these values, given as pairs.
func (d *domain) want(name string, pairs ...any) {
	d.t.Helper()
	u := d.who(name)
	for i := 0; i < len(pairs); i += 2 {
		if got := u[pairs[i].(string)]; got != pairs[i+1] {
			d.t.Errorf("%s of %s is %#v, want %#v", pairs[i], name, got, pairs[i+1])
		}
	}
}

// still fails if a full run would do anything.
func (d *domain) still() {
	d.t.Helper()
	if changes := d.plan().Changes(); len(changes) > 0 {
		d.t.Errorf("a full run would still do %d changes: %+v", len(changes), changes[0])
	}
}

func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	d := newDomain(t, 10, ldaptest.BindAD)
	d.mustRun()
	d.still()
	guids := map[any]bool{}
	for _, u := range d.tables()["users"] {
		guids[u["description"]] = true
	}
	if len(guids) != 10 || !strings.Contains(fmt.Sprint(d.who("p03")["description"]), "-") {
		t.Errorf("identifiers: %v", guids)
	}

	d.dc.Modify(account(1), "sn", "Married")
	d.dc.Rename(account(1), "CN=Married Lady", "")
	d.dc.Modify(account(2), "userAccountControl", "546")
	d.dc.Rename(account(3), "CN=p03", ldaptest.LeaversAD)
	d.mustRun()
	d.want("p01", "lastname", "Married", "enabled", true)
	d.want("p02", "enabled", false)
	d.want("p03", "enabled", false) // out of the base
	d.dc.Modify(account(2), "userAccountControl", "544")
	d.dc.Rename("CN=p03,"+ldaptest.LeaversAD, "CN=p03", ldaptest.PeopleAD)
	d.mustRun()
	d.want("p02", "enabled", true)
	d.want("p03", "enabled", true)
	d.still()
	if len(d.tables()["users"]) != 10 {
		t.Errorf("%d users: a rename or a move made somebody new", len(d.tables()["users"]))
	}
}

// TestDelegatedWriteBack: the account writes what it was delegated, and what it
// was not is a conflict with the server's words.
func TestDelegatedWriteBack(t *testing.T) {
	t.Parallel()
	d := newDomain(t, 3, ldaptest.BindAD)
	d.mustRun()
	d.renumber("p01", "1044")
	d.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v", d.who("p02")["uuid"]), map[string]any{"email": "other@parts.test"}, nil)
	report := d.mustRun()
	if got := d.dc.Values(account(1), "ipPhone"); !slices.Equal(got, []string{"1044"}) {
		t.Errorf("ipPhone %q", got)
	}
	if got := d.dc.Values(account(2), "mail"); !slices.Equal(got, []string{"p02@parts.test"}) {
		t.Errorf("mail %q", got)
	}
	at := slices.IndexFunc(report.Found, func(c record.Conflict) bool { return c.Kind == record.Rejected && c.Field == "email" })
	if at < 0 {
		t.Fatalf("found: %+v", report.Found)
	}
	wantWords(t, report.Found[at].Message, "insufficient access rights")
}

// renumber gives somebody another extension in XiVO.
func (d *domain) renumber(name, to string) {
	d.t.Helper()
	for _, x := range d.tables().by("extensions", "owner", "user") {
		if x["owner_id"] == d.who(name)["id"] {
			d.rest(http.MethodPut, fmt.Sprintf("/1.1/extensions/%v", x["id"]), map[string]any{"exten": to}, nil)
			return
		}
	}
	d.t.Fatalf("%s has no extension", name)
}

// TestDeletionInActiveDirectory is found by an incremental run, whether or not the
// account may see what was deleted.
func TestDeletionInActiveDirectory(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]string{"seen": ldaptest.SeerAD, "unseen": ldaptest.BindAD} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDomain(t, 8, who)
			d.anew("position")
			d.dc.Delete(account(1))
			d.dc.Modify(account(2), "sn", "Changed")
			d.follow()
			d.want("p01", "enabled", false)
			d.want("p02", "lastname", "Changed", "enabled", true)
			d.want("p03", "enabled", true)
			d.follow()
			d.still()
		})
	}
}

// TestNestedGroupsInActiveDirectory: who has an extension is told by a group of
// groups.
func TestNestedGroupsInActiveDirectory(t *testing.T) {
	t.Parallel()
	d := newDomain(t, 4, ldaptest.BindAD)
	inner := d.dc.Group("inner", account(1))
	outer := d.dc.Group("outer", inner, account(2))
	d.When = map[string]string{"extension": fmt.Sprintf("(%s=%s)", reconcile.NestedMemberOf, outer)}
	d.anew("position")
	numbers := func() (out []string) {
		for _, x := range d.tables().by("extensions", "owner", "user") {
			if x["commented"] != true {
				out = append(out, fmt.Sprint(x["exten"]))
			}
		}
		slices.Sort(out)
		return out
	}
	if got := numbers(); !slices.Equal(got, []string{"1001", "1002"}) {
		t.Errorf("extensions %q", got)
	}
	d.dc.Modify(inner, "member", account(1), account(3))
	d.anew("groups")
	if got := numbers(); !slices.Equal(got, []string{"1001", "1002", "1003"}) {
		t.Errorf("extensions %q", got)
	}
	d.follow()
	d.still()
}

// TestIncrementalEqualsFullInActiveDirectory edits both sides at random; when the
// incremental runs have come to rest, a full run has nothing to do.
func TestIncrementalEqualsFullInActiveDirectory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			d := newDomain(t, 8, []string{ldaptest.SeerAD, ldaptest.BindAD}[seed%2])
			d.spec("email").Direction = reconcile.ToXiVO
			if seed%2 == 0 { // that account writes nothing
				d.spec("extension").Direction = reconcile.ToXiVO
			}
			e := &domainEdits{domain: d, r: rand.New(rand.NewPCG(seed, 11)), people: 8}
			d.anew("position")
			for range 6 {
				for range 1 + e.r.IntN(4) {
					e.edit()
				}
				e.settle()
				full := d.plan()
				if changes := full.Changes(); len(changes) > 0 {
					t.Fatalf("a full run would still do %d changes: %+v, after:\n  %s", len(changes), changes[0], strings.Join(e.told, "\n  "))
				}
				if a, b := conflictsOf(full.Conflicts), d.openConflicts(); !slices.Equal(a, b) {
					t.Fatalf("conflicts of a full run: %q, of the incremental ones: %q, after:\n  %s", a, b, strings.Join(e.told, "\n  "))
				}
			}
		})
	}
}

// domainEdits are random edits of a domain.
type domainEdits struct {
	*domain
	r      *rand.Rand
	people int
	told   []string
}

// settle makes incremental runs until there is nothing to do.
func (e *domainEdits) settle() {
	e.t.Helper()
	for range 6 {
		r := e.mustRun(incremental, allow(reconcile.GuardRemovals, reconcile.GuardRenumberings, reconcile.GuardUpdates, reconcile.GuardWritebacks, reconcile.GuardSource))
		e.told = append(e.told, fmt.Sprintf("%s run: %s %+v", r.Mode, r.Outcome, r.Counts))
		if len(r.Plan.Changes()) == 0 {
			return
		}
	}
	e.t.Fatalf("no rest, after:\n  %s", strings.Join(e.told, "\n  "))
}

func (e *domainEdits) edit() {
	n := e.r.IntN(e.people)
	name := fmt.Sprintf("p%02d", n)
	dn, there := e.find(name)
	what := e.r.IntN(9)
	e.told = append(e.told, fmt.Sprintf("edit %d of %s, there: %v", what, name, there))
	if !there {
		return
	}
	switch what {
	case 0, 1:
		e.dc.Modify(dn, "ipPhone", fmt.Sprint(1000+e.r.IntN(12)))
	case 2:
		e.dc.Modify(dn, "sn", fmt.Sprintf("Name %d", e.r.IntN(1000)))
	case 3:
		e.dc.Modify(dn, "userAccountControl", []string{"544", "546"}[e.r.IntN(2)])
	case 4:
		e.dc.Rename(dn, "CN="+name, []string{ldaptest.PeopleAD, ldaptest.LeaversAD}[e.r.IntN(2)])
	case 5:
		e.dc.Delete(dn)
	case 6:
		e.hire(e.people)
		e.people++
	case 7:
		e.dc.Modify(dn, "ipPhone")
	case 8:
		if users := e.tables().by("users", "email", name+"@parts.test"); len(users) == 1 {
			e.rest(http.MethodPut, fmt.Sprintf("/1.1/users/%v", users[0]["uuid"]), map[string]any{"lastname": "Edited"}, nil)
		}
	}
}

// find returns where somebody is now.
func (e *domainEdits) find(name string) (dn string, there bool) {
	found := e.dc.Search(ldaptest.SuffixAD, "(sAMAccountName="+name+")", "cn")
	if len(found) != 1 {
		return "", false
	}
	return found[0].DN, true
}
