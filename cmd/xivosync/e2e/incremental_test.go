package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
	"xivosync/sources/ldap/ldaptest"
)

// inMode sets how thoroughly a run reads; "" leaves it.
func inMode(mode record.Mode) func(*optionsOfRun) {
	return func(o *optionsOfRun) {
		if mode != "" {
			o.Mode = mode
		}
	}
}

var incremental = inMode(record.Incremental)

// follow makes an incremental run that has to be one.
func (w *world) follow(change ...func(*optionsOfRun)) *reportOfRun {
	w.t.Helper()
	r := w.mustRun(append(change, incremental)...)
	if r.Mode != record.Incremental {
		w.t.Fatalf("the run was %s: %s", r.Mode, r.FullBecause)
	}
	return r
}

// anew makes an incremental run that has to read everybody, and say why.
func (w *world) anew(words ...string) *reportOfRun {
	w.t.Helper()
	r := w.mustRun(incremental)
	if r.Mode != record.Full {
		w.t.Fatalf("the run was %s", r.Mode)
	}
	wantWords(w.t, r.FullBecause, words...)
	return r
}

// followed is a world with n people in step, and a position to go on from.
func followed(t *testing.T, n int) *world {
	w := newWorld(t, crowd(n))
	w.anew("position")
	if r := w.follow(); r.Outcome != record.OutcomeNothing {
		t.Fatalf("%s: %+v", r.Outcome, r.Plan.Changes())
	}
	return w
}

func TestIncrementalRun(t *testing.T) {
	t.Parallel()
	w := followed(t, 20)
	w.slapd.Modify(dn("a01"), "sn", "Changed")
	w.edit("a02", map[string]any{"email": "xivo@parts.test"})
	w.slapd.Add(person("new"))
	w.slapd.Rename(dn("a03"), "uid=a03+cn=More", "")
	r := w.follow()
	if c := r.Counts; c.Created != 1 || c.Updated != 1 || c.WrittenBack != 1 {
		t.Errorf("%+v", c)
	}
	w.wantUser("a01", "lastname", "Changed")
	if got := w.slapd.Values(dn("a02"), "mail"); !slices.Equal(got, []string{"xivo@parts.test"}) {
		t.Errorf("mail %q", got)
	}
	w.follow() // our own write-back, seen
	w.quiet()
}

// What happens to a server between two runs: nobody is removed by it, and in the
// end both sides agree.
func TestIncrementalRunsOverTroubledServers(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(t *testing.T, w *world){
		"restarted": func(_ *testing.T, w *world) {
			w.slapd.Stop()
			w.slapd.Start()
			w.follow()
		},
		"killed after changes": func(_ *testing.T, w *world) {
			w.slapd.Modify(dn("a00"), "sn", "Killed")
			w.slapd.Delete(dn("a10"))
			w.slapd.Kill()
			w.slapd.Start()
			w.follow()
			w.wantUser("a00", "lastname", "Killed")
		},
		"without a session log": func(_ *testing.T, w *world) {
			w.slapd.Kill()
			w.slapd.Start()
			w.slapd.Delete(dn("a10"))
			w.slapd.Modify(dn("a00"), "sn", "Logless")
			w.follow()
			w.wantUser("a00", "lastname", "Logless")
		},
		"restored from an older backup": func(t *testing.T, w *world) {
			old := w.slapd.Backup()
			w.slapd.Modify(dn("a00"), "sn", "Lost")
			w.slapd.Add(person("lost"))
			w.follow()
			w.slapd.Restore(old)
			r := w.anew("newer")
			if r.Outcome != record.OutcomeGuarded {
				t.Errorf("%s", r.Outcome)
			}
			w.wantUser("a00", "lastname", "Lost") // nothing was done yet
			w.mustRun(incremental, allow(reconcile.GuardRestored))
			w.wantUser("a00", "lastname", "a00")
			w.wantUser("lost", "enabled", true)
		},
		"swapped for a replica that lags": func(t *testing.T, w *world) {
			behind := w.slapd.Backup()
			w.slapd.Modify(dn("a00"), "sn", "Ahead")
			w.slapd.Add(person("ahead"))
			w.follow()
			ahead := w.slapd.Backup()
			w.slapd.Restore(behind)
			if r := w.anew("newer"); r.Outcome != record.OutcomeGuarded {
				t.Errorf("%s", r.Outcome)
			}
			w.wantUser("a00", "lastname", "Ahead")
			w.wantUser("ahead", "enabled", true)
			w.slapd.Restore(ahead) // it has caught up
			w.follow()
			w.wantUser("a00", "lastname", "Ahead")
		},
		"with a limit on what it sends": func(_ *testing.T, w *world) {
			w.slapd.SetLimits("size.soft=3 size.hard=3 size.pr=1000 size.prtotal=unlimited")
			for i := range 6 {
				w.slapd.Modify(dn(fmt.Sprintf("a%02d", i)), "sn", "Many")
			}
			w.anew("code 4")
			w.wantUser("a05", "lastname", "Many")
		},
		"asked for something else": func(_ *testing.T, w *world) {
			w.slapd.Modify(dn("a01"), "sn", "Hidden")
			w.LDAP.Filter = "(|(uid=*)(cn=nobody))"
			w.anew("base, filter")
			w.wantUser("a01", "lastname", "Hidden")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := followed(t, 14)
			trouble(t, w)
			for range 3 {
				w.mustRun(incremental)
			}
			for i := range 14 {
				uid := fmt.Sprintf("a%02d", i)
				w.wantUser(uid, "enabled", true)
			}
			w.quiet()
			w.later(48 * time.Hour)
			gone := slices.Contains([]string{"killed after changes", "without a session log"}, name)
			w.mustRun(incremental)
			w.wantUser("a10", "enabled", !gone) // a right removal, in its time
			w.wantUser("a09", "enabled", true)
		})
	}
}

// TestACursorThatIsGarbage is one that never leads anywhere.
func TestACursorThatIsGarbage(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*record.Cursor){
		"bytes": func(c *record.Cursor) { c.Position = []byte("\x00\x01garbage") },
		"empty": func(c *record.Cursor) { c.Position = nil },
		"another method": func(c *record.Cursor) {
			c.Position = []byte(strings.ReplaceAll(string(c.Position), "syncrepl", "dirsync"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := followed(t, 6)
			err := w.open(w.log, nil, func(e *reconcile.Engine) error {
				m, err := e.Store.Memory()
				if err != nil {
					return err
				}
				spoil(m.Cursor)
				return e.Store.Remember(m)
			})
			if err != nil {
				t.Fatal(err)
			}
			w.slapd.Modify(dn("a01"), "sn", "Changed")
			w.anew()
			w.wantUser("a01", "lastname", "Changed")
			w.follow()
			w.quiet()
		})
	}
}

// TestIncrementalEqualsFull plays the game of phones by incremental runs: when
// they have come to rest, a full run has nothing to do and finds nothing else.
func TestIncrementalEqualsFull(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			g := newGame(t, 100+seed)
			g.mode = record.Incremental
			for round := range 6 {
				if g.r.IntN(4) == 0 {
					g.tell("restart")
					g.slapd.Kill()
					g.slapd.Start()
				}
				g.round(round)
				full := g.plan()
				if changes := full.Changes(); len(changes) > 0 {
					t.Errorf("a full run would still do %d changes: %+v", len(changes), changes[0])
				}
				if a, b := conflictsOf(full.Conflicts), g.openConflicts(); !slices.Equal(a, b) {
					t.Errorf("conflicts of a full run: %q, of the incremental ones: %q", a, b)
				}
				if t.Failed() {
					t.Fatalf("round %d, after:\n  %s", round, strings.Join(g.told, "\n  "))
				}
			}
		})
	}
}

func conflictsOf(list []record.Conflict) []string {
	out := []string{}
	for _, c := range list {
		out = append(out, fmt.Sprintf("%s %s: %s", c.Person.Identifier, c.Field, c.Kind))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (w *world) openConflicts() []string {
	w.t.Helper()
	var all []record.Conflict
	err := w.open(w.log, nil, func(e *reconcile.Engine) error {
		for c, err := range e.Store.Conflicts() {
			if err != nil {
				return err
			}
			all = append(all, c)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return conflictsOf(all)
}

// TestIncrementalRunOfManyIsCheap: one change among many costs the directory a
// few requests.
func TestIncrementalRunOfManyIsCheap(t *testing.T) {
	t.Parallel()
	requests := map[int]int64{}
	for _, n := range []int{30, 1500} {
		w := newWorld(t, ldaptest.People(n, 1))
		w.LDAP.Filter = "(mail=*)"
		w.mustRun(incremental)
		w.slapd.Modify(w.slapd.Search(ldaptest.PeopleDN, "(employeeNumber=100007)")[0].DN, "sn", "Changed")
		w.slapd.Kill()
		w.slapd.Start()
		requests[n] = w.follow().Requests[record.LDAP].Read
	}
	if requests[30] != requests[1500] || requests[30] > 10 {
		t.Errorf("requests by number of people: %v", requests)
	}
}
