package reconcile_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// pageTable is the table of docs/decisions.md whose header begins with these cells.
func pageTable(t *testing.T, header ...string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile("../docs/decisions.md")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "|") {
			if found {
				break
			}
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !found:
			found = slices.Equal(header, cells[:min(len(header), len(cells))])
		case !strings.HasPrefix(cells[0], "---"):
			rows = append(rows, cells)
		}
	}
	if len(rows) < 4 {
		t.Fatalf("docs/decisions.md has only %d rows under %q", len(rows), header)
	}
	return rows
}

// What both sides of the page's rows hold: before, and now.
const (
	before      = "ann@example.org"
	ofDirectory = "ann.b@example.org"
	ofXiVO      = "ann.c@example.org"
)

// pageValues reads the first two cells of a row.
func pageValues(t *testing.T, ldap, xivo string) (l, x string) {
	t.Helper()
	states := map[string]string{"same": before, "emptied": "", "empty": "", "changed": ofDirectory, "a value": ofDirectory}
	l, known := states[ldap]
	if !known {
		t.Fatalf("what is %q in the directory?", ldap)
	}
	switch xivo {
	case "changed", "changed, to something else", "another", "a value":
		return l, ofXiVO
	case "changed, to the same", "the same":
		return l, l
	}
	x, known = states[xivo]
	if !known {
		t.Fatalf("what is %q in XiVO?", xivo)
	}
	return l, x
}

// pageOutcome is what a cell of the page says, of these values.
func pageOutcome(t *testing.T, cell, l, x string) outcome {
	t.Helper()
	switch cell {
	case "nothing", "nothing: both agree":
		return outcome{}
	case "XiVO gets it":
		return toXiVO(l)
	case "the directory gets it":
		return toLDAP(x)
	case "XiVO's value is cleared":
		return toXiVO("")
	case "nothing, reported as `empty_blocked`":
		return outcome{Verdict: reconcile.Block, Kind: record.EmptyBlocked}
	case "conflict":
		return outcome{Verdict: reconcile.Conflict, Kind: record.ConflictField}
	}
	t.Fatalf("what is %q?", cell)
	return outcome{}
}

// decides compares the engine's decision with a cell.
func decides(t *testing.T, row []string, m *reconcile.Mapping, base *record.Base, cell string) {
	t.Helper()
	l, x := pageValues(t, row[0], row[1])
	a := reconcile.Decide(ask(m, base, l, x))
	got := outcome{Verdict: a.Verdict, Write: a.Write.First(), Kind: a.Kind}
	if got.Verdict == reconcile.Remember {
		got.Verdict = reconcile.Nothing // as far as the reader is concerned
	}
	if want := pageOutcome(t, cell, l, x); got != want {
		t.Errorf("%v: %+v; the page says %q", row, got, cell)
	}
}

// perPolicy are the ways of a policy that a cell names: "as `initial` says", and
// what they lead to.
var perPolicy = []struct {
	take reconcile.Take
	cell string
}{{reconcile.TakeLDAP, "XiVO gets it"}, {reconcile.TakeXiVO, "the directory gets it"}}

// TestThePagesTableOfBothDirections decides each row as the page says.
func TestThePagesTableOfBothDirections(t *testing.T) {
	for _, row := range pageTable(t, "directory", "XiVO", "what happens") {
		m := mapped(reconcile.Both)
		cell := row[2]
		if strings.HasPrefix(cell, "conflict `field`, or as `conflict` says: `ldap`, `xivo`") {
			cell = "conflict"
			for _, policy := range perPolicy {
				decided := mapped(reconcile.Both, func(m *reconcile.Mapping) { m.Conflict = policy.take })
				decides(t, row, decided, based(decided, before, before), policy.cell)
			}
		}
		decides(t, row, m, based(m, before, before), cell)
		if row[0] == "emptied" && strings.Contains(row[3], "unless XiVO needs one: conflict `required_empty`") {
			m.Field.Clearable, m.Field.Required = false, true
			if a := reconcile.Decide(ask(m, based(m, before, before), "", before)); a.Kind != record.RequiredEmpty {
				t.Errorf("%v: %+v", row, a)
			}
		}
	}
}

// TestThePagesTableOfOneDirection decides each row as the page says; drift under
// either policy.
func TestThePagesTableOfOneDirection(t *testing.T) {
	for _, row := range pageTable(t, "directory", "XiVO", "`to_xivo`", "`to_ldap`") {
		for i, direction := range []reconcile.Direction{reconcile.ToXiVO, reconcile.ToLDAP} {
			m := mapped(direction)
			if row[2+i] != "drift" {
				decides(t, row, m, based(m, before, before), row[2+i])
				continue
			}
			decides(t, row, m, based(m, before, before), [...]string{"XiVO gets it", "the directory gets it"}[i])
			m.Drift = reconcile.DriftKeep
			decides(t, row, m, based(m, before, before), "nothing")
		}
	}
}

// TestThePagesTableOfFirstSight decides each row as the page says.
func TestThePagesTableOfFirstSight(t *testing.T) {
	for _, row := range pageTable(t, "directory", "XiVO", "`both`", "`to_xivo`", "`to_ldap`") {
		for i, direction := range []reconcile.Direction{reconcile.Both, reconcile.ToXiVO, reconcile.ToLDAP} {
			cell := row[2+i]
			if cell != "as `initial` says: `ldap` (default), `xivo`, `conflict`" {
				decides(t, row, mapped(direction), nil, cell)
				continue
			}
			decides(t, row, mapped(direction), nil, "XiVO gets it")
			for _, policy := range append(perPolicy, struct {
				take reconcile.Take
				cell string
			}{reconcile.TakeConflict, "conflict"}) {
				decides(t, row, mapped(direction, func(m *reconcile.Mapping) { m.First = policy.take }), nil, policy.cell)
			}
		}
	}
}

// TestThePagesTableOfGuards names all guards that there are.
func TestThePagesTableOfGuards(t *testing.T) {
	var named []string
	for _, row := range pageTable(t, "guard", "stops") {
		named = append(named, codes(row[0])...)
	}
	all := []string{reconcile.GuardRemovals, reconcile.GuardClears, reconcile.GuardRenumberings, reconcile.GuardCreates, reconcile.GuardUpdates, reconcile.GuardWritebacks,
		reconcile.GuardMails, reconcile.GuardFirstRun, reconcile.GuardSource, reconcile.GuardConfiguration, reconcile.GuardRestored, reconcile.GuardIdentity, reconcile.GuardCanary}
	same(t, all, named)
}

var inCode = regexp.MustCompile("`([^`]+)`")

// codes are what a cell has in backquotes.
func codes(cell string) (out []string) {
	for _, m := range inCode.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
	}
	return out
}

// TestThePagesTableOfConflicts makes a conflict of each kind, in each of its ways,
// and compares what is offered with the page's row.
func TestThePagesTableOfConflicts(t *testing.T) {
	rows := pageTable(t, "kind", "what it means", "can be decided")
	for _, row := range rows {
		kind := record.ConflictKind(codes(row[0])[0])
		t.Run(string(kind), func(t *testing.T) {
			if len(scenes[kind]) == 0 {
				t.Fatal("no scene makes such a conflict")
			}
			var offered []string
			for _, scene := range scenes[kind] {
				w := scene(t)
				var found []record.Conflict
				for c, err := range w.store.Conflicts() {
					if err != nil {
						t.Fatal(err)
					}
					if c.Kind == kind {
						found = append(found, c)
					}
				}
				if len(found) == 0 {
					t.Fatalf("there is none, only %v", w.open())
				}
				if !slices.Contains(found[0].Decisions, record.DecideIgnore) {
					t.Errorf("ignore is not offered: %v", found[0].Decisions)
				}
				offered = append(offered, found[0].Decisions...)
			}
			slices.Sort(offered)
			want := append(codes(row[2]), record.DecideIgnore)
			slices.Sort(want)
			same(t, want, slices.Compact(offered))
		})
	}
	if len(rows) != len(scenes) {
		t.Errorf("%d kinds on the page, %d here", len(rows), len(scenes))
	}
}
