package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/store"
	"xivosync/targets/xivo/xivosim"
)

// soak edits both sides at random. Its people are only ever named by uid.
type soak struct {
	*world
	*rand.Rand
	serial int
	// unowned are the users that no entry is linked to, as they were.
	unowned map[string]map[string]any
}

func (s *soak) text(prefix string) string {
	s.serial++
	return fmt.Sprintf("%s%d", prefix, s.serial)
}

// someone picks an entry that is there.
func (s *soak) someone() (uid, dn string) {
	entries := s.slapd.Search("dc=parts,dc=test", "(uid=*)", "uid")
	slices.SortFunc(entries, func(a, b *goldap.Entry) int { return strings.Compare(a.DN, b.DN) })
	e := entries[s.IntN(len(entries))]
	return e.GetAttributeValue("uid"), e.DN
}

// step makes one edit.
func (s *soak) step() string {
	uid, at := s.someone()
	mail := func() string { return s.text("mail") + "@parts.test" }
	switch n := s.IntN(100); {
	case n < 20:
		s.slapd.Modify(at, "sn", s.text("Sur"))
		return "sn of " + uid
	case n < 30:
		s.slapd.Modify(at, "givenName", s.text("Given"))
		return "givenName of " + uid
	case n < 42:
		s.slapd.Modify(at, "mail", mail())
		return "mail of " + uid
	case n < 46:
		s.slapd.Modify(at, "mail")
		return "mail of " + uid + " removed"
	case n < 54:
		s.slapd.Modify(at, "mobile", fmt.Sprintf("06 12 %02d %02d %02d", s.IntN(100), s.IntN(100), s.IntN(100)))
		return "mobile of " + uid
	case n < 70:
		return s.inXiVO(uid, map[string]any{"email": mail()})
	case n < 74:
		return s.inXiVO(uid, map[string]any{"email": nil})
	case n < 80:
		return s.inXiVO(uid, map[string]any{"lastname": s.text("Drift")})
	case n < 86:
		return s.inXiVO(uid, map[string]any{"description": s.text("Description")})
	case n < 90:
		return s.inXiVO(uid, map[string]any{"ring_seconds": 5 + s.IntN(50)}) // not mapped
	case n < 95:
		id := s.text("n")
		s.slapd.Add(person(id))
		return "new " + id
	case n < 97:
		s.slapd.Delete(at)
		return "deleted " + uid
	}
	kind := []string{"disabled", "internal"}[s.IntN(2)]
	s.slapd.Modify(at, "employeeType", kind)
	return uid + " is " + kind
}

func (s *soak) inXiVO(uid string, fields map[string]any) string {
	if _, there := s.users()[uid]; !there {
		return "nothing"
	}
	s.edit(uid, fields)
	return fmt.Sprintf("%v of %s in XiVO", slices.Collect(maps.Keys(fields)), uid)
}

// TestSoak makes thirty runs with random edits on both sides between them, and
// faults in some. After every quiet run both sides agree wherever no conflict is
// open, told by a reader of its own; users without an entry never change.
func TestSoak(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, crowd(25))
			w.Specs = append(w.Specs, field("description", "title", reconcile.ToLDAP))
			limits := map[string]reconcile.Limit{}
			for name := range w.Guards.Limits {
				limits[name] = reconcile.Limit{Count: 10000}
			}
			w.Guards.Limits = limits
			for i := range 5 {
				w.addUser(map[string]any{"firstname": "Door", "lastname": fmt.Sprint(i)})
			}
			s := &soak{world: w, Rand: rand.New(rand.NewPCG(seed, 1)), unowned: map[string]map[string]any{}}
			for _, u := range w.list() {
				s.unowned[u["uuid"].(string)] = u
			}
			w.settle()
			for run := range 30 {
				var edits []string
				for range 1 + s.IntN(8) {
					edits = append(edits, s.step())
				}
				if s.IntN(4) == 0 {
					w.sim.Inject(xivosim.Fault{Method: []string{http.MethodPost, http.MethodPut}[s.IntN(2)], Path: "/1.1/users/**", Nth: 1,
						Effect: []xivosim.Effect{xivosim.DropBefore, xivosim.DropAfter, xivosim.FailAfter, xivosim.RevokeTokens}[s.IntN(4)]})
				}
				_, err := w.run(allow(reconcile.GuardRestored))
				w.sim.ClearFaults()
				if err != nil && !strings.Contains(err.Error(), "xivo") {
					t.Fatalf("run %d: %v", run, err)
				}
				if run%5 == 4 {
					w.later(24 * time.Hour)
					for range 3 { // absences ripen, what waited is served
						w.mustRun(allow(reconcile.GuardRestored))
					}
					s.agree(run)
				}
				if t.Failed() {
					t.Fatalf("after run %d and the edits %v", run, edits)
				}
			}
		})
	}
}

// agree compares both sides as they are.
func (s *soak) agree(run int) {
	s.t.Helper()
	s.quiet()
	open := s.openConflicts()
	s.t.Logf("run %d: %d users, open: %v", run, len(s.list()), slices.Sorted(maps.Keys(open)))
	users := map[string]map[string]any{}
	for _, u := range s.list() {
		if was, is := s.unowned[u["uuid"].(string)]; is {
			if diff := cmp.Diff(was, u); diff != "" {
				s.t.Errorf("run %d: a user without an entry changed:\n%s", run, diff)
			}
			continue
		}
		id, _ := u["userfield"].(string)
		if users[id] != nil {
			s.t.Errorf("run %d: two users %s", run, id)
		}
		users[id] = u
	}
	for _, e := range s.slapd.Search("dc=parts,dc=test", "(uid=*)", "uid", "sn", "givenName", "mail", "mobile", "title", "employeeType") {
		id := e.GetAttributeValue("uid")
		u, there := users[id]
		disabled := e.GetAttributeValue("employeeType") == "disabled"
		switch {
		case open[id+"/"] || disabled && !there:
			continue
		case !there:
			s.t.Errorf("run %d: %s was not created", run, id)
			continue
		case u["enabled"] == disabled:
			s.t.Errorf("run %d: %s is disabled %v, and enabled %v", run, id, disabled, u["enabled"])
		case disabled:
			continue // the fields wait
		}
		delete(users, id)
		for field, attribute := range map[string]string{"lastname": "sn", "firstname": "givenName", "email": "mail", "mobile_phone_number": "mobile", "description": "title"} {
			l, x := e.GetAttributeValue(attribute), u[field]
			if field == "mobile_phone_number" && l != "" {
				l = "+33" + strings.ReplaceAll(l[1:], " ", "")
			}
			if x == nil {
				x = ""
			}
			if l != x && !open[id+"/"+field] {
				s.t.Errorf("run %d: %s: %s is %q and %s is %q, and no conflict tells", run, id, attribute, l, field, x)
			}
		}
	}
}

// openConflicts are the open conflicts, as person/field.
func (s *soak) openConflicts() map[string]bool {
	s.t.Helper()
	db, err := store.OpenReadOnly(s.Path, store.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if problems, err := db.Check(); err != nil || len(problems) > 0 {
		s.t.Errorf("the store: %v %v", problems, err)
	}
	out := map[string]bool{}
	for c, err := range db.Conflicts() {
		if err != nil {
			s.t.Fatal(err)
		}
		if c.State != record.Closed {
			out[c.Person.Identifier+"/"+c.Field] = true
		}
	}
	return out
}
