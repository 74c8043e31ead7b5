package contacts

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

var france = reconcile.Numbering{Region: "FR"}

func office() *Layout {
	return &Layout{Canonical: france.E164, Columns: []Column{
		{Label: "name", Attribute: "displayName", Searched: true},
		{Label: "department", Attribute: "ou", Searched: true},
		{Label: "town", Attribute: "l", Shape: func(v record.Value) (record.Value, error) {
			if v.First() == "?" {
				return nil, errors.New("no town")
			}
			return record.Text(strings.ToUpper(v.First())), nil
		}},
		{Label: "extension", Attribute: "ipPhone", Number: true},
		{Label: "did", Attribute: "telephoneNumber", Number: true},
	}}
}

func entry(id string, pairs ...string) record.Record {
	r := record.Record{Side: record.LDAP, ID: id, Values: map[string]record.Value{}}
	for i := 0; i+1 < len(pairs); i += 2 {
		r.Values[pairs[i]] = append(r.Values[pairs[i]], pairs[i+1])
	}
	return r
}

func people() *Sheet {
	d := office().Draft()
	d.Add(entry("1", "displayName", "Élodie Müller", "ou", "Achats", "l", "Lyon", "ipPhone", "1023", "telephoneNumber", "+33 1 23 45 67 89"))
	d.Add(entry("2", "displayName", "Bœuf, Jean", "ou", "Vente", "ou", "Achats", "l", "?", "ipPhone", "1024", "telephoneNumber", "01 23 45 67 90", "telephoneNumber", "+33123456791"))
	d.Add(entry("3", "displayName", `Ann "|" O'Brien`+"\nline two", "ou", "Straße"))
	return d.Sheet()
}

// names parses an answer and returns the first column, without the header line.
func names(t *testing.T, answer []byte) []string {
	t.Helper()
	rows := parse(t, answer)
	header := rows[0]
	if last := len(header) - 1; header[last] == AskedColumn {
		header = header[:last]
	}
	if diff := cmp.Diff([]string{"name", "department", "town", "extension", "did"}, header); diff != "" {
		t.Fatalf("header (-want +got)\n%s", diff)
	}
	out := []string{}
	for _, r := range rows[1:] {
		out = append(out, r[0])
	}
	return out
}

func parse(t interface{ Fatalf(string, ...any) }, answer []byte) [][]string {
	r := csv.NewReader(bytes.NewReader(answer))
	r.Comma = Delimiter
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	return rows
}

func TestASearchMindsNeitherCaseNorAccents(t *testing.T) {
	s := people()
	for text, want := range map[string][]string{
		"elodie":         {"Élodie Müller"},
		"MULLER elo":     {"Élodie Müller"},
		"Mu\u0308ller":   {"Élodie Müller"}, // a decomposed letter
		"boeuf":          {"Bœuf, Jean"},
		"achats":         {"Bœuf, Jean", "Élodie Müller"},
		"achats jean":    {"Bœuf, Jean"},
		"strasse":        {"Ann \"|\" O'Brien\nline two"},
		"lyon":           {}, // this column is not searched
		"e":              {"Ann \"|\" O'Brien\nline two", "Bœuf, Jean", "Élodie Müller"},
		"jean elodie":    {}, // never across two people
		"vente achats":   {"Bœuf, Jean"},
		"jean\nvente":    {"Bœuf, Jean"},
		"nobody":         {},
		"":               {},
		" \t":            {},
		"\xff\x00":       {},
		"(&(uid=*))":     {},
		"line two ann |": {"Ann \"|\" O'Brien\nline two"},
	} {
		if diff := cmp.Diff(want, names(t, s.Search(text, 0))); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
	if got := names(t, s.Search("e", 2)); len(got) != 2 {
		t.Errorf("two at most, not %q", got)
	}
}

func TestANumberIsFoundHoweverItIsWritten(t *testing.T) {
	s := people()
	for number, want := range map[string][]string{
		"0123456789":        {"Élodie Müller"},
		"+33 1 23 45 67 89": {"Élodie Müller"},
		"+33123456789":      {"Élodie Müller"},
		"0033123456789":     {"Élodie Müller"},
		"01.23.45.67.89":    {"Élodie Müller"},
		"1023":              {"Élodie Müller"},
		"1024":              {"Bœuf, Jean"},
		"0123456791":        {"Bœuf, Jean"}, // not in a cell, found all the same
		"102":               {},
		"":                  {},
		"anonymous":         {},
	} {
		if diff := cmp.Diff(want, names(t, s.Phone(number, 0))); diff != "" {
			t.Errorf("%q (-want +got)\n%s", number, diff)
		}
	}
}

func TestEveryCellSurvivesTheFile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[|"\n,;=@ a\t]{0,12}`))
		d, want := office().Draft(), map[string][]string{}
		for i := range rapid.IntRange(0, 5).Draw(t, "people") {
			id := fmt.Sprint(i)
			name, team := text.Draw(t, "name"), text.Draw(t, "team")
			d.Add(entry(id, "displayName", name, "ou", team, "ipPhone", id))
			want[id] = []string{cellOf(name), cellOf(team), "", id, ""}
		}
		var out bytes.Buffer
		if _, err := d.Sheet().WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		got := map[string][]string{}
		for _, r := range parse(t, out.Bytes())[1:] {
			got[r[3]] = r
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

// cellOf is a text as a reader of CSV gives it back: this one makes \r\n one \n.
func cellOf(text string) string {
	return strings.ReplaceAll(clean(text), "\r\n", "\n")
}

func TestWhoLeavesIsTakenOut(t *testing.T) {
	d := office().Draft()
	d.Add(entry("1", "displayName", "Ann"))
	d.Add(entry("2", "displayName", "Bob"))
	off := entry("1", "displayName", "Ann")
	off.Disabled = true
	d.Add(off)
	d.Drop("2")
	d.Add(entry("3", "displayName", "Eve"))
	d.Add(entry("3", "displayName", "Eva"))
	if diff := cmp.Diff([]string{"Eva"}, names(t, d.Sheet().Search("a", 0))); diff != "" || d.Sheet().Len() != 1 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTheSameEntriesMakeTheSameFile(t *testing.T) {
	first, second := people(), people()
	var a, b bytes.Buffer
	_, _ = first.WriteTo(&a)
	_, _ = second.WriteTo(&b)
	if diff := cmp.Diff(a.String(), b.String()); diff != "" {
		t.Errorf("(-first +second)\n%s", diff)
	}
}

func TestTheFileIsReplacedAsAWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "contacts.csv")
	if err := office().Draft().Sheet().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	if err := people().WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(parse(t, text)); n != 4 {
		t.Errorf("%d lines in %q", n, text)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != fileMode {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestAFileThatCannotBeWrittenLeavesTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "contacts.csv")
	if err := os.Mkdir(path, 0o700); err != nil { // a folder stands where the file should
		t.Fatal(err)
	}
	if err := people().WriteFile(path); err == nil {
		t.Error("a folder was replaced")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	if err := people().WriteFile(filepath.Join(dir, "none", "contacts.csv")); err == nil {
		t.Error("no error for a folder that is not there")
	}
}

func TestTheLayoutTellsWhatItReads(t *testing.T) {
	l := office()
	l.Columns = append(l.Columns, Column{Label: "again", Attribute: "l"})
	if diff := cmp.Diff([]string{"displayName", "ou", "l", "ipPhone", "telephoneNumber"}, l.Attributes()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The directory server of XiVO compares the number that it asked for with the
// column named like the parameter, letter by letter.
func TestAnAnswerHoldsTheNumberThatWasAskedFor(t *testing.T) {
	for _, asked := range []string{"0123456789", "+33 1 23 45 67 89", "+33123456789", " 0123456789 "} {
		rows := parse(t, people().Phone(asked, 0))
		if len(rows) != 2 || rows[0][len(rows[0])-1] != "phone" || rows[1][len(rows[1])-1] != asked {
			t.Errorf("%q: %q", asked, rows)
		}
	}
	for _, hostile := range []string{"\"", "|", "a\nb", "\r\n", "\x00"} {
		for _, row := range parse(t, people().Phone(hostile, 0)) {
			if last := row[len(row)-1]; last != "phone" {
				t.Errorf("%q: %q", hostile, row)
			}
		}
	}
}
