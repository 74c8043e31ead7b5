package ldapmem

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Quirks make the server behave like one that cannot be installed for a test.
// The demo uses none of them.
type Quirks struct {
	// Hidden are the OIDs of controls that it does not have.
	Hidden []string
	// LoginText refuses every login with code 49 and this text.
	LoginText string
	// NoPagingAnswer lists the paging control, cuts pages, and says nothing of it.
	NoPagingAnswer bool
	// Referral is sent with every search.
	Referral string
	// RangeLimit is how many values of an attribute are shown at once, as ranges.
	RangeLimit int
	// ActiveDirectory gives entries an objectGUID and a uSNChanged instead of
	// entryUUID and entryCSN, makes <GUID=…> a DN, some attributes single-valued,
	// and hides the assertion and post-read controls.
	ActiveDirectory bool
}

// With sets the quirks.
func With(q Quirks) Option { return func(s *Server) { s.quirks = q } }

// serviceName is the entry of the domain controller's own settings.
const (
	serviceName  = "CN=NTDS Settings,CN=DC1,CN=Servers,CN=Configuration"
	invocationID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
)

// singleValued are so in Active Directory.
var singleValued = []string{"telephonenumber", "ipphone", "mobile", "pager", "mail", "displayname", "employeenumber", "samaccountname"}

func (s *Server) single(name string) bool {
	return s.quirks.ActiveDirectory && slices.Contains(singleValued, strings.ToLower(name))
}

// written are the attributes that the server keeps itself.
func (s *Server) written() []string {
	if s.quirks.ActiveDirectory {
		return []string{"objectGUID", "uSNChanged", "whenChanged"}
	}
	return []string{"entryUUID", "entryCSN", "createTimestamp", "modifyTimestamp", "entryDN", "contextCSN"}
}

func (s *Server) activeDirectory(e *entry, lower string) []string {
	switch lower {
	case "objectguid":
		return []string{binaryOf(e.uuid)}
	case "usnchanged":
		return []string{strconv.FormatUint(e.usn, 10)}
	case "whenchanged":
		return []string{strings.TrimSuffix(e.modified, "Z") + ".0Z"}
	}
	return nil
}

// resolveActiveDirectory knows the names that are no DNs of entries; it returns
// nil, true where such a name means nothing.
func (s *Server) resolveActiveDirectory(dn string) (*entry, bool) {
	if dn == serviceName {
		return &entry{dn: dn, attributes: []attribute{
			{"objectClass", []string{"nTDSDSA"}}, {"invocationId", []string{binaryOf(invocationID)}},
		}}, true
	}
	id, ok := strings.CutPrefix(dn, "<GUID=")
	if !ok {
		return nil, false
	}
	id = strings.ToLower(strings.TrimSuffix(id, ">"))
	for _, e := range s.entries {
		if e.uuid == id {
			return e, true
		}
	}
	return nil, true
}

// binaryOf and textOf convert a GUID as Windows stores it: the first three groups
// with the lowest byte first.
func binaryOf(id string) string {
	raw, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	if err != nil || len(raw) != 16 {
		return ""
	}
	return string(swapped(raw))
}

func textOf(raw string) string { return dashed(hex.EncodeToString(swapped([]byte(raw)))) }

func swapped(b []byte) []byte {
	return []byte{b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]}
}

// ranged cuts an attribute as Active Directory does when it has too many values:
// "member;range=0-1499" and, for the last part, "member;range=1500-*".
func (s *Server) ranged(a attribute, asked []string) []attribute {
	limit := s.quirks.RangeLimit
	if limit == 0 || len(a.values) <= limit {
		return []attribute{a}
	}
	from := 0
	for _, n := range asked {
		if strings.EqualFold(beforeRange(n), a.name) {
			from = max(from, rangeStart(n))
		}
	}
	if from >= len(a.values) {
		return nil
	}
	to := min(from+limit, len(a.values))
	end := strconv.Itoa(to - 1)
	if to == len(a.values) {
		end = "*"
	}
	return []attribute{{fmt.Sprintf("%s;range=%d-%s", a.name, from, end), a.values[from:to]}}
}

func beforeRange(name string) string {
	before, _, _ := strings.Cut(name, ";range=")
	return before
}

func rangeStart(name string) int {
	_, after, _ := strings.Cut(name, ";range=")
	from, _, _ := strings.Cut(after, "-")
	n, _ := strconv.Atoi(from)
	return n
}
