package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"xivosync/reconcile/record"
)

// Transform is one step between an attribute's text and a field's: exactly one
// of its members is set.
type Transform struct {
	// Trim drops blanks around the text.
	Trim bool
	// Case is lower, upper or title.
	Case string
	// Replace replaces what a regular expression matches.
	Replace *Replace
	// Map replaces whole texts by a table; a text that is not in it is an error.
	Map map[string]string
	// Default stands where the attribute is empty.
	Default string
	// Split keeps one part of the text.
	Split *Split
	// Number writes a phone number in a format.
	Number NumberFormat
}

// Replace is a regular expression (RE2) and its replacement, with $1, $2 for
// groups.
type Replace struct {
	Pattern string
	With    string
}

// Split cuts a text at each By; Part counts from 1, and from the end where it
// is negative.
type Split struct {
	By   string
	Part int
}

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

// name is the key that the transform has in the configuration.
func (t Transform) name() string {
	switch {
	case t.Case != "":
		return "case"
	case t.Replace != nil:
		return "replace"
	case t.Map != nil:
		return "map"
	case t.Default != "":
		return "default"
	case t.Split != nil:
		return "split"
	case t.Number != "":
		return "number"
	case t.Trim:
		return "trim"
	}
	return "nothing"
}

func same(s string) (string, error) { return s, nil }

func compile(t Transform, n Numbering) (step, error) {
	switch t.name() {
	case "trim":
		return step{func(s string) (string, error) { return strings.TrimSpace(s), nil }, same}, nil
	case "case":
		return compileCase(t.Case)
	case "replace":
		return compileReplace(*t.Replace)
	case "map":
		return compileMap(t.Map)
	case "default":
		return step{same, same}, nil
	case "split":
		return compileSplit(*t.Split)
	case "number":
		return compileNumber(t.Number, n)
	}
	return step{}, errors.New("names no transform: one of trim, case, replace, map, default, split, number")
}

var cases = map[string]func(string) string{
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"title": titleCase,
}

func compileCase(name string) (step, error) {
	f := cases[name]
	if f == nil {
		return step{}, fmt.Errorf("case %q is not one of lower, upper, title", name)
	}
	return step{func(s string) (string, error) { return f(s), nil }, same}, nil
}

// titleCase writes the first letter of each word large and the others small.
func titleCase(s string) string {
	begin := true
	return strings.Map(func(r rune) rune {
		first := begin
		begin = !unicode.IsLetter(r) && r != '\'' && r != '’'
		if first {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)
}

func compileReplace(r Replace) (step, error) {
	re, err := regexp.Compile(r.Pattern)
	if err != nil {
		return step{}, fmt.Errorf("pattern %q: %w", r.Pattern, err)
	}
	return step{forward: func(s string) (string, error) { return re.ReplaceAllString(s, r.With), nil }}, nil
}

func compileMap(table map[string]string) (step, error) {
	inverse := make(map[string]string, len(table))
	for from, to := range table {
		inverse[to] = from
	}
	s := step{forward: lookup(table)}
	if len(inverse) == len(table) {
		s.back = lookup(inverse)
	}
	return s, nil
}

func lookup(table map[string]string) func(string) (string, error) {
	return func(s string) (string, error) {
		to, ok := table[s]
		if !ok {
			return "", fmt.Errorf("%s is not in the map", Quoted(s))
		}
		return to, nil
	}
}

func compileSplit(sp Split) (step, error) {
	if sp.By == "" || sp.Part == 0 {
		return step{}, errors.New("split needs by (a text) and part (1 is the first, -1 the last)")
	}
	return step{forward: func(s string) (string, error) {
		parts := strings.Split(s, sp.By)
		i := sp.Part - 1
		if sp.Part < 0 {
			i = len(parts) + sp.Part
		}
		if i < 0 || i >= len(parts) {
			return "", fmt.Errorf("%s has no part %d", Quoted(s), sp.Part)
		}
		return parts[i], nil
	}}, nil
}

func compileNumber(f NumberFormat, n Numbering) (step, error) {
	if !ValidNumberFormat(string(f)) {
		return step{}, fmt.Errorf("number format %q is not one of internal, national, international, e164", f)
	}
	if n.Region == "" && f != FormatInternal {
		return step{}, errors.New("number needs [numbering] region")
	}
	to := func(f NumberFormat) func(string) (string, error) {
		return func(s string) (string, error) {
			out, ok := n.Format(s, f)
			if !ok && !isDialled(out) {
				return "", &NumberError{Text: s, Region: n.Region}
			}
			return out, nil
		}
	}
	back := f
	if f != FormatInternal {
		back = n.ldapFormat()
	}
	return step{to(f), to(back)}, nil
}

// NumberError says that a text cannot be dialled.
type NumberError struct {
	Text   string
	Region string
}

func (e *NumberError) Error() string {
	return fmt.Sprintf("%s is no phone number of region %s", Quoted(e.Text), e.Region)
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

// callerID is the form in which XiVO keeps a caller id.
var callerID = regexp.MustCompile(`^"(.*)"( <\+?\d+>)?$`)

// shape gives a text the form that XiVO wants of the field: a caller id is a
// name in double quotes, so that quotes inside it become apostrophes.
func (c *Chain) shape(s string) string {
	switch {
	case c.field.Kind == record.Bool:
		return strings.ToLower(strings.TrimSpace(s))
	case c.field.Kind == record.Int:
		return plainInt(strings.TrimSpace(s))
	case c.field.CallerID && s != "" && !callerID.MatchString(s):
		return `"` + strings.ReplaceAll(s, `"`, "'") + `"`
	}
	return s
}

// plainInt drops leading zeros; what is no number stays as it is, to be reported.
func plainInt(s string) string {
	if n, err := strconv.Atoi(s); err == nil {
		return strconv.Itoa(n)
	}
	return s
}

// unshape takes the form off again.
func (c *Chain) unshape(s string) string {
	if m := callerID.FindStringSubmatch(s); c.field.CallerID && m != nil && m[2] == "" {
		return m[1]
	}
	return s
}

// Canonical returns the form in which values of the field are compared: phone
// numbers by E.164 where they are valid, without regard to case where the field
// has none, several values as a set.
func (c *Chain) Canonical(v record.Value) record.Value {
	if v.Empty() {
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

// Quoted shows a value in an error: control characters escaped, long ones cut.
func Quoted(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		s = string(r[:longest]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
