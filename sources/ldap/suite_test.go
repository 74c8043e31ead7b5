package ldap_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

// suite is what every directory server has to do for us.
var suite = []struct {
	name string
	test func(t *testing.T, b *bench)
}{
	{"lists everybody with every value", testListing},
	{"lists the same people on small pages and in one", testPages},
	{"lists an entry under two bases once", testBases},
	{"lists again after it was stopped in the middle", testStopped},
	{"marks disabled accounts", testDisabled},
	{"reads by id wherever the entry is", testRead},
	{"finds by identifier", testFind},
	{"names entries", testNames},
	{"writes one value and leaves the others", testWriteOne},
	{"writes several attributes or none", testAtomic},
	{"fills an absent attribute", testFill},
	{"refuses a stale write", testStale},
	{"refuses a write over another spelling", testSpelling},
	{"reformats a number in place", testReformat},
	{"never writes an empty value", testEmpty},
	{"writes to an entry that was renamed", testRenamed},
	{"tells what it refuses", testRefused},
	{"writes hostile values unharmed", testHostile},
	{"keeps languages apart", testOptions},
	{"serves several at once", testAtOnce},
	{"leaves a multi-valued identifier out", testManyIdentifiers},
	{"counts requests", testRequests},
	{"names the directory", testIdentity},
	{"tells what it can do", testCapabilities},
}

func TestSlapd(t *testing.T) {
	t.Parallel()
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, onSlapd(t, crowd()))
		})
	}
}

func TestMemory(t *testing.T) {
	t.Parallel()
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, inMemory(t, crowd(), ldapmem.Quirks{}))
		})
	}
}

// TestWithoutControls is a server without assertion and post-read.
func TestWithoutControls(t *testing.T) {
	t.Parallel()
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.test(t, inMemory(t, crowd(), ldapmem.Quirks{Hidden: []string{"1.3.6.1.1.12", "1.3.6.1.1.13.2"}}))
		})
	}
}

// crowd is who is on every server: the usual people, and one to write to.
func crowd() []ldaptest.Person {
	return append(ldaptest.People(250, 1), ldaptest.Plain("target", "givenName", "Zoé", "employeeNumber", "900001",
		"telephoneNumber", "+33 1 23 45 67 89", "telephoneNumber", "+33 4 72 10 10 10", "title", "Chef"))
}

const targetDN = "uid=target," + ldaptest.PeopleDN

func testListing(t *testing.T, b *bench) {
	got := list(t, b.open(t))
	if len(got) != len(b.people) {
		t.Fatalf("%d people listed, want %d", len(got), len(b.people))
	}
	byUID := map[string]record.Record{}
	for _, rec := range got {
		byUID[rec.Values["MAIL"].First()] = rec
	}
	for _, p := range b.people {
		rec := byUID[p.First("mail")]
		want := map[string]record.Value{}
		for _, key := range b.config.Attributes {
			name := strings.NewReplacer("surname", "sn", "MAIL", "mail").Replace(key)
			want[key] = text(p.Attributes[name]...)
		}
		if diff := cmp.Diff(want, rec.Values); diff != "" {
			t.Errorf("values of %s: %s", p.DN, diff)
		}
		if rec.Side != record.LDAP || len(rec.ID) != 36 || rec.Version == "" || rec.Identifier != p.First("employeeNumber") {
			t.Errorf("%s is read as %+v", p.DN, rec)
		}
	}
}

func testPages(t *testing.T, b *bench) {
	whole := list(t, b.open(t, func(c *ldap.Config) { c.PageSize = 1000 }))
	for _, size := range []int{1, 7, 251, 252} {
		if diff := cmp.Diff(whole, list(t, b.open(t, func(c *ldap.Config) { c.PageSize = size }))); diff != "" {
			t.Errorf("pages of %d: %s", size, diff)
		}
	}
}

func testBases(t *testing.T, b *bench) {
	dir := b.open(t, func(c *ldap.Config) {
		c.Bases = []string{ldaptest.PeopleDN, "OU=People, DC=parts,DC=test", ldaptest.Suffix, targetDN, ldaptest.PeopleDN}
	})
	if got := list(t, dir); len(got) != len(b.people) {
		t.Errorf("%d people, want %d", len(got), len(b.people))
	}
	dir = b.open(t, func(c *ldap.Config) { c.Bases = []string{targetDN, "uid=u000001," + ldaptest.PeopleDN} })
	if got := list(t, dir); len(got) != 2 {
		t.Errorf("%d people, want 2", len(got))
	}
}

func testStopped(t *testing.T, b *bench) {
	dir := b.open(t, func(c *ldap.Config) { c.PageSize = 10 })
	for range 3 {
		n := 0
		for _, err := range dir.List(t.Context(), record.Survey) {
			if n++; err != nil || n == 15 {
				break
			}
		}
	}
	if got := list(t, dir); len(got) != len(b.people) {
		t.Errorf("%d people, want %d", len(got), len(b.people))
	}
	for range dir.List(t.Context(), record.Survey) { // a listing within a listing
		if got := list(t, dir); len(got) != len(b.people) {
			t.Errorf("%d people, want %d", len(got), len(b.people))
		}
		break
	}
}

func testDisabled(t *testing.T, b *bench) {
	dir := b.open(t, func(c *ldap.Config) { c.Disabled = "(employeeType=contractor)" })
	want := map[string]bool{}
	for _, p := range b.people {
		want[p.First("mail")] = p.First("employeeType") == "contractor"
	}
	for _, rec := range list(t, dir) {
		if rec.Disabled != want[rec.Values["MAIL"].First()] {
			t.Errorf("%s: disabled %t, want %t", rec.DN, rec.Disabled, !rec.Disabled)
		}
		if rec.Disabled {
			again, err := dir.Read(t.Context(), rec.ID)
			if err != nil || !cmp.Equal(rec, again) {
				t.Errorf("read: %v, %s", err, cmp.Diff(rec, again))
			}
			written, err := dir.Apply(t.Context(), set(rec.ID, "title", rec.Values["title"], text("t"+rec.Identifier)))
			if err != nil || !written.Disabled {
				t.Errorf("after a write: %+v, %v", written, err)
			}
		}
	}
}

func testRead(t *testing.T, b *bench) {
	dir := b.open(t)
	want := byDN(t, dir, targetDN)
	for name, id := range map[string]string{"as listed": want.ID, "in capitals": strings.ToUpper(want.ID), "in braces": "{" + want.ID + "}"} {
		got, err := dir.Read(t.Context(), id)
		if err != nil || !cmp.Equal(want, got) {
			t.Errorf("%s: %v, %s", name, err, cmp.Diff(want, got))
		}
	}
	b.Rename(targetDN, "uid=elsewhere", ldaptest.Suffix)
	b.Modify("uid=elsewhere,"+ldaptest.Suffix, "mail")
	got, err := dir.Read(t.Context(), want.ID)
	if err != nil || !strings.EqualFold(got.DN, "uid=elsewhere,"+ldaptest.Suffix) || got.ID != want.ID {
		t.Errorf("outside of base and filter: %+v, %v", got, err)
	}
	b.Delete("uid=elsewhere," + ldaptest.Suffix)
	for _, id := range []string{want.ID, "no id at all", ""} {
		_, err = dir.Read(t.Context(), id)
		wantError(t, err, record.Missing, "no such entry")
	}
}

func testFind(t *testing.T, b *bench) {
	dir := b.open(t)
	b.Modify("uid=u000001,"+ldaptest.PeopleDN, "employeeNumber", "*")
	b.Modify("uid=u000002,"+ldaptest.PeopleDN, "employeeNumber", `x)(mail=*\`)
	for identifier, want := range map[string]int{"900001": 1, "*": 1, `x)(mail=*\`: 1, "no such": 0, "9*": 0, "": 0} {
		found, err := dir.Find(t.Context(), identifier)
		if identifier == "" && err != nil {
			continue // no attribute can be compared with nothing; servers may say so
		}
		if err != nil || len(found) != want {
			t.Errorf("find %q: %d people, want %d, error %v", identifier, len(found), want, err)
		}
	}
	byID := b.open(t, func(c *ldap.Config) { c.Identifier = "entryUUID" })
	rec := byDN(t, byID, targetDN)
	if rec.Identifier != rec.ID {
		t.Errorf("identifier %q of %q", rec.Identifier, rec.ID)
	}
	found, err := byID.Find(t.Context(), rec.Identifier)
	if err != nil || len(found) != 1 || !cmp.Equal(found[0], rec) {
		t.Errorf("find by id: %+v, %v", found, err)
	}
	if found, err := byID.Find(t.Context(), "no id at all"); err != nil || len(found) != 0 {
		t.Errorf("find by what is no id: %+v, %v", found, err)
	}
}

func testNames(t *testing.T, b *bench) {
	b.Add(ldaptest.Nameless("nobody"))
	b.Modify(targetDN, "displayName", "The Target")
	b.Modify("uid=u000001,"+ldaptest.PeopleDN, "displayName")
	b.Modify("uid=u000001,"+ldaptest.PeopleDN, "cn", "Common Name")
	all := list(t, b.open(t))
	for dn, want := range map[string]string{targetDN: "The Target", "uid=u000001," + ldaptest.PeopleDN: "Common Name", "uid=nobody," + ldaptest.PeopleDN: "nobody"} {
		if got := all[dn].Name; got != want {
			t.Errorf("%s is called %q, want %q", dn, got, want)
		}
	}
}

func testWriteOne(t *testing.T, b *bench) {
	dir := b.open(t)
	old := byDN(t, dir, targetDN)
	got, err := dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 1 23 45 67 89"), text("+33 1 99 99 99 99")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"+33 1 99 99 99 99", "+33 4 72 10 10 10"}
	if diff := cmp.Diff(want, sorted(got.Values["telephoneNumber"])); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, sorted(b.Values(targetDN, "telephoneNumber"))); diff != "" {
		t.Error(diff)
	}
	if got.Version <= old.Version {
		t.Errorf("version %q after %q", got.Version, old.Version)
	}
	if again, err := dir.Read(t.Context(), old.ID); err != nil || !cmp.Equal(got, again) {
		t.Errorf("read back %v: %s", err, cmp.Diff(got, again))
	}
	got, err = dir.Apply(t.Context(), set(old.ID, "telephoneNumber", text("+33 4 72 10 10 10"), text("+33 4 72 10 10 10", "+33 5")))
	if err != nil || len(got.Values["telephoneNumber"]) != 3 {
		t.Errorf("add a third: %v, %v", got.Values["telephoneNumber"], err)
	}
	writes := dir.Requests().Write
	if _, err = dir.Apply(t.Context(), set(old.ID, "title", text("Chef"), text("Chef"))); err != nil || dir.Requests().Write != writes {
		t.Errorf("a change of nothing: %v, %d writes", err, dir.Requests().Write-writes)
	}
}

func testAtomic(t *testing.T, b *bench) {
	dir := b.open(t)
	old := byDN(t, dir, targetDN)
	change := set(old.ID, "title", text("Chef"), text("Cheffe"))
	change.Fields["did"] = record.Delta{Attribute: "telephoneNumber", Before: text("+33 1 23 45 67 89"), After: text("+33 1")}
	change.Fields["again"] = change.Fields["did"] // two fields that one attribute feeds
	writes := dir.Requests().Write
	got, err := dir.Apply(t.Context(), change)
	if err != nil || got.Values["title"].First() != "Cheffe" || len(got.Values["telephoneNumber"]) != 2 || dir.Requests().Write != writes+1 {
		t.Errorf("%+v, %v, %d writes", got, err, dir.Requests().Write-writes)
	}
	change = set(old.ID, "title", text("Cheffe"), text("Patronne"))
	change.Fields["did"] = record.Delta{Attribute: "telephoneNumber", Before: text("+33 1 23 45 67 89"), After: text("+33 2")}
	_, err = dir.Apply(t.Context(), change)
	wantError(t, err, record.Stale, "telephoneNumber")
	if got := b.Values(targetDN, "title"); got[0] != "Cheffe" {
		t.Errorf("half of a refused change was written: %q", got)
	}
	change.Fields["other"] = record.Delta{Attribute: "TelephoneNumber", Before: text("x"), After: text("y")}
	_, err = dir.Apply(t.Context(), change)
	wantError(t, err, record.Refused, "two fields")
}

func testFill(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	got, err := dir.Apply(t.Context(), set(id, "mobile", nil, text("+33 6 12 00 00 00")))
	if err != nil || got.Values["mobile"].First() != "+33 6 12 00 00 00" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = dir.Apply(t.Context(), set(id, "mobile", nil, text("+33 7")))
	wantError(t, err, record.Stale, "mobile", targetDN)
	if got := b.Values(targetDN, "mobile"); len(got) != 1 {
		t.Errorf("mobile is %q", got)
	}
	got, err = dir.Apply(t.Context(), set(id, "pager", nil, text("+33 8"))) // an attribute that is not mapped
	if err != nil || b.Values(targetDN, "pager")[0] != "+33 8" {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = dir.Apply(t.Context(), set(id, "pager", text("+33 9"), text("+33 8")))
	wantError(t, err, record.Stale, "pager")
}

func testStale(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	b.Modify(targetDN, "title", "Somebody was faster")
	writes := dir.Requests().Write
	_, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	wantError(t, err, record.Stale, targetDN, "title")
	b.Modify(targetDN, "title")
	_, err = dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	wantError(t, err, record.Stale, "title")
	if dir.Requests().Write != writes {
		t.Errorf("%d writes were sent", dir.Requests().Write-writes)
	}
	b.Delete(targetDN)
	_, err = dir.Apply(t.Context(), set(id, "title", nil, text("Cheffe")))
	wantError(t, err, record.Missing)
}

// Servers take two spellings of a telephone number for the same value; what was
// decided from one must not overwrite the other.
func testSpelling(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	for _, spelling := range []string{"+33123456789", "+33-1-23-45-67-89", "+33 1 23 45 67 89 "} {
		_, err := dir.Apply(t.Context(), set(id, "telephoneNumber", text(spelling), text("+33 9")))
		wantError(t, err, record.Stale, "telephoneNumber")
	}
	_, err := dir.Apply(t.Context(), set(id, "title", text("chef"), text("Patron")))
	wantError(t, err, record.Stale, "title")
	if got := sorted(b.Values(targetDN, "telephoneNumber")); got[0] != "+33 1 23 45 67 89" || len(got) != 2 {
		t.Errorf("numbers are %q", got)
	}
}

func testReformat(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	got, err := dir.Apply(t.Context(), set(id, "telephoneNumber", text("+33 1 23 45 67 89"), text("+33123456789")))
	if err != nil || sorted(got.Values["telephoneNumber"])[1] != "+33123456789" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = dir.Apply(t.Context(), set(id, "title", text("Chef"), text("CHEF")))
	if err != nil || got.Values["title"].First() != "CHEF" {
		t.Errorf("%+v, %v", got, err)
	}
}

func testEmpty(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	before := dir.Requests()
	for name, after := range map[string]record.Value{
		"none": nil, "empty": {""}, "blank": {" "}, "no-break space": {"\u00a0"}, "tab": {"\t"}, "one of two": {"x", " "},
	} {
		_, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), after))
		wantError(t, err, record.Refused, "empty value")
		if !errors.Is(err, ldap.ErrEmptyValue) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, change := range []record.Change{
		{Side: record.LDAP, Op: record.Delete, Thing: record.Entry, Key: id},
		{Side: record.LDAP, Op: record.Create, Thing: record.Entry, Key: id},
		{Side: record.XiVO, Op: record.Update, Thing: record.Entry, Key: id},
		{Side: record.LDAP, Op: record.Update, Thing: record.User, Key: id},
	} {
		_, err := dir.Apply(t.Context(), change)
		wantError(t, err, record.Refused, "only ever updated")
	}
	if dir.Requests() != before {
		t.Errorf("requests were sent: %+v", dir.Requests())
	}
}

func testRenamed(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	b.Rename(targetDN, `cn=a\, b+uid=target`, ldaptest.Suffix)
	got, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	if err != nil || got.Values["title"].First() != "Cheffe" || got.ID != id {
		t.Errorf("%+v, %v", got, err)
	}
}

func testRefused(t *testing.T, b *bench) {
	id := byDN(t, b.open(t), targetDN).ID
	reader := b.open(t, func(c *ldap.Config) { c.BindDN = ldaptest.ReaderDN })
	_, err := reader.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	wantError(t, err, record.Refused, "title", "code 50", "grant the account", targetDN)
	_, err = b.open(t).Apply(t.Context(), set(id, "entryUUID", text(id), text("12345678-1234-1234-1234-123456789012")))
	wantError(t, err, record.Refused, "code 19")
	_, err = b.open(t).Apply(t.Context(), set(id, "uid", text("target"), text("other")))
	wantError(t, err, record.Refused, "uid")
	_, err = b.open(t).Apply(t.Context(), set(id, "telephoneNumber", text("+33 1 23 45 67 89"), text("+33472101010")))
	wantError(t, err, record.Refused, "already holds", "code 20")
}

func testHostile(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	before := text("Chef")
	for _, after := range []string{`a)(uid=*`, `*`, `\2a`, "D'Alembert \"x\"", "小明", "line\nline", "nul\x00nul", " x", strings.Repeat("é", 5000), "#x", "<x>"} {
		got, err := dir.Apply(t.Context(), set(id, "title", before, text(after)))
		if err != nil || got.Values["title"].First() != after {
			t.Errorf("write %q: %q, %v", after, got.Values["title"], err)
		}
		before = got.Values["title"]
	}
}

// An attribute with options is another attribute: what is written to one does not
// touch the other.
func testOptions(t *testing.T, b *bench) {
	b.Modify(targetDN, "title;lang-fr", "Cheffe")
	dir := b.open(t, func(c *ldap.Config) { c.Attributes = append([]string{"Title;lang-FR"}, c.Attributes...) })
	rec := byDN(t, dir, targetDN)
	if rec.Values["Title;lang-FR"].First() != "Cheffe" || !rec.Values["title"].Equal(text("Chef")) {
		t.Errorf("values are %q", rec.Values)
	}
	rec, err := dir.Apply(t.Context(), set(rec.ID, "Title;lang-FR", text("Cheffe"), text("Patronne")))
	if err != nil || rec.Values["Title;lang-FR"].First() != "Patronne" || rec.Values["title"].First() != "Chef" {
		t.Errorf("values are %q, %v", rec.Values, err)
	}
}

func testAtOnce(t *testing.T, b *bench) {
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	results := make(chan error)
	work := func(f func() error) { go func() { results <- f() }() }
	for i := range 4 {
		attribute := []string{"description", "title", "mobile", "givenName"}[i]
		work(func() error {
			now, err := dir.Read(t.Context(), id)
			if err != nil || attribute == "description" {
				return err
			}
			_, err = dir.Apply(t.Context(), set(id, attribute, now.Values[attribute], text("+33 9")))
			return err
		})
		work(func() error {
			all, err := collect(t.Context(), dir)
			if err == nil && len(all) != len(b.people) {
				err = fmt.Errorf("%d people", len(all))
			}
			return err
		})
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	rec, err := dir.Read(t.Context(), id)
	if err != nil || rec.Values["title"].First() != "+33 9" || rec.Values["mobile"].First() != "+33 9" || rec.Values["givenName"].First() != "+33 9" {
		t.Errorf("%+v, %v", rec, err)
	}
}

func testManyIdentifiers(t *testing.T, b *bench) {
	dir := b.open(t, func(c *ldap.Config) { c.Identifier = "telephoneNumber" })
	rec := byDN(t, dir, targetDN)
	if rec.Identifier != "" || len(rec.Values["telephoneNumber"]) != 2 {
		t.Errorf("identifier %q, values %q", rec.Identifier, rec.Values["telephoneNumber"])
	}
}

func testRequests(t *testing.T, b *bench) {
	dir := b.open(t)
	before := dir.Requests()
	list(t, dir)
	if got := dir.Requests(); got.Read-before.Read != 3 || got.Write != 0 {
		t.Errorf("251 people on pages of 100: %+v after %+v", got, before)
	}
}

func testIdentity(t *testing.T, b *bench) {
	one, err := b.open(t).Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	two, err := b.open(t, func(c *ldap.Config) { c.Bases = []string{ldaptest.Suffix} }).Identity(t.Context())
	if err != nil || one != two || !strings.HasPrefix(one, ldaptest.Suffix+"/") {
		t.Errorf("%q and %q, %v", one, two, err)
	}
	dir := b.open(t)
	first, err := dir.Counter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.Modify(targetDN, "title", "x")
	if second, err := dir.Counter(t.Context()); err != nil || second <= first {
		t.Errorf("counted %q after %q, %v", second, first, err)
	}
}

func testCapabilities(t *testing.T, b *bench) {
	c, err := b.open(t).Capabilities(t.Context())
	if err != nil || c.ID != "entryUUID" || !c.IDReadable || c.Sample == "" || c.Version != "entryCSN" || len(c.NamingContexts) != 1 || c.Vendor == "" {
		t.Errorf("%+v, %v", c, err)
	}
	if (c.TLS != "") != b.config.StartTLS {
		t.Errorf("TLS is %q", c.TLS)
	}
	c, err = b.open(t, func(c *ldap.Config) { c.Filter = "(uid=nobody)" }).Capabilities(t.Context())
	if err != nil || c.Sample != "" || c.IDReadable {
		t.Errorf("without people: %+v, %v", c, err)
	}
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }

// TestAnotherControllerBehindTheSameName: a run reads and writes one controller,
// of which others may lag behind.
func TestAnotherControllerBehindTheSameName(t *testing.T) {
	t.Parallel()
	b := inMemory(t, ldaptest.People(5, 1), ldapmem.Quirks{ActiveDirectory: true})
	m := ldaptest.NewMeddler(t, b.config.URLs[0])
	dir := b.open(t, func(c *ldap.Config) { c.URLs = []string{m.URL()} })
	const searchEntry = 4
	always(m, searchEntry, 1000, func(p *ber.Packet) *ber.Packet {
		return ber.DecodePacket(bytes.ReplaceAll(p.Bytes(), []byte("CN=DC1,"), []byte("CN=DC2,")))
	})
	list(t, dir) // nobody asked who it is
	m.OnAnswer(ldaptest.SearchDone, ldaptest.Lose)
	_, err := collect(t.Context(), dir)
	wantError(t, err, record.Down, "another domain controller", "CN=DC2")
}

// TestTheServerThatWasFollowedIsTriedFirst, since each counts changes for itself.
func TestTheServerThatWasFollowedIsTriedFirst(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, nil)
	first, last := ldaptest.NewProxy(t, b.slapd.URL), ldaptest.NewProxy(t, b.slapd.URL)
	urls := []string{first.URL(), last.URL()}
	for prefer, want := range map[string]*ldaptest.Proxy{"": first, last.URL(): last, "ldap://elsewhere": first} {
		before := want.Connections()
		b.open(t, func(c *ldap.Config) { c.URLs, c.Prefer = urls, prefer })
		if want.Connections() == before {
			t.Errorf("prefer %q: the other server was asked", prefer)
		}
	}
}
