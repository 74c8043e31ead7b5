package store

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// richStore makes a store of some pages with something of everything, and returns
// its file and all that it tells.
func richStore(t *testing.T, opts Options) (file []byte, want whole) {
	t.Helper()
	path := newPath(t)
	db := openTest(t, path, opts)
	for _, step := range steps(db)[:8] {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	err := db.Remember(reconcile.Memory{LDAP: "dc=example", XiVO: "uuid", SeenLDAP: 3, Filled: map[string]int{"mail": 2}})
	if err == nil {
		err = db.Configure(map[string]record.Digest{"ldap.base": {1}})
	}
	if err != nil {
		t.Fatal(err)
	}
	set(t, db, record.Hold{Entry: "entry-1", Field: "email", Who: "zoé", Why: "so"})
	must[record.Run](t)(db.Begin(record.Run{Started: epoch, RolledBack: []uint64{1}}))
	want = wholeOf(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return must[[]byte](t)(os.ReadFile(path)), want
}

// whole is all that a store tells, to its users and to us.
type whole struct {
	Dump   dump
	Config map[string]record.Digest
	Closed []record.Conflict
}

func wholeOf(t fataler, db *DB) whole {
	return whole{dumpStore(t, db, epoch), must[map[string]record.Digest](t)(db.Configuration()), collect(t, db.AllConflicts())}
}

// failure is a t that only remembers that it failed.
type failure struct{}

func (failure) Fatal(...any) { panic(failure{}) }

// flips is how many bytes the test changes, each in a copy of its own.
const flips = 400

// TestFlippedBytes changes single bytes all over a store. Each is told by an
// error of opening, by the check or by an error of reading; or it changed nothing
// that the store tells.
func TestFlippedBytes(t *testing.T) {
	opts := Options{Key: make([]byte, keySize), NoSync: true}
	sound, want := richStore(t, opts)
	path := filepath.Join(t.TempDir(), "state.db")
	random := rand.New(rand.NewPCG(1, 2))
	told, harmless := 0, 0
	for n := range flips {
		at := random.IntN(len(sound))
		for n%4 != 0 && sound[at] == 0 { // most of a file is nothing but zeros
			at = random.IntN(len(sound))
		}
		file := bytes.Clone(sound)
		file[at] ^= byte(1 + random.IntN(255))
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		switch diff, found := damage(path, opts, want); {
		case found:
			told++
		case diff == "":
			harmless++
		default:
			t.Errorf("byte %d (flip %d) is changed from %#x to %#x, and nobody says so (-want +got)\n%s", at, n, sound[at], file[at], diff)
		}
	}
	t.Logf("%d changes told, %d changed nothing", told, harmless)
}

// damage tells whether a damaged file is found out, and what else it tells.
func damage(path string, opts Options, want whole) (diff string, found bool) {
	db, err := OpenReadOnly(path, opts)
	if err != nil {
		return "", true
	}
	defer db.Close()
	if problems, err := db.Check(); err != nil || len(problems) > 0 || db.KeyError() != nil {
		return "", true
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ours := p.(failure); !ours {
				panic(p)
			}
			diff = "it cannot be read, and the check finds nothing wrong"
		}
	}()
	got := wholeOf(failure{}, db)
	if got.Dump.NextLink > want.Dump.NextLink {
		got.Dump.NextLink = want.Dump.NextLink // numbers that are passed over do no harm
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty()), false
}
