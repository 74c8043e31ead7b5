package ldap_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

// byID reads everybody, by id.
func byID(t testing.TB, dir *ldap.Directory) map[string]record.Record {
	t.Helper()
	out := map[string]record.Record{}
	for _, rec := range list(t, dir) {
		out[rec.ID] = rec
	}
	return out
}

// shadow follows a directory: what it knows is what it was told.
type shadow struct {
	dir    *ldap.Directory
	known  map[string]record.Record
	cursor record.Cursor
}

func newShadow(t testing.TB, dir *ldap.Directory) *shadow {
	t.Helper()
	cursor, err := dir.Position(t.Context())
	if err != nil {
		t.Fatalf("position: %v", err)
	}
	return &shadow{dir: dir, known: byID(t, dir), cursor: cursor}
}

// follow takes the changes in, and compares with a listing: who is there must be
// known as they are, who is not must be suspected. It returns the increment.
func (s *shadow) follow(t testing.TB, ids ...string) record.Increment {
	t.Helper()
	inc, err := s.dir.Follow(t.Context(), s.cursor, ids)
	if err != nil {
		t.Fatalf("follow: %v", err)
	}
	if inc.Refused != "" {
		t.Fatalf("the cursor is refused: %s", inc.Refused)
	}
	for _, rec := range inc.Records {
		s.known[rec.ID] = rec
	}
	now := byID(t, s.dir)
	for id, rec := range now {
		// A change of what is not read changes the version, and need not show.
		if diff := cmp.Diff(rec, s.known[id], cmpopts.IgnoreFields(record.Record{}, "Version")); diff != "" {
			t.Errorf("%s was not told of (-listed +known): %s", rec.DN, diff)
		}
	}
	for id, rec := range s.known {
		if _, there := now[id]; there {
			continue
		}
		if !inc.Blind && !inc.Suspect(id) {
			t.Errorf("%s is gone, and not suspected", rec.DN)
		}
		delete(s.known, id)
	}
	s.cursor = inc.Next
	return inc
}

// suspected counts the known people who may be gone.
func (s *shadow) suspected(inc record.Increment) int {
	n := 0
	for id := range s.known {
		if inc.Suspect(id) {
			n++
		}
	}
	return n
}

// followed are the servers that can be followed, each by its own method.
func followed() map[string]func(testing.TB, []ldaptest.Person) *bench {
	return map[string]func(testing.TB, []ldaptest.Person) *bench{
		"syncrepl":  func(t testing.TB, p []ldaptest.Person) *bench { return onSlapd(t, p) },
		"timestamp": func(t testing.TB, p []ldaptest.Person) *bench { return inMemory(t, p, ldapmem.Quirks{}) },
		"usn": func(t testing.TB, p []ldaptest.Person) *bench {
			b := inMemory(t, p, ldapmem.Quirks{ActiveDirectory: true})
			b.config.Disabled = "(title=gone)"
			return b
		},
	}
}

// elsewhere is outside of the base.
const elsewhere = ldaptest.Suffix

func TestFollow(t *testing.T) {
	for name, server := range followed() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := server(t, ldaptest.People(60, 1))
			b.config.Disabled = "(title=gone)"
			s := newShadow(t, b.open(t))
			if s.cursor.Method != name || s.cursor.Server == "" {
				t.Errorf("followed by %q at %q", s.cursor.Method, s.cursor.Server)
			}
			edit := func(what string, do func()) record.Increment {
				t.Helper()
				do()
				inc := s.follow(t)
				if t.Failed() {
					t.Fatalf("after %s", what)
				}
				return inc
			}
			dn := func(i int) string { return b.people[i].DN }
			edit("nothing", func() {})
			edit("a changed value", func() { b.Modify(dn(1), "mail", "new@parts.test") })
			edit("two changes of one", func() { b.Modify(dn(1), "mail", "a@parts.test"); b.Modify(dn(1), "sn", "A") })
			edit("a removed value", func() { b.Modify(dn(2), "ipPhone") })
			edit("a new entry", func() { b.Add(ldaptest.Plain("new")) })
			edit("a disabled account", func() { b.Modify(dn(3), "title", "gone") })
			edit("an enabled account", func() { b.Modify(dn(3), "title", "back") })
			edit("a rename", func() { b.Rename(dn(4), "uid=renamed", "") })
			gone := edit("a deletion", func() { b.Delete(dn(5)) })
			if name == "syncrepl" && gone.Blind || name != "syncrepl" && !gone.Blind {
				t.Errorf("blind: %v", gone.Blind)
			}
			edit("one who stops to match", func() { b.Modify(dn(6), "mail") })
			edit("one who matches again", func() { b.Modify(dn(6), "mail", "m@parts.test") })
			edit("a move out of the base", func() { b.Rename(dn(7), "uid=moved", elsewhere) })
			edit("a move back", func() { b.Rename("uid=moved,"+elsewhere, "uid=back", ldaptest.PeopleDN) })
			edit("a new one who is gone again", func() {
				b.Add(ldaptest.Plain("brief"))
				b.Delete("uid=brief," + ldaptest.PeopleDN)
			})
		})
	}
}

// Whatever else is asked for is read, too, and who is not there is suspected.
func TestFollowReadsWhoIsAskedFor(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(20, 1))
	s := newShadow(t, b.open(t))
	const nobody = "12345678-1234-1234-1234-123456789012"
	somebody := b.UUID(b.people[3].DN)
	inc := s.follow(t, somebody, nobody, "no id at all")
	if len(inc.Records) != 1 || inc.Records[0].ID != somebody || inc.Suspect(somebody) || !inc.Suspect(nobody) {
		t.Errorf("%+v", inc.Records)
	}
}

// One change costs a few requests, however many people there are.
func TestFollowCostsLittle(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(2000, 1))
	b.config.Disabled = "(title=gone)"
	s := newShadow(t, b.open(t))
	b.Modify(b.people[0].DN, "mail", "x@parts.test")
	before := s.dir.Requests().Read
	inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
	if err != nil || len(inc.Records) != 1 {
		t.Fatalf("%d records, %v", len(inc.Records), err)
	}
	if n := s.dir.Requests().Read - before; n != 3 {
		t.Errorf("%d requests, want 3: the changes, the changed, the disabled among them", n)
	}
}

// After a restart slapd no longer knows what was deleted, and names who is there
// instead: nobody of them may be suspected.
func TestFollowOverRestart(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(400, 1))
	s := newShadow(t, b.open(t))
	b.slapd.Kill()
	b.slapd.Start()
	b.Delete(b.people[10].DN)
	b.Rename(b.people[11].DN, "uid=moved", elsewhere)
	b.Modify(b.people[12].DN, "mail", "x@parts.test")
	inc := s.follow(t)
	if n := s.suspected(inc); n != 0 {
		t.Errorf("%d people who are there are suspected", n)
	}
	if len(inc.Records) != 1 {
		t.Errorf("%d records changed", len(inc.Records))
	}
	b.slapd.Stop()
	b.slapd.Start()
	if inc = s.follow(t); s.suspected(inc) != 0 || len(inc.Records) != 0 {
		t.Errorf("after nothing but a restart: %d suspected, %d changed", s.suspected(inc), len(inc.Records))
	}
	for i := range 40 {
		b.Delete(b.people[100+i].DN)
	}
	b.slapd.Kill()
	b.slapd.Start()
	b.Modify(b.people[12].DN, "mail", "y@parts.test")
	if inc = s.follow(t); s.suspected(inc) != 0 {
		t.Errorf("%d people who are there are suspected", s.suspected(inc))
	}
}

// edited returns a cursor with another cookie.
func edited(t *testing.T, c record.Cursor, change func(cookie string) string) record.Cursor {
	t.Helper()
	var inside map[string]any
	if err := json.Unmarshal(c.Position, &inside); err != nil {
		t.Fatal(err)
	}
	var cookies map[string][]byte
	raw, _ := json.Marshal(inside["cookies"])
	if err := json.Unmarshal(raw, &cookies); err != nil {
		t.Fatal(err)
	}
	for base, cookie := range cookies {
		cookies[base] = []byte(change(string(cookie)))
	}
	inside["cookies"] = cookies
	c.Position, _ = json.Marshal(inside)
	return c
}

func TestRefusedCursors(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(40, 1))
	dir := b.open(t)
	s := newShadow(t, dir)
	year := func(to string) func(string) string {
		return func(cookie string) string {
			_, csn, _ := strings.Cut(cookie, "csn=")
			return "rid=000,csn=" + to + csn[4:]
		}
	}
	for name, tc := range map[string]struct {
		cursor record.Cursor
		words  string
	}{
		"nothing":              {record.Cursor{}, "cannot be read"},
		"no position":          {record.Cursor{Position: []byte("\x00\xff garbage")}, "cannot be read"},
		"another kind":         {record.Cursor{Position: []byte(strings.Replace(string(s.cursor.Position), "syncrepl", "carrier pigeon", 1))}, "carrier pigeon"},
		"no cookie":            {edited(t, s.cursor, func(string) string { return "" }), "cannot be read"},
		"a garbage cookie":     {edited(t, s.cursor, func(string) string { return "garbage" }), "cannot be read"},
		"half a cookie":        {edited(t, s.cursor, func(c string) string { return c[:len(c)/2] }), "cannot be read"},
		"a cookie from future": {edited(t, s.cursor, year("2999")), "newer"},
	} {
		t.Run(name, func(t *testing.T) {
			inc, err := dir.Follow(t.Context(), tc.cursor, nil)
			if err != nil || !strings.Contains(inc.Refused, tc.words) || inc.Suspect != nil || inc.Records != nil {
				t.Errorf("refused: %q, %v; want %q", inc.Refused, err, tc.words)
			}
		})
	}
	t.Run("what is asked changed", func(t *testing.T) {
		for name, change := range map[string]func(*ldap.Config){
			"filter":     func(c *ldap.Config) { c.Filter = "(sn=*)" },
			"base":       func(c *ldap.Config) { c.Bases = []string{ldaptest.Suffix} },
			"disabled":   func(c *ldap.Config) { c.Disabled = "(title=x)" },
			"identifier": func(c *ldap.Config) { c.Identifier = "uid" },
			"attributes": func(c *ldap.Config) { c.Attributes = append(slices.Clone(c.Attributes), "l") },
		} {
			inc, err := b.open(t, change).Follow(t.Context(), s.cursor, nil)
			if err != nil || !strings.Contains(inc.Refused, "not those of the last run") {
				t.Errorf("%s: refused %q, %v", name, inc.Refused, err)
			}
		}
	})
	s.follow(t) // the good one is still good
}

// A limit of the server or too many changes end in a full reading, not in a part.
func TestFollowTooManyChanges(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(600, 1))
	s := newShadow(t, b.open(t))
	for _, p := range b.people[:520] {
		b.Modify(p.DN, "title", "everybody")
	}
	inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
	if err != nil || !strings.Contains(inc.Refused, "code 4") {
		t.Errorf("refused %q, %v", inc.Refused, err)
	}
}

// The members of a group do not change with it.
func TestFollowSeesGroups(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *bench, group string){
		"a new member": func(b *bench, group string) { b.Modify(group, "member", b.people[0].DN, b.people[1].DN) },
		"a new group": func(b *bench, _ string) {
			b.Add(ldaptest.Person{DN: "cn=other," + ldaptest.GroupsDN, Attributes: map[string][]string{
				"objectClass": {"groupOfNames"}, "cn": {"other"}, "member": {b.people[0].DN},
			}})
		},
		"a group that is gone": func(b *bench, group string) { b.Delete(group) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people := ldaptest.People(12, 1)
			people[0].Attributes["memberOf"] = []string{"cn=vpn," + ldaptest.GroupsDN}
			b := onSlapd(t, people)
			b.config.Attributes = append(slices.Clone(mapped), "memberOf")
			b.config.Groups, b.config.GroupsBy = []string{"cn=vpn," + ldaptest.GroupsDN}, ldap.GroupsListed
			s := newShadow(t, b.open(t))
			s.follow(t)
			change(b, "cn=vpn,"+ldaptest.GroupsDN)
			inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
			if err != nil || !strings.Contains(inc.Refused, "groups") {
				t.Errorf("refused %q, %v", inc.Refused, err)
			}
		})
	}
}

// However little of the answers arrives, changes are complete or an error.
func TestFollowIsCompleteOrAnError(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(300, 1))
	proxy := ldaptest.NewProxy(t, b.slapd.LDAPSURL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs, c.StartTLS = []string{proxy.LDAPSURL()}, false })
	s := newShadow(t, dir)
	b.slapd.Kill() // so that the present phase is on the wire, too
	b.slapd.Start()
	var changed []string
	for _, p := range b.people[:50] {
		b.Modify(p.DN, "title", "new")
		changed = append(changed, b.UUID(p.DN))
	}
	slices.Sort(changed)
	b.Delete(b.people[200].DN)
	failed := 0
	for n := int64(0); n < 40000; n += 1237 {
		proxy.Heal()
		proxy.CutAfter(n)
		inc, err := dir.Follow(t.Context(), s.cursor, nil)
		if err != nil {
			failed++
			wantError(t, err, record.Down)
			continue
		}
		ids := map[string]bool{}
		for _, rec := range inc.Records {
			ids[rec.ID] = true
		}
		if diff := cmp.Diff(changed, slices.Sorted(maps.Keys(ids))); inc.Refused != "" || diff != "" {
			t.Fatalf("cut after %d bytes: refused %q, %s", n, inc.Refused, diff)
		}
		for id := range s.known {
			if inc.Suspect(id) != (id == s.goneID(t, b)) {
				t.Fatalf("cut after %d bytes: %s suspected: %v", n, id, inc.Suspect(id))
			}
		}
	}
	t.Logf("%d readings failed", failed)
}

func (s *shadow) goneID(t testing.TB, b *bench) string {
	t.Helper()
	for id, rec := range s.known {
		if rec.DN == b.people[200].DN {
			return id
		}
	}
	t.Fatal("nobody is gone")
	return ""
}

func TestPresent(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(230, 1))
	dir := b.open(t)
	var got []string
	for id, err := range dir.Present(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(byID(t, dir))), got); diff != "" {
		t.Error(diff)
	}
	for range dir.Present(t.Context()) {
		break
	}
	b.slapd.Kill()
	n := 0
	for id, err := range dir.Present(t.Context()) {
		if n++; err == nil {
			t.Errorf("%s is present on a server that is down", id)
		}
	}
	if n != 1 {
		t.Errorf("%d answers", n)
	}
}

// A replica that lags behind the server that gave the cookie refuses it; one that
// has caught up goes on with it.
func TestFollowOnAReplica(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(30, 1))
	old := b.slapd.Backup()
	s := newShadow(t, b.open(t))
	b.Modify(b.people[1].DN, "title", "new")
	s.follow(t)
	b.slapd.Restore(old)
	inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
	if err != nil || !strings.Contains(inc.Refused, "newer") {
		t.Errorf("refused %q, %v", inc.Refused, err)
	}
}
