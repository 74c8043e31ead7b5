package reconcile

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"xivosync/reconcile/record"
)

// observation is what one reading of both sides shows: whoever changed, whoever
// is new, who is missing, and the small indexes that need everybody. Unchanged
// people leave nothing behind but a mark.
type observation struct {
	// only, where set, names the people who are kept though unchanged.
	only  []string
	links []record.Link
	// decided are the decisions of people that wait to be carried out.
	decided decisions
	byEntry map[string]int
	byUser  map[string]int

	ldap sighting
	xivo sighting

	// holders tells which user holds a value of a unique field.
	holders map[string]map[uint64]string
	// filled counts the entries that hold each mapped attribute.
	filled map[string]int
	// serial is the highest user number.
	serial uint64
	// holds are what is kept out of the plan.
	holds holdsOf
	// restoredUsers are linked users that XiVO does not know any more.
	restoredUsers []string

	// partial tells that of the directory only what changed was read; scanned that
	// everybody's id was listed besides. Of those whom unsure names nobody knows
	// whether their entry is there.
	partial, scanned bool
	unsure           []int
	// unreadable are attributes that the account seems to read no more.
	unreadable []string
	// alone, where set, is the one person who was read, in place of everybody.
	alone *alone
}

// sighting is one side of an observation.
type sighting struct {
	// total counts the records.
	total int
	// seen marks the links that were listed, and changed those whose record is
	// kept because it differs from last time, or has to be looked at.
	seen    []bool
	changed map[int]*record.Record
	// free are the records that no link holds: all of them for the directory,
	// those with an identifier for XiVO.
	free []*record.Record
	// identifiers counts who carries which identifier, and twins are those that
	// more than one carries.
	identifiers map[uint64]string
	twins       map[string][]string
}

var hashSeed = maphash.MakeSeed()

func hashed(s string) uint64 { return maphash.String(hashSeed, s) }

// observe reads both sides at the same time and compares each record, as it
// comes, with what was last known. An incomplete listing is an error.
func (e *Engine) observe(ctx context.Context, opt Options) (*observation, error) {
	depth := opt.depth()
	o, err := e.newObservation(opt)
	if err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return o.readSide(e.LDAP.List(ctx, depth), e.progress("reading the directory"), e.noteEntry(o))
	})
	g.Go(func() error {
		return o.readSide(e.XiVO.List(ctx, depth), e.progress("reading XiVO"), e.noteUser(o, depth))
	})
	return o, g.Wait()
}

func (e *Engine) newObservation(opt Options) (*observation, error) {
	o := &observation{only: opt.Only, byEntry: map[string]int{}, byUser: map[string]int{}, holders: map[string]map[uint64]string{}, filled: map[string]int{}}
	var err error
	if o.holds, err = e.holds(); err != nil {
		return nil, err
	}
	for l, err := range e.Store.Links() {
		if err != nil {
			return nil, fmt.Errorf("read the links: %w", err)
		}
		o.byEntry[l.Entry], o.byUser[l.User] = len(o.links), len(o.links)
		o.links = append(o.links, l)
	}
	for _, s := range []*sighting{&o.ldap, &o.xivo} {
		s.seen = make([]bool, len(o.links))
		s.changed = map[int]*record.Record{}
		s.identifiers = make(map[uint64]string, len(o.links))
		s.twins = map[string][]string{}
	}
	for _, m := range e.Settings.Fields {
		if m.Field.Unique {
			o.holders[m.Field.Name] = make(map[uint64]string, len(o.links))
		}
	}
	return o, nil
}

func (o *observation) readSide(list iter.Seq2[record.Record, error], progress func(int), note func(*record.Record)) error {
	n := 0
	for r, err := range list {
		if err != nil {
			return err
		}
		note(&r)
		if n++; n%500 == 0 {
			progress(n)
		}
	}
	progress(n)
	return nil
}

// noteEntry takes in one directory entry.
func (e *Engine) noteEntry(o *observation) func(*record.Record) {
	digest := e.newDigester()
	return func(r *record.Record) {
		o.ldap.count(r)
		for i := range e.Settings.Fields {
			if a := e.Settings.Fields[i].Attribute; a != "" && !r.Values[a].Empty() {
				o.filled[a]++
			}
		}
		i, linked := o.byEntry[r.ID]
		if !linked {
			o.ldap.free = append(o.ldap.free, r)
			return
		}
		o.ldap.seen[i] = true
		l := &o.links[i]
		if l.Attention || l.Deactivated || l.Halfway || l.Missed > 0 || r.Disabled || slices.ContainsFunc(o.only, r.Is) || digest.entry(r) != l.Entered {
			o.ldap.changed[i] = r
		}
	}
}

// noteUser takes in one XiVO user.
func (e *Engine) noteUser(o *observation, depth record.Depth) func(*record.Record) {
	digest := e.newDigester()
	return func(r *record.Record) {
		o.xivo.count(r)
		o.serial = max(o.serial, r.Serial)
		i, linked := o.byUser[r.ID]
		for field, holders := range o.holders {
			for _, v := range e.Settings.Mapping(field).Chain.Canonical(r.Values[field]) {
				h := hashed(v)
				if other := holders[h]; other == "" || r.ID < other { // whatever order the listing has
					holders[h] = r.ID
				}
			}
		}
		if !linked {
			if r.Identifier != "" {
				o.xivo.free = append(o.xivo.free, r)
			}
			return
		}
		o.xivo.seen[i] = true
		l := &o.links[i]
		known, now := l.Surveyed, digest.survey(r)
		if depth == record.Detail {
			known, now = l.Detailed, digest.detail(r)
		}
		if l.Attention || l.Stale || l.Deactivated || l.Halfway || r.Doubtful || slices.ContainsFunc(o.only, r.Is) || now != known {
			o.xivo.changed[i] = r
		}
	}
}

// count registers the record's identifier.
func (s *sighting) count(r *record.Record) {
	s.total++
	s.carries(r.Identifier, r.ID)
}

// carries registers who carries an identifier.
func (s *sighting) carries(identifier, id string) {
	if identifier == "" {
		return
	}
	h := hashed(identifier)
	first, known := s.identifiers[h]
	switch {
	case !known:
		s.identifiers[h] = id
	case first != id:
		if len(s.twins[identifier]) == 0 {
			s.twins[identifier] = []string{first}
		}
		s.twins[identifier] = append(s.twins[identifier], id)
	}
}

// digester computes the digests of records; each goroutine has its own.
type digester struct {
	digest   func(...string) record.Digest
	settings *Settings
	// conditions are the attributes that rules and conditions look at.
	conditions []string
	texts      []string
}

func (e *Engine) newDigester() *digester {
	return &digester{digest: e.Store.Digest, settings: &e.Settings, conditions: e.Settings.Conditions()}
}

// entry covers what the merge would look at: with another mapping every digest
// is another one.
func (d *digester) entry(r *record.Record) record.Digest {
	d.texts = append(d.texts[:0], d.settings.Mapped, r.Identifier, strconv.FormatBool(r.Disabled))
	for i := range d.settings.Fields {
		if m := &d.settings.Fields[i]; m.Compared() {
			d.add(r.Values[m.Attribute])
		}
	}
	for _, a := range d.conditions {
		d.add(r.Values[a])
	}
	if len(d.settings.Rules) > 0 {
		d.texts = append(d.texts, r.DN)
	}
	return d.digest(d.texts...)
}

// survey covers what the survey tells of a user, detail everything.
func (d *digester) survey(r *record.Record) record.Digest { return d.user(r, false) }
func (d *digester) detail(r *record.Record) record.Digest { return d.user(r, true) }

func (d *digester) user(r *record.Record, all bool) record.Digest {
	d.texts = append(d.texts[:0], d.settings.Mapped, r.Identifier, strconv.FormatBool(r.Disabled))
	for i := range d.settings.Fields {
		if m := &d.settings.Fields[i]; m.Compared() && (all || m.Field.Surveyed) {
			v := r.Values[m.Field.Name]
			if h := r.Hidden[m.Field.Name]; !all && h != nil {
				v = without(v, h)
			}
			d.add(v)
		}
	}
	return d.digest(d.texts...)
}

// add appends a value so that no two different values give the same texts.
func (d *digester) add(v record.Value) {
	switch len(v) {
	case 0:
		d.texts = append(d.texts, "")
	case 1:
		d.texts = append(d.texts, v[0])
	default:
		d.texts = append(d.texts, strconv.Itoa(len(v))+"\x00"+strings.Join(v, "\x00"))
	}
}
