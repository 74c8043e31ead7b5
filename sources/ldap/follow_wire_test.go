package ldap_test

import (
	"strings"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// meddled is a follower through a meddler, over a connection without TLS.
func meddled(t *testing.T) (*bench, *ldaptest.Meddler, *shadow) {
	b := onSlapd(t, ldaptest.People(30, 1))
	m := ldaptest.NewMeddler(t, b.slapd.URL)
	dir := b.open(t, func(c *ldap.Config) { c.URLs, c.StartTLS = []string{m.URL()}, false })
	return b, m, newShadow(t, dir)
}

// always meddles with every message of a kind, n times at most.
func always(m *ldaptest.Meddler, tag ber.Tag, n int, f ldaptest.Meddling) {
	if n == 0 {
		return
	}
	m.OnAnswer(tag, func(p *ber.Packet) *ber.Packet {
		always(m, tag, n-1, f)
		return f(p)
	})
}

// syncDone ends a search with success and a sync-done control of this value.
func syncDone(value *ber.Packet) ldaptest.Meddling {
	return func(p *ber.Packet) *ber.Packet {
		out := ldaptest.Fail(0)(p)
		control := ber.NewSequence("")
		control.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, goldap.ControlTypeSyncDone, ""))
		control.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, string(value.Bytes()), ""))
		controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		controls.AppendChild(control)
		out.AppendChild(controls)
		return out
	}
}

// An answer without its last control is a part of an answer.
func TestChangesWithoutAnEndAreAnError(t *testing.T) {
	t.Parallel()
	b, m, s := meddled(t)
	b.Modify(b.people[1].DN, "title", "new")
	always(m, ldaptest.SearchDone, 2, ldaptest.Fail(0)) // the first try, and the second
	_, err := s.dir.Follow(t.Context(), s.cursor, nil)
	wantError(t, err, record.Down, "ended before the changes did")
	s.follow(t)
}

// A server that does not know a cookie may begin anew without a word: the entries
// then look like changes, and nothing tells who is gone.
func TestFullRefreshInDisguiseIsRefused(t *testing.T) {
	t.Parallel()
	b, m, s := meddled(t)
	b.Modify(b.people[1].DN, "title", "new")
	always(m, ldaptest.SearchDone, 1, syncDone(ber.NewSequence("")))
	inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
	if err != nil || !strings.Contains(inc.Refused, "listed everybody") {
		t.Errorf("refused %q, %v", inc.Refused, err)
	}
}

// What a server answers to a cookie that it does not take.
func TestRefusingServers(t *testing.T) {
	t.Parallel()
	for code, words := range map[int]string{53: "code 53", 4096: "code 4096", 4: "code 4", 2: "code 2"} {
		b, m, s := meddled(t)
		b.Modify(b.people[1].DN, "title", "new")
		always(m, ldaptest.SearchDone, 1, ldaptest.Fail(code))
		inc, err := s.dir.Follow(t.Context(), s.cursor, nil)
		if err != nil || !strings.Contains(inc.Refused, words) {
			t.Errorf("code %d: refused %q, %v", code, inc.Refused, err)
		}
		s.follow(t)
	}
}

// A connection that dies is not a directory without changes.
func TestFollowOverLostConnection(t *testing.T) {
	t.Parallel()
	b, m, s := meddled(t)
	b.Modify(b.people[1].DN, "title", "new")
	m.OnAnswer(ldaptest.SearchDone, ldaptest.Lose)
	s.follow(t) // tried again on a new connection
	always(m, ldaptest.SearchDone, 2, ldaptest.Lose)
	b.Modify(b.people[1].DN, "title", "newer")
	if inc, err := s.dir.Follow(t.Context(), s.cursor, nil); err == nil {
		t.Errorf("%d records, and no error", len(inc.Records))
	}
	s.follow(t)
}
