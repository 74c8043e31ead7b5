package xivosim

import (
	"slices"
	"strings"
)

// allowed tells whether one of the ACLs covers a scope: * is one word, # any
// number of words, none included, anything else itself.
func allowed(acls []string, scope string) bool {
	words := strings.Split(scope, ".")
	return slices.ContainsFunc(acls, func(acl string) bool { return matchACL(strings.Split(acl, "."), words) })
}

func matchACL(pattern, words []string) bool {
	switch {
	case len(pattern) == 0:
		return len(words) == 0
	case pattern[0] == "#":
		for i := 0; i <= len(words); i++ {
			if matchACL(pattern[1:], words[i:]) {
				return true
			}
		}
		return false
	case len(words) == 0 || pattern[0] != "*" && pattern[0] != words[0]:
		return false
	}
	return matchACL(pattern[1:], words[1:])
}
