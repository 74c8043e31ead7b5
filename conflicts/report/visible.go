package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Piece is a part of a value as it is shown.
type Piece struct {
	Text string
	// Sign tells that Text stands for something that cannot be seen; Mark that it
	// differs from the other side's.
	Sign, Mark bool
}

// visible cuts a text into what can be shown as it is and signs for what cannot:
// characters that control, hide or reorder text, bytes that are no UTF-8, and
// blanks at either end.
func visible(s string) []Piece {
	var out []Piece
	add := func(text string, sign bool) {
		if n := len(out); n > 0 && out[n-1].Sign == sign && !sign {
			out[n-1].Text += text
			return
		}
		out = append(out, Piece{Text: text, Sign: sign})
	}
	first, last := len(s)-len(strings.TrimLeft(s, " ")), len(strings.TrimRight(s, " "))
	previous := rune(0)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			add(fmt.Sprintf(`\x%02X`, s[i]), true)
		case r == ' ' && (i < first || i >= last):
			add("␣", true)
		case r == '\t' || r == '\n' || r == '\r':
			add(map[rune]string{'\t': "⇥", '\n': "↵", '\r': "␍"}[r], true)
		case strconv.IsPrint(r), r == joiner && unicode.Is(unicode.So, base(previous)): // within an emoji
			add(string(r), false)
		default:
			add(fmt.Sprintf("U+%04X", r), true)
		}
		previous, i = r, i+size
	}
	return out
}

// joiner makes one emoji of several.
const joiner = '\u200d'

// base takes a variation selector or a skin for the emoji that it belongs to.
func base(r rune) rune {
	if r == '\ufe0f' || r >= '\U0001F3FB' && r <= '\U0001F3FF' {
		return '☺'
	}
	return r
}

// Plain is a text on one line in which nothing is hidden.
func Plain(s string) string {
	var b strings.Builder
	for _, p := range visible(s) {
		switch {
		case !p.Sign:
			b.WriteString(p.Text)
		case p.Text == "␣":
			b.WriteByte(' ')
		case strings.HasPrefix(p.Text, "U+"):
			b.WriteString("<" + p.Text + ">")
		default:
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// apart marks in two texts what differs between them: what is left when the same
// beginning and the same end are taken off.
func apart(a, b string) (left, right []Piece) {
	x, y := visible(a), visible(b)
	if a == b || a == "" || b == "" {
		return x, y
	}
	xs, ys := letters(x), letters(y)
	from := 0
	for from < len(xs) && from < len(ys) && xs[from] == ys[from] {
		from++
	}
	end := 0
	for end < len(xs)-from && end < len(ys)-from && xs[len(xs)-1-end] == ys[len(ys)-1-end] {
		end++
	}
	return marked(xs, from, len(xs)-end), marked(ys, from, len(ys)-end)
}

// letters are pieces of one character each, with what combines with it.
func letters(pieces []Piece) []Piece {
	var out []Piece
	for _, p := range pieces {
		if p.Sign {
			out = append(out, p)
			continue
		}
		joined := false
		for _, r := range p.Text {
			combines := unicode.In(r, unicode.M) || r == joiner || r >= '\U0001F3FB' && r <= '\U0001F3FF'
			if n := len(out); n > 0 && !out[n-1].Sign && (combines || joined) {
				out[n-1].Text += string(r)
			} else {
				out = append(out, Piece{Text: string(r)})
			}
			joined = r == joiner
		}
	}
	return out
}

// marked joins the letters again, with a mark on those between from and to.
func marked(all []Piece, from, to int) []Piece {
	var out []Piece
	for i, p := range all {
		p.Mark = i >= from && i < to
		if n := len(out); n > 0 && !p.Sign && !out[n-1].Sign && out[n-1].Mark == p.Mark {
			out[n-1].Text += p.Text
			continue
		}
		out = append(out, p)
	}
	return out
}
