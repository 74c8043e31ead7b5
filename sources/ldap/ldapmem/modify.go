package ldapmem

import (
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// modify carries out all modifications of a request or none.
func (s *Server) modify(r request, e *entry) (result, []*ber.Packet) {
	next := e.clone()
	for _, m := range child(r.op, 1).Children {
		partial := child(m, 1)
		name, values := text(child(partial, 0)), textsOf(child(partial, 1))
		if slices.Contains(written, strings.ToLower(typeOf(name))) {
			return refuse(goldap.LDAPResultConstraintViolation, "%s: no user modification allowed", name), nil
		}
		if res := s.modifyOne(next, number(child(m, 0)), name, values); res != success {
			return res, nil
		}
	}
	for _, a := range e.leaf {
		if at := next.index(a.name); at < 0 || find(a.name, next.attributes[at].values, a.values[0]) < 0 {
			return refuse(goldap.LDAPResultNotAllowedOnRDN, "%s names the entry", a.name), nil
		}
	}
	s.touch(next, false)
	s.entries[e.key] = next
	return success, s.postRead(r, next)
}

func (s *Server) modifyOne(e *entry, operation int64, name string, values []string) result {
	switch operation {
	case goldap.AddAttribute:
		if len(values) == 0 {
			return refuse(goldap.LDAPResultProtocolError, "%s: add without a value", name)
		}
		return s.addValues(e, name, values)
	case goldap.DeleteAttribute:
		return deleteValues(e, name, values)
	case goldap.ReplaceAttribute:
		if at := e.index(name); at >= 0 {
			e.attributes = slices.Delete(e.attributes, at, at+1)
		}
		return s.addValues(e, name, values)
	}
	return refuse(goldap.LDAPResultProtocolError, "modification %d is not supported", operation)
}

func (s *Server) addValues(e *entry, name string, values []string) result {
	for _, v := range values {
		at := e.index(name)
		switch {
		case v == "":
			return refuse(goldap.LDAPResultInvalidAttributeSyntax, "%s: an empty value", name)
		case at >= 0 && find(name, e.attributes[at].values, v) >= 0, at >= 0 && s.single(name):
			return refuse(goldap.LDAPResultAttributeOrValueExists, "%s: the value, or the attribute's only one, is already there", name)
		}
		e.attributes = put(e.attributes, name, v)
	}
	return success
}

// deleteValues removes values, or the attribute where none are named.
func deleteValues(e *entry, name string, values []string) result {
	at := e.index(name)
	if at < 0 {
		return refuse(goldap.LDAPResultNoSuchAttribute, "%s: no such attribute", name)
	}
	if len(values) == 0 {
		e.attributes = slices.Delete(e.attributes, at, at+1)
		return success
	}
	for _, v := range values {
		at = e.index(name)
		i := -1
		if at >= 0 {
			i = find(name, e.attributes[at].values, v)
		}
		if i < 0 {
			return refuse(goldap.LDAPResultNoSuchAttribute, "%s: no such value", name)
		}
		e.drop(at, i)
	}
	return success
}

// postRead answers the post-read control (RFC 4527).
func (s *Server) postRead(r request, e *entry) []*ber.Packet {
	ctl, ok := r.controls[oidPostRead]
	if !ok || !slices.Contains(s.controls(), oidPostRead) {
		return nil
	}
	p, err := ber.DecodePacketErr([]byte(ctl.value))
	if err != nil {
		return nil
	}
	shown := s.show(e, selection{names: textsOf(p)})
	return []*ber.Packet{encodeControl(oidPostRead, encodeEntry(e.dn, shown).Bytes())}
}
