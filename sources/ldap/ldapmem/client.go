package ldapmem

import (
	"bufio"
	"net"
	"slices"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// The controls that are understood.
const (
	oidPaging    = "1.2.840.113556.1.4.319"
	oidAssertion = "1.3.6.1.1.12"
	oidPostRead  = "1.3.6.1.1.13.2"
	oidDsaIT     = "2.16.840.1.113730.3.4.2"
)

// client is one connection.
type client struct {
	s      *Server
	out    *bufio.Writer
	bound  bool
	writes bool
	// A connection has at most one paged search, as on OpenLDAP.
	cookie uint64
	rest   []*entry
}

func (s *Server) serve(conn net.Conn) {
	c := &client{s: s, out: bufio.NewWriter(conn)}
	in := bufio.NewReader(conn)
	for {
		p, err := ber.ReadPacket(in)
		if err != nil {
			return
		}
		r := parseRequest(p)
		if r.op.Tag == goldap.ApplicationUnbindRequest || r.op.ClassType != ber.ClassApplication {
			return
		}
		c.handle(r)
		if err := c.out.Flush(); err != nil {
			return
		}
	}
}

func (c *client) send(p *ber.Packet) {
	_, _ = c.out.Write(p.Bytes()) // the flush after the request reports an error
}

// handle carries out one request and sends its answer.
func (c *client) handle(r request) {
	if res := c.permitted(r); res != success {
		if tag, ok := answers[int(r.op.Tag)]; ok {
			c.send(r.answer(tag, res))
		}
		return
	}
	switch r.op.Tag {
	case goldap.ApplicationBindRequest:
		c.send(r.answer(goldap.ApplicationBindResponse, c.bind(r)))
	case goldap.ApplicationSearchRequest:
		c.search(r)
	case goldap.ApplicationCompareRequest:
		c.send(r.answer(goldap.ApplicationCompareResponse, c.s.compare(r)))
	case goldap.ApplicationModifyRequest, goldap.ApplicationAddRequest, goldap.ApplicationDelRequest, goldap.ApplicationModifyDNRequest:
		res, controls := c.s.change(r)
		c.send(r.answer(answers[int(r.op.Tag)], res, controls...))
	case goldap.ApplicationExtendedRequest:
		c.send(r.answer(goldap.ApplicationExtendedResponse, refuse(goldap.LDAPResultProtocolError, "no extended operation is supported")))
	}
}

// answers are the tags of the answers; an abandon request has none.
var answers = map[int]int{
	goldap.ApplicationBindRequest:     goldap.ApplicationBindResponse,
	goldap.ApplicationSearchRequest:   goldap.ApplicationSearchResultDone,
	goldap.ApplicationModifyRequest:   goldap.ApplicationModifyResponse,
	goldap.ApplicationAddRequest:      goldap.ApplicationAddResponse,
	goldap.ApplicationDelRequest:      goldap.ApplicationDelResponse,
	goldap.ApplicationModifyDNRequest: goldap.ApplicationModifyDNResponse,
	goldap.ApplicationCompareRequest:  goldap.ApplicationCompareResponse,
	goldap.ApplicationExtendedRequest: goldap.ApplicationExtendedResponse,
}

// permitted tells what speaks against a request before it is looked at.
func (c *client) permitted(r request) result {
	known := c.s.controls()
	for oid, ctl := range r.controls {
		if ctl.critical && !slices.Contains(known, oid) {
			return refuse(goldap.LDAPResultUnavailableCriticalExtension, "critical control %s is not supported", oid)
		}
	}
	switch r.op.Tag {
	case goldap.ApplicationBindRequest, goldap.ApplicationExtendedRequest, goldap.ApplicationAbandonRequest:
		return success
	case goldap.ApplicationSearchRequest:
		if c.bound || text(child(r.op, 0)) == "" {
			return success
		}
		return refuse(goldap.LDAPResultInsufficientAccessRights, "log in first")
	}
	if !c.bound || !c.writes && r.op.Tag != goldap.ApplicationCompareRequest {
		return refuse(goldap.LDAPResultInsufficientAccessRights, "this account may not write")
	}
	return success
}

// bind knows simple binds only.
func (c *client) bind(r request) result {
	c.bound, c.writes = false, false
	c.rest = nil
	dn, password := text(child(r.op, 1)), child(r.op, 2)
	if password.ClassType != ber.ClassContext || password.Tag != 0 {
		return refuse(goldap.LDAPResultAuthMethodNotSupported, "only simple binds are supported")
	}
	if c.s.quirks.LoginText != "" {
		return result{goldap.LDAPResultInvalidCredentials, c.s.quirks.LoginText}
	}
	if dn == "" && text(password) == "" {
		return success
	}
	n, err := parseName(dn)
	if err != nil {
		return refuse(goldap.LDAPResultInvalidDNSyntax, "%v", err)
	}
	a, ok := c.s.account(n.key)
	if !ok || text(password) == "" || a.password != text(password) {
		return refuse(goldap.LDAPResultInvalidCredentials, "")
	}
	c.bound, c.writes = true, a.writes
	return success
}

func (s *Server) account(key string) (account, bool) {
	if a, ok := s.accounts[key]; ok {
		return a, true
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	e := s.entries[key]
	if e == nil {
		return account{}, false
	}
	if at := e.index("userPassword"); at >= 0 {
		return account{password: e.attributes[at].values[0]}, true
	}
	return account{}, false
}
