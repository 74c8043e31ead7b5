package reconcile

import "xivosync/reconcile/record"

// Trip leads each value of an entry to XiVO's form and, where the field is written
// back, to the directory's form again. It notes what cannot be read, what XiVO
// would refuse, and what would not come back as the same value.
func (e *Engine) Trip(entry record.Record) []Note {
	p := &person{entry: &entry, origin: fromEntry}
	e.place(p)
	var out []Note
	note := func(field, text string) { out = append(out, Note{p.Who(), field, text}) }
	for i := range e.Settings.Fields {
		m := &e.Settings.Fields[i]
		v, read := e.source(p, m, nil)
		if !read || v.Empty() || m.Direction == None {
			continue
		}
		q := &question{Question: Question{Mapping: m, LDAP: v, ReadLDAP: true, ReadXiVO: true, Site: p.site, Digest: e.digestValue}}
		if trouble := q.prepare(); trouble != nil {
			note(m.Field.Name, trouble.Message)
			continue
		}
		if r := validate(m.Field, q.want); r != nil {
			note(m.Field.Name, r.Message)
			continue
		}
		if m.Direction != Both && m.Direction != ToLDAP {
			continue
		}
		if _, err := q.chain.ToAttribute(q.want); err != nil {
			note(m.Field.Name, err.Error())
		}
	}
	return out
}
