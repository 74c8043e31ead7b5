package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// claimLogins finds logins under a username that somebody else has, or that
// several people get: XiVO would refuse them. A username that the directory
// brings is claimed as a field of its own.
func (e *Engine) claimLogins(ctx context.Context, people []*person) error {
	side, ok := e.XiVO.(Logins)
	asking := map[string][]*person{}
	for _, p := range people {
		if name := p.derivedLogin(); name != "" {
			asking[name] = append(asking[name], p)
		}
	}
	if !ok || len(asking) == 0 {
		return nil
	}
	taken, err := side.Logins(ctx)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(asking) {
		for _, p := range asking[name] {
			owner := taken[name]
			switch {
			case owner.ID != "" && owner.ID != p.userID():
				e.holdLogin(p, name, record.Holder{User: owner}.String())
			case len(asking[name]) > 1:
				e.holdLogin(p, name, others(asking[name], p))
			}
		}
	}
	return nil
}

// derivedLogin is the username that a login of the person gets which no field
// brings, or "".
func (p *person) derivedLogin() string {
	i := p.newLogin()
	if i < 0 {
		return ""
	}
	name := p.things[i].Fields[ctiUsername].After.First()
	if name == p.value("username") {
		return "" // the user's own, or a field's
	}
	return name
}

// newLogin finds the login among the person's changes that has a username.
func (p *person) newLogin() int {
	return slices.IndexFunc(p.things, func(c record.Change) bool { return c.Thing == record.CTI && c.Has(ctiUsername) })
}

// holdLogin takes the login out of the person's changes and says who has its
// username.
func (e *Engine) holdLogin(p *person, name, owner string) {
	i := p.newLogin()
	p.things = slices.Delete(slices.Clone(p.things), i, i+1)
	c := e.conflict(p, string(record.CTI), record.ResourceExists,
		fmt.Sprintf("the login would have the username %s, as no field brings one, and that is in use already: %s", Quoted(name), owner),
		"give the person a username of their own, by [fields.username] or in XiVO, or change that of the other user in XiVO")
	c.Owner = owner
	p.conflicts = append(p.conflicts, c)
}

// login adds to a CTI login the username that goes with it where the user has
// none: the e-mail address, or else the identifier, as far as XiVO takes it for
// one.
func (e *Engine) login(p *person, m *Mapping, c *record.Change) {
	name := p.value("username")
	for _, candidate := range []string{p.value("email"), p.Who().Identifier} {
		if name == "" && m.Field.Login != nil && m.Field.Login.MatchString(candidate) {
			name = candidate
		}
	}
	if name != "" {
		c.Fields[ctiUsername] = record.Delta{Attribute: ctiUsername, After: record.Text(name)}
	}
}

// furnishLogin draws a password for a login, unless the creation of the user
// brings one. XiVO's side uses it only where the user has none.
func (r *runner) furnishLogin(p *person, c *record.Change) error {
	if p.origin == fromEntry && p.xivo != nil && p.xivo.Has("password") {
		return nil
	}
	password, err := r.token(loginBytes)
	if err != nil {
		return fmt.Errorf("draw a password: %w", err)
	}
	c.Fields[ctiPassword] = key(ctiPassword, password, true)
	return nil
}

// loginBytes make a password of sixteen characters.
const loginBytes = 8
