package config

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// contactNumbers are the fields whose numbers stand in the contact sheet, as columns of
// that name, where they are mapped.
var contactNumbers = []string{"extension", "did", "mobile_phone_number"}

// contactFields is the most columns besides the numbers.
const contactFields = 14

// contactLabel is what a column can be called: XiVO's directory definition writes
// it in braces.
var contactLabel = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)

// Wanted tells whether there is a contact sheet at all.
func (c Contacts) Wanted() bool { return c.File != "" || c.Listen != "" }

// ContactColumn is one column of the contact sheet as it is made.
type ContactColumn struct {
	Label, Attribute string
	// Shape turns the attribute's values into the column's.
	Shape func(record.Value) (record.Value, error)
	// Searched columns are looked at by a search, Number ones hold phone numbers.
	Searched, Number bool
}

// ContactColumns are the columns of the contact sheet, in order.
func (c *Config) ContactColumns(settings reconcile.Settings) ([]ContactColumn, error) {
	var out []ContactColumn
	for _, f := range c.Contacts.Fields {
		chain, err := reconcile.NewChain(record.Field{Name: f.Label}, settings.Numbering, engineChain(f.Transform), nil, false)
		if err != nil {
			return nil, fmt.Errorf("contacts.field %s: %w", f.Label, err)
		}
		out = append(out, ContactColumn{Label: f.Label, Attribute: f.LDAP, Shape: eachValue(&chain), Searched: f.Search})
	}
	for _, name := range contactNumbers {
		m := settings.Mapping(name)
		if m == nil || m.Direction == reconcile.None || m.Attribute == "" {
			continue
		}
		out = append(out, ContactColumn{Label: name, Attribute: m.Attribute, Number: true,
			Shape: func(v record.Value) (record.Value, error) {
				return dialled(settings.Numbering, c.Contacts.Numbers, v), nil
			}})
	}
	return out, nil
}

// eachValue sends each value of an attribute through the chain by itself.
func eachValue(chain *reconcile.Chain) func(record.Value) (record.Value, error) {
	return func(v record.Value) (record.Value, error) {
		if v.Empty() {
			return chain.ToField(nil)
		}
		var out record.Value
		for i := range v {
			one, err := chain.ToField(v[i : i+1])
			if err != nil {
				return nil, err
			}
			out = append(out, one...)
		}
		return out, nil
	}
}

// contacts checks the table of the contact sheet.
func (c *checker) contacts() {
	t := c.cfg.Contacts
	if !t.Wanted() {
		if len(t.Fields) > 0 {
			c.add("contacts", "say where the sheet goes: file = \"…\" or listen = \"…\"", "has columns, but neither a file nor an address")
		}
		return
	}
	if t.Listen != "" {
		if _, port, err := net.SplitHostPort(t.Listen); err != nil || port == "" {
			c.add("contacts.listen", "", "%q is no address such as 192.0.2.5:9818", t.Listen)
		}
	}
	if _, err := t.Networks(); err != nil && !c.has("contacts.allow") {
		c.add("contacts.allow", "write it like 192.0.2.10 or 10.0.0.0/8", "%s", err)
	}
	if (t.Username == "") != t.Password.IsZero() {
		c.add("contacts.username", "", "username and password go together")
	}
	c.contactColumns(t)
}

func (c *checker) contactColumns(t Contacts) {
	if len(t.Fields) > contactFields {
		c.add("contacts", "", "has %d columns, and XiVO's directory can take %d besides the numbers", len(t.Fields), contactFields)
	}
	seen := slices.Clone(contactNumbers)
	for i, f := range t.Fields {
		key := index("contacts.field", i)
		switch {
		case c.has(key + ".label"):
		case !contactLabel.MatchString(f.Label):
			c.add(key+".label", "", "%q: a label is of letters, digits, - and _, and begins with a letter", f.Label)
		case slices.Contains(seen, f.Label):
			c.add(key+".label", "", "there is a column %s already", f.Label)
		}
		seen = append(seen, f.Label)
		if !c.has(key+".ldap") && !attribute.MatchString(f.LDAP) {
			c.add(key+".ldap", "", "%q is no LDAP attribute", f.LDAP)
		}
		c.chainOf(record.Field{Name: f.Label}, key+".transform", f.Transform, false)
	}
}

// Networks are the addresses that may ask.
func (c Contacts) Networks() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range c.Allow {
		if one, err := netip.ParseAddr(text); err == nil {
			out = append(out, netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is no address and no network", text)
		}
		out = append(out, network.Masked())
	}
	return out, nil
}

// dialled writes numbers as they are dialled: public ones in the format, internal
// ones as they are.
func dialled(n reconcile.Numbering, format reconcile.NumberFormat, v record.Value) record.Value {
	var out record.Value
	for _, text := range v {
		number, public := n.Format(text, format)
		if public {
			number, _ = n.Format(number, reconcile.FormatInternal) // without the blanks of the format
		}
		out = append(out, number)
	}
	return out
}
