package xivo

import (
	"context"
	"fmt"
)

// phone is everything behind an internal number of a user: a SIP endpoint, a
// line, an extension, and the three associations that hold them together. What
// is made is found again by its keys: the SIP username, the provisioning code
// and the number. Ids are zero as long as they are not known.
type phone struct {
	e                      *errand
	user                   string
	value                  string
	username, secret, code string
	commented              bool
	sip, line, extension   int
}

// newPhone is what a create makes.
func (e *errand) newPhone() *phone {
	return &phone{
		e: e, user: e.change.Key, value: e.after("extension"),
		username: e.after("sip_username"), secret: e.after("sip_secret"), code: e.after("provisioning_code"),
		commented: e.after("extension_commented") == "true",
	}
}

// phone reads what a deletion takes down, and what it takes to make it again.
func (e *errand) phone(ctx context.Context) (*phone, error) {
	own, err := e.wiring(ctx)
	if err != nil {
		return nil, err
	}
	if own.SIP == nil {
		return nil, refused(e.object, fmt.Sprintf("line %d has no SIP endpoint: take it down by hand", own.ID))
	}
	var l lineOf
	var x extension
	if err := e.client.ask(ctx, get(linePath(own.ID), nil), &l); err != nil {
		return nil, classified(e.object, err)
	}
	if err := e.client.ask(ctx, get(extensionPath(own.Extensions[0].ID), nil), &x); err != nil {
		return nil, classified(e.object, err)
	}
	if len(x.Lines) > 1 {
		return nil, refused(e.object, fmt.Sprintf("the number is on %d lines: take it down by hand", len(x.Lines)))
	}
	return &phone{
		e: e, user: e.change.Key, value: x.value(), username: own.SIP.Username, code: l.Code, commented: x.Commented,
		sip: own.SIP.ID, line: l.ID, extension: x.ID,
	}, nil
}

func linePath(id int) string { return fmt.Sprintf("/lines/%d", id) }

// parts are in the order in which they are made (confd-api, section 3.2).
func (p *phone) parts() []part {
	return []part{p.endpointPart(), p.linePart(), p.lineEndpoint(), p.extensionPart(), p.lineExtension(), p.userLine()}
}

// teardown is the order in which they are taken down (section 3.3).
func (p *phone) teardown() []part {
	return []part{p.userLine(), p.lineExtension(), p.lineEndpoint(), p.extensionPart(), p.linePart(), p.endpointPart()}
}

func (p *phone) endpointPart() part {
	return part{
		what:   func() string { return fmt.Sprintf("SIP endpoint %d", p.sip) },
		unique: true,
		find: func(ctx context.Context) (bool, error) {
			s, err := p.e.client.sipByName(ctx, p.username)
			if err != nil || s == nil || s.Trunk != nil || s.Line != nil && s.Line.ID != p.line {
				return false, err
			}
			p.sip = s.ID
			return true, nil
		},
		create: func() request {
			return post("/endpoints/sip", given("username", p.username, "secret", p.secret), p.secret)
		},
		learn:  func(id int) { p.sip = id },
		remove: func() string { return sipPath(p.sip) },
	}
}

func (p *phone) linePart() part {
	return part{
		what:   func() string { return fmt.Sprintf("line %d", p.line) },
		unique: true,
		find: func(ctx context.Context) (bool, error) {
			l, err := p.e.client.lineByCode(ctx, p.code)
			if err != nil || l == nil || !p.mine(l) {
				return false, err
			}
			p.line = l.ID
			return true, nil
		},
		create: func() request {
			_, context := parted(p.value)
			return post("/lines", given("context", context, "provisioning_code", p.code))
		},
		learn:  func(id int) { p.line = id },
		remove: func() string { return linePath(p.line) },
	}
}

// mine tells whether a line can be the one that this change made.
func (p *phone) mine(l *lineOf) bool {
	for _, u := range l.Users {
		if u.UUID != p.user {
			return false
		}
	}
	return l.SIP == nil || l.SIP.Username == p.username
}

func (p *phone) lineEndpoint() part {
	path := func() string { return fmt.Sprintf("/lines/%d/endpoints/sip/%d", p.line, p.sip) }
	return part{
		what: func() string { return fmt.Sprintf("SIP endpoint %d on line %d", p.sip, p.line) },
		find: func(ctx context.Context) (bool, error) {
			var l struct {
				EndpointID int `json:"endpoint_id"`
			}
			there, err := p.e.client.there(ctx, fmt.Sprintf("/lines/%d/endpoints/sip", p.line), &l)
			return there && l.EndpointID == p.sip, err
		},
		create: func() request { return associate(path()) },
		remove: path,
	}
}

func (p *phone) extensionPart() part {
	return extensionPart(p.e, &p.value, &p.extension, &p.commented, func(x *extension) bool {
		return x.free() || x.Incall == nil && len(x.Lines) == 1 && x.Lines[0].ID == p.line
	})
}

// extensionPart is a number by itself; ours tells whether one that is found can
// be the one that this change made.
func extensionPart(e *errand, value *string, id *int, commented *bool, ours func(*extension) bool) part {
	return part{
		what:   func() string { return fmt.Sprintf("extension %d (%s)", *id, *value) },
		unique: true,
		find: func(ctx context.Context) (bool, error) {
			x, err := e.client.extensionAt(ctx, *value)
			if err != nil || x == nil || !ours(x) {
				return false, err
			}
			*id = x.ID
			return true, nil
		},
		create: func() request {
			exten, context := parted(*value)
			object := given("exten", exten, "context", context)
			if *commented {
				object["commented"] = true
			}
			return post("/extensions", object)
		},
		learn:  func(made int) { *id = made },
		remove: func() string { return extensionPath(*id) },
	}
}

func (p *phone) lineExtension() part {
	path := func() string { return fmt.Sprintf("/lines/%d/extensions/%d", p.line, p.extension) }
	return part{
		what: func() string { return fmt.Sprintf("extension %d on line %d", p.extension, p.line) },
		find: func(ctx context.Context) (bool, error) {
			type link struct {
				ExtensionID int `json:"extension_id"`
			}
			return associated(ctx, p.e.client, fmt.Sprintf("/lines/%d/extensions", p.line), func(l link) bool { return l.ExtensionID == p.extension })
		},
		create: func() request { return associate(path()) },
		remove: path,
	}
}

func (p *phone) userLine() part {
	path := func() string { return fmt.Sprintf("/users/%s/lines/%d", p.user, p.line) }
	return part{
		what: func() string { return fmt.Sprintf("line %d of user %s", p.line, p.user) },
		find: func(ctx context.Context) (bool, error) {
			type link struct {
				LineID int `json:"line_id"`
			}
			return associated(ctx, p.e.client, "/users/"+p.user+"/lines", func(l link) bool { return l.LineID == p.line })
		},
		create: func() request { return associate(path()) },
		remove: path,
	}
}

// given makes an object of the keys that have a text.
func given(pairs ...string) map[string]any {
	object := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			object[pairs[i]] = pairs[i+1]
		}
	}
	return object
}
