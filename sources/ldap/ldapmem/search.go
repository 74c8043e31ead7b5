package ldapmem

import (
	"encoding/binary"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// search answers a search request, a page of it where the client pages.
func (c *client) search(r request) {
	found, res := c.found(r)
	if res != success {
		c.finish(r, res)
		return
	}
	wanted := selection{typesOnly: text(child(r.op, 5)) != "\x00" && text(child(r.op, 5)) != ""}
	for _, a := range child(r.op, 7).Children {
		wanted.names = append(wanted.names, text(a))
	}
	if c.s.quirks.Referral != "" {
		ref := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultReference, nil, "")
		ref.AppendChild(octets(c.s.quirks.Referral))
		c.send(r.message(ref))
	}
	limit := int(number(child(r.op, 3)))
	page, controls, res := c.page(r, found)
	if limit > 0 && len(page) > limit {
		page, res = page[:limit], result{code: goldap.LDAPResultSizeLimitExceeded}
	}
	for _, e := range page {
		c.s.mu.RLock()
		shown := c.s.show(e, wanted)
		c.s.mu.RUnlock()
		c.send(r.message(encodeEntry(e.dn, shown)))
	}
	c.finish(r, res, controls...)
}

func (c *client) finish(r request, res result, controls ...*ber.Packet) {
	c.send(r.answer(goldap.ApplicationSearchResultDone, res, controls...))
}

// found returns everything that the search matches; a later page of a paged
// search is not searched again.
func (c *client) found(r request) ([]*entry, result) {
	if ctl, ok := r.controls[oidPaging]; ok && len(cookieOf(ctl)) > 0 {
		return nil, success
	}
	match, err := compile(child(r.op, 6))
	if err != nil {
		return nil, refuse(goldap.LDAPResultProtocolError, "%v", err)
	}
	c.s.mu.RLock()
	defer c.s.mu.RUnlock()
	dn, scope := text(child(r.op, 0)), number(child(r.op, 1))
	if dn == "" && scope == goldap.ScopeBaseObject {
		return []*entry{c.s.root()}, success
	}
	base, res := c.s.resolve(dn)
	if res != success {
		return nil, res
	}
	if scope == goldap.ScopeBaseObject {
		return slices.DeleteFunc([]*entry{base}, func(e *entry) bool { return !match(c.s, e) }), success
	}
	var found []*entry
	for _, key := range c.s.order {
		if e := c.s.entries[key]; inScope(key, base.key, scope) && match(c.s, e) {
			found = append(found, e)
		}
	}
	return found, success
}

func inScope(key, base string, scope int64) bool {
	switch scope {
	case goldap.ScopeSingleLevel:
		return parent(key) == base
	case goldap.ScopeChildren:
		return key != base && within(key, base)
	}
	return within(key, base)
}

// resolve finds an entry by its DN; "" stands for everything.
func (s *Server) resolve(dn string) (*entry, result) {
	if s.quirks.ActiveDirectory {
		if e, ok := s.resolveActiveDirectory(dn); e != nil {
			return e, success
		} else if ok {
			return nil, refuse(goldap.LDAPResultNoSuchObject, "")
		}
	}
	n, err := parseName(dn)
	if err != nil {
		return nil, refuse(goldap.LDAPResultInvalidDNSyntax, "%v", err)
	}
	if n.key == "" {
		return &entry{}, success
	}
	e := s.entries[n.key]
	if e == nil {
		return nil, refuse(goldap.LDAPResultNoSuchObject, "")
	}
	return e, success
}

// page cuts the entries into pages where the client asked for that.
func (c *client) page(r request, found []*entry) ([]*entry, []*ber.Packet, result) {
	ctl, ok := r.controls[oidPaging]
	if !ok || !slices.Contains(c.s.controls(), oidPaging) {
		return found, nil, success
	}
	if cookie := cookieOf(ctl); len(cookie) > 0 {
		if len(c.rest) == 0 || len(cookie) != 8 || binary.BigEndian.Uint64(cookie) != c.cookie {
			return nil, nil, refuse(goldap.LDAPResultUnwillingToPerform, "paged results cookie is invalid or old")
		}
		found = c.rest
	}
	size := int(pageSize(ctl))
	page := found[:min(size, len(found))]
	c.rest = found[len(page):]
	var cookie []byte
	if len(c.rest) > 0 && size > 0 {
		c.cookie++
		cookie = binary.BigEndian.AppendUint64(nil, c.cookie)
	}
	if c.s.quirks.NoPagingAnswer {
		return page, nil, success
	}
	return page, []*ber.Packet{encodeControl(oidPaging, pagingValue(cookie))}, success
}

func pagingValue(cookie []byte) []byte {
	seq := ber.NewSequence("")
	seq.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(0), ""))
	seq.AppendChild(octets(string(cookie)))
	return seq.Bytes()
}

func pagingParts(ctl control) *ber.Packet {
	p, err := ber.DecodePacketErr([]byte(ctl.value))
	if err != nil {
		return nothing
	}
	return p
}

func cookieOf(ctl control) []byte { return []byte(text(child(pagingParts(ctl), 1))) }
func pageSize(ctl control) int64  { return number(child(pagingParts(ctl), 0)) }

// selection is the list of attributes of a search.
type selection struct {
	names     []string
	typesOnly bool
}

// show returns what a client gets to see of an entry. Passwords stay here.
func (s *Server) show(e *entry, sel selection) []attribute {
	names := sel.names
	if len(names) == 0 {
		names = []string{"*"}
	}
	var shown []attribute
	for _, a := range e.attributes {
		lower := strings.ToLower(typeOf(a.name))
		if lower == "userpassword" || !selected(names, a.name, slices.Contains(operational, lower)) {
			continue
		}
		shown = append(shown, s.ranged(a, names)...)
	}
	for _, name := range s.written() {
		if selected(names, name, true) {
			if values := s.operational(e, strings.ToLower(name)); values != nil && e.key != "" {
				shown = append(shown, attribute{name, values})
			}
		}
	}
	if sel.typesOnly {
		for i := range shown {
			shown[i].values = nil
		}
	}
	return shown
}

func selected(names []string, name string, operational bool) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return n == "*" && !operational || n == "+" && operational || named(name, beforeRange(n))
	})
}
