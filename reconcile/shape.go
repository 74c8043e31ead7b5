package reconcile

import (
	"regexp"
	"strconv"
	"strings"

	"xivosync/reconcile/record"
)

// callerID is the form in which XiVO keeps a caller id.
var callerID = regexp.MustCompile(`^"(.*)"( <\+?\d+>)?$`)

// shape gives a text the form that XiVO wants of the field: a caller id is a
// name in double quotes, so that quotes inside it become apostrophes.
func (c *Chain) shape(s string) string {
	switch {
	case c.field.Kind == record.Bool:
		return strings.ToLower(strings.TrimSpace(s))
	case c.field.Kind == record.Int:
		return plainInt(strings.TrimSpace(s))
	case c.field.CallerID && s != "" && !callerID.MatchString(s):
		return `"` + strings.ReplaceAll(s, `"`, "'") + `"`
	}
	return s
}

// plainInt drops leading zeros; what is no number stays as it is, to be reported.
func plainInt(s string) string {
	if n, err := strconv.Atoi(s); err == nil {
		return strconv.Itoa(n)
	}
	return s
}

// unshape takes the form off again.
func (c *Chain) unshape(s string) string {
	if m := callerID.FindStringSubmatch(s); c.field.CallerID && m != nil && m[2] == "" {
		return m[1]
	}
	return s
}
