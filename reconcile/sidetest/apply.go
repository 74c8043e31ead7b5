package sidetest

import (
	"context"
	"fmt"
	"slices"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Apply carries out one change.
func (f *Fake) Apply(_ context.Context, c record.Change) (record.Record, error) {
	if f.Refuse != nil {
		if err := f.Refuse(c); err != nil {
			return record.Record{}, err
		}
	}
	r, err := f.apply(c)
	if err == nil && f.After != nil {
		err = f.After(c)
	}
	return r, err
}

func (f *Fake) apply(c record.Change) (record.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := c.Key
	switch {
	case c.Op == record.Create && f.Kind == record.XiVO && c.Thing == record.User:
		if err := f.unique("", c); err != nil {
			return record.Record{}, err
		}
		id = f.add(c.Fields[f.key].After.First(), map[string]record.Value{})
	case f.Kind == record.LDAP && (c.Op == record.Create || c.Op == record.Delete):
		return record.Record{}, f.refused(c, "entries are only ever updated")
	case f.people[id] == nil:
		return record.Record{}, f.missing(id)
	case c.Op == record.Delete && c.Thing == record.User:
		return record.Record{}, f.remove(c)
	default:
		if err := f.check(f.people[id], c); err != nil {
			return record.Record{}, err
		}
	}
	h := f.people[id]
	for _, name := range c.FieldNames() {
		f.store(h, c.Fields[name])
	}
	f.stamp(id)
	f.writes = append(f.writes, c)
	return f.show(h, attributesOf(c), record.Detail), nil
}

// remove deletes a user who has no extension any more.
func (f *Fake) remove(c record.Change) error {
	h := f.people[c.Key]
	for name, d := range c.Fields {
		if now := f.value(h, d.Attribute); !d.Before.Empty() && !now.Equal(d.Before) {
			return &record.Error{Side: f.Kind, Class: record.Stale, Object: h.ID, Message: name + " changed since it was read"}
		}
	}
	if !h.Values["extension"].Empty() {
		return f.refused(c, "Resource Error - User is associated with a Line")
	}
	delete(f.people, c.Key)
	f.ids = slices.DeleteFunc(f.ids, func(id string) bool { return id == c.Key })
	f.writes = append(f.writes, c)
	return nil
}

// Estates tells what [Fake.Estate] says.
func (f *Fake) Estates(_ context.Context, leavers []record.Leaver) ([]record.Estate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	estates := make([]record.Estate, len(leavers))
	for i, l := range leavers {
		if h := f.people[l.User]; h != nil {
			estates[i] = f.Estate[h.Values[f.key].First()]
			estates[i].Pointers = slices.DeleteFunc(slices.Clone(estates[i].Pointers), func(p record.Pointer) bool { return !slices.Contains(l.Known, p) })
		}
		estates[i].Lost = append([]string{"the uuid"}, estates[i].Lost...)
	}
	return estates, nil
}

// Pointers finds what [Fake.Estate] says, and counts in [Fake.Searches].
func (f *Fake) Pointers(_ context.Context, leavers []record.Leaver) ([][]record.Pointer, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Searches++
	found := make([][]record.Pointer, len(leavers))
	for i, l := range leavers {
		if h := f.people[l.User]; h != nil {
			found[i] = f.Estate[h.Values[f.key].First()].Pointers
		}
	}
	return found, "", nil
}

// lineKeys are the keys of things that no field shows.
var lineKeys = map[string]record.Thing{
	"sip_username": record.Extension, "sip_secret": record.Extension, "provisioning_code": record.Extension, "voicemail_password": record.Voicemail,
}

// Image reads all that a user holds, or a thing but for its value.
func (f *Fake) Image(_ context.Context, thing record.Thing, user, value string) (map[string]record.Delta, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.people[user]
	if h == nil {
		return nil, f.missing(user)
	}
	image := map[string]record.Delta{}
	for name, v := range h.Values {
		if (f.fields[name].Thing == thing || lineKeys[name] == thing) && name != string(thing) && !v.Empty() {
			image[name] = record.Delta{Attribute: name, Before: v, Secret: f.fields[name].Secret}
		}
	}
	if thing == record.User && h.Disabled {
		image["enabled"] = record.Delta{Attribute: "enabled", Before: f.value(h, "enabled")}
	}
	return image, nil
}

// Secret is what the user's phone registers with.
func (f *Fake) Secret(_ context.Context, user string) (string, error) {
	return f.Get(user, "sip_secret").First(), nil
}

// Resume finds out whether a change of a thing was made: nothing is ever half
// done here. What can be done twice is.
func (f *Fake) Resume(ctx context.Context, c record.Change) (record.Step, record.Record, error) {
	d := c.Fields[string(c.Thing)]
	now := f.Get(c.Key, string(c.Thing))
	step := record.Done
	switch {
	case c.Op == record.Create && !fits(now, d.After), c.Op == record.Delete && fits(now, d.Before):
		step = record.Undone
	case c.Op != record.Create && c.Op != record.Delete:
		if _, err := f.apply(c); err != nil {
			return record.Unknown, record.Record{}, err
		}
	}
	r, err := f.Read(ctx, c.Key)
	return step, r, err
}

// Withdraw takes exactly the before-values out of an entry.
func (f *Fake) Withdraw(_ context.Context, w reconcile.Withdrawal) (record.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := w.Change()
	h := f.people[c.Key]
	if h == nil {
		return record.Record{}, f.missing(c.Key)
	}
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		if !fits(h.Values[d.Attribute], d.Before) || d.Before.Empty() {
			return record.Record{}, &record.Error{Side: f.Kind, Class: record.Stale, Object: h.ID, Message: d.Attribute + " changed since it was read"}
		}
		h.Values[d.Attribute] = slices.DeleteFunc(slices.Clone(h.Values[d.Attribute]), func(s string) bool { return slices.Contains(d.Before, s) })
	}
	f.stamp(c.Key)
	f.writes = append(f.writes, c)
	return f.show(h, attributesOf(c), record.Detail), nil
}

func attributesOf(c record.Change) (names []string) {
	for _, name := range c.FieldNames() {
		names = append(names, c.Fields[name].Attribute)
	}
	return names
}

// check is the precondition, and what a real side refuses.
func (f *Fake) check(h *held, c record.Change) error {
	for _, name := range c.FieldNames() {
		d := c.Fields[name]
		now := f.value(h, d.Attribute)
		switch {
		case f.Kind == record.LDAP && d.After.Empty():
			return f.refused(c, "an empty value is never pushed to the directory")
		case f.Kind == record.LDAP && !fits(now, d.Before), f.Kind == record.XiVO && !now.Equal(d.Before) && !now.Equal(d.After):
			return &record.Error{Side: f.Kind, Class: record.Stale, Object: h.ID, Message: d.Attribute + " changed since it was read"}
		}
	}
	return f.unique(h.ID, c)
}

// value is what a record holds; the label of a XiVO user is a value, too.
func (f *Fake) value(h *held, name string) record.Value {
	if f.Kind == record.XiVO && name == "enabled" {
		return record.Text(fmt.Sprint(!h.Disabled))
	}
	return h.Values[name]
}

// fits tells whether an attribute holds the values that are replaced.
func fits(now, before record.Value) bool {
	if before.Empty() {
		return now.Empty()
	}
	return !slices.ContainsFunc(before, func(s string) bool { return !slices.Contains(now, s) })
}

// unique refuses what another record holds already.
func (f *Fake) unique(id string, c record.Change) error {
	for name, d := range c.Fields {
		if !f.fields[name].Unique || d.After.Empty() {
			continue
		}
		for _, h := range f.people {
			if h.ID != id && h.Values[name].Equal(d.After) {
				return f.refused(c, fmt.Sprintf("Resource Error - User already exists ('%s': '%s')", name, d.After))
			}
		}
	}
	return nil
}

// store writes one field; of several values only the replaced one goes.
func (f *Fake) store(h *held, d record.Delta) {
	switch now := h.Values[d.Attribute]; {
	case f.Ignores[d.Attribute]:
	case f.Kind == record.XiVO && d.Attribute == "enabled":
		h.Disabled = d.After.First() == "false"
		h.Values["enabled"] = d.After
	case f.Kind == record.LDAP && len(now) > 1:
		kept := slices.DeleteFunc(slices.Clone(now), func(s string) bool { return slices.Contains(d.Before, s) })
		h.Values[d.Attribute] = append(kept, d.After...)
	default:
		h.Values[d.Attribute] = slices.Clone(d.After)
	}
}

func (f *Fake) refused(c record.Change, message string) error {
	return &record.Error{Side: f.Kind, Class: record.Refused, Object: c.Key, Message: message}
}
