package ldap

import (
	"fmt"
	"slices"

	goldap "github.com/go-ldap/ldap/v3"

	"xivosync/reconcile/record"
)

// decode makes a record of an entry. Values are kept as they came, byte for
// byte; only ids are brought to their textual form.
func (d *Directory) decode(e *goldap.Entry) (record.Record, error) {
	l := d.layout
	rec := record.Record{Side: record.LDAP, DN: e.DN, Values: make(map[string]record.Value, len(l.keys))}
	for _, key := range l.keys {
		rec.Values[key] = nil
	}
	var cn, display string
	var uids []string
	for _, a := range e.Attributes {
		s := l.find(a.Name)
		if len(a.Values) == 0 {
			continue
		}
		if s.id {
			id, err := textGUID(d.server.id, a.Values[0])
			if err != nil {
				return rec, fmt.Errorf("%s: %w", a.Name, err)
			}
			rec.ID = id
		}
		if s.version {
			rec.Version = d.stamp(a.Values[0])
		}
		if s.cn {
			cn = a.Values[0]
		}
		if s.displayName {
			display = a.Values[0]
		}
		if s.uid {
			uids = a.Values
		}
		for _, key := range s.values {
			v, err := valueOf(s, l.keys[key], a.Values)
			if err != nil {
				return rec, err
			}
			rec.Values[l.keys[key]] = v
		}
	}
	rec.Identifier = l.only(rec, l.identifier)
	rec.Name = l.name(rec, display, cn)
	return rec, d.putGroups(&rec, uids)
}

// valueOf keeps the values, without those that are empty: absent, null and ""
// are one.
func valueOf(s slot, key string, values []string) (record.Value, error) {
	if s.guid {
		out := make(record.Value, len(values))
		for i, v := range values {
			id, err := textGUID(key, v)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			out[i] = id
		}
		return out, nil
	}
	if slices.Contains(values, "") {
		return record.Texts(values...), nil
	}
	return record.Value(values), nil
}

// stamp makes versions of one server comparable: Active Directory counts per
// domain controller, so the controller goes along as "NUMBER@CONTROLLER".
func (d *Directory) stamp(version string) string {
	if !d.server.activeDirectory {
		return version
	}
	return version + "@" + d.server.controller
}

// only returns the single value of a key, or "" when there are none or several.
func (l *layout) only(rec record.Record, key int) string {
	if v := rec.Values[l.keys[key]]; len(v) == 1 {
		return v[0]
	}
	return ""
}

// name is what a reader would call the entry.
func (l *layout) name(rec record.Record, display, cn string) string {
	if display != "" {
		return display
	}
	if cn != "" {
		return cn
	}
	if l.given >= 0 && l.sur >= 0 {
		given, sur := rec.Values[l.keys[l.given]].First(), rec.Values[l.keys[l.sur]].First()
		if given != "" && sur != "" {
			return given + " " + sur
		}
		if given+sur != "" {
			return given + sur
		}
	}
	dn, err := goldap.ParseDN(rec.DN)
	if err != nil || len(dn.RDNs) == 0 {
		return rec.DN
	}
	return dn.RDNs[0].Attributes[0].Value
}
