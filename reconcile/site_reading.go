package reconcile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// NumberReading tells how one text is understood as a number, and why: what
// `xivosync number` shows.
type NumberReading struct {
	Value string `json:"value"`
	// ReadAs is public, internal, code, xivo (NUMBER@CONTEXT) or none.
	ReadAs string `json:"read_as"`
	// Region is the country whose numbers are written without country code here.
	Region string `json:"region"`
	// Formats are those of a public number.
	Formats map[NumberFormat]string `json:"formats"`
	// Fields are those of the user that hold phone numbers, Sites the places that
	// the number may belong to.
	Fields []FieldReading `json:"fields"`
	Sites  []SiteReading  `json:"sites"`
	// Message says why it cannot be used, or why there is not one site.
	Message string `json:"message"`
}

// SiteReading is what a number is at one site.
type SiteReading struct {
	Site string `json:"site"`
	// By says how the number belongs to the site; empty where it does not.
	By     string         `json:"by"`
	Fields []FieldReading `json:"fields"`
}

// FieldReading is what XiVO and the directory would hold of a field.
type FieldReading struct {
	Field string `json:"field"`
	XiVO  string `json:"xivo"`
	// LDAP is how the directory writes it, Formats all forms that would read back
	// as the same.
	LDAP    string                  `json:"ldap"`
	Formats map[NumberFormat]string `json:"formats"`
	// Why says how XiVO's value came about, Error why there is none.
	Why   string `json:"why"`
	Error string `json:"error"`
}

// Formats lists the number formats, from the shortest to the longest.
func Formats() []NumberFormat {
	return []NumberFormat{FormatInternal, FormatNational, FormatInternational, FormatE164}
}

// ReadNumber tells how a text is understood: at the named site, or at every one
// that it may belong to. A value with an @ is one of XiVO.
func (s *Settings) ReadNumber(text, site string) (NumberReading, error) {
	n := s.Numbering
	r := NumberReading{Value: text, Region: n.Region, ReadAs: kindOf(n, text, nil), Formats: map[NumberFormat]string{}, Sites: []SiteReading{}}
	places := n.SitesOfNumber(text)
	context, raw := rawNumber(text)
	if raw {
		places = n.sitesOfContext(context)
		r.ReadAs = "xivo"
	}
	if site != "" {
		if places = []*Site{n.Site(site)}; places[0] == nil {
			return r, fmt.Errorf("there is no site %s; there are: %s", Quoted(site), n.siteNames())
		}
	}
	if len(places) == 0 && len(n.Sites) == 1 { // everybody is there
		places = []*Site{&n.Sites[0]}
	}
	if len(places) > 0 && !raw {
		r.Region, r.ReadAs = n.at(places[0]).Region, kindOf(n, text, places[0])
	}
	if r.ReadAs == "public" {
		r.Formats = publicFormats(n, text, places)
	}
	for _, p := range places {
		r.Sites = append(r.Sites, s.readAt(p, text, context, raw))
	}
	r.Fields = s.readFields(text, raw)
	r.Message = n.unplaced(r, text)
	return r, nil
}

// rawNumber returns the context of NUMBER@CONTEXT.
func rawNumber(text string) (context string, raw bool) {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return "", false
	}
	return text[at+1:], onlyDigits(text[:at])
}

func (n Numbering) sitesOfContext(context string) []*Site {
	var found []*Site
	for i := range n.Sites {
		if s := &n.Sites[i]; context != "" && (s.Context == context || s.DIDContext == context) {
			found = append(found, s)
		}
	}
	return found
}

// kindOf names what a text is.
func kindOf(n Numbering, text string, s *Site) string {
	bare := dialled(text)
	_, public := n.public(text, s)
	switch {
	case s != nil && contains(s.Extensions, bare):
		return "internal"
	case public:
		return "public"
	case short(bare):
		return "internal"
	case isDialled(bare) && strings.ContainsAny(bare, "*#"):
		return "code"
	}
	return "none"
}

func publicFormats(n Numbering, text string, places []*Site) map[NumberFormat]string {
	if len(places) > 0 {
		n = n.at(places[0])
	}
	formats := map[NumberFormat]string{}
	for _, as := range Formats()[1:] {
		formats[as], _ = n.Format(text, as)
	}
	return formats
}

// readAt reads all fields of numbers at one site.
func (s *Settings) readAt(place *Site, text, context string, raw bool) SiteReading {
	r := SiteReading{Site: place.Name, By: s.Numbering.belongs(place, text, raw)}
	for _, field := range NumberFields() {
		if raw && context != place.contextOf(field) && (context == place.Context || context == place.DIDContext) {
			continue // it is a number of another field
		}
		f := FieldReading{Field: field, Formats: map[NumberFormat]string{}}
		var err error
		if f.XiVO = text; !raw {
			f.XiVO, err = s.read(field, text, place)
		}
		if err == nil {
			f.LDAP, err = s.write(field, f.XiVO, place)
		}
		if err != nil {
			f.Error = err.Error()
		}
		s.allFormats(&f, place)
		if f.XiVO != "" && !raw {
			f.Why = s.because(field, text, place)
		}
		r.Fields = append(r.Fields, f)
	}
	return r
}

// allFormats adds each form of XiVO's value that reads back as the same.
func (s *Settings) allFormats(f *FieldReading, place *Site) {
	for _, as := range Formats() {
		if written, err := s.Numbering.Written(f.Field, f.XiVO, place, as); err == nil {
			f.Formats[as] = written
		}
	}
}

// read leads the text to XiVO's value, by the field's mapping where it has one.
func (s *Settings) read(field, text string, place *Site) (string, error) {
	if m := s.Mapping(field); m != nil {
		v, err := m.chain(place).ToField(record.Text(text))
		if err == nil && v.Empty() {
			err = &NumberError{text, s.Numbering.at(place).Region}
		}
		return v.First(), err
	}
	return numberFields[field](s.Numbering, text, place)
}

// write leads XiVO's value to the directory's.
func (s *Settings) write(field, raw string, place *Site) (string, error) {
	if m := s.Mapping(field); m != nil {
		v, err := m.chain(place).ToAttribute(record.Text(raw))
		if !errors.Is(err, ErrNoInverse) {
			return v.First(), err
		}
	}
	return s.Numbering.Written(field, raw, place, "")
}

// belongs says in words how a number belongs to a site.
func (n Numbering) belongs(s *Site, text string, raw bool) string {
	number, public := n.public(text, s)
	bare := dialled(text)
	switch {
	case raw:
		return "its context"
	case contains(s.Extensions, bare):
		i := slices.IndexFunc(s.Extensions, func(r Range) bool { return r.Contains(bare) })
		return "its extensions " + s.Extensions[i].String()
	case public && s.Block.Contains(e164(number)):
		return "its block " + s.Block.String()
	case len(n.Sites) == 1:
		return "being the only one"
	}
	return ""
}

// because says in words how XiVO's value came about.
func (s *Settings) because(field, text string, place *Site) string {
	if m := s.Mapping(field); m != nil && len(m.Chain.steps) > 0 {
		return "after the transforms of the field"
	}
	bare := dialled(text)
	inside := contains(place.Extensions, bare) || short(bare)
	switch {
	case field == string(record.DID):
		why := place.deliveredWords()
		if inside {
			why = "the public number that derives from it; " + why
		}
		return why
	case inside:
		return "as it is, in context " + place.Context
	case place.Prefix != "":
		return fmt.Sprintf("%s and the last %d digits of the public number", place.Prefix, place.kept())
	}
	return fmt.Sprintf("the last %d digits of the public number", place.kept())
}

// deliveredWords says what the site's operator sends.
func (s *Site) deliveredWords() string {
	form := "as it is dialled in the country"
	if s.DIDFormat == FormatE164 {
		form = "with its country code"
	}
	if s.DIDLength > 0 {
		return fmt.Sprintf("the operator delivers the last %d digits of the number %s", s.DIDLength, form)
	}
	return "the operator delivers the number " + form
}

// readFields reads the fields of the user that hold phone numbers.
func (s *Settings) readFields(text string, raw bool) []FieldReading {
	fields := []FieldReading{}
	for i := range s.Fields {
		m := &s.Fields[i]
		if !m.Field.Phone || m.Field.Thing != "" && m.Field.Thing != record.User || m.Attribute == "" || raw {
			continue
		}
		f := FieldReading{Field: m.Field.Name, Formats: map[NumberFormat]string{}, Why: "from " + m.Attribute}
		v, err := m.Chain.ToField(record.Text(text))
		if refused := validate(m.Field, v); err == nil && refused != nil {
			err = fmt.Errorf("%s", refused.Message)
		}
		if err == nil {
			f.XiVO = v.First()
			v, err = m.Chain.ToAttribute(v)
			f.LDAP = v.First()
		}
		if err != nil {
			f.Error = err.Error()
		}
		fields = append(fields, f)
	}
	return fields
}

// unplaced says why a number does not have one site.
func (n Numbering) unplaced(r NumberReading, text string) string {
	switch {
	case r.ReadAs == "none" && len(r.Sites) == 0:
		return (&NumberError{text, r.Region}).Error()
	case len(n.Sites) == 0:
		return "there is no [[numbering.site]] that it could belong to"
	case len(r.Sites) == 0:
		return fmt.Sprintf("it belongs to no site by range or block; the person's site decides, and --site tries one: %s", n.siteNames())
	case len(r.Sites) > 1:
		return "it may belong to several sites; the person's site decides"
	}
	return ""
}

func (n Numbering) siteNames() string {
	names := make([]string, len(n.Sites))
	for i, s := range n.Sites {
		names[i] = s.Name
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}
