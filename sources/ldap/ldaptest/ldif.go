package ldaptest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteLDIF writes the people, and the groups that their memberOf names, as an
// export would hold them.
func WriteLDIF(w io.Writer, people []Person) error {
	out := bufio.NewWriter(w)
	members := map[string][]string{}
	for _, p := range people {
		writeEntry(out, p)
		for _, group := range p.Attributes["memberOf"] {
			members[group] = append(members[group], p.DN)
		}
	}
	for _, dn := range slices.Sorted(maps.Keys(members)) {
		writeEntry(out, Person{DN: dn, Attributes: map[string][]string{
			"objectClass": {"groupOfNames"}, "cn": {firstRDNValue(dn)}, "member": members[dn],
		}})
	}
	return out.Flush()
}

func writeEntry(out *bufio.Writer, p Person) {
	writeLine(out, "dn", p.DN)
	for _, name := range p.attributeNames() {
		for _, v := range p.Attributes[name] {
			writeLine(out, name, v)
		}
	}
	_ = out.WriteByte('\n') // the flush at the end reports an error
}

// attributeNames puts objectClass first, the rest in order.
func (p Person) attributeNames() []string {
	names := slices.Sorted(maps.Keys(p.Attributes))
	slices.SortStableFunc(names, func(a, b string) int {
		return boolInt(b == "objectClass") - boolInt(a == "objectClass")
	})
	return names
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// writeLine writes one value, in base64 where RFC 2849 wants it.
func writeLine(out *bufio.Writer, name, value string) {
	if safe(value) {
		_, _ = fmt.Fprintf(out, "%s: %s\n", name, value)
		return
	}
	_, _ = fmt.Fprintf(out, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}

func safe(value string) bool {
	if value == "" {
		return true
	}
	if strings.ContainsAny(value[:1], " :<") || value[len(value)-1] == ' ' {
		return false
	}
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

func firstRDNValue(dn string) string {
	_, rest, _ := strings.Cut(dn, "=")
	value, _, _ := strings.Cut(rest, ",")
	return value
}
