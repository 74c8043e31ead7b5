package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// kinds counts conflicts by kind.
func kinds(found []record.Conflict) map[record.ConflictKind]int {
	out := map[record.ConflictKind]int{}
	for _, c := range found {
		out[c.Kind]++
	}
	return out
}

// find returns the conflict of that person and field, or fails.
func find(t testing.TB, found []record.Conflict, id, field string) record.Conflict {
	t.Helper()
	for _, c := range found {
		if c.Person.Identifier == id && c.Field == field {
			return c
		}
	}
	t.Fatalf("no conflict of %s on %q in %s", id, field, told(found))
	return record.Conflict{}
}

// told lists conflicts for a message.
func told(found []record.Conflict) string {
	var b strings.Builder
	for _, c := range found {
		fmt.Fprintf(&b, "\n  %s %s %s: %s", c.Kind, c.Person.Label(), c.Field, c.Message)
	}
	return b.String()
}

// wantWords fails unless the text has all the words.
func wantWords(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q does not tell %q", text, word)
		}
	}
}

// person is a plain one; mail is there already.
func person(uid string, pairs ...string) ldaptest.Person {
	return ldaptest.Plain(uid, append([]string{"givenName", "Given-" + uid}, pairs...)...)
}

// crowd is n plain people, named a00, a01 and so on.
func crowd(n int) []ldaptest.Person {
	people := make([]ldaptest.Person, n)
	for i := range people {
		people[i] = person(fmt.Sprintf("a%02d", i))
	}
	return people
}

// dn is where a plain person is.
func dn(uid string) string { return "uid=" + uid + "," + ldaptest.PeopleDN }

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
