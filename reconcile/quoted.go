package reconcile

import (
	"fmt"
)

// Quoted shows a value in an error: control characters escaped, long ones cut.
func Quoted(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
