package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// step is a compiled Transform: forward, and back where there is an inverse.
type step struct {
	forward func(string) (string, error)
	back    func(string) (string, error)
}

// Chain is the transforms between the two sides of one field.
type Chain struct {
	// Fingerprint changes when the same raw values may read differently.
	Fingerprint string
	steps       []step
	toLDAP      []step // instead of the inverse of steps, where configured
	field       record.Field
	number      Numbering
	// site is the person's, format how the directory writes numbers of the field.
	site   *Site
	format NumberFormat
	// defaulted is the text that stands for an empty attribute.
	defaulted string
}

// ErrNoInverse is returned when a field shall be written to the directory and a
// transform of its chain cannot be turned round.
var ErrNoInverse = errors.New("cannot be turned round; give to_ldap = [...] for the way back")

// NewChain compiles the transforms of a field. With writesBack, the way back
// must exist: the inverse of each transform, or toLDAP. The error names the
// transform by its position, counted from 1.
func NewChain(field record.Field, numbering Numbering, forward, toLDAP []Transform, writesBack bool) (Chain, error) {
	c := Chain{field: field, number: numbering, Fingerprint: fingerprint(numbering, forward, toLDAP)}
	var errs []error
	for i, t := range forward {
		s, err := compile(t, numbering)
		if err == nil && writesBack && s.back == nil && toLDAP == nil {
			err = fmt.Errorf("%s %w", t.name(), ErrNoInverse)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("transform %d: %w", i+1, err))
		}
		if t.Default != "" {
			c.defaulted = t.Default
		}
		c.steps = append(c.steps, s)
	}
	c.defaulted = c.shape(c.defaulted)
	for i, t := range toLDAP {
		s, err := compile(t, numbering)
		if err != nil {
			errs = append(errs, fmt.Errorf("to_ldap %d: %w", i+1, err))
		}
		c.toLDAP = append(c.toLDAP, s)
	}
	return c, errors.Join(errs...)
}

// fingerprint is a short digest of what a chain is made of.
func fingerprint(parts ...any) string {
	h := sha256.New()
	for _, p := range parts {
		text, _ := json.Marshal(p) // plain structs of texts and numbers always encode
		h.Write(append(text, '\n'))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// ToField leads an attribute's texts to what the field shall hold.
func (c *Chain) ToField(v record.Value) (record.Value, error) {
	if v.Empty() {
		return record.Text(c.defaulted), nil
	}
	out := make(record.Value, 0, len(v))
	for _, s := range v {
		if !utf8.ValidString(s) {
			return nil, fmt.Errorf("%s is not valid UTF-8", Quoted(s))
		}
		t, err := c.text(s)
		if err != nil {
			return nil, err
		}
		if t != "" {
			out = append(out, t)
		}
	}
	if len(out) == 0 {
		return record.Text(c.defaulted), nil
	}
	return out, nil
}

// text leads one text to the field's form.
func (c *Chain) text(s string) (string, error) {
	t, err := through(c.steps, s)
	if err != nil || strings.TrimSpace(t) == "" {
		return "", err
	}
	if c.field.Numbered {
		return c.numbered(t)
	}
	return c.shape(t), nil
}

// numbered leads a number to XiVO's NUMBER@CONTEXT, by the rules of the site.
func (c *Chain) numbered(s string) (string, error) {
	if c.site == nil {
		return "", &NumberError{Text: s, Region: c.number.Region}
	}
	switch c.field.Thing {
	case record.DID:
		return c.number.DIDOf(s, c.site)
	case record.Voicemail:
		return c.number.VoicemailOf(s, c.site)
	}
	return c.number.ExtensionOf(s, c.site)
}

// ToAttribute leads a field's texts to what the attribute shall hold. It is an
// error when the result would not lead back to the same value.
func (c *Chain) ToAttribute(v record.Value) (record.Value, error) {
	out := make(record.Value, 0, len(v))
	for _, s := range v {
		t, err := c.back(s)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(t) == "" {
			return nil, fmt.Errorf("%s would leave the directory's value empty", Quoted(s))
		}
		out = append(out, t)
	}
	again, err := c.ToField(out)
	if err != nil || !c.Canonical(again).Equal(c.Canonical(v)) {
		return nil, fmt.Errorf("%s has no form in the directory that would read back as the same: %s would be read as %s",
			Quoted(v.String()), Quoted(out.String()), Quoted(again.String()))
	}
	return out, nil
}

func (c *Chain) back(s string) (string, error) {
	s = c.unshape(s)
	if c.field.Numbered && c.site != nil {
		var err error
		if s, err = c.number.Written(c.field.Name, s, c.site, c.format); err != nil {
			return "", err
		}
	}
	if c.toLDAP != nil {
		return through(c.toLDAP, s)
	}
	for _, st := range slices.Backward(c.steps) {
		if st.back == nil {
			return "", ErrNoInverse
		}
		var err error
		if s, err = st.back(s); err != nil {
			return "", err
		}
	}
	return s, nil
}

func through(steps []step, s string) (string, error) {
	for _, st := range steps {
		var err error
		if s, err = st.forward(s); err != nil {
			return "", err
		}
	}
	return s, nil
}

// Canonical returns the form in which values of the field are compared: phone
// numbers by E.164 where they are valid, without regard to case where the field
// has none, several values as a set, and what XiVO holds of itself as no value.
func (c *Chain) Canonical(v record.Value) record.Value {
	if v.Empty() || c.field.Default != "" && len(v) == 1 && v[0] == c.field.Default {
		return nil
	}
	if !c.field.Phone && !c.field.FoldCase && len(v) == 1 {
		return v
	}
	out := make(record.Value, len(v))
	for i, s := range v {
		out[i] = c.canonical(s)
	}
	if len(out) > 1 {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

func (c *Chain) canonical(s string) string {
	if c.field.Phone {
		s = c.number.E164(dialled(s))
	}
	if c.field.FoldCase {
		s = strings.ToLower(s)
	}
	return s
}
