package xivosim

import "strconv"

// Line is a row of confd's lines. Its name, protocol and caller id are the
// endpoint's.
type Line struct {
	ID               int    `json:"id"`
	Context          string `json:"context"`
	ProvisioningCode string `json:"provisioning_code"`
	Position         int    `json:"position"`
	Registrar        string `json:"registrar"`
	Endpoint         string `json:"endpoint,omitempty"` // sip, sccp, custom
	EndpointID       int    `json:"endpoint_id,omitempty"`
	DeviceID         string `json:"device_id,omitempty"`
	Disabled         bool   `json:"disabled,omitempty"` // in the web interface; confd does not show it
}

// callerChange is the part of a line's body that belongs to its endpoint.
type callerChange struct {
	name, number         *string // nil text of a present field is null
	nameGiven, numGiven  bool
	registrarGiven, code bool
}

// lineBody is a line's body: the row and what is not in the row.
type lineBody struct {
	Line
	caller callerChange
}

var lineSchema = schema[lineBody]{
	textField(func(l *lineBody) *string { return &l.Context }, rule{name: "context", required: true}),
	{rule{name: "provisioning_code", kind: text, digits: true, exact: 6}, func(l *lineBody, v any) {
		n, _ := strconv.Atoi(v.(string)) // the column is a number: leading zeros are lost
		l.ProvisioningCode, l.caller.code = strconv.Itoa(n), true
	}},
	wholeField(func(l *lineBody) *int { return &l.Position }, rule{name: "position", null: nullAtCreate, least: new(1)}),
	{rule{name: "caller_id_name", kind: text, null: nullResets}, func(l *lineBody, v any) {
		l.caller.name, l.caller.nameGiven = optional(v), true
	}},
	{rule{name: "caller_id_num", kind: text, null: nullResets, digits: true}, func(l *lineBody, v any) {
		l.caller.number, l.caller.numGiven = optional(v), true
	}},
	{rule{name: "registrar", kind: text, max: 128}, func(l *lineBody, v any) {
		l.Registrar, l.caller.registrarGiven = v.(string), true
	}},
}

func optional(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return nil
}
