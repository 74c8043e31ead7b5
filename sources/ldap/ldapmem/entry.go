package ldapmem

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// attribute is one attribute of an entry, options and all.
type attribute struct {
	name   string
	values []string
}

// entry is never changed once it is stored: a modification stores another one,
// so that a listing in progress keeps seeing what it began with.
type entry struct {
	name
	dn         string
	attributes []attribute
	uuid       string
	csn        string
	usn        uint64
	created    string
	modified   string
}

// kept apart from the attributes, since the server itself writes them.
var written = []string{"entryuuid", "entrycsn", "createtimestamp", "modifytimestamp", "contextcsn", "entrydn"}

// operational attributes are shown only to those who ask for them by name or "+".
var operational = append([]string{
	"creatorsname", "modifiersname", "structuralobjectclass", "subschemasubentry", "hassubordinates", "numsubordinates",
	"pwdchangedtime", "pwdaccountlockedtime", "pwdfailuretime", "pwdhistory", "pwdpolicysubentry", "pwdreset",
	"nsuniqueid", "entryid", "memberof", "usnchanged", "nsaccountlock",
}, written...)

// clone returns a copy that may be changed.
func (e *entry) clone() *entry {
	out := *e
	out.attributes = make([]attribute, len(e.attributes))
	for i, a := range e.attributes {
		out.attributes[i] = attribute{a.name, slices.Clone(a.values)}
	}
	return &out
}

// put adds a value to a list of attributes.
func put(list []attribute, name, value string) []attribute {
	for i := range list {
		if strings.EqualFold(list[i].name, name) {
			list[i].values = append(list[i].values, value)
			return list
		}
	}
	return append(list, attribute{name, []string{value}})
}

// typeOf returns the attribute type of a description, without its options.
func typeOf(name string) string {
	t, _, _ := strings.Cut(name, ";")
	return t
}

// named tells whether an attribute is meant by a description: a name without
// options means those with options too (RFC 4512, section 2.5).
func named(name, wanted string) bool {
	return strings.EqualFold(name, wanted) || !strings.Contains(wanted, ";") && strings.EqualFold(typeOf(name), wanted)
}

// index returns the position of exactly this attribute, or -1.
func (e *entry) index(name string) int {
	return slices.IndexFunc(e.attributes, func(a attribute) bool { return strings.EqualFold(a.name, name) })
}

// values returns all values of what a description means.
func (s *Server) values(e *entry, wanted string) []string {
	if a := s.operational(e, strings.ToLower(wanted)); a != nil {
		return a
	}
	var out []string
	for _, a := range e.attributes {
		if named(a.name, wanted) {
			out = append(out, a.values...)
		}
	}
	return out
}

// operational returns what the server itself keeps of an entry; nil for any
// other attribute.
func (s *Server) operational(e *entry, lower string) []string {
	if s.quirks.ActiveDirectory {
		return s.activeDirectory(e, lower)
	}
	switch lower {
	case "entryuuid":
		return []string{e.uuid}
	case "entrycsn":
		return []string{e.csn}
	case "createtimestamp":
		return []string{e.created}
	case "modifytimestamp":
		return []string{e.modified}
	case "entrydn":
		return []string{e.dn}
	case "contextcsn":
		if s.entries[parent(e.key)] == nil {
			return []string{s.csn}
		}
	}
	return nil
}

// uuidOf makes an id that follows from the name, as version 8 of RFC 9562.
func uuidOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return dashed(hex.EncodeToString(sum[:16]))
}

func dashed(d string) string {
	return d[:8] + "-" + d[8:12] + "-" + d[12:16] + "-" + d[16:20] + "-" + d[20:32]
}
