package ldap_test

import (
	"testing"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

const manyPeople = 10_000

// BenchmarkList reads 10,000 people; compare with BenchmarkRawSearch, which asks
// for the same attributes and does nothing with them.
func BenchmarkList(b *testing.B) {
	bench := onSlapd(b, ldaptest.People(manyPeople, 1))
	dir := bench.open(b, func(c *ldap.Config) { c.PageSize = 500 })
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range dir.List(b.Context(), record.Survey) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != manyPeople {
			b.Fatalf("%d people", n)
		}
	}
	b.ReportMetric(float64(manyPeople*b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkRawSearch(b *testing.B) {
	bench := onSlapd(b, ldaptest.People(manyPeople, 1))
	conn, err := goldap.DialURL(bench.slapd.URL)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.Bind(ldaptest.BindDN, ldaptest.Password); err != nil {
		b.Fatal(err)
	}
	attributes := append([]string{"entryUUID", "entryCSN", "cn", "displayName"}, mapped...)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		paging := goldap.NewControlPaging(500)
		for {
			res, err := conn.Search(goldap.NewSearchRequest(ldaptest.PeopleDN, 2, 0, 0, 0, false, "(mail=*)", attributes, []goldap.Control{paging}))
			if err != nil {
				b.Fatal(err)
			}
			n += len(res.Entries)
			answer := goldap.FindControl(res.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
			if len(answer.Cookie) == 0 {
				break
			}
			paging.SetCookie(answer.Cookie)
		}
		if n != manyPeople {
			b.Fatalf("%d people", n)
		}
	}
	b.ReportMetric(float64(manyPeople*b.N)/b.Elapsed().Seconds(), "entries/s")
}

// BenchmarkApply writes one attribute: read, compare, write, and the entry as it
// is afterwards.
func BenchmarkApply(b *testing.B) {
	bench := onSlapd(b, crowd())
	dir := bench.open(b)
	rec := byDN(b, dir, targetDN)
	titles := []record.Value{text("Chef"), text("Cheffe")}
	n := 0
	for b.Loop() {
		if _, err := dir.Apply(b.Context(), set(rec.ID, "title", titles[n%2], titles[(n+1)%2])); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
}
