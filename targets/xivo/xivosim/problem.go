package xivosim

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"unicode"
)

// problem is an answer that is not a success: confd's JSON list of texts.
type problem struct {
	status   int
	messages []string
}

func (p *problem) Error() string {
	return fmt.Sprintf("%d %s", p.status, strings.Join(p.messages, ", "))
}

// meta is one entry of the parenthesis that ends an error's text.
type meta struct {
	key   string
	value any
}

// pyRaw is a value that already reads as Python writes it.
type pyRaw string

func badRequest(format string, args ...any) *problem {
	return &problem{http.StatusBadRequest, []string{fmt.Sprintf(format, args...)}}
}

func unexpected(format string, args ...any) *problem {
	return &problem{http.StatusInternalServerError, []string{"Unexpected error: " + fmt.Sprintf(format, args...)}}
}

// malformed is the answer to a body that is no JSON.
func malformed() *problem {
	return badRequest("The browser (or proxy) sent a request that this server could not understand.")
}

func notFound(resource string, m ...meta) *problem {
	return &problem{http.StatusNotFound, []string{"Resource Not Found - " + resource + " was not found" + details(m)}}
}

// unknownRef is a body's field that names something that is not there.
func unknownRef(field, resource string, m ...meta) *problem {
	return badRequest("Input Error - field '%s': %s was not found%s", field, resource, details(m))
}

func exists(resource string, m ...meta) *problem {
	return badRequest("Resource Error - %s already exists%s", resource, details(m))
}

func associated(left, right string, m ...meta) *problem {
	return badRequest("Resource Error - %s is associated with a %s%s", left, right, details(m))
}

func notAssociated(left, right string, m ...meta) *problem {
	return badRequest("Resource Error - %s is not associated with %s%s", left, right, details(m))
}

func mustBeAssociated(left, right string, m ...meta) *problem {
	return badRequest("Resource Error - %s must be associated with a %s%s", left, right, details(m))
}

// details writes the parenthesis as Python 2 writes a dict without braces. The
// order of a dict's keys is arbitrary, so it is shuffled: nobody may rely on it.
func details(m []meta) string {
	if len(m) == 0 {
		return ""
	}
	m = append([]meta(nil), m...)
	seed := uint64(len(m))
	for _, e := range m {
		seed = seed*31 + uint64(len(fmt.Sprint(e.value))) + uint64(len(e.key))
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	rng.Shuffle(len(m), func(i, j int) { m[i], m[j] = m[j], m[i] })
	parts := make([]string, len(m))
	for i, e := range m {
		parts[i] = "'" + e.key + "': " + pyRepr(e.value)
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// pyRepr writes a value as Python 2 does.
func pyRepr(v any) string {
	switch v := v.(type) {
	case string:
		return "u" + pyQuote(v)
	case pyRaw:
		return string(v)
	default:
		return fmt.Sprint(v)
	}
}

func pyQuote(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range s {
		b.WriteString(pyRune(r, rune(quote)))
	}
	b.WriteByte(quote)
	return b.String()
}

func pyRune(r, quote rune) string {
	switch {
	case r == '\\' || r == quote:
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < ' ' || r > '~' && r <= 0xff:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	case r > unicode.MaxLatin1:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return string(r)
}

// joinIDs writes ids as confd lists them in its errors: "3, 4".
func joinIDs(ids []int, sep string) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.Itoa(id)
	}
	return strings.Join(parts, sep)
}
