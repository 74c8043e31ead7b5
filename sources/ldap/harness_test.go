package ldap_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap"
	"xivosync/sources/ldap/ldapmem"
	"xivosync/sources/ldap/ldaptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// adminDN writes behind the tested directory's back on a server in memory.
const adminDN = "cn=admin," + ldaptest.Suffix

// bench is a server with people on it, and a configuration for it.
type bench struct {
	*ldaptest.Admin
	people []ldaptest.Person
	config ldap.Config
	slapd  *ldaptest.Server // nil where another server runs
}

// mapped are the attributes that the tests read; their spelling differs from
// the schema's on purpose.
var mapped = []string{"givenName", "surname", "MAIL", "ipPhone", "telephoneNumber", "mobile", "title", "employeeNumber"}

func baseConfig() ldap.Config {
	return ldap.Config{
		BindDN: ldaptest.BindDN, Password: ldaptest.Password, Bases: []string{ldaptest.PeopleDN}, Filter: "(mail=*)",
		Attributes: mapped, Identifier: "employeeNumber", PageSize: 100, Timeout: 10 * time.Second,
	}
}

func onSlapd(t testing.TB, people []ldaptest.Person) *bench {
	t.Helper()
	srv := ldaptest.Slapd(t, ldaptest.Options{People: people})
	cfg := baseConfig()
	cfg.URLs, cfg.StartTLS, cfg.CA = []string{srv.URL}, true, srv.CA
	return &bench{Admin: srv.Admin, people: people, config: cfg, slapd: srv}
}

func inMemory(t testing.TB, people []ldaptest.Person, quirks ldapmem.Quirks) *bench {
	t.Helper()
	var ldif bytes.Buffer
	if err := ldaptest.WriteLDIF(&ldif, people); err != nil {
		t.Fatal(err)
	}
	srv, err := ldapmem.New(&ldif, ldapmem.Account(ldaptest.BindDN, ldaptest.Password),
		ldapmem.Account(adminDN, "a"), ldapmem.Reader(ldaptest.ReaderDN, ldaptest.Password), ldapmem.With(quirks))
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = srv.Close() })
	cfg := baseConfig()
	cfg.URLs = []string{srv.URL()}
	if quirks.ActiveDirectory {
		cfg.Attributes = append([]string{"sn"}, mapped[2:]...)
	} else {
		cfg.Attributes = append([]string{"givenName", "sn"}, mapped[2:]...)
	}
	return &bench{Admin: ldaptest.NewAdmin(t, srv.URL(), adminDN, "a"), people: people, config: cfg}
}

// open opens the directory with changes to the configuration.
func (b *bench) open(t testing.TB, changes ...func(*ldap.Config)) *ldap.Directory {
	t.Helper()
	cfg := b.config
	for _, change := range changes {
		change(&cfg)
	}
	dir, err := ldap.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	return dir
}

// list reads everybody, by DN.
func list(t testing.TB, dir *ldap.Directory) map[string]record.Record {
	t.Helper()
	all, err := collect(t.Context(), dir)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	out := map[string]record.Record{}
	for _, rec := range all {
		if _, twice := out[rec.DN]; twice {
			t.Errorf("%s is listed twice", rec.DN)
		}
		out[rec.DN] = rec
	}
	return out
}

func collect(ctx context.Context, dir *ldap.Directory) ([]record.Record, error) {
	var all []record.Record
	for rec, err := range dir.List(ctx, record.Survey) {
		if err != nil {
			return all, err
		}
		all = append(all, rec)
	}
	return all, nil
}

// byDN reads one record of the listing.
func byDN(t testing.TB, dir *ldap.Directory, dn string) record.Record {
	t.Helper()
	for rec, err := range dir.List(t.Context(), record.Survey) {
		if err != nil {
			t.Fatalf("list: %v", err)
		}
		if strings.EqualFold(rec.DN, dn) {
			return rec
		}
	}
	t.Fatalf("%s is not listed", dn)
	return record.Record{}
}

// wantError checks class and words of an error.
func wantError(t testing.TB, err error, class record.Class, words ...string) {
	t.Helper()
	var e *record.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an error of the side", err, err)
	}
	if e.Class != class || e.Side != record.LDAP {
		t.Errorf("error %q has class %d of side %s, want %d of ldap", e, e.Class, e.Side, class)
	}
	for _, w := range words {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("error %q does not say %q", e, w)
		}
	}
	if strings.Contains(e.Error(), ldaptest.Password) {
		t.Errorf("error %q shows the password", e)
	}
}

// set makes a change of one attribute.
func set(id, attribute string, before, after record.Value) record.Change {
	return record.Change{
		Side: record.LDAP, Op: record.Update, Thing: record.Entry, Key: id,
		Fields: map[string]record.Delta{attribute: {Attribute: attribute, Before: before, After: after}},
	}
}

func text(values ...string) record.Value { return record.Texts(values...) }
