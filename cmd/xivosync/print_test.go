package main

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"xivosync/reconcile/record"
)

func TestPlainLeavesNothingThatMovesTheCursor(t *testing.T) {
	for in, want := range map[string]string{
		"Zoé Trois":        "Zoé Trois",
		"山田 太郎":            "山田 太郎",
		`O'Neil "Bob"`:     `O'Neil "Bob"`,
		"a\x1b[2Jb":        `a\x1b[2Jb`,
		"a\tb\nc":          `a\tb\nc`,
		"\u202eleft":       `\u202eleft`,
		"\u009b31m":        `\u009b31m`,
		"\xff":             `\xff`,
		"a\u00a0b":         `a\u00a0b`,
		`C:\back`:          `C:\back`,
		"\U000e0041tagged": `\U000e0041tagged`,
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q): got %s, want %s", in, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x1b[2Jb\u202e\xff")
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range plain(s) {
			if !strconv.IsPrint(r) {
				t.Errorf("plain(%q) holds %U", s, r)
			}
		}
		for _, r := range shown(record.Text(s), false) {
			if !strconv.IsPrint(r) {
				t.Errorf("shown(%q) holds %U", s, r)
			}
		}
	})
}

func TestPrintJSONEscapesAndKeeps(t *testing.T) {
	in := map[string]string{"v": "a\x1b\u009b\u202e\U000e0041 Zoé 山\u2028\x7f"}
	var b bytes.Buffer
	if err := printJSON(&b, in); err != nil {
		t.Fatal(err)
	}
	for _, r := range strings.TrimSuffix(b.String(), "\n") {
		if !strconv.IsPrint(r) {
			t.Errorf("%U is printed", r)
		}
	}
	var out map[string]string
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(in, out); diff != "" {
		t.Error(diff)
	}
}

func TestShown(t *testing.T) {
	for name, tc := range map[string]struct {
		value  record.Value
		secret bool
		want   string
	}{
		"nothing":         {nil, false, "(empty)"},
		"a text":          {record.Text(" a "), false, `" a "`},
		"several":         {record.Texts("a", "b"), false, `"a", "b"`},
		"double quotes":   {record.Text(`"Ann One"`), false, `'"Ann One"'`},
		"two kinds":       {record.Text(`"O'Neil"`), false, "`\"O'Neil\"`"},
		"three kinds":     {record.Text("\"O'`"), false, "\"\\\"O'`\""},
		"a backslash":     {record.Text(`a\x1b`), false, `"a\\x1b"`},
		"a secret":        {record.Text("hunter2"), true, "(secret)"},
		"an empty secret": {nil, true, "(empty)"},
	} {
		if got := shown(tc.value, tc.secret); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

func TestCount(t *testing.T) {
	for want, got := range map[string]string{
		"1 change": count(1, "change"), "2 changes": count(2, "change"), "0 people": count(0, "person"),
		"1 person": count(1, "person"), "3 linked people": count(3, "linked person"), "2 entries": count(2, "entry"),
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestATableEndsWithoutBlanks(t *testing.T) {
	var b bytes.Buffer
	table := newTable(&b, "  ")
	table.row("a", "long cell", "")
	table.row("longer", "\tb", "c")
	if err := table.end(); err != nil {
		t.Fatal(err)
	}
	const want = "  a       long cell\n  longer  \\tb  c\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTheStatusLineIsForTerminalsOnly(t *testing.T) {
	var b bytes.Buffer
	s := newStatus(&b)
	s.show("reading", 1, 2)
	s.clear()
	if b.Len() > 0 {
		t.Errorf("printed %q", b.String())
	}
	s.on = true
	s.show("reading", 1, 2)
	s.show("reading", 2, 2) // too soon to be drawn
	if _, err := s.Write([]byte("log\n")); err != nil {
		t.Fatal(err)
	}
	s.clear() // the log has taken it away already
	if want := "\r\x1b[Kreading: 1 of 2\r\x1b[Klog\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{
		"/etc/xivosync/a.toml": "/etc/xivosync/a.toml", "uid=ann,dc=test": "uid=ann,dc=test", "": "''",
		"two words": "'two words'", "it's $HOME": `'it'\''s $HOME'`, "é": "'é'", "a;b": "'a;b'",
	} {
		if got := shellWord(text); got != want {
			t.Errorf("%q is the word %s, want %s", text, got, want)
		}
	}
}
