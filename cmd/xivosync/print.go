package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"xivosync/reconcile/record"
)

// plain makes a text safe to print: whatever could move the cursor, hide or
// reverse text is escaped. Directories hold what anybody typed into them.
func plain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

// lines makes a text of several lines safe to print.
func lines(s string) string {
	parts := strings.Split(s, "\n")
	for i, part := range parts {
		parts[i] = plain(part)
	}
	return strings.Join(parts, "\n")
}

// shown is a value as people read it: in quotes, so that blanks are seen.
func shown(v record.Value, secret bool) string {
	switch {
	case v.Empty():
		return "(empty)"
	case secret:
		return "(secret)"
	}
	texts := make([]string, len(v))
	for i, s := range v {
		texts[i] = quoted(s)
	}
	return strings.Join(texts, ", ")
}

// quoted puts a text into quotes of a kind that it does not hold itself. Where
// something in it has to be escaped, it is written as in Go.
func quoted(s string) string {
	if plain(s) == s && !strings.Contains(s, `\`) {
		for _, quote := range []string{`"`, `'`, "`"} {
			if !strings.Contains(s, quote) {
				return quote + s + quote
			}
		}
	}
	return strconv.Quote(s)
}

// printJSON writes one value and a line end. What [plain] escapes is escaped
// here, too, in JSON's own way.
func printJSON(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf && r != 0x7f || strconv.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	_, err = fmt.Fprintln(w, b.String())
	return err
}

// count says how many there are of what: 1 change, 2 changes.
func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "person"):
		return strconv.Itoa(n) + " " + strings.TrimSuffix(what, "person") + "people"
	case strings.HasSuffix(what, "y"):
		return strconv.Itoa(n) + " " + strings.TrimSuffix(what, "y") + "ies"
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// style marks what matters on a terminal; elsewhere, and where NO_COLOR is set,
// texts stay as they are.
type style struct{ on bool }

func styleOf(w io.Writer) style {
	return style{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (s style) mark(code, text string) string {
	if !s.on {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(text string) string { return s.mark("1", text) }
func (s style) good(text string) string { return s.mark("32", text) }
func (s style) bad(text string) string  { return s.mark("31", text) }
