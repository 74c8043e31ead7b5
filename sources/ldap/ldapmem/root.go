package ldapmem

import (
	"slices"
	"strconv"
)

// controls returns the OIDs that are understood, without those that are hidden.
func (s *Server) controls() []string {
	known := []string{oidPaging, oidAssertion, oidPostRead, oidDsaIT}
	return slices.DeleteFunc(known, func(oid string) bool {
		return slices.Contains(s.quirks.Hidden, oid) || s.quirks.ActiveDirectory && (oid == oidAssertion || oid == oidPostRead)
	})
}

// root makes the entry that tells what the server is.
func (s *Server) root() *entry {
	e := &entry{attributes: []attribute{
		{"objectClass", []string{"top"}},
		{"vendorName", []string{"xivosync"}},
		{"vendorVersion", []string{"in memory"}},
		{"supportedLDAPVersion", []string{"3"}},
		{"namingContexts", s.contexts()},
		{"supportedControl", s.controls()},
	}}
	if s.quirks.ActiveDirectory {
		e.attributes = append(e.attributes[:1:1], e.attributes[3:]...)
		e.attributes = append(e.attributes,
			attribute{"supportedCapabilities", []string{"1.2.840.113556.1.4.800"}},
			attribute{"dsServiceName", []string{serviceName}},
			attribute{"highestCommittedUSN", []string{strconv.FormatUint(s.usn, 10)}},
		)
	}
	return e
}

// contexts are the entries that nothing is above.
func (s *Server) contexts() []string {
	var top []string
	for _, key := range s.order {
		if e := s.entries[key]; s.entries[parent(key)] == nil {
			top = append(top, e.dn)
		}
	}
	return top
}
