package reconcile

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

// furnish gives the changes of a unit the keys by which a lost answer can be
// looked up, and the secrets that they need, before the unit is journaled.
func (r *runner) furnish(ctx context.Context, p *person, u *record.Unit) error {
	for i := range u.Changes {
		c := &u.Changes[i]
		c.Fields = maps.Clone(c.Fields) // the plan keeps what was decided
		if p.undo != nil && c.Op != record.Delete {
			if err := r.furnishAgain(ctx, p.undo, c); err != nil {
				return fmt.Errorf("prepare change %s: %w", c.ID(), err)
			}
			continue
		}
		if err := r.furnishOne(ctx, p, c); err != nil {
			return fmt.Errorf("prepare change %s: %w", c.ID(), err)
		}
	}
	return nil
}

func (r *runner) furnishOne(ctx context.Context, p *person, c *record.Change) (err error) {
	switch {
	case c.Op == record.Delete:
		err = r.furnishImage(ctx, c)
	case c.Thing == record.Extension && c.Op == record.Create:
		err = r.furnishLine(ctx, c)
	case c.Thing == record.Extension && (c.Op == record.Deactivate || c.Op == record.Reactivate):
		err = r.furnishSecret(ctx, p, c)
	case c.Thing == record.DID && c.Op == record.Create:
		c.Fields["incall_description"] = key("incall_description", "xivosync "+c.ID(), false)
	case c.Thing == record.CTI && c.Has(ctiUsername):
		err = r.furnishLogin(p, c)
	case c.Thing == record.Voicemail && c.Op == record.Create && !c.Has("voicemail_password"):
		var pin string
		pin, err = r.digits(voicemailDigits)
		c.Fields["voicemail_password"] = key("voicemail_password", pin, true)
	}
	return err
}

// furnished are the fields that furnish adds: chosen anew each time, so that they
// do not count when a change is compared with one that was refused.
var furnished = []string{"sip_username", "sip_secret", "provisioning_code", "incall_description", "voicemail_password", ctiPassword}

// voicemailDigits is the length of a new mailbox's PIN.
const voicemailDigits = 6

func key(name, value string, secret bool) record.Delta {
	return record.Delta{Attribute: name, After: record.Text(value), Secret: secret}
}

func (r *runner) furnishLine(ctx context.Context, c *record.Change) error {
	name, err := r.token(6)
	if err != nil {
		return err
	}
	secret, err := r.token(12)
	if err != nil {
		return err
	}
	code, err := r.provisioningCode(ctx)
	if err != nil {
		return err
	}
	if !c.Has(sipUsername) {
		c.Fields[sipUsername] = key(sipUsername, name, false)
	}
	c.Fields["sip_secret"] = key("sip_secret", secret, true)
	c.Fields["provisioning_code"] = key("provisioning_code", code, false)
	return nil
}

// codeTries is how often a provisioning code is drawn that no line has: of six
// digits, one in a hundred is taken where there are ten thousand lines.
const codeTries = 20

func (r *runner) provisioningCode(ctx context.Context) (code string, err error) {
	asked, ok := r.XiVO.(Owners)
	for range codeTries {
		if code, err = r.digits(6); err != nil || !ok {
			return code, err
		}
		holder, err := asked.Owner(ctx, "provisioning_code", code)
		if err != nil || holder.Free() {
			return code, err
		}
	}
	return "", errors.New("no free provisioning code found; are there hundreds of thousands of lines?")
}

// furnishSecret replaces the secret with which the phone registers: without it a
// leaver's phone would ring on. Whoever comes back gets the old one again.
func (r *runner) furnishSecret(ctx context.Context, p *person, c *record.Change) error {
	asked, ok := r.XiVO.(Secrets)
	if !ok {
		return nil
	}
	now, err := asked.Secret(ctx, c.Key)
	if err != nil {
		return err
	}
	after, replaced, err := r.formerSecret(p)
	switch {
	case err != nil:
		return err
	case (c.Op == record.Deactivate) == replaced:
		after = now // an earlier try came as far as this
	case c.Op == record.Deactivate:
		after = ""
	}
	if after == "" {
		if after, err = r.token(12); err != nil {
			return err
		}
	}
	d := key("sip_secret", after, true)
	d.Before = record.Text(now)
	c.Fields["sip_secret"] = d
	return nil
}

// formerSecret tells whether the secret is replaced at present, and what the
// journal keeps, sealed, of the one before.
func (r *runner) formerSecret(p *person) (former string, replaced bool, err error) {
	for c, err := range r.Store.History(p.state.Number, p.entryID()) {
		if err != nil {
			return "", false, err
		}
		switch {
		case c.Thing != record.Extension || c.Step != record.Done:
		case c.Op == record.Reactivate, c.Op == record.Create:
			return former, replaced, nil
		case c.Op == record.Deactivate:
			former, replaced = c.Fields["sip_secret"].Before.First(), true
		}
	}
	return former, replaced, nil
}

// token is a random text of twice as many characters as bytes.
func (r *runner) token(bytes int) (string, error) {
	b := make([]byte, bytes)
	_, err := io.ReadFull(r.Random, b)
	return hex.EncodeToString(b), err
}

// digits is a random number of that many digits, the first one no zero.
func (r *runner) digits(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(r.Random, b); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	if b[0] == '0' {
		b[0] = '1'
	}
	return string(b), nil
}

// doneThing takes in a change of a thing. While more of the user's changes
// follow, reading back waits for the last of them.
func (r *runner) doneThing(p *person, c record.Change, rec record.Record) {
	if p.living {
		p.next.Halfway = true // until the label says that all is done
		if c.Op == record.Delete {
			tornDown(&p.next, c)
		}
		return
	}
	p.pending = append(p.pending, c)
	if c.More {
		return
	}
	p.user, p.detailed = &rec, true
	for _, done := range p.pending {
		if done.Thing == record.User {
			r.born(p, done, rec)
			continue
		}
		r.takeThing(p, done, rec)
	}
	p.pending = nil
	if p.origin != fromEntry && p.life == nil {
		r.countUpdated(p)
	}
	r.freshen(&p.next, p)
}

// takeThing advances the base of a thing to what XiVO holds now. (What a
// deactivation changes does not come here: a return restores the base.)
func (r *runner) takeThing(p *person, c record.Change, rec record.Record) {
	for _, name := range c.FieldNames() {
		m, d := r.Settings.Mapping(name), c.Fields[name]
		if m == nil {
			continue
		}
		now, read := rec.Values[name]
		if !read || !m.Field.Detail && d.Before.Equal(d.After) && c.Op == record.Update { // it only says which element is meant
			continue
		}
		if m.Field.Detail {
			if c.Op == record.Create || c.Op == record.Update { // else it is the image of what goes
				r.takeDetail(p, m, c, rec)
			}
			continue
		}
		if !stored(m, d, now) {
			r.notStored(p, m, c, now)
			continue
		}
		if r.restoreBase(p, c, name, rec) {
			continue
		}
		if c.Parks {
			p.next.Fields[name] = putAside(p.next.Fields[name], d)
			continue
		}
		a := p.answer(r.Engine, name)
		if m.Field.Many {
			b := m.takeElement(p.next.Fields[name], a, m.chain(p.site), d, c.Op, now)
			b.Parked = intersection(b.Parked, now)
			p.next.Fields[name] = b
			continue
		}
		b := a.Base
		b.XiVO = now
		b.Retired = b.Retired || a.Thing == record.Reactivate && c.Op == record.Update // renumbered, and out of use still
		if _, on := p.drawn[m.Attribute]; on {
			p.await(m, b) // else a crash would make the number one that the directory has lost
			continue
		}
		p.next.Fields[name] = b
	}
	if c.Op == record.Create {
		r.takeUnsent(p, c, rec)
	}
	if c.Thing == record.Agent {
		takeAgent(&p.next, c)
	}
}

// stored tells whether XiVO holds what the change was to bring; of a set, its
// element.
func stored(m *Mapping, d record.Delta, now record.Value) bool {
	now, after, before := m.Chain.Canonical(now), m.Chain.Canonical(d.After), m.Chain.Canonical(d.Before)
	if !m.Field.Many {
		return now.Equal(after)
	}
	return len(without(after, now)) == 0 && (before.Equal(after) || len(without(before, now)) == len(before))
}

// takeDown undoes, in reverse order, what was made of a person of whom a later
// step was refused: nobody is left half-made. The undoing is a unit of its own,
// journaled like any other.
func (r *runner) takeDown(ctx context.Context, p *person, failed record.Unit, at int) error {
	u := record.Unit{Run: r.report.Number, Number: len(r.report.Plan.Units) + r.undone + 1}
	for _, c := range slices.Backward(failed.Changes[:at]) {
		if c.Step != record.Done || (c.Thing == record.CTI || c.Thing == record.Entity) {
			continue // these go with the user
		}
		u.Changes = append(u.Changes, r.inverse(c, u))
	}
	r.undone++
	if err := r.Store.Open(u); err != nil {
		return err
	}
	for i := range u.Changes {
		next := i + 1
		if next == len(u.Changes) {
			next = -1
		}
		c := &u.Changes[i]
		_, err := r.XiVO.Apply(context.WithoutCancel(ctx), *c)
		switch {
		case err != nil && record.ClassOf(err) == record.Down:
			return err
		case err != nil:
			c.Step, c.Error, next = record.Failed, message(err), -1
			r.unknown(p, *c)
		default:
			c.Step = record.Done
		}
		if err := r.Store.Settle(u, i, next, Effect{}); err != nil {
			return err
		}
		if err != nil {
			return nil
		}
	}
	p.next.User = ""
	r.report.Counts.Created--
	return r.Store.Forget([]uint64{p.state.Number})
}

// undoneReason tells what is taken down because the whole could not be made.
const undoneReason = "undone: a later step for this person was refused"

// inverse is the change that takes another one down.
func (r *runner) inverse(c record.Change, u record.Unit) record.Change {
	r.seq++
	inv := record.Change{Run: u.Run, Seq: r.seq, Unit: u.Number, Link: c.Link, Person: c.Person, Entry: c.Entry, Side: c.Side,
		Op: record.Delete, Thing: c.Thing, Key: c.Key, Fields: map[string]record.Delta{}, More: true,
		Reason: undoneReason}
	for name, d := range c.Fields {
		inv.Fields[name] = record.Delta{Attribute: d.Attribute, Before: d.After, Secret: d.Secret}
	}
	return inv
}
