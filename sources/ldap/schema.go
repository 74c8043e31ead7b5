package ldap

import (
	"context"
	"regexp"
	"strings"
)

// names maps every name of an attribute type, in lower case, and its OID, to all
// its names. It is empty where the server shows no schema.
//
// A server answers under the name that it prefers ("sn" for "surname"). Without
// the schema such an attribute would look empty for everybody.
type names map[string][]string

func (d *Directory) names(ctx context.Context, s *session, subschema string) (names, error) {
	if subschema == "" {
		return nil, nil
	}
	entry, err := d.entry(ctx, s, subschema, []string{"attributeTypes"})
	if lost(err) {
		return nil, err
	}
	if err != nil {
		d.cfg.Log.Debug("schema cannot be read", "dn", subschema, "error", err)
		return nil, nil
	}
	return parseNames(entry.GetEqualFoldAttributeValues("attributeTypes")), nil
}

// typeNames matches the beginning of an attribute type description (RFC 4512):
// its OID, and one name or several in brackets.
var typeNames = regexp.MustCompile(`^\(\s*(\S+)\s+NAME\s+(?:'([^']*)'|\(([^)]*)\))`)

func parseNames(types []string) names {
	out := make(names, 2*len(types))
	for _, t := range types {
		m := typeNames.FindStringSubmatch(t)
		if m == nil {
			continue
		}
		same := []string{strings.ToLower(m[1])}
		for _, name := range strings.Fields(m[2] + " " + strings.ReplaceAll(m[3], "'", " ")) {
			same = append(same, strings.ToLower(name))
		}
		for _, name := range same {
			out[name] = same
		}
	}
	return out
}

// same returns all names of an attribute type, itself included, and false when
// the schema is known and does not have it.
func (n names) same(attributeType string) ([]string, bool) {
	key := strings.ToLower(attributeType)
	if len(n) == 0 {
		return []string{key}, true
	}
	all, known := n[key]
	if !known {
		return []string{key}, false
	}
	return all, true
}
