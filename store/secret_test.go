package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store/storetest"

	"github.com/google/go-cmp/cmp"
)

// withSecrets fills a store with a secret change and a secret conflict, and
// closes it.
func withSecrets(t *testing.T, path string, opts Options) record.Unit {
	t.Helper()
	db := openTest(t, path, opts)
	run := must[record.Run](t)(db.Begin(record.Run{}))
	unit := storetest.Unit(run.Number, 1, 1, 1, 1)
	secret := storetest.Conflict("entry-1", "password")
	secret.Secret = true
	secret.Now.LDAP, secret.Base.XiVO, secret.Raw.XiVO = record.Text("conflict secret 1"), record.Text("conflict secret 2"), record.Text("conflict secret 3")
	secret.Decision = &record.Decision{Take: "conflict secret 4", Who: "zoé"}
	for _, err := range []error{
		db.Open(unit),
		db.Settle(unit, 0, -1, reconcile.Effect{Mails: []record.Mail{storetest.Mail("onboarding")}}),
		db.Reconcile(1, time.Time{}, []record.Conflict{secret}, func(record.Conflict) bool { return true }),
		db.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return unit
}

func TestSecretsAreNeverInClear(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	withSecrets(t, path, Options{})
	for _, entry := range must[[]os.DirEntry](t)(os.ReadDir(dir)) {
		raw := must[[]byte](t)(os.ReadFile(filepath.Join(dir, entry.Name())))
		if bytes.Contains(raw, []byte("secret ")) || bytes.Contains(raw, []byte(" secret")) {
			t.Errorf("%s holds a secret in clear", entry.Name())
		}
		if mode := must[os.FileInfo](t)(entry.Info()).Mode(); mode != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), mode)
		}
	}
}

func TestKeyFile(t *testing.T) {
	for path, want := range map[string]string{
		"/var/state.db": "/var/state.key", "state": "state.key", "/a.b/state": "/a.b/state.key", "x.key": "x.key.key",
	} {
		if got := KeyFile(path); got != want {
			t.Errorf("key file of %s is %s", path, got)
		}
	}
}

func TestKeyLost(t *testing.T) {
	other := bytes.Repeat([]byte{7}, keySize)
	for name, tc := range map[string]struct {
		key  []byte // of the configuration, at first
		lose func(t *testing.T, path string)
		opts Options // afterwards
		says string
	}{
		"file gone":        {lose: removeKey, says: "state.key is missing"},
		"another file":     {lose: writeKey("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"), says: "another key than that of"},
		"damaged file":     {lose: writeKey("not base64"), says: "32 bytes in base64"},
		"now configured":   {opts: Options{Key: other}, says: "another key than that of the configuration"},
		"another key":      {key: bytes.Repeat([]byte{1}, keySize), opts: Options{Key: other}, says: "another key"},
		"too short":        {opts: Options{Key: []byte("short")}, says: "5 bytes"},
		"not configured":   {key: other, says: "state.key is missing"},
		"no random source": {lose: removeKey, opts: Options{NewKey: true, Random: strings.NewReader("")}, says: "random source"},
	} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			unit := withSecrets(t, path, Options{Key: tc.key})
			if tc.lose != nil {
				tc.lose(t, path)
			}
			_, err := Open(path, tc.opts)
			if err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Fatalf("opening says %v, not %q", err, tc.says)
			}
			if tc.opts.Random == nil && !errors.Is(err, ErrKey) {
				t.Fatalf("%v is no ErrKey", err)
			}
			db := must[*DB](t)(OpenReadOnly(path, tc.opts))
			if !errors.Is(db.KeyError(), ErrKey) {
				t.Fatalf("key error is %v", db.KeyError())
			}
			unreadable(t, db, unit)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func removeKey(t *testing.T, path string) {
	if err := os.Remove(KeyFile(path)); err != nil {
		t.Fatal(err)
	}
}

func writeKey(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		if err := os.WriteFile(KeyFile(path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// unreadable checks that the journal reads on without its secrets.
func unreadable(t *testing.T, db *DB, unit record.Unit) {
	t.Helper()
	changes := collect(t, db.Changes(1))
	if len(changes) != 1 {
		t.Fatalf("%d changes", len(changes))
	}
	fields := changes[0].Fields
	if !Unreadable(fields["password"]) || Unreadable(fields["lastname"]) {
		t.Fatalf("fields read %#v", fields)
	}
	if want := unit.Changes[0].Fields["lastname"]; !fields["lastname"].Before.Equal(want.Before) {
		t.Fatalf("lastname was %q", fields["lastname"].Before)
	}
	if mail := must[record.Mail](t)(db.Mail(1)); mail.Data != nil || mail.To == "" {
		t.Fatalf("mail reads %#v", mail)
	}
	c := must[record.Conflict](t)(db.Conflict(1))
	if !c.Now.LDAP.Empty() || c.Decision != nil || c.State != record.Open {
		t.Fatalf("conflict reads %#v", c)
	}
}

func TestNewKey(t *testing.T) {
	path := newPath(t)
	unit := withSecrets(t, path, Options{})
	removeKey(t, path)
	db := openTest(t, path, Options{NewKey: true})
	unreadable(t, db, unit)
	checkStore(t, db)
	if diff := cmp.Diff(map[string]int{"password": 1, "conflict": 1, "mail": 1}, must[map[string]int](t)(db.Lost())); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	next := storetest.Unit(1, 2, 2, 1, 1)
	if err := db.Open(next); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openTest(t, path, Options{})
	if d := collect(t, db.Changes(1))[1].Fields["password"]; d.After.First() != "new secret" {
		t.Fatalf("the new secret reads %q", d.After)
	}
}

func TestBoxesCannotBeMoved(t *testing.T) {
	s := testSealer(t)
	box := must[[]byte](t)(s.seal([]byte("plain"), "here"))
	if got := must[[]byte](t)(s.open(box, "here")); string(got) != "plain" {
		t.Fatalf("opened %q", got)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return s.open(box, "there") },
		"changed":       func() ([]byte, error) { return s.open(append(bytes.Clone(box[:len(box)-1]), 0), "here") },
		"cut off":       func() ([]byte, error) { return s.open(box[:10], "here") },
		"no key":        func() ([]byte, error) { return (*sealer)(nil).open(box, "here") },
	} {
		if _, err := open(); !errors.Is(err, errUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDigestWithoutKeyIsZero(t *testing.T) {
	if d := (*sealer)(nil).digest([]string{"a"}); d != (record.Digest{}) {
		t.Fatalf("digest %x", d)
	}
}
