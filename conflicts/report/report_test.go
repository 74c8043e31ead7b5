package report

import (
	"bytes"
	"encoding/csv"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

var update = flag.Bool("update", false, "rewrite the golden files and the screenshot")

var morning = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// estate is a small one as it could be: two sites, and conflicts of several kinds.
func estate() *Report {
	who := func(name, uid, site string) record.Person {
		return record.Person{Identifier: uid, Name: name, DN: "uid=" + uid + ",ou=people,dc=example,dc=org", Site: site}
	}
	pair := func(l, x string) record.Pair { return record.Pair{LDAP: record.Text(l), XiVO: record.Text(x)} }
	all := []record.Conflict{
		{Kind: record.ConflictField, Person: who("Zoé Lefèvre", "zlefevre", "lyon"), Field: "email", Base: pair("zoe.martin@example.org", "zoe.martin@example.org"),
			Raw: pair("zoe.lefevre@example.org", "z.martin@example.org"), Message: "changed on both sides since the last run",
			Hint: "make both sides agree: write the right value on one of them", Decisions: []string{"ldap", "xivo", "VALUE", "ignore"}},
		{Kind: record.EmptyBlocked, Person: who("Karim Haddad", "khaddad", "lyon"), Field: "mobile_phone_number", Base: pair("+33612345678", "+33612345678"),
			Raw: pair("06 12 34 56 78", ""), Message: "emptied in XiVO; an empty value is never pushed to the directory",
			Hint: "clear mobile by hand in the directory, or fill mobile_phone_number in XiVO again", Decisions: []string{"ldap", "VALUE", "ignore"}},
		{Kind: record.ResourceExists, Person: who("Agnès Morel", "amorel", "lyon"), Field: "extension", Base: pair("1042@default", "1042@default"),
			Raw: pair("1017", "1042@default"), Owner: "line 12 without a user", Message: `extension "1017@default" is in use already: line 12 without a user`,
			Hint: "give the person another ipPhone in the directory, or delete by hand: line 12", Decisions: []string{"xivo", "VALUE", "ignore"},
			Decision: &record.Decision{Take: record.DecideXiVO, Who: "ann", Why: "she keeps her number", At: morning}},
		{Kind: record.IdentifierReused, Person: who("Paul Girard", "pgirard", "nantes"), Raw: pair("pgirard", "6f1b0b9e"), Message: `the user "Paulette Girard" (6f1b0b9e) with this identifier was linked to another entry`,
			Hint: "a new person: decide new; the same person: decide relink", Decisions: []string{"new", "relink", "ignore"}},
		{Kind: record.Contested, Person: who("دينا منصور", "dmansour", "nantes"), Field: "lastname", Base: pair("منصور", "منصور"), Raw: pair("منصور", "منصوري"),
			Message: "restored 3 times within a week, and edited again to the same value", Hint: `find out who writes the value, and stop them or set drift = "keep"`,
			Decisions: []string{"ldap", "xivo", "VALUE", "ignore"}, Reopened: "ldap, decided by ann, was not carried out: XiVO holds \"منصوري\" now"},
		{Kind: record.ConflictField, Person: who("Sam", "sam", ""), Field: "password", Base: pair("digest:1", "digest:2"), Raw: pair("hunter2", "hunter3"),
			Secret: true, Message: "changed on both sides since the last run", Decisions: []string{"ldap", "VALUE", "ignore"},
			Decision: &record.Decision{Take: record.DecideValue, Value: "hunter4", Who: "ann", Why: "told him", At: morning}},
	}
	for i := range all {
		c := &all[i]
		c.Number, c.FirstRun, c.LastRun, c.Since, c.State = uint64(i+1), 40, 41, morning.Add(-72*time.Hour), record.Open
		if c.Decision != nil {
			c.State = record.Decided
		}
	}
	return &Report{Made: morning, Program: "xivosync", Conflicts: all}
}

// ofRun is a report of a run that changed somebody.
func ofRun() *Report {
	r := estate()
	end := morning
	r.Run = &record.Run{Number: 41, Trigger: "timer", Who: "xivosync", Started: morning.Add(-time.Minute), Finished: &end, Outcome: record.OutcomePartial,
		Counts: record.Counts{Updated: 1, Conflicts: 6}, Failures: []record.Failure{{Person: record.Person{Name: "Eve"}, Error: "update user: not today"}}}
	r.Changes = []record.Change{{Run: 41, Seq: 1, Person: record.Person{Name: "Bob", Identifier: "bob"}, Entry: "e1", Side: record.XiVO, Op: record.Update, Thing: record.User,
		Reason: "changed in the directory", Step: record.Done, Fields: map[string]record.Delta{
			"lastname": {Before: record.Text("=Two"), After: record.Text("Three")}, "password": {Before: record.Text("hunter2"), After: record.Text("hunter3"), Secret: true}}},
		{Run: 41, Seq: 2, Person: record.Person{Name: "Eve"}, Entry: "e2", Side: record.LDAP, Op: record.Update, Thing: record.Entry, Step: record.Failed, Error: "not today",
			Fields: map[string]record.Delta{"email": {After: record.Text("eve@example.org")}}}}
	return r
}

func TestGolden(t *testing.T) {
	for name, tc := range map[string]struct {
		report *Report
		write  func(*Report, *bytes.Buffer) error
	}{
		"conflicts.txt": {estate(), func(r *Report, b *bytes.Buffer) error { return r.Text(b) }},
		"conflicts.csv": {estate(), func(r *Report, b *bytes.Buffer) error { return r.CSV(b) }},
		"run.txt":       {ofRun(), func(r *Report, b *bytes.Buffer) error { return r.Text(b) }},
		"run.csv":       {ofRun(), func(r *Report, b *bytes.Buffer) error { return r.CSV(b) }},
		"run.html":      {ofRun(), func(r *Report, b *bytes.Buffer) error { return r.HTML(b) }},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := tc.write(tc.report, &out); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), "hunter") {
				t.Error("a secret is shown")
			}
			file := "testdata/" + name
			if *update {
				if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("(-golden +got; rewrite it with -update)\n%s", diff)
			}
		})
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	for _, s := range []string{"=1+1", "+33612345678", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", "=cmd|' /C calc'!A0"} {
		r := estate()
		r.Conflicts[0].Person.Name, r.Conflicts[0].Raw.LDAP = s, record.Text(s)
		var out bytes.Buffer
		if err := r.CSV(&out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(strings.TrimLeft(cell, " ")[:1], "=+-@\t\r\n") || strings.HasPrefix(cell, "＝") {
					t.Errorf("%q is the cell %q", s, cell)
				}
			}
		}
	}
}

func TestNothingIsHidden(t *testing.T) {
	for s, want := range map[string]string{
		"plain":                 "plain",
		"a\u202eb":              "a<U+202E>b",
		"a\x00\x1b[2Jb\xff":     `a<U+0000><U+001B>[2Jb\xFF`,
		"zero\u200bwidth\ufeff": "zero<U+200B>width<U+FEFF>",
		"two\nlines\ttab":       "two↵lines⇥tab",
		"👩‍👩‍👧 é منصور":         "👩‍👩‍👧 é منصور",
		"a\u200db":              "a<U+200D>b",
	} {
		if got := Plain(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
	}
}

func TestDifferenceIsMarked(t *testing.T) {
	show := func(pieces []Piece) string {
		var b strings.Builder
		for _, p := range pieces {
			if p.Mark {
				b.WriteString("[" + p.Text + "]")
			} else {
				b.WriteString(p.Text)
			}
		}
		return b.String()
	}
	for _, tc := range [][4]string{
		{"zoe.lefevre@x.org", "z.martin@x.org", "z[oe.lefevre]@x.org", "z[.martin]@x.org"},
		{"same", "same", "same", "same"},
		{"", "only one", "", "only one"},
		{"e\u0301t", "e\u0300t", "[e\u0301]t", "[e\u0300]t"},
		{"abc", "abxc", "abc", "ab[x]c"},
		{"👩‍👩‍👧", "👩‍👩‍👦", "[👩‍👩‍👧]", "[👩‍👩‍👦]"},
	} {
		if l, r := apart(tc[0], tc[1]); show(l) != tc[2] || show(r) != tc[3] {
			t.Errorf("%q and %q are %q and %q", tc[0], tc[1], show(l), show(r))
		}
	}
}
