package xivosim

import (
	"strings"
	"unicode"
)

// like is PostgreSQL's ILIKE: % is any text, _ any character, \ takes the
// next character as it is. Case is ignored, accents are not.
type like struct {
	plain   string // of a pattern %plain% without wildcards inside
	simple  bool
	pattern []rune
}

func newLike(pattern string) like {
	pattern = strings.ToLower(pattern)
	inner := strings.TrimSuffix(strings.TrimPrefix(pattern, "%"), "%")
	if len(pattern) == len(inner)+2 && !strings.ContainsAny(inner, `%_\`) {
		return like{plain: inner, simple: true}
	}
	return like{pattern: []rune(pattern)}
}

func (l like) match(s string) bool {
	s = strings.ToLower(s)
	if l.simple {
		return strings.Contains(s, l.plain)
	}
	return matchLike(l.pattern, []rune(s))
}

// matchLike remembers the last % and tries again from there.
func matchLike(p, s []rune) bool {
	star, mark, i, j := -1, 0, 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '%':
			star, mark, i = i, j, i+1
		case i < len(p) && p[i] == '_':
			i, j = i+1, j+1
		case i+1 < len(p) && p[i] == '\\' && p[i+1] == s[j]:
			i, j = i+2, j+1
		case i < len(p) && p[i] != '\\' && unicode.ToLower(p[i]) == s[j]:
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '%' {
		i++
	}
	return i == len(p)
}
