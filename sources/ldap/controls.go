package ldap

import (
	"errors"
	"fmt"

	ber "github.com/go-asn1-ber/asn1-ber"
	goldap "github.com/go-ldap/ldap/v3"
)

// control is a request control with a value. The library has one of its own, but
// writes "critical" as 0x01, which Samba reads as FALSE: it then carries out a
// write whose assertion fails. RFC 4511 demands 0xFF.
type control struct {
	oid      string
	critical bool
	value    []byte
}

// GetControlType returns the OID.
func (c *control) GetControlType() string { return c.oid }

// String describes the control in a log.
func (c *control) String() string {
	return fmt.Sprintf("control %s, critical %t, %d bytes", c.oid, c.critical, len(c.value))
}

// Encode returns the control as it goes over the wire.
func (c *control) Encode() *ber.Packet {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Control")
	p.AppendChild(octets(c.oid))
	if c.critical {
		p.AppendChild(ber.NewLDAPBoolean(ber.ClassUniversal, ber.TypePrimitive, ber.TagBoolean, true, "Criticality"))
	}
	p.AppendChild(octets(string(c.value)))
	return p
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// assertion makes the server carry out a request only if the filter matches the
// entry (RFC 4528). It is sent only to servers that list it: some hang on a
// critical control that they do not know.
func assertion(filter string) (goldap.Control, error) {
	p, err := goldap.CompileFilter(filter)
	if err != nil {
		return nil, err
	}
	return &control{oid: oidAssertion, critical: true, value: p.Bytes()}, nil
}

// postRead asks for the entry as it is after the request (RFC 4527).
func postRead(attributes []string) goldap.Control {
	p := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "Attributes")
	for _, a := range attributes {
		p.AppendChild(octets(a))
	}
	return &control{oid: oidPostRead, value: p.Bytes()}
}

// errNoEntryInAnswer is returned when a post-read answer cannot be understood.
var errNoEntryInAnswer = errors.New("the answer holds no entry")

// postReadEntry returns the entry in the answer to [postRead], or nil where the
// server sent none.
func postReadEntry(controls []goldap.Control) (*goldap.Entry, error) {
	c, ok := goldap.FindControl(controls, oidPostRead).(*goldap.ControlString)
	if !ok {
		return nil, nil
	}
	p, err := ber.DecodePacketErr([]byte(c.ControlValue))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEntryInAnswer, err)
	}
	if len(p.Children) != 2 {
		return nil, errNoEntryInAnswer
	}
	e := &goldap.Entry{DN: p.Children[0].Data.String()}
	for _, attribute := range p.Children[1].Children {
		if len(attribute.Children) != 2 {
			return nil, errNoEntryInAnswer
		}
		e.Attributes = append(e.Attributes, attributeOf(attribute))
	}
	return e, nil
}

func attributeOf(p *ber.Packet) *goldap.EntryAttribute {
	a := &goldap.EntryAttribute{Name: p.Children[0].Data.String()}
	for _, v := range p.Children[1].Children {
		a.Values = append(a.Values, v.Data.String())
		a.ByteValues = append(a.ByteValues, v.Data.Bytes())
	}
	return a
}
