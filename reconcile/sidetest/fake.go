package sidetest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"xivosync/reconcile"
	"xivosync/reconcile/record"
)

// Fake is a side in memory. It behaves like the real ones: it writes only while
// it holds the before-values, says what is missing, refuses what a real one
// refuses, and shows a survey without the fields that no survey tells.
type Fake struct {
	// Kind is the side that it stands for.
	Kind record.Side
	// Server is its identity, Count its change counter; "" is none.
	Server, Count string
	// Refuse, where set, is asked before a change is carried out, and After when
	// it has been: what they return is the answer.
	Refuse, After func(record.Change) error
	// Ignores names fields whose change is accepted and not stored.
	Ignores map[string]bool
	// Estate is what there is to users who are to be deleted, by their identifiers.
	Estate map[string]record.Estate
	// Searches counts how often it was looked for what leads to them.
	Searches int
	// Down, where set, is what every listing ends with.
	Down error
	// Conceals names attributes that the account may not read.
	Conceals map[string]bool
	// Following is how changes are told.
	Following Following
	// Order, where set, gives the listing another order.
	Order func(ids []string)

	mu     sync.Mutex
	key    string
	names  []string
	fields map[string]record.Field
	people map[string]*held
	ids    []string
	last   int
	writes []record.Change
	reads  int64
	frozen map[string]record.Record
	// ticks counts the changes, touched is the last one of each record, and
	// frozenAt the one up to which Freeze shows them.
	ticks, frozenAt int
	touched         map[string]int
}

// held is one record of the side.
type held struct {
	record.Record
	hidden bool
}

var (
	_ reconcile.Side     = (*Fake)(nil)
	_ reconcile.Identity = (*Fake)(nil)
	_ reconcile.Counter  = (*Fake)(nil)
	_ reconcile.Estates  = (*Fake)(nil)
	_ reconcile.Resumer  = (*Fake)(nil)
	_ reconcile.Secrets  = (*Fake)(nil)
)

// NewLDAP returns an empty directory whose entries show these attributes; key
// is the one with the identifier.
func NewLDAP(key string, attributes ...string) *Fake {
	return &Fake{Kind: record.LDAP, key: key, names: attributes, people: map[string]*held{}}
}

// NewXiVO returns an empty XiVO whose users have these fields; key is the one
// with the identifier.
func NewXiVO(key string, fields []record.Field) *Fake {
	f := &Fake{Kind: record.XiVO, key: key, people: map[string]*held{}, fields: map[string]record.Field{}}
	for _, field := range fields {
		f.names = append(f.names, field.Name)
		f.fields[field.Name] = field
	}
	return f
}

// Put adds a record behind the engine's back, and returns its id.
func (f *Fake) Put(identifier string, values map[string]string) string {
	all := map[string]record.Value{}
	for name, text := range values {
		all[name] = record.Text(text)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.add(identifier, all)
}

func (f *Fake) add(identifier string, values map[string]record.Value) string {
	f.last++
	id := fmt.Sprintf("entry-%03d", f.last)
	if f.Kind == record.XiVO {
		id = fmt.Sprintf("user-%03d", f.last)
	}
	values[f.key] = record.Text(identifier)
	f.people[id] = &held{Record: record.Record{Side: f.Kind, ID: id, Values: values}}
	f.ids = append(f.ids, id)
	if f.Kind == record.XiVO {
		f.people[id].Serial = uint64(f.last)
	}
	f.stamp(id)
	return id
}

// stamp gives a record the version of its last change.
func (f *Fake) stamp(id string) {
	f.touch(id)
	if f.Kind == record.LDAP {
		f.last++
		f.people[id].Version = fmt.Sprintf("20261121080000.%06dZ#000000#000#000000", f.last)
	}
}

// Set changes a value behind the engine's back; no texts empty it.
func (f *Fake) Set(id, name string, texts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[id].Values[name] = record.Texts(texts...)
	f.stamp(id)
}

// Get returns what a record holds, or nothing when it is gone.
func (f *Fake) Get(id, name string) record.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.people[id]; h != nil {
		return slices.Clone(h.Values[name])
	}
	return nil
}

// Remove takes a record away; Hide moves it out of the listing's sight, and
// Disable marks its account.
func (f *Fake) Remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.people, id)
	f.ids = slices.DeleteFunc(f.ids, func(s string) bool { return s == id })
	f.touch(id)
}

// Hide moves a record out of the listing's sight, or back.
func (f *Fake) Hide(id string, hidden bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[id].hidden = hidden
	f.touch(id)
}

// Disable marks the account of a record, or takes the mark away.
func (f *Fake) Disable(id string, disabled bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people[id].Disabled = disabled
	f.stamp(id)
}

// Disabled tells whether the record is marked.
func (f *Fake) Disabled(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.people[id].Disabled
}

// Freeze makes listings show what the side holds now, as a replica that lags
// behind; Thaw ends that.
func (f *Fake) Freeze() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen, f.frozenAt = map[string]record.Record{}, f.ticks
	for id, h := range f.people {
		f.frozen[id] = f.show(h, nil, record.Detail)
	}
}

// Thaw ends Freeze.
func (f *Fake) Thaw() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.frozen = nil
}

// IDs returns the ids of all records, oldest first.
func (f *Fake) IDs() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ids)
}

// Writes returns the changes that were carried out, and forgets them.
func (f *Fake) Writes() []record.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.writes
	f.writes = nil
	return out
}

// Identity returns the name of the server.
func (f *Fake) Identity(context.Context) (string, error) { return f.Server, nil }

// Counter returns the change counter.
func (f *Fake) Counter(context.Context) (string, error) { return f.Count, nil }

// Requests counts the listings and readings, and the writes that were tried.
func (f *Fake) Requests() record.Requests {
	f.mu.Lock()
	defer f.mu.Unlock()
	return record.Requests{Read: f.reads, Write: int64(len(f.writes))}
}

// show copies a record as a reading of that depth shows it; more names fields
// that are shown besides.
func (f *Fake) show(h *held, more []string, depth record.Depth) record.Record {
	r := h.Record
	r.Identifier, r.Values = "", map[string]record.Value{}
	if v := h.Values[f.key]; len(v) == 1 {
		r.Identifier = v[0]
	}
	for _, name := range slices.Concat(f.names, more) {
		if depth == record.Detail || f.Kind == record.LDAP || f.fields[name].Surveyed {
			r.Values[name] = slices.Clone(h.Values[name])
		}
		if f.Conceals[name] {
			r.Values[name] = nil
		}
	}
	r.Name = r.Identifier
	if f.Kind == record.LDAP {
		r.DN = "uid=" + r.Identifier + ",ou=people"
	}
	return r
}

// List shows every record that is not hidden.
func (f *Fake) List(ctx context.Context, depth record.Depth) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		for _, r := range f.listing(depth) {
			if err := ctx.Err(); err != nil {
				yield(record.Record{}, &record.Error{Side: f.Kind, Class: record.Down, Err: err})
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := f.Down; err != nil {
			yield(record.Record{}, err)
		} else if err := ctx.Err(); err != nil {
			yield(record.Record{}, &record.Error{Side: f.Kind, Class: record.Down, Err: err})
		}
	}
}

func (f *Fake) listing(depth record.Depth) []record.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	return f.visible(depth)
}

// visible are the records of a listing.
func (f *Fake) visible(depth record.Depth) []record.Record {
	ids := slices.Clone(f.ids)
	if f.Order != nil {
		f.Order(ids)
	}
	var out []record.Record
	for _, id := range ids {
		if f.people[id].hidden {
			continue
		}
		r := f.show(f.people[id], nil, depth)
		if old, known := f.frozen[id]; known {
			r = old
		}
		out = append(out, r)
	}
	return out
}

// Read shows one record in full, hidden or not.
func (f *Fake) Read(_ context.Context, id string) (record.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if h := f.people[id]; h != nil {
		return f.show(h, nil, record.Detail), nil
	}
	return record.Record{}, f.missing(id)
}

func (f *Fake) missing(id string) error {
	return &record.Error{Side: f.Kind, Class: record.Missing, Object: id, Message: "is not there"}
}

// Find shows the records that carry an identifier.
func (f *Fake) Find(_ context.Context, identifier string) ([]record.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	var out []record.Record
	for _, id := range f.ids {
		if h := f.people[id]; !h.hidden && h.Values[f.key].Equal(record.Text(identifier)) {
			out = append(out, f.show(h, nil, record.Detail))
		}
	}
	return out, nil
}
