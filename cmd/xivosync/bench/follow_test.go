package bench

import (
	"context"
	"fmt"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// BenchmarkFollow compares the directory's part of an incremental run in which one
// person changed with the listing that a full run makes. It fails where that is
// not under one hundredth, or where the number of requests grows with the people.
func BenchmarkFollow(b *testing.B) {
	var requests []int64
	for _, n := range []int{1_000, 100_000} {
		b.Run(human(n), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				f := newFollowing(b, n)
				b.StartTimer()
				listing, part, asked := f.listing(b), f.increment(b), f.asked
				requests = append(requests, asked)
				b.ReportMetric(listing.Seconds(), "full-listing-s")
				b.ReportMetric(part.Seconds()*1000, "incremental-ms")
				b.ReportMetric(part.Seconds()/listing.Seconds()*100, "percent")
				b.ReportMetric(float64(asked), "requests")
				if n == 100_000 && part*100 > listing {
					b.Errorf("the increment took %s, the listing %s", part, listing)
				}
			}
		})
	}
	for _, r := range requests {
		if r != requests[0] {
			b.Errorf("requests: %v", requests)
		}
	}
}

// following is a directory that was followed up to now.
type following struct {
	srv    *ldaptest.Server
	dir    *ldap.Directory
	cursor record.Cursor
	people []ldaptest.Person
	asked  int64
}

func newFollowing(b *testing.B, n int) *following {
	f := &following{people: ldaptest.People(n, seed)}
	f.srv = ldaptest.Slapd(b, ldaptest.Options{People: f.people})
	dir, err := ldap.Open(context.Background(), ldap.Config{
		URLs: []string{f.srv.URL}, StartTLS: true, CA: f.srv.CA, BindDN: f.srv.BindDN, Password: f.srv.Password,
		Bases: []string{ldaptest.PeopleDN}, Filter: "(uid=*)", Disabled: "(employeeType=disabled)",
		Attributes: []string{"givenName", "sn", "mail", "mobile", "ipPhone", "telephoneNumber"}, Identifier: "uid", Timeout: time.Minute,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = dir.Close() })
	f.dir = dir
	if f.cursor, err = dir.Position(context.Background()); err != nil {
		b.Fatal(err)
	}
	return f
}

// listing reads everybody once.
func (f *following) listing(b *testing.B) time.Duration {
	began, n := time.Now(), 0
	for _, err := range f.dir.List(context.Background(), record.Survey) {
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	if n != len(f.people) {
		b.Fatalf("%d people listed", n)
	}
	return time.Since(began)
}

// increment changes one person and does what an incremental run asks of the
// directory.
func (f *following) increment(b *testing.B) time.Duration {
	ctx := context.Background()
	f.srv.Modify(f.people[7].DN, "sn", fmt.Sprint("Changed ", time.Now().UnixNano()))
	before, began := f.dir.Requests().Read, time.Now()
	_, err := f.dir.Identity(ctx)
	if err == nil {
		_, err = f.dir.Counter(ctx)
	}
	if err != nil {
		b.Fatal(err)
	}
	inc, err := f.dir.Follow(ctx, f.cursor, nil)
	if err != nil || inc.Refused != "" || len(inc.Records) != 1 || inc.Blind {
		b.Fatalf("refused %q, %d records, %v", inc.Refused, len(inc.Records), err)
	}
	took := time.Since(began)
	f.cursor, f.asked = inc.Next, f.dir.Requests().Read-before
	return took
}
