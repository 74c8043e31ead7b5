package ldaptest

import (
	"fmt"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// Strict are limits that Windows has and Samba only lists. A [Meddler] enforces
// them on what passes through it.
type Strict struct {
	// Page is the most entries of an answer: pages are cut down to it, and a search
	// without pages ends with code 4 after it.
	Page int
	// Values is the most values of an attribute: the rest has to be asked for as
	// "member;range=5-*".
	Values int
	// Referral is sent with every search of a subtree.
	Referral string
}

const (
	oidPages        = "1.2.840.113556.1.4.319"
	oidDirSync      = "1.2.840.113556.1.4.841"
	searchEntry     = 4
	searchReference = 19
)

// Enforce makes the server behind as strict as that.
func (m *Meddler) Enforce(s Strict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.strict = &s
}

// strictness is what the limits know of one connection.
type strictness struct {
	m *Meddler
	// searches are those that go on, by their message ids.
	searches map[int64]*strictSearch
}

type strictSearch struct {
	paged, whole, cut bool
	sent              int
}

func (s *strictness) limits() *Strict {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	return s.m.strict
}

func messageID(p *ber.Packet) int64 {
	id, _ := p.Children[0].Value.(int64)
	return id
}

// request notes a search, and cuts its pages down.
func (s *strictness) request(p *ber.Packet) *ber.Packet {
	l := s.limits()
	if l == nil || len(p.Children) < 2 || p.Children[1].Tag != SearchRequest {
		return p
	}
	one := &strictSearch{}
	s.m.mu.Lock()
	s.searches[messageID(p)] = one
	s.m.mu.Unlock()
	if scope, ok := p.Children[1].Children[1].Value.(int64); ok {
		one.whole = scope == 2
	}
	if len(p.Children) < 3 {
		return p
	}
	controls := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
	for _, c := range p.Children[2].Children {
		switch c.Children[0].Data.String() {
		case oidPages:
			one.paged = true
			c = smallerPages(c, l.Page)
		case oidDirSync: // says itself when there is more
			one.paged = true
		}
		controls.AppendChild(c)
	}
	out := ber.NewSequence("")
	out.AppendChild(p.Children[0])
	out.AppendChild(p.Children[1])
	out.AppendChild(controls)
	return out
}

// smallerPages is the paging control with at most that many entries.
func smallerPages(c *ber.Packet, most int) *ber.Packet {
	value := ber.DecodePacket(c.Children[len(c.Children)-1].Data.Bytes())
	size, _ := value.Children[0].Value.(int64)
	if most == 0 || size <= int64(most) {
		return c
	}
	smaller := ber.NewSequence("")
	smaller.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, int64(most), ""))
	smaller.AppendChild(octets(value.Children[1].Data.String()))
	out := ber.NewSequence("")
	out.AppendChild(octets(oidPages))
	out.AppendChild(octets(string(smaller.Bytes())))
	return out
}

func octets(text string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, "")
}

// answer returns what to pass on in place of an answer.
func (s *strictness) answer(p *ber.Packet) []*ber.Packet {
	l := s.limits()
	if l == nil || len(p.Children) < 2 {
		return []*ber.Packet{p}
	}
	s.m.mu.Lock()
	one := s.searches[messageID(p)]
	s.m.mu.Unlock()
	switch {
	case one == nil:
	case p.Children[1].Tag == searchEntry:
		if one.sent++; l.Page > 0 && !one.paged && one.sent > l.Page {
			one.cut = true
			return nil
		}
		return []*ber.Packet{fewerValues(p, l.Values)}
	case p.Children[1].Tag == SearchDone:
		if one.cut {
			p = Fail(4)(p)
		}
		if l.Referral != "" && one.whole {
			return []*ber.Packet{reference(p.Children[0], l.Referral), p}
		}
	}
	return []*ber.Packet{p}
}

func reference(id *ber.Packet, url string) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, searchReference, nil, "")
	op.AppendChild(octets(url))
	out := ber.NewSequence("")
	out.AppendChild(id)
	out.AppendChild(op)
	return out
}

// fewerValues is an entry with at most that many values of an attribute, under a
// name that says which they are.
func fewerValues(p *ber.Packet, most int) *ber.Packet {
	if most == 0 || p.Children[1].Children[0].Data.Len() == 0 { // the root entry has no ranges
		return p
	}
	attributes := ber.NewSequence("")
	for _, a := range p.Children[1].Children[1].Children {
		attributes.AppendChild(ranged(a, most))
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, searchEntry, nil, "")
	op.AppendChild(p.Children[1].Children[0])
	op.AppendChild(attributes)
	out := ber.NewSequence("")
	out.AppendChild(p.Children[0])
	out.AppendChild(op)
	return out
}

func ranged(a *ber.Packet, most int) *ber.Packet {
	values := a.Children[1].Children
	if len(values) <= most {
		return a
	}
	name, from := a.Children[0].Data.String(), 0
	if base, option, found := strings.Cut(name, ";range="); found {
		start, _, _ := strings.Cut(option, "-")
		name = base
		from, _ = strconv.Atoi(start)
	}
	set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
	for _, v := range values[:most] {
		set.AppendChild(v)
	}
	out := ber.NewSequence("")
	out.AppendChild(octets(fmt.Sprintf("%s;range=%d-%d", name, from, from+most-1)))
	out.AppendChild(set)
	return out
}
