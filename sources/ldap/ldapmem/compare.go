package ldapmem

import (
	"slices"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// Without a schema the attribute's name tells how its values compare: telephone
// numbers without blanks and hyphens, DNs as DNs, what is binary or an id as it
// is, and everything else without case and with blanks as one.
var (
	telephone = []string{
		"telephonenumber", "mobile", "pager", "facsimiletelephonenumber", "homephone", "othertelephone", "othermobile",
	}
	names = []string{"member", "memberof", "uniquemember", "manager", "owner", "seealso", "secretary", "entrydn"}
	exact = []string{
		"userpassword", "objectguid", "objectsid", "jpegphoto", "thumbnailphoto", "usercertificate", "entrycsn", "contextcsn",
		"partscode", "partsblob",
	}
)

// canonical returns the form in which two equal values of an attribute are the
// same text.
func canonical(attribute, value string) string {
	switch lower := strings.ToLower(typeOf(attribute)); {
	case slices.Contains(exact, lower):
		return value
	case slices.Contains(telephone, lower):
		return strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(value))
	case slices.Contains(names, lower):
		if n, err := parseName(value); err == nil {
			return n.key
		}
	}
	return squeeze(strings.ToLower(value))
}

// squeeze makes runs of blanks one and drops those at the ends. A text of only
// blanks stays one blank.
func squeeze(s string) string {
	if s == "" {
		return ""
	}
	if out := strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "); out != "" {
		return out
	}
	return " "
}

func find(attribute string, values []string, value string) int {
	wanted := canonical(attribute, value)
	return slices.IndexFunc(values, func(v string) bool { return canonical(attribute, v) == wanted })
}

// atLeast compares numbers as numbers and everything else as text.
func atLeast(attribute, value, bound string) bool {
	v, err1 := strconv.ParseInt(value, 10, 64)
	b, err2 := strconv.ParseInt(bound, 10, 64)
	if err1 == nil && err2 == nil {
		return v >= b
	}
	return canonical(attribute, value) >= canonical(attribute, bound)
}

// The matching rules of Active Directory that look at bits.
const (
	bitAnd = "1.2.840.113556.1.4.803"
	bitOr  = "1.2.840.113556.1.4.804"
)

func matchBits(rule, value, mask string) bool {
	v, err1 := strconv.ParseInt(value, 10, 64)
	m, err2 := strconv.ParseInt(mask, 10, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	if rule == bitAnd {
		return v&m == m
	}
	return v&m != 0
}

// substring tells whether value has the parts of a substring filter in order.
func substring(attribute, value string, parts []piece) bool {
	rest := canonical(attribute, value)
	for _, p := range parts {
		text := strings.ToLower(p.text)
		if slices.Contains(exact, strings.ToLower(typeOf(attribute))) {
			text = p.text
		}
		if slices.Contains(telephone, strings.ToLower(typeOf(attribute))) {
			text = canonical(attribute, p.text)
		}
		switch p.kind {
		case goldap.FilterSubstringsInitial:
			if !strings.HasPrefix(rest, text) {
				return false
			}
			rest = rest[len(text):]
		case goldap.FilterSubstringsAny:
			at := strings.Index(rest, text)
			if at < 0 {
				return false
			}
			rest = rest[at+len(text):]
		case goldap.FilterSubstringsFinal:
			if !strings.HasSuffix(rest, text) {
				return false
			}
			rest = ""
		}
	}
	return true
}

// piece is one part of a substring filter.
type piece struct {
	kind int
	text string
}
