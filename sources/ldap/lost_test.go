package ldap_test

import (
	"context"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldaptest"
)

// through opens the directory through somebody who meddles with the messages.
func through(t *testing.T, b *bench, changes ...func(*ldap.Config)) (*ldap.Directory, *ldaptest.Meddler) {
	p := ldaptest.NewMeddler(t, b.slapd.URL)
	changes = append(changes, func(c *ldap.Config) { c.URLs, c.StartTLS = []string{p.URL()}, false })
	return b.open(t, changes...), p
}

// The server carried the write out, and its answer never came.
func TestAnswerToAWriteIsLost(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b)
	id := byDN(t, dir, targetDN).ID
	p.OnAnswer(ldaptest.ModifyResponse, ldaptest.Lose)
	got, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	if err != nil || got.Values["title"].First() != "Cheffe" {
		t.Errorf("%+v, %v", got, err)
	}
	if dir.Requests().Write != 1 {
		t.Errorf("%d writes", dir.Requests().Write)
	}
}

// The request never arrived; it is sent once more.
func TestWriteIsLostOnItsWay(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b)
	id := byDN(t, dir, targetDN).ID
	p.OnRequest(ldaptest.ModifyRequest, ldaptest.Lose)
	got, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	if err != nil || got.Values["title"].First() != "Cheffe" {
		t.Errorf("%+v, %v", got, err)
	}
}

// Nobody can tell while the server is gone: the side is down, and recovery asks
// when it is back.
func TestServerGoneWhileWriting(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b, func(c *ldap.Config) { c.Timeout = time.Second })
	id := byDN(t, dir, targetDN).ID
	p.OnAnswer(ldaptest.ModifyResponse, func(*ber.Packet) *ber.Packet {
		b.slapd.Kill()
		return nil
	})
	_, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	wantError(t, err, record.Down, "answer to the write was lost")
	b.slapd.Start()
	rec, err := dir.Read(t.Context(), id)
	if err != nil || rec.Values["title"].First() != "Cheffe" {
		t.Errorf("%+v, %v", rec, err)
	}
}

// A stop signal while the answer is awaited: the outcome is still found out.
func TestCancelledWhileWriting(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b)
	id := byDN(t, dir, targetDN).ID
	ctx, cancel := context.WithCancel(t.Context())
	p.OnAnswer(ldaptest.ModifyResponse, func(*ber.Packet) *ber.Packet {
		cancel()
		return nil
	})
	got, err := dir.Apply(ctx, set(id, "title", text("Chef"), text("Cheffe")))
	if err != nil || got.Values["title"].First() != "Cheffe" {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	_, err = dir.Apply(ctx, set(id, "title", text("Cheffe"), text("Chef")))
	wantError(t, err, record.Down, "canceled")
	if dir.Requests().Write != 1 {
		t.Errorf("%d writes", dir.Requests().Write)
	}
}

// Another attribute of the entry changes between our reading and our writing:
// the assertion fails, the entry is read again, and nothing was lost.
func TestEntryChangesElsewhere(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b)
	id := byDN(t, dir, targetDN).ID
	p.OnRequest(ldaptest.ModifyRequest, ldaptest.Before(func() { b.Modify(targetDN, "description", "somebody else's") }))
	got, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	if err != nil || got.Values["title"].First() != "Cheffe" || dir.Requests().Write != 2 {
		t.Errorf("%+v, %v, %d writes", got, err, dir.Requests().Write)
	}
	p.OnRequest(ldaptest.ModifyRequest, ldaptest.Before(func() { b.Modify(targetDN, "title", "Somebody was faster") }))
	_, err = dir.Apply(t.Context(), set(id, "title", text("Cheffe"), text("Chef")))
	wantError(t, err, record.Stale, "title")
	p.OnRequest(ldaptest.ModifyRequest, ldaptest.Before(func() { b.Rename(targetDN, "uid=moved", ldaptest.Suffix) }))
	got, err = dir.Apply(t.Context(), set(id, "title", text("Somebody was faster"), text("Cheffe")))
	if err != nil || got.DN != "uid=moved,"+ldaptest.Suffix {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadOnlyServer(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir := b.open(t)
	id := byDN(t, dir, targetDN).ID
	b.slapd.SetReadOnly(true)
	_, err := dir.Apply(t.Context(), set(id, "title", text("Chef"), text("Cheffe")))
	wantError(t, err, record.Refused, "code 53", "read-only")
	b.slapd.SetReadOnly(false)
	_, err = dir.Apply(t.Context(), set(id, "nonsense", nil, text("x")))
	wantError(t, err, record.Refused, "nonsense", "code 17", "spelling")
	_, err = dir.Apply(t.Context(), set(id, "dc", nil, text("x")))
	wantError(t, err, record.Refused, "code 65", "object classes")
	_, err = dir.Apply(t.Context(), set(id, "mobile", nil, text("\u00e9")))
	wantError(t, err, record.Refused, "code 21", "syntax")
	_, err = dir.Apply(t.Context(), set(id, "ipPhone", nil, text("1", "2")))
	wantError(t, err, record.Refused, "code 19")
}

// A rename between the question for the entry and that for its account's state.
func TestRenamedWhileReading(t *testing.T) {
	t.Parallel()
	b := onSlapd(t, crowd())
	dir, p := through(t, b, func(c *ldap.Config) { c.Disabled = "(title=chef)" })
	rec := byDN(t, dir, targetDN)
	renameBeforeSecond := func(from, to string) {
		p.OnRequest(ldaptest.SearchRequest, ldaptest.Before(func() {
			p.OnRequest(ldaptest.SearchRequest, ldaptest.Before(func() { b.Rename(from, to, "") }))
		}))
	}
	renameBeforeSecond(targetDN, "uid=one")
	got, err := dir.Read(t.Context(), rec.ID)
	if err != nil || got.DN != "uid=one,"+ldaptest.PeopleDN || !got.Disabled {
		t.Errorf("read: %+v, %v", got, err)
	}
	renameBeforeSecond(got.DN, "uid=two")
	found, err := dir.Find(t.Context(), rec.Identifier)
	if err != nil || len(found) != 1 || found[0].DN != "uid=two,"+ldaptest.PeopleDN || !found[0].Disabled {
		t.Errorf("find: %+v, %v", found, err)
	}
}
