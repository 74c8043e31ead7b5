package ldapmem

import (
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// change carries out a request that writes, under its assertion, and returns
// the controls of the answer.
func (s *Server) change(r request) (result, []*ber.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	dn := text(child(r.op, 0))
	switch r.op.Tag {
	case goldap.ApplicationAddRequest:
		return s.add(r), nil
	case goldap.ApplicationDelRequest:
		dn = text(r.op)
	}
	e, res := s.resolve(dn)
	if res == success && e.key == "" {
		res = refuse(goldap.LDAPResultUnwillingToPerform, "the root entry cannot be changed")
	}
	if res == success {
		res = s.assert(r, e)
	}
	if res != success {
		return res, nil
	}
	switch r.op.Tag {
	case goldap.ApplicationDelRequest:
		return s.remove(e), nil
	case goldap.ApplicationModifyDNRequest:
		return s.rename(r, e), nil
	}
	return s.modify(r, e)
}

// assert checks the assertion control (RFC 4528).
func (s *Server) assert(r request, e *entry) result {
	ctl, ok := r.controls[oidAssertion]
	if !ok || !slices.Contains(s.controls(), oidAssertion) {
		return success
	}
	p, err := ber.DecodePacketErr([]byte(ctl.value))
	if err != nil {
		return refuse(goldap.LDAPResultProtocolError, "assertion: %v", err)
	}
	match, err := compile(p)
	if err != nil {
		return refuse(goldap.LDAPResultProtocolError, "assertion: %v", err)
	}
	if !match(s, e) {
		return refuse(goldap.LDAPResultAssertionFailed, "")
	}
	return success
}

func (s *Server) compare(r request) result {
	s.mu.RLock()
	defer s.mu.RUnlock()
	e, res := s.resolve(text(child(r.op, 0)))
	if res != success {
		return res
	}
	if res := s.assert(r, e); res != success {
		return res
	}
	ava := child(r.op, 1)
	name := text(child(ava, 0))
	values := s.values(e, name)
	switch {
	case len(values) == 0 || strings.EqualFold(typeOf(name), "userPassword"):
		return refuse(goldap.LDAPResultNoSuchAttribute, "")
	case find(name, values, text(child(ava, 1))) >= 0:
		return result{code: goldap.LDAPResultCompareTrue}
	}
	return result{code: goldap.LDAPResultCompareFalse}
}

func (s *Server) add(r request) result {
	dn := text(child(r.op, 0))
	n, err := parseName(dn)
	switch {
	case err != nil || n.key == "":
		return refuse(goldap.LDAPResultInvalidDNSyntax, "invalid DN")
	case s.entries[n.key] != nil:
		return refuse(goldap.LDAPResultEntryAlreadyExists, "")
	case s.entries[parent(n.key)] == nil:
		return refuse(goldap.LDAPResultNoSuchObject, "there is no entry above it")
	}
	e := &entry{name: n, dn: dn}
	for _, a := range child(r.op, 1).Children {
		if res := s.addValues(e, text(child(a, 0)), textsOf(child(a, 1))); res != success {
			return res
		}
	}
	for _, a := range n.leaf {
		e.hold(a.name, a.values[0])
	}
	s.touch(e, true)
	// The time goes into the id: an entry that comes back is another one.
	e.uuid = uuidOf(n.key + e.csn)
	s.entries[n.key] = e
	s.order = append(s.order, n.key)
	return success
}

// hold makes sure that the entry has a value.
func (e *entry) hold(name, value string) {
	if at := e.index(name); at < 0 || find(name, e.attributes[at].values, value) < 0 {
		e.attributes = put(e.attributes, name, value)
	}
}

func textsOf(set *ber.Packet) []string {
	out := make([]string, len(set.Children))
	for i, v := range set.Children {
		out[i] = text(v)
	}
	return out
}

func (s *Server) remove(e *entry) result {
	for key := range s.entries {
		if parent(key) == e.key {
			return refuse(goldap.LDAPResultNotAllowedOnNonLeaf, "there are entries below it")
		}
	}
	delete(s.entries, e.key)
	s.order = slices.DeleteFunc(s.order, func(key string) bool { return key == e.key })
	s.touch(&entry{}, false)
	return success
}

// rename gives an entry another RDN or parent; what is below it goes along.
func (s *Server) rename(r request, e *entry) result {
	rdn, dropOld := text(child(r.op, 1)), text(child(r.op, 2)) != "\x00"
	above := strings.Join(e.parts[1:], ",")
	if p := child(r.op, 3); p != nothing {
		above = text(p)
	}
	dn := rdn
	if above != "" {
		dn += "," + above
	}
	n, err := parseName(dn)
	switch {
	case err != nil:
		return refuse(goldap.LDAPResultInvalidDNSyntax, "%v", err)
	case parent(n.key) != "" && s.entries[parent(n.key)] == nil:
		return refuse(goldap.LDAPResultNoSuchObject, "there is no entry above the new name")
	case n.key != e.key && s.entries[n.key] != nil:
		return refuse(goldap.LDAPResultEntryAlreadyExists, "")
	case n.key != e.key && within(n.key, e.key):
		return refuse(goldap.LDAPResultUnwillingToPerform, "an entry cannot be moved below itself")
	}
	moved := e.clone()
	if dropOld {
		moved.dropName(n)
	}
	for _, a := range n.leaf {
		moved.hold(a.name, a.values[0])
	}
	s.touch(moved, false)
	s.move(e, moved, n, dn)
	return success
}

// dropName removes the values that named the entry, unless they still do.
func (e *entry) dropName(now name) {
	for _, old := range e.leaf {
		still := slices.ContainsFunc(now.leaf, func(a attribute) bool {
			return strings.EqualFold(a.name, old.name) && find(a.name, a.values, old.values[0]) >= 0
		})
		at := e.index(old.name)
		if still || at < 0 {
			continue
		}
		if i := find(old.name, e.attributes[at].values, old.values[0]); i >= 0 {
			e.drop(at, i)
		}
	}
}

// drop removes one value, and the attribute with its last.
func (e *entry) drop(at, i int) {
	e.attributes[at].values = slices.Delete(e.attributes[at].values, i, i+1)
	if len(e.attributes[at].values) == 0 {
		e.attributes = slices.Delete(e.attributes, at, at+1)
	}
}

func (s *Server) move(e, moved *entry, to name, dn string) {
	depth := len(e.parts)
	for i, key := range s.order {
		if !within(key, e.key) {
			continue
		}
		was := s.entries[key]
		now := moved
		if was != e {
			now = was.clone()
		}
		now.dn = strings.Join(append(slices.Clone(was.parts[:len(was.parts)-depth]), split(dn, ',')...), ",")
		if n, err := parseName(now.dn); err == nil {
			now.name = n
		}
		delete(s.entries, key)
		s.entries[now.key] = now
		s.order[i] = now.key
	}
}
