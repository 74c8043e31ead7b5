package ldapmem

import (
	"fmt"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"
)

// name is a parsed DN.
type name struct {
	// key is the same for all spellings of one DN, and ends in its parent's key.
	key string
	// parts are the RDNs as they are written, leaf first.
	parts []string
	// leaf are the attributes and values of the first RDN.
	leaf []attribute
}

// maxDepth is how many parts a DN may have: every one may need an entry.
const maxDepth = 200

// parseName reads a DN; the empty one names the server's root entry.
func parseName(dn string) (name, error) {
	parsed, err := goldap.ParseDN(dn)
	if err != nil {
		return name{}, fmt.Errorf("DN %q: %w", clip(dn), err)
	}
	if len(parsed.RDNs) > maxDepth {
		return name{}, fmt.Errorf("DN %q: it has %d parts, more than %d", clip(dn), len(parsed.RDNs), maxDepth)
	}
	var n name
	keys := make([]string, len(parsed.RDNs))
	for i, rdn := range parsed.RDNs {
		keys[i] = keyOf(rdn)
	}
	if len(parsed.RDNs) > 0 {
		for _, a := range parsed.RDNs[0].Attributes {
			n.leaf = put(n.leaf, a.Type, a.Value)
		}
	}
	n.key = strings.Join(keys, ",")
	if n.parts = split(dn, ','); len(parsed.RDNs) == 0 {
		n.parts = nil
	}
	return n, nil
}

// keyOf writes an RDN so that equal ones are equal texts: its attributes in
// order, without case, with every separator in the values escaped.
func keyOf(rdn *goldap.RelativeDN) string {
	parts := make([]string, len(rdn.Attributes))
	for i, a := range rdn.Attributes {
		parts[i] = strings.ToLower(a.Type) + "=" + separators.Replace(squeeze(strings.ToLower(a.Value)))
	}
	for i := range parts {
		for j := i; j > 0 && parts[j] < parts[j-1]; j-- {
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
	return strings.Join(parts, "+")
}

var separators = strings.NewReplacer(`\`, `\5c`, `,`, `\2c`, `+`, `\2b`, `=`, `\3d`)

// split cuts a DN at the separators that are not escaped.
func split(dn string, at byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(dn); i++ {
		switch dn[i] {
		case '\\':
			i++
		case at:
			parts = append(parts, strings.TrimSpace(dn[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(dn[start:]))
}

// parent returns the key of the entry above, "" at the top.
func parent(key string) string {
	_, rest, _ := strings.Cut(key, ",")
	return rest
}

// within tells whether a key is base or below it; everything is below "".
func within(key, base string) bool {
	return key == base || base == "" || strings.HasSuffix(key, ","+base)
}
