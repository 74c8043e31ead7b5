package xivosim

import "slices"

// SIP is a row of confd's SIP endpoints.
type SIP struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
	Secret   string `json:"secret"`
	Type     string `json:"type"`
	Host     string `json:"host"`
	CallerID string `json:"callerid,omitempty"`
	Options  []pair `json:"options,omitempty"` // what was set beside the defaults
}

// Endpoint is an SCCP or a custom endpoint.
type Endpoint struct {
	ID        int    `json:"id"`
	Interface string `json:"interface,omitempty"`
}

// sipColumns are the options that have a column of their own, in the order in
// which they are shown, with the value they have when nobody set one.
var sipColumns = []struct{ name, initial string }{
	{"call-limit", "10"},
	{"amaflags", "default"},
	{"callerid", ""},
	{"directmedia", ""},
	{"nat", ""},
	{"language", ""},
	{"subscribemwi", "no"},
	{"callgroup", ""},
}

// natValues are those of PostgreSQL's type of that column; others are an error
// of the database, not of the schema.
var natValues = []string{"no", "force_rport", "comedia", "force_rport,comedia", "auto_force_rport", "auto_comedia"}

var sipSchema = schema[SIP]{
	textField(func(s *SIP) *string { return &s.Username }, rule{name: "username", null: nullAtCreate, pattern: sipUsername}),
	textField(func(s *SIP) *string { return &s.Secret }, rule{name: "secret", null: nullAtCreate, pattern: sipSecret}),
	textField(func(s *SIP) *string { return &s.Type }, rule{name: "type", choices: []string{"friend", "peer", "user"}}),
	textField(func(s *SIP) *string { return &s.Host }, rule{name: "host", null: nullAtCreate, max: 255}),
	pairsField((*SIP).setOptions, rule{name: "options"}),
}

// setOptions replaces every option, the caller id included.
func (s *SIP) setOptions(list []pair) {
	s.CallerID, s.Options = "", nil
	for _, p := range list {
		if p[0] == "callerid" {
			s.CallerID = p[1]
		} else {
			s.Options = append(s.Options, p)
		}
	}
}

// options lists them as confd shows them: columns first, then the free ones.
func (s *SIP) options() []pair {
	out := make([]pair, 0, len(sipColumns)+len(s.Options))
	for _, col := range sipColumns {
		v := col.initial
		for _, p := range s.Options {
			if p[0] == col.name {
				v = p[1]
			}
		}
		if col.name == "callerid" {
			v = s.CallerID
		}
		if v != "" {
			out = append(out, pair{col.name, v})
		}
	}
	for _, p := range s.Options {
		if !slices.ContainsFunc(sipColumns, func(c struct{ name, initial string }) bool { return c.name == p[0] }) {
			out = append(out, p)
		}
	}
	return out
}
