package ldapmem

import (
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// request is one message of a client.
type request struct {
	id       int64
	op       *ber.Packet
	controls map[string]control
}

// control is one of its controls.
type control struct {
	critical bool
	value    string
}

// result is what an operation came to (RFC 4511, section 4.1.9).
type result struct {
	code int
	text string
}

var success = result{}

func refuse(code int, format string, args ...any) result {
	return result{code, fmt.Sprintf(format, args...)}
}

// nothing stands for a part that a message lacks.
var nothing = ber.NewSequence("")

func child(p *ber.Packet, i int) *ber.Packet {
	if i < len(p.Children) {
		return p.Children[i]
	}
	return nothing
}

// text returns the bytes of a primitive part.
func text(p *ber.Packet) string {
	if p.Data == nil {
		return ""
	}
	return p.Data.String()
}

func number(p *ber.Packet) int64 {
	n, _ := p.Value.(int64)
	return n
}

func parseRequest(p *ber.Packet) request {
	r := request{id: number(child(p, 0)), op: child(p, 1), controls: map[string]control{}}
	for _, c := range child(p, 2).Children {
		var parsed control
		for _, part := range c.Children[min(1, len(c.Children)):] {
			if part.ClassType == ber.ClassUniversal && part.Tag == ber.TagBoolean {
				parsed.critical = text(part) != "\x00"
			} else {
				parsed.value = text(part)
			}
		}
		r.controls[text(child(c, 0))] = parsed
	}
	return r
}

// answer makes the message that ends an operation.
func (r request) answer(tag int, res result, controls ...*ber.Packet) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ber.Tag(tag), nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(res.code), ""))
	op.AppendChild(octets(""))
	op.AppendChild(octets(res.text))
	return r.message(op, controls...)
}

func (r request) message(op *ber.Packet, controls ...*ber.Packet) *ber.Packet {
	m := ber.NewSequence("")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, r.id, ""))
	m.AppendChild(op)
	if len(controls) > 0 {
		list := ber.Encode(ber.ClassContext, ber.TypeConstructed, 0, nil, "")
		for _, c := range controls {
			list.AppendChild(c)
		}
		m.AppendChild(list)
	}
	return m
}

func encodeControl(oid string, value []byte) *ber.Packet {
	c := ber.NewSequence("")
	c.AppendChild(octets(oid))
	c.AppendChild(octets(string(value)))
	return c
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// encodeEntry makes a SearchResultEntry, as a message of its own class or, for
// the post-read control, bare.
func encodeEntry(dn string, attributes []attribute) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, goldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(dn))
	list := ber.NewSequence("")
	for _, a := range attributes {
		one := ber.NewSequence("")
		one.AppendChild(octets(a.name))
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range a.values {
			set.AppendChild(octets(v))
		}
		one.AppendChild(set)
		list.AppendChild(one)
	}
	op.AppendChild(list)
	return op
}
