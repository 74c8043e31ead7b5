package ldap_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

// incomplete reads a listing that must not come to its end.
func incomplete(t *testing.T, ctx context.Context, dir *ldap.Directory, words ...string) {
	t.Helper()
	all, err := collect(ctx, dir)
	if err == nil {
		t.Fatalf("a listing of %d people passes for complete", len(all))
	}
	wantError(t, err, record.Down, append(words, "incomplete")...)
	if !errors.Is(err, ldap.ErrCutShort) {
		t.Errorf("%v is not ErrCutShort", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(300, 1))
	for name, tc := range map[string]struct {
		limits string
		words  []string
	}{
		"size limit on the first page": {"size.soft=5 size.hard=5 size.prtotal=5", []string{"code 4", "size.prtotal", "after 0 entries"}},
		"size limit in the middle":     {"size.prtotal=150", []string{"code 4", "after 100 entries"}},
		"page above the limit":         {"size.pr=50 size.prtotal=unlimited", []string{"code 11", "page_size"}},
		"paging forbidden":             {"size.prtotal=disabled", []string{"after 0 entries"}},
	} {
		b.slapd.SetLimits(tc.limits)
		t.Log(name)
		incomplete(t, t.Context(), b.open(t), tc.words...)
	}
	b.slapd.SetLimits("size.prtotal=unlimited")
	if got := list(t, b.open(t)); len(got) != 300 {
		t.Errorf("%d people", len(got))
	}
}

// slapd looks at its clock only now and then, so a real time limit needs more
// entries than a test wants.
func TestTimeLimit(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(300, 1))
	for _, code := range []int{3, 51, 52, 80} {
		dir, m := through(t, b)
		n, last := 0, error(nil)
		for _, err := range dir.List(t.Context(), record.Survey) {
			if n++; n == 1 {
				m.OnAnswer(ldaptest.SearchDone, ldaptest.Fail(code))
			}
			last = err
		}
		wantError(t, last, record.Down, "incomplete", "after 100 entries", fmt.Sprintf("code %d", code))
	}
}

// The last page without its control looks just like the end.
func TestControlLostOnTheWay(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(300, 1))
	dir, m := through(t, b)
	m.OnAnswer(ldaptest.SearchDone, ldaptest.Fail(0))
	incomplete(t, t.Context(), dir, "paging control")
}

func TestConnectionCutWhileListing(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(400, 1))
	whole := func(p *ldaptest.Proxy) int64 {
		dir := b.open(t, func(c *ldap.Config) { c.URLs, c.StartTLS = []string{p.URL()}, false })
		_, before := p.Bytes()
		list(t, dir)
		_, after := p.Bytes()
		return after - before
	}(ldaptest.NewProxy(t, b.slapd.URL))
	cuts := []int64{whole - 1, whole - 10, whole / 2, whole / 3, whole - 40}
	for i := range int64(12) {
		cuts = append(cuts, whole*2/5+37*i)
	}
	for _, cut := range cuts {
		p := ldaptest.NewProxy(t, b.slapd.URL)
		dir := b.open(t, func(c *ldap.Config) { c.URLs, c.StartTLS = []string{p.URL()}, false })
		p.CutAfter(cut)
		incomplete(t, t.Context(), dir)
		if got := list(t, dir); len(got) != 400 {
			t.Errorf("%d people after a cut", len(got))
		}
	}
	// A cut before anything was read is an idle connection that was closed.
	p := ldaptest.NewProxy(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs = []string{p.URL()} })
	for _, cut := range []int64{0, 1, 500} {
		p.CutAfter(cut)
		if got := list(t, dir); len(got) != 400 {
			t.Errorf("%d people", len(got))
		}
	}
}

func TestStalledWhileListing(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(400, 1))
	p := ldaptest.NewProxy(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs, c.Timeout = []string{p.URL()}, 3*time.Second })
	p.StallAfter(100_000)
	incomplete(t, t.Context(), dir, "timed out")
	p.Heal()
	if got := list(t, dir); len(got) != 400 {
		t.Errorf("%d people after the stall", len(got))
	}
}

func TestCancelledWhileListing(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(400, 1))
	p := ldaptest.NewProxy(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs, c.Timeout = []string{p.URL()}, time.Minute })
	p.StallAfter(100_000)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	start := time.Now()
	incomplete(t, ctx, dir, "canceled")
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	p.Heal()

	ctx, cancel = context.WithCancel(t.Context())
	n := 0
	var last error
	for _, err := range dir.List(ctx, record.Survey) {
		if n++; n == 150 {
			cancel()
		}
		last = err
	}
	if last == nil || n > 201 {
		t.Errorf("cancelled at 150, ended after %d with %v", n, last)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	incomplete(t, cancelled, dir, "canceled")
	if got := list(t, dir); len(got) != 400 {
		t.Errorf("%d people after a cancellation", len(got))
	}
}

func TestServerKilledWhileListing(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, ldaptest.People(400, 1))
	dir := b.open(t)
	n := 0
	var last error
	for _, err := range dir.List(t.Context(), record.Survey) {
		if n++; n == 50 {
			b.slapd.Kill()
		}
		last = err
	}
	wantError(t, last, record.Down, "incomplete", "after 100 entries")
	b.slapd.Start()
	if got := list(t, dir); len(got) != 400 {
		t.Errorf("%d people after the restart", len(got))
	}
}

func TestPagingControlMissing(t *testing.T) {
	t.Parallel()
	b := inMemory(t, ldaptest.People(300, 1), ldapmem.Quirks{NoPagingAnswer: true})
	incomplete(t, t.Context(), b.open(t), "paging control")

	// A server that never said that it pages answers everything at once.
	b = inMemory(t, ldaptest.People(300, 1), ldapmem.Quirks{Hidden: []string{"1.2.840.113556.1.4.319"}})
	if got := list(t, b.open(t)); len(got) != 300 {
		t.Errorf("%d people", len(got))
	}
}

func TestEntryWithoutID(t *testing.T) {
	t.Parallel()
	srv := ldaptest.Slapd(t, ldaptest.Options{People: ldaptest.People(30, 1)})
	cfg := baseConfig()
	cfg.URLs = []string{srv.URL}
	dir, err := ldap.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	srv.Configure("olcAccess",
		"{0}to attrs=userPassword by anonymous auth by * none",
		"{1}to dn.exact=\"uid=u000007,"+ldaptest.PeopleDN+"\" attrs=entryUUID by * none",
		"{2}to * by users read")
	incomplete(t, t.Context(), dir, "uid=u000007", "entryUUID", "let the account read")
}

func TestReferralsAreNotFollowed(t *testing.T) {
	t.Parallel()
	b := inMemory(t, ldaptest.People(30, 1), ldapmem.Quirks{Referral: "ldap://elsewhere.example.org/dc=x"})
	if got := list(t, b.open(t)); len(got) != 30 {
		t.Errorf("%d people", len(got))
	}
	srv := ldaptest.Slapd(t, ldaptest.Options{People: ldaptest.People(30, 1), LDIF: `dn: ou=far,ou=people,dc=parts,dc=test
objectClass: referral
objectClass: extensibleObject
ou: far
ref: ldap://elsewhere.example.org/ou=far,dc=x
`})
	cfg := baseConfig()
	cfg.URLs = []string{srv.URL}
	var said logged
	cfg.Log = said.logger()
	dir, err := ldap.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dir.Close() }()
	if got := list(t, dir); len(got) != 30 {
		t.Errorf("%d people", len(got))
	}
	if !said.contains("elsewhere.example.org") || !said.contains("count=1") {
		t.Errorf("the log says %q", said.String())
	}
	cfg.Bases = []string{"ou=far," + ldaptest.PeopleDN}
	far, err := ldap.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Close() }()
	incomplete(t, t.Context(), far, "code 10", "elsewhere")
}

func TestBaseIsNotThere(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, nil)
	dir := b.open(t, func(c *ldap.Config) { c.Bases = []string{"ou=nobody," + ldaptest.Suffix} })
	incomplete(t, t.Context(), dir, "ou=nobody", "code 32")
	if got := list(t, b.open(t)); len(got) != 0 {
		t.Errorf("%d people in an empty base", len(got))
	}
}

func TestListingTakesLittleMemory(t *testing.T) {
	b := onSlapd(t, ldaptest.People(4000, 1))
	dir := b.open(t)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n, peak := 0, uint64(0)
	for _, err := range dir.List(t.Context(), record.Survey) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%1000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	}
	if grown := int64(peak) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("the heap grew by %d bytes while %d people streamed by", grown, n)
	}
}
