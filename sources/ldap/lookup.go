package ldap

import (
	"context"
	"errors"
	"fmt"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// Read reads the entry with this immutable id, wherever it is in the directory
// and whether or not the filter matches it.
func (d *Directory) Read(ctx context.Context, id string) (record.Record, error) {
	if err := d.knowGroups(ctx); err != nil {
		return record.Record{}, err
	}
	rec, err := d.readOnce(ctx, id)
	if hidden(err) { // renamed between our two questions
		rec, err = d.readOnce(ctx, id)
	}
	if err != nil {
		return record.Record{}, lookupError(id, err)
	}
	return rec, nil
}

func (d *Directory) readOnce(ctx context.Context, id string) (rec record.Record, err error) {
	err = d.ask(ctx, func(s *session) error {
		e, err := d.byID(ctx, s, id, d.layout.request)
		if err != nil {
			return err
		}
		if rec, err = d.record(ctx, s, e); err != nil {
			return err
		}
		rec.Disabled, err = d.isDisabled(ctx, s, e.DN)
		return err
	})
	return rec, err
}

// Find reads the people, of those that a listing shows, whose identifier
// matches. The server compares, so a match may be in another case or spelling.
func (d *Directory) Find(ctx context.Context, identifier string) ([]record.Record, error) {
	if err := d.knowGroups(ctx); err != nil {
		return nil, err
	}
	filter := equals(d.cfg.Identifier, identifier)
	if holdsGUID(d.cfg.Identifier) {
		f, err := filterGUID(d.cfg.Identifier, identifier)
		if err != nil {
			return nil, nil // what is no GUID identifies nobody
		}
		filter = f
	}
	var found []record.Record
	seen := map[string]bool{}
	for _, base := range d.cfg.Bases {
		q := query{
			base: base, scope: goldap.ScopeWholeSubtree, filter: all(d.cfg.Filter, filter),
			attributes: d.layout.request,
		}
		err := d.walk(ctx, q, func(s *session, e *goldap.Entry) error {
			rec, err := d.record(ctx, s, e)
			if err != nil || seen[rec.ID] {
				return err
			}
			seen[rec.ID] = true
			found = append(found, rec)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for i, rec := range found {
		var err error
		if found[i], err = d.withDisabled(ctx, rec); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// withDisabled completes a record that was just read.
func (d *Directory) withDisabled(ctx context.Context, rec record.Record) (record.Record, error) {
	err := d.ask(ctx, func(s *session) (err error) {
		rec.Disabled, err = d.isDisabled(ctx, s, rec.DN)
		return err
	})
	if hidden(err) { // renamed in between
		return d.Read(ctx, rec.ID)
	}
	if err != nil {
		return record.Record{}, lookupError(rec.DN, err)
	}
	return rec, nil
}

// errNoEntry is returned when no entry has the id.
var errNoEntry = errors.New("the directory shows no such entry")

// lookupError classes what a look-up came to: the object may be missing, or the
// directory be in no state to tell.
func lookupError(object string, err error) error {
	if errors.Is(err, errNoEntry) {
		return classed(record.Missing, object, "read", err)
	}
	return down(object, "read", err)
}

// byID finds an entry by its immutable id: below the naming contexts of the
// bases, since it may have been moved out of them, then in the bases themselves,
// in case the account sees no more than those.
func (d *Directory) byID(ctx context.Context, s *session, id string, attributes []string) (*goldap.Entry, error) {
	filter, err := filterGUID(d.server.id, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoEntry, err)
	}
	if d.server.activeDirectory {
		e, err := d.entry(ctx, s, guidDN(id), attributes)
		if goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) {
			return nil, errNoEntry
		}
		return e, err
	}
	for _, root := range d.roots() {
		q := query{base: root, scope: goldap.ScopeWholeSubtree, filter: filter, attributes: attributes}
		res, err := d.search(ctx, s, q)
		switch {
		case goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject):
		case err != nil:
			return nil, err
		case len(res.Entries) > 0:
			return res.Entries[0], nil
		}
	}
	return nil, errNoEntry
}

// guidDN is how Active Directory addresses an entry, whatever its name is now.
func guidDN(id string) string { return "<GUID=" + id + ">" }

// roots are where an id is looked for, the widest first.
func (d *Directory) roots() []string {
	var wide []string
	for _, base := range d.cfg.Bases {
		if c := d.contextOf(base); c != "" {
			wide = append(wide, c)
		}
	}
	roots, err := outermost(wide)
	if err != nil {
		return d.cfg.Bases
	}
	return append(roots, d.cfg.Bases...)
}

// contextOf returns the naming context that a base belongs to, or "".
func (d *Directory) contextOf(base string) string {
	dn, err := goldap.ParseDN(base)
	if err != nil {
		return ""
	}
	best, depth := "", -1
	for _, context := range d.server.contexts {
		c, err := goldap.ParseDN(context)
		if err == nil && len(c.RDNs) > depth && (c.EqualFold(dn) || c.AncestorOfFold(dn)) {
			best, depth = context, len(c.RDNs)
		}
	}
	return best
}

func (d *Directory) isDisabled(ctx context.Context, s *session, dn string) (bool, error) {
	if d.cfg.Disabled == "" {
		return false, nil
	}
	res, err := d.search(ctx, s, query{base: dn, scope: goldap.ScopeBaseObject, filter: d.cfg.Disabled, attributes: []string{"1.1"}})
	if err != nil {
		return false, err
	}
	return len(res.Entries) > 0, nil
}
