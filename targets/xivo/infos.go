package xivo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Identity returns the uuid of this XiVO (confd resource /infos): it survives
// updates and restored backups, and no other XiVO has it.
func (c *Client) Identity(ctx context.Context) (string, error) {
	var infos struct {
		UUID string `json:"uuid"`
	}
	err := c.ask(ctx, get("/infos", nil), &infos)
	if err == nil && infos.UUID == "" {
		err = errors.New("GET /infos: XiVO does not tell its uuid")
	}
	return infos.UUID, classified("GET /infos", err)
}

// Capabilities are what a server can do and what it lets us do.
type Capabilities struct {
	// UUID is that of the XiVO; Users is how many it has.
	UUID  string
	Users int
	// Export and Views tell whether a survey is possible. Without, every run
	// reads every user in full.
	Export, Views bool
	// Contexts tells of the resources that came with 16.16. Nothing needs them.
	Contexts bool
	// Refused are the rights (ACLs) that the web-service user lacks, such as
	// "confd.users.create", in the order in which they were tried. What needs a
	// right that is refused is not known, and reads false.
	Refused []string
}

// probe is one thing to ask a server.
type probe struct {
	q    request
	note func(*Capabilities, io.Reader) error
}

// probes ask for little: the first page or the first bytes.
var probes = []probe{
	{get("/infos", nil), func(caps *Capabilities, r io.Reader) error {
		var infos struct {
			UUID string `json:"uuid"`
		}
		err := whole(r, &infos)
		caps.UUID = infos.UUID
		return err
	}},
	{get("/users", url.Values{"limit": {"1"}}), func(caps *Capabilities, r io.Reader) error {
		var p struct {
			Total int `json:"total"`
		}
		err := whole(r, &p)
		caps.Users = p.Total
		return err
	}},
	{get("/users", url.Values{"limit": {"1"}, "view": {"directory"}}), found(func(caps *Capabilities) { caps.Views = true })},
	{get("/users/export", nil), found(func(caps *Capabilities) { caps.Export = true })},
	{get("/contexts", url.Values{"limit": {"1"}}), found(func(caps *Capabilities) { caps.Contexts = true })},
}

func found(set func(*Capabilities)) func(*Capabilities, io.Reader) error {
	return func(caps *Capabilities, _ io.Reader) error {
		set(caps)
		return nil
	}
}

// Capabilities asks the server what it can do. The error is of class Down when
// it cannot be reached, or accepts nothing at all from us.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	var caps Capabilities
	for _, p := range probes {
		err := c.read(ctx, p.q, func(r io.Reader) error { return p.note(&caps, r) })
		switch {
		case unauthorised(err):
			caps.Refused = append(caps.Refused, acl(p.q.method, p.q.path))
		case absent(err):
		case err != nil:
			return caps, classified(p.q.String(), err)
		}
	}
	return caps, c.rights(ctx, &caps)
}

// rights asks for the rights that no probe asked for.
func (c *Client) rights(ctx context.Context, caps *Capabilities) error {
	if c.tokens == nil {
		return nil
	}
	for _, right := range c.rightsNeeded() {
		ok, err := c.tokens.allows(ctx, strings.ReplaceAll(right, "*", "1"))
		if err != nil {
			return classified("the right "+right, err)
		}
		if !ok {
			caps.Refused = append(caps.Refused, right)
		}
	}
	return nil
}

// absent tells whether the server does not know the resource, or the view.
func absent(err error) bool {
	var p *Problem
	return errors.As(err, &p) && (p.Status == http.StatusNotFound || p.Status == http.StatusBadRequest)
}
