package reconcile

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile/record"
)

// substitutes say what there is in the place of a secret that was sealed with a key
// that is lost.
var substitutes = map[string]string{
	"sip_secret":         "the phone gets another one: provision it anew",
	"voicemail_password": "the mailbox gets another PIN: set one in XiVO",
	"password":           "the user gets another one: set one in XiVO, or in the directory where that brings it",
}

// makeAnew notes that a secret does not come back.
func (b *rollback) makeAnew(p *person, name string) {
	text := "it is not put back"
	if s, made := substitutes[name]; made {
		text = s
	}
	p.undo.anew = append(p.undo.anew, name)
	p.undo.notes = append(p.undo.notes, Note{p.Who(), name, "sealed with a key that is lost; " + text})
}

// furnishAgain gives a change that restores something the keys and secrets that
// the journal no longer tells: what it tells is taken as it was.
func (r *runner) furnishAgain(ctx context.Context, u *undo, c *record.Change) error {
	given := c.Fields
	missing := false
	fill := func(name string) {
		if _, told := given[name]; !told {
			missing = true
		}
	}
	switch {
	case c.Thing == record.User && c.Op == record.Create && slices.Contains(u.anew, "password"): // no login without one
		password, err := r.token(loginBytes)
		if err != nil {
			return fmt.Errorf("draw a password: %w", err)
		}
		c.Fields["password"] = key("password", password, true)
	case c.Thing == record.Extension && c.Op == record.Create:
		fill("sip_username")
		fill("sip_secret")
		fill("provisioning_code")
	case c.Thing == record.DID && c.Op == record.Create:
		fill("incall_description")
	case c.Thing == record.Voicemail && c.Op == record.Create:
		fill("voicemail_password")
	case c.Thing == record.Extension && (c.Op == record.Deactivate || c.Op == record.Reactivate):
		fill("sip_secret")
	}
	if !missing {
		return nil
	}
	made := *c
	made.Fields = map[string]record.Delta{}
	if err := r.furnishOne(ctx, &person{}, &made); err != nil {
		return err
	}
	for name, d := range made.Fields {
		if _, told := given[name]; !told {
			c.Fields[name] = d
		}
	}
	return nil
}
