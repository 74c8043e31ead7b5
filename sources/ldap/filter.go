package ldap

import (
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// equals returns the filter for attribute=value, whatever bytes the value has.
func equals(attribute, value string) string {
	return fmt.Sprintf("(%s=%s)", attribute, goldap.EscapeFilter(value))
}

func present(attribute string) string { return fmt.Sprintf("(%s=*)", attribute) }

func not(filter string) string { return "(!" + filter + ")" }

// all joins filters that must all match; without any it matches everything.
func all(filters ...string) string {
	switch len(filters) {
	case 0:
		return everything
	case 1:
		return filters[0]
	}
	return "(&" + strings.Join(filters, "") + ")"
}
