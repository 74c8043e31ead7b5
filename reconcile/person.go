package reconcile

import (
	"cmp"
	"encoding/hex"
	"maps"
	"slices"

	"xivosync/reconcile/record"
)

func hexOf(d record.Digest) string { return hex.EncodeToString(d[:]) }

// person is one link, or one to be, on its way through the phases of a run.
type person struct {
	// state is what was last known; its number is zero for a new pairing.
	state record.State
	// entry and user are the records as read now. A nil one was not kept because
	// it is unchanged: its values are those of the state.
	entry, user *record.Record
	// origin says how the person came into the plan.
	origin origin
	// detailed tells that user was read in full.
	detailed bool
	// answers are the verdicts, by mapping.
	answers []Answer
	// chained tells that a write-back feeds another field: the writes stand or
	// fall together.
	chained bool
	// conflicts found so far, and the changes to make: LDAP's first.
	conflicts []record.Conflict
	ldap      []record.Change
	xivo      *record.Change
	// things are the changes of what belongs to the user, in the order in which
	// they are made.
	things []record.Change
	// cycles are the rings in which the person changes hands with others; those
	// changes are not among the ones above.
	cycles []*cycle
	// drawn are numbers from a pool, by attribute, that the directory is to get;
	// awaiting are bases that count only once it has got what they were made from.
	drawn    map[string]record.Value
	awaiting map[string]record.Base
	// withdrawn are the attributes of write-backs that are not made.
	withdrawn map[string]bool
	// rulings are the decisions about the person, by field; brought are the decided
	// values on their way to the directory, by attribute, each of them among drawn,
	// too.
	rulings map[string]*ruling
	brought map[string]brought
	// because is why the person came into the plan, where somebody decided it;
	// frees takes the identifier off another user first, and barred tells that this
	// was refused. A link that is dropped is dropped for somebody; one that is rebound
	// goes from another entry to the person's.
	because string
	frees   *record.Change
	barred  bool
	rebound bool
	forWhom *person
	// rules are what the rules set, site is where the numbers belong.
	rules Resolved
	site  *Site
	// life deactivates, reactivates or unlinks; missed tells that the entry was
	// not listed, outside that it is there all the same, and fate what becomes of
	// the user for it.
	life    *record.Change
	missed  bool
	outside bool
	fate    RemovalPolicy
	// living tells that the unit at work is that of life.
	living bool
	// lifeThings are what a deactivation or reactivation does to the things.
	lifeThings []record.Change
	// unparked are the fields whose number XiVO refused to park before: nobody else
	// gets it.
	unparked map[string]bool
	// lost is what no rollback brings back after the person's deletion; what is
	// untold may lead to the person, too, and unsearched tells that nothing was looked for.
	lost       []string
	unsearched bool
	untold     string
	// pending are changes whose reading back was left to a later one.
	pending []record.Change
	// seats, where set, are the queues in which the person's agent is, where they are not
	// those that it was given.
	seats *record.Value
	// urgent changes are not held by guards that concern others.
	urgent bool
	// held people are left alone entirely; skipped ones until the next run, and
	// of some a part was dropped: they have to be looked at again then.
	held    bool
	skipped bool
	dropped bool
	// holds are what is kept out of the person's plan, by field; ended are the
	// numbers of those that waited for what has happened.
	holds map[string]record.Hold
	ended map[uint64]bool
	// reheld are holds that wait for the value of another mapping now.
	reheld []record.Hold
	// undo, where set, says what the state goes back to: the person is being rolled
	// back.
	undo *undo
	// failed tells that a change was not made, behind that a side holds something
	// newer than the reading, wroteBack that something was written to the
	// directory, and left counts the units still to be carried out.
	failed    bool
	behind    bool
	wroteBack bool
	counted   bool
	left      int
	// owed tells that the person is to get an onboarding mail, and onboards that this
	// run puts it into the outbox, under mailKey.
	owed, onboards bool
	mailKey        string
	// outdated are mails about an earlier user of the person that never went out.
	outdated []record.Mail
	// units are the indexes of the person's units in the plan.
	units []int
	// next is the state once everything is carried out.
	next record.State
}

// origin says how a person came into the plan.
type origin int

const (
	fromLink  origin = iota // linked before
	fromAdopt               // the user exists, with the entry's identifier
	fromEntry               // no user yet
)

// Who names the person, from the freshest reading at hand.
func (p *person) Who() record.Person {
	w := p.state.Person
	w.Identifier, w.UUID = p.state.Identifier, p.state.User
	if p.site != nil {
		w.Site = p.site.Name
	}
	if p.user != nil {
		w.Name, w.UUID = p.user.Name, p.user.ID
	}
	if p.entry != nil {
		w.DN, w.Name = p.entry.DN, p.entry.Name
		w.Identifier = cmp.Or(p.state.Identifier, p.entry.Identifier)
	}
	return w
}

// entryID is the directory's immutable id of the person.
func (p *person) entryID() string {
	if p.entry != nil {
		return p.entry.ID
	}
	return p.state.Entry
}

// userID is the uuid of the XiVO user, or "".
func (p *person) userID() string {
	if p.user != nil {
		return p.user.ID
	}
	return p.state.User
}

// is tells whether the person is meant by an identifier, a DN, an e-mail or an
// immutable id.
func (p *person) is(id string) bool {
	if p.forWhom != nil {
		return p.forWhom.is(id)
	}
	known := &Named{id: id}
	return known.one(p.state.Identifier, p.state.Person.DN, p.state.Entry, p.userID()) ||
		p.entry != nil && p.entry.Is(id) || p.user != nil && p.user.Is(id) ||
		p.entry == nil && known.email() && known.in(p.state)
}

// merge decides every field, feeding each decided write-back into the other
// fields that read the same attribute, until nothing changes any more.
func (e *Engine) merge(p *person) {
	fields := e.Settings.Fields
	e.place(p)
	e.seek(p)
	if len(p.answers) != len(fields) {
		p.answers = make([]Answer, len(fields))
	}
	clear(p.answers)
	p.chained = false
	assumed := map[string]record.Value{}
	writer := make([]bool, len(fields))
	for again := true; again; {
		again = false
		for i := range fields {
			if writer[i] || !fields[i].Compared() {
				continue
			}
			a := e.decide(p, &fields[i], assumed)
			p.answers[i] = a
			if a.Verdict == WriteLDAP {
				writer[i], again = true, again || e.feeds(i)
				assumed[fields[i].Attribute] = written(&fields[i], p.entryValue(fields[i].Attribute, assumed), a)
			}
		}
		p.chained = p.chained || again
	}
}

// feeds tells whether another field reads the attribute of this one.
func (e *Engine) feeds(i int) bool {
	a := e.Settings.Fields[i].Attribute
	return slices.ContainsFunc(e.Settings.Fields, func(m Mapping) bool {
		return m.Compared() && m.Attribute == a && m.Field.Name != e.Settings.Fields[i].Field.Name
	})
}

// written is an attribute's value after a write-back, which replaces one value
// and leaves the others.
func written(m *Mapping, old record.Value, a Answer) record.Value {
	if len(old) < 2 || m.Field.Many {
		return a.Write
	}
	out := slices.Clone(old)
	if i := slices.Index(out, a.Replaces.First()); i >= 0 {
		out[i] = a.Write.First()
		return out
	}
	return append(out, a.Write...)
}

func (p *person) entryValue(attribute string, assumed map[string]record.Value) record.Value {
	if v, ok := assumed[attribute]; ok {
		return v
	}
	if p.entry != nil {
		return p.entry.Values[attribute]
	}
	return nil
}

// decide asks the matrix about one field of the person.
func (e *Engine) decide(p *person, m *Mapping, assumed map[string]record.Value) Answer {
	if m.Field.Detail && !e.owns(p, m.Field.Thing) {
		return Answer{Verdict: Nothing}
	}
	q := Question{Mapping: m, Now: e.now()}
	if m.Field.Secret {
		q.Digest = e.digestValue
	}
	if b, known := p.state.Fields[m.Field.Name]; known {
		q.Base = &b
	}
	q.Site = p.site
	q.Bound = m.Field.Thing == record.Entity && p.value("extension") != ""
	_, decided := assumed[m.Attribute]
	if q.LDAP, q.ReadLDAP = e.source(p, m, assumed); p.entry != nil && !decided {
		q.Version = p.entry.Version
	}
	if p.user != nil {
		q.XiVO, q.ReadXiVO = p.user.Values[m.Field.Name]
	}
	if e.keeps(p, m, &q) {
		a := Answer{Verdict: Nothing, Held: true}
		if q.Base != nil {
			a.Base = *q.Base
		}
		return a
	}
	r := p.ruling(m.Field.Name)
	if q.aside() {
		if r != nil {
			r.taken, r.written = true, true
		}
		return comeBack(q)
	}
	if q.Base == nil && (!q.ReadLDAP || !q.ReadXiVO) {
		return Answer{Verdict: Nothing, Unread: true}
	}
	if r != nil {
		return e.decided(q, r)
	}
	return Decide(q)
}

// writesTo tells whether the attribute was taken for written by a write-back that
// is still to be made, or that is not made.
func (p *person) writesTo(attribute string) bool {
	return attribute != "" && (p.withdrawn[attribute] || slices.ContainsFunc(p.ldap, func(c record.Change) bool {
		return slices.ContainsFunc(c.FieldNames(), func(name string) bool { return c.Fields[name].Attribute == attribute })
	}))
}

func (p *person) await(m *Mapping, b record.Base) {
	if p.awaiting == nil {
		p.awaiting = map[string]record.Base{}
	}
	p.awaiting[m.Field.Name] = b
}

// settled is the state after everything that needs no write: the answers that
// only remember, and the fresh names of the person.
func (e *Engine) settled(p *person) record.State {
	s := p.state
	s.Fields = maps.Clone(p.state.Fields)
	if s.Fields == nil {
		s.Fields = map[string]record.Base{}
	}
	for i, a := range p.answers {
		switch m := &e.Settings.Fields[i]; {
		case e.strayDetail(p, m):
			delete(s.Fields, m.Field.Name)
		case a.Verdict != Remember:
		case p.writesTo(m.Attribute):
			p.await(m, a.Base)
		default:
			s.Fields[m.Field.Name] = a.Base
		}
	}
	if p.entry != nil && !p.missed {
		s.Removal = p.setting(SetRemoval)
	}
	s.Person = p.Who()
	s.Entry, s.User = p.entryID(), p.userID()
	if s.Identifier == "" && p.entry != nil {
		s.Identifier = p.entry.Identifier
	}
	if !p.missed { // else nothing was merged, and an edit would pass for known
		e.freshen(&s, p)
	}
	return s
}

// freshen updates the digests from the records that were read.
func (e *Engine) freshen(s *record.State, p *person) {
	d := e.newDigester()
	if p.entry != nil {
		s.Entered = d.entry(p.entry)
	}
	if p.user != nil {
		s.Surveyed = d.survey(p.user)
		if p.detailed {
			s.Detailed = d.detail(p.user)
		}
	}
}
