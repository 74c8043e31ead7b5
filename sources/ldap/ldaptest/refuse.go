package ldaptest

import (
	ber "github.com/go-asn1-ber/asn1-ber"
)

// Refuse answers every request of a kind that carries a control with a result
// code, in place of the server.
func (m *Meddler) Refuse(tag ber.Tag, control string, code int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refusals = append(m.refusals, refusal{tag, control, code})
}

// refusal is what a meddler answers to some requests.
type refusal struct {
	tag     ber.Tag
	control string
	code    int
}

// answer returns what the meddler answers to a request itself, or nil.
func (m *Meddler) answer(p *ber.Packet) *ber.Packet {
	if len(p.Children) < 3 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.refusals {
		if p.Children[1].Tag != r.tag {
			continue
		}
		for _, c := range p.Children[2].Children {
			if len(c.Children) > 0 && c.Children[0].Data.String() == r.control {
				return result(p.Children[0], r.tag, r.code)
			}
		}
	}
	return nil
}

// result is an answer to a search or a modification.
func result(id *ber.Packet, request ber.Tag, code int) *ber.Packet {
	tag := map[ber.Tag]ber.Tag{SearchRequest: SearchDone, ModifyRequest: ModifyResponse}[request]
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	op.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""))
	for range 2 {
		op.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	}
	out := ber.NewSequence("")
	out.AppendChild(id)
	out.AppendChild(op)
	return out
}
