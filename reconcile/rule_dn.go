package reconcile

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// dn is a distinguished name in a form that can be compared: its parts from the
// entry upwards, each with its types in lower case, its escapes resolved, blanks
// and case levelled, and the attributes of a part with several sorted.
type dn []string

// ErrNoDN is returned when a text is no distinguished name.
var ErrNoDN = errors.New("is no distinguished name such as ou=people,dc=example,dc=org")

// parseDN reads a distinguished name (RFC 4514).
func parseDN(text string) (dn, error) {
	var name dn
	for _, part := range cutUnescaped(text, ",;") {
		var attributes []string
		for _, a := range cutUnescaped(part, "+") {
			kind, value, ok := strings.Cut(a, "=")
			kind = strings.ToLower(strings.TrimSpace(kind))
			if !ok || kind == "" || strings.ContainsAny(kind, ` \"`) {
				return nil, ErrNoDN
			}
			plain, ok := unescapedDN(value)
			if !ok {
				return nil, ErrNoDN
			}
			attributes = append(attributes, kind+"="+escapedPart.Replace(folded(plain)))
		}
		slices.Sort(attributes)
		name = append(name, strings.Join(attributes, "+"))
	}
	return name, nil
}

// escapedPart keeps a "+" inside a value apart from one between attributes, and a
// "," from one between parts.
var escapedPart = strings.NewReplacer(`\`, `\\`, "+", `\+`, ",", `\,`)

// cutUnescaped cuts a text at separators that no backslash and no quotes protect.
func cutUnescaped(text, separators string) []string {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && strings.IndexByte(separators, text[i]) >= 0:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

// unescapedDN resolves \, and \C3 and quotes around the whole value; blanks at
// the ends count only where they are escaped, which no comparison minds.
func unescapedDN(value string) (string, bool) {
	value = strings.TrimLeft(value, " ")
	if n := len(value); n >= 2 && value[0] == '"' && strings.TrimRight(value, " ") != `"` {
		value = strings.TrimSuffix(strings.TrimPrefix(strings.TrimRight(value, " "), `"`), `"`)
	}
	return unescaped(value, func(c byte) bool { return strings.IndexByte(` "#+,;<>=\`, c) >= 0 })
}

// unescaped resolves \HH, and \C where C may stand for itself.
func unescaped(text string, itself func(byte) bool) (string, bool) {
	if !strings.Contains(text, `\`) {
		return text, true
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			b.WriteByte(text[i])
		case i+1 < len(text) && itself(text[i+1]):
			i++
			b.WriteByte(text[i])
		case i+2 < len(text):
			octet, err := hex.DecodeString(text[i+1 : i+3])
			if err != nil {
				return "", false
			}
			b.Write(octet)
			i += 2
		default:
			return "", false
		}
	}
	return b.String(), true
}

// folded levels what directories do not tell apart in most attributes: case, and
// blanks around and between words.
func folded(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// under tells whether a name lies under another one, or is the same.
func (d dn) under(base dn) bool {
	return len(d) >= len(base) && slices.Equal(d[len(d)-len(base):], base)
}

// SameDN tells whether two texts are the same distinguished name, however they
// are spelt.
func SameDN(a, b string) bool {
	if plainDN(a) && plainDN(b) {
		return strings.EqualFold(a, b)
	}
	x, err := parseDN(a)
	if err != nil {
		return false
	}
	y, err := parseDN(b)
	return err == nil && slices.Equal(x, y)
}

// UnderDN tells whether a name lies under a base, or is the same.
func UnderDN(name, base string) bool {
	if plainDN(name) && plainDN(base) {
		above := len(name) - len(base)
		return above == 0 && strings.EqualFold(name, base) ||
			above > 0 && name[above-1] == ',' && strings.EqualFold(name[above:], base)
	}
	x, err := parseDN(name)
	if err != nil {
		return false
	}
	y, err := parseDN(base)
	return err == nil && x.under(y)
}

// plainDN tells whether a text is a distinguished name that differs from another
// such text in nothing but case where they are the same: nearly all are, and
// rules compare every group of everybody.
func plainDN(text string) bool {
	inType, last := true, byte(',')
	for i := range len(text) {
		c := text[i]
		switch {
		case c < ' ' || c >= utf8.RuneSelf || c == '\\' || c == '"' || c == '+' || c == ';':
			return false
		case c == ' ' && (inType || last == ' ' || last == '='):
			return false
		case c == ',':
			if inType || last == ' ' {
				return false
			}
			inType = true
		case c == '=' && inType:
			if last == ',' {
				return false
			}
			inType = false
		}
		last = c
	}
	return !inType && last != ' '
}

// sameText tells whether two texts differ in nothing but case and blanks.
func sameText(a, b string) bool {
	if plainText(a) && plainText(b) {
		return strings.EqualFold(a, b)
	}
	return folded(a) == folded(b)
}

// plainText tells whether a text has nothing to level but its case.
func plainText(text string) bool {
	last := byte(' ')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c >= utf8.RuneSelf || c == ' ' && last == ' ' {
			return false
		}
		last = c
	}
	return last != ' '
}
