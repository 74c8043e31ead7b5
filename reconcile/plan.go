package reconcile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"xivosync/reconcile/record"
)

// Plan is everything that a run would do, before it does it.
type Plan struct {
	// Fingerprint is that of the configuration, Store tells which store the plan
	// was made from.
	Fingerprint string
	Store       string
	Mode        record.Mode
	// Units are the changes in the order in which they are made.
	Units     []record.Unit
	Conflicts []record.Conflict
	Guards    []record.Guard
	Counts    record.Counts
	// Notes are what is worth knowing once: values that are kept, drift that is
	// restored.
	Notes []Note
	// Unmanaged counts the XiVO users that no entry is linked to, Linked the
	// people that are in step or will be.
	Unmanaged int
	Linked    int
	// Open counts the units that a crash left open; a run looks after them first.
	Open int
	// FullBecause says why a plan that should have been incremental is not.
	FullBecause string
	// Mails are the people who would get an onboarding mail.
	Mails []record.Person
	// Held is what is kept out of the plan, and Ended are the numbers of holds that
	// waited for what has happened.
	Held  []record.Hold
	Ended []uint64
	// reheld are those that wait for the value of another mapping now.
	reheld []record.Hold
	// Absent are the people who are missing in the directory and not removed yet.
	Absent []Absence
	// Stale are the approved changes that are no longer what would be done.
	Stale []record.Change

	people []*person
	seen   *observation
	// blind tells that the reading cannot be believed: nothing was concluded.
	blind  bool
	memory Memory
	store  Memory // the memory that a complete run leaves
}

// Note is something about one field of one person that needs no decision.
type Note struct {
	record.Person
	Field string `json:"field"`
	Text  string `json:"text"`
}

// Changes are those of all units, in order.
func (p *Plan) Changes() []record.Change {
	var out []record.Change
	for _, u := range p.Units {
		out = append(out, u.Changes...)
	}
	return out
}

// Tripped tells whether a guard stands against the plan.
func (p *Plan) Tripped() bool {
	return slices.ContainsFunc(p.Guards, func(g record.Guard) bool { return g.Tripped })
}

// Hash identifies the plan by what it would do.
func (p *Plan) Hash() string {
	h := sha256.New()
	for _, c := range p.Changes() {
		h.Write([]byte(signature(c)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// MarshalJSON writes the plan under the keys that other programs rely on
// (design, section 15).
func (p *Plan) MarshalJSON() ([]byte, error) {
	exit := 0
	if p.Tripped() {
		exit = 3
	}
	return json.Marshal(struct {
		Hash        string            `json:"hash"`
		Fingerprint string            `json:"fingerprint"`
		Store       string            `json:"store"`
		Mode        record.Mode       `json:"mode"`
		FullBecause string            `json:"full_because,omitempty"`
		ExitIfRun   int               `json:"exit_if_run"`
		Changes     []record.Change   `json:"changes"`
		Counts      record.Counts     `json:"counts"`
		Conflicts   []record.Conflict `json:"conflicts"`
		Guards      []record.Guard    `json:"guards"`
		Held        []any             `json:"held"`
		Mails       []record.Person   `json:"mails"`
		Notes       []Note            `json:"notes"`
		Absent      []Absence         `json:"absent"`
		Unmanaged   int               `json:"unmanaged"`
		Linked      int               `json:"linked"`
	}{
		p.Hash(), p.Fingerprint, p.Store, p.Mode, p.FullBecause, exit, orEmpty(p.Changes()), p.Counts, orEmpty(p.Conflicts), orEmpty(p.Guards),
		p.held(), orEmpty(p.Mails), orEmpty(p.Notes), orEmpty(p.Absent), p.Unmanaged, p.Linked,
	})
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// held are the holds, and the people who are left alone for another reason.
func (p *Plan) held() []any {
	out := []any{}
	for _, h := range p.Held {
		out = append(out, h)
	}
	for _, who := range p.people {
		if who.held && !who.holding(wholePerson) {
			out = append(out, who.Who())
		}
	}
	return out
}

// Plan reads both sides and decides, without writing anything anywhere.
func (e *Engine) Plan(ctx context.Context, opt Options) (*Plan, error) {
	open, err := e.Store.Unclosed()
	if err != nil {
		return nil, err
	}
	p, err := e.plan(ctx, opt)
	if err != nil {
		return nil, err
	}
	p.Open = len(open)
	return p, e.recognise(p.Conflicts)
}

// recognise gives the conflicts that are in the queue already their number and their
// dates there; a run leaves that to the queue.
func (e *Engine) recognise(found []record.Conflict) error {
	known := map[string]record.Conflict{}
	for c, err := range e.Store.Conflicts() {
		if err != nil {
			return fmt.Errorf("read the conflicts: %w", err)
		}
		known[c.Key()] = c
	}
	for i := range found {
		c := &found[i]
		if k, there := known[c.Key()]; there {
			c.Number, c.FirstRun, c.LastRun, c.Since, c.State = k.Number, k.FirstRun, k.LastRun, k.Since, k.State
		}
	}
	return nil
}

// plan is the pass from left to right: observe, match, merge, read detail, merge
// again, claim, order, guard.
func (e *Engine) plan(ctx context.Context, opt Options) (*Plan, error) {
	p, err := e.newPlan(ctx, opt)
	if err != nil {
		return nil, err
	}
	end := e.timed("read")
	err = e.read(ctx, p, &opt)
	if end(); err != nil {
		return nil, err
	}
	defer e.timed("decide")()
	if p.seen.decided, err = e.readDecisions(); err != nil {
		return nil, err
	}
	if e.sourceGuards(p); p.mustStop(opt) {
		p.blind = true
		return p, e.finishPlan(p, opt, &matched{})
	}
	return p, e.conclude(ctx, p, opt)
}

// newPlan is a plan before anybody was read.
func (e *Engine) newPlan(ctx context.Context, opt Options) (*Plan, error) {
	p := &Plan{Fingerprint: e.Settings.Fingerprint, Store: e.storeID(), Mode: opt.Mode}
	var err error
	if p.memory, err = e.Store.Memory(); err != nil {
		return nil, err
	}
	return p, e.identify(ctx, p)
}

// conclude makes the plan of what was read.
func (e *Engine) conclude(ctx context.Context, p *Plan, opt Options) error {
	m, err := e.match(p.seen)
	if err != nil {
		return err
	}
	if err := e.lifecycle(ctx, p.seen, m); err != nil {
		return err
	}
	if err := e.identities(ctx, p.seen, m); err != nil {
		return err
	}
	if err := e.decideAll(ctx, p, opt, m); err != nil {
		return err
	}
	return e.finishPlan(p, opt, m)
}

// mustStop tells whether a guard stands that nobody let through.
func (p *Plan) mustStop(opt Options) bool {
	return slices.ContainsFunc(p.Guards, func(g record.Guard) bool { return g.Tripped && !slices.Contains(opt.Allow, g.Name) })
}

// decideAll merges everybody who has to be looked at.
func (e *Engine) decideAll(ctx context.Context, p *Plan, opt Options, m *matched) error {
	if len(opt.Only) > 0 {
		if err := m.choose(p.seen, opt.Only); err != nil {
			return err
		}
	}
	if err := e.auditSeats(ctx, p, opt, m); err != nil {
		return err
	}
	p.people, p.Linked = m.people, len(p.seen.links)
	slices.SortFunc(p.people, byKey)
	past, err := e.pastRefusals()
	if err != nil {
		return err
	}
	for _, w := range p.people {
		p.seen.decided.rule(w)
	}
	if err := e.examine(ctx, p, opt, past); err != nil {
		return err
	}
	for i, w := range p.people {
		e.progressOf("deciding", i+1, len(p.people))
		if err := e.decidePerson(ctx, p.seen, w, opt.depth()); err != nil {
			return err
		}
	}
	if err := e.claimLogins(ctx, p.people); err != nil {
		return err
	}
	if err := e.draw(ctx, p.seen, p.people); err != nil {
		return err
	}
	if err := p.seen.alone.suffices(p.people); err != nil {
		return err
	}
	return e.settleClaims(ctx, p, past, opt.retries())
}

// settleClaims leaves nobody a value that is not theirs to have, nor a write that
// was refused before. Whoever is kept from a write may have been about to give
// something up that another counts on: then all is asked again.
func (e *Engine) settleClaims(ctx context.Context, p *Plan, past past, retries bool) (err error) {
	for {
		if p.people, err = e.claim(ctx, p.seen, p.people); err != nil {
			return err
		}
		slices.SortStableFunc(p.people, byKey)
		for _, w := range p.people {
			e.withdrawBrought(w)
		}
		given := e.givenUp(p.people)
		if !retries {
			past.hold(e, p.people)
		} else {
			past.holdUnknown(p.people)
		}
		if e.givenUp(p.people) == given {
			return nil
		}
	}
}

func byKey(a, b *person) int {
	return cmp.Or(cmp.Compare(a.Who().Identifier, b.Who().Identifier), cmp.Compare(a.entryID(), b.entryID()))
}

// decidePerson merges one person; where that leads to a write, or where the
// survey does not tell enough, it reads detail and merges again.
func (e *Engine) decidePerson(ctx context.Context, o *observation, p *person, depth record.Depth) error {
	if p.missed || p.held || p.waits() {
		return nil
	}
	p.detailed = p.detailed || depth == record.Detail && p.user != nil
	if p.entry == nil && len(e.Settings.Rules) > 0 { // only the entry tells which rules hold
		if err := e.readEntry(ctx, p); err != nil {
			return err
		}
	}
	if err := e.hear(ctx, p); err != nil || p.held || e.forgets(p) {
		return err
	}
	if p.origin != fromEntry {
		if err := e.recall(ctx, p, p.user); err != nil {
			return err
		}
		e.merge(p)
		if err := e.learnAgent(ctx, p); err != nil {
			return err
		}
	}
	e.propose(p)
	if p.origin == fromEntry || !p.needsDetail(o) {
		return nil
	}
	if err := e.readDetail(ctx, p); err != nil || p.held || p.userID() == "" {
		return err
	}
	e.merge(p)
	if err := e.learnAgent(ctx, p); err != nil {
		return err
	}
	e.propose(p)
	return nil
}

// waits tells that the person is in grace, or about to be: the fields wait for
// the return.
func (p *person) waits() bool {
	if p.life != nil {
		return p.life.Op != record.Reactivate
	}
	return p.state.Deactivated
}

// needsDetail tells whether the survey is not enough to write from.
func (p *person) needsDetail(o *observation) bool {
	if p.detailed {
		return p.unread() && p.entry == nil
	}
	return p.xivo != nil || len(p.ldap)+len(p.things) > 0 || p.unread() || p.origin == fromAdopt || p.state.Stale || p.user != nil && p.user.Doubtful
}

func (p *person) unread() bool {
	return slices.ContainsFunc(p.answers, func(a Answer) bool { return a.Unread })
}

// readDetail reads the user in full, and the entry too where something of it is
// only known as a digest or not at all.
func (e *Engine) readDetail(ctx context.Context, p *person) error {
	user, err := e.XiVO.Read(ctx, p.userID())
	switch {
	case record.ClassOf(err) == record.Missing && err != nil:
		p.answers, p.ldap, p.xivo, p.things = nil, nil, nil, nil
		c := e.conflict(p, "", record.UserMissing, "the user vanished from XiVO while the plan was made", "run again")
		p.conflicts = []record.Conflict{c}
		p.held = true
		return nil
	case err != nil:
		return err
	}
	if err := e.recall(ctx, p, &user); err != nil {
		return err
	}
	p.user, p.detailed = &user, true
	if p.entry != nil || !p.unread() {
		return nil
	}
	return e.readEntry(ctx, p)
}

func (e *Engine) readEntry(ctx context.Context, p *person) error {
	entry, err := e.LDAP.Read(ctx, p.entryID())
	if err == nil {
		p.entry = &entry
	}
	return err
}

// finishPlan puts the changes in order and sets the guards against them.
func (e *Engine) finishPlan(p *Plan, opt Options, m *matched) error {
	p.Conflicts = append(p.Conflicts, m.conflicts...)
	for _, w := range p.people {
		p.Conflicts = append(p.Conflicts, w.conflicts...)
		p.Notes = append(p.Notes, e.notes(w)...)
		p.Held = append(p.Held, w.standing()...)
		if a, waits := e.absence(w); waits {
			p.Absent = append(p.Absent, a)
		}
		p.reheld = append(p.reheld, w.reheld...)
		p.Ended = append(p.Ended, slices.Sorted(maps.Keys(w.ended))...)
	}
	slices.SortFunc(p.Conflicts, func(a, b record.Conflict) int {
		return cmp.Or(cmp.Compare(a.Person.Identifier, b.Person.Identifier), cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Field, b.Field))
	})
	e.offer(p.Conflicts)
	e.reopen(p.Conflicts, p.seen.decided, p.people)
	p.Linked, p.Unmanaged = len(p.seen.links), p.seen.unmanaged()
	if opt.Approved != nil {
		opt.Approved.restrict(p)
	}
	if err := e.onboard(p, opt); err != nil {
		return err
	}
	if err := e.guard(p, opt); err != nil {
		return err
	}
	keepUnsearched(p, opt)
	p.Units = e.units(p.people)
	p.Mails = p.mails()
	p.count()
	return nil
}

// unmanaged counts the XiVO users without a link.
func (o *observation) unmanaged() int {
	n := o.xivo.total
	for _, seen := range o.xivo.seen {
		if seen {
			n--
		}
	}
	return n
}

func (e *Engine) notes(p *person) []Note {
	var out []Note
	if slices.ContainsFunc(slices.Concat(p.lifeThings, p.things), silences) {
		out = append(out, Note{p.Who(), "extension", "a phone that is registered now rings until its registration expires"})
	}
	if slices.ContainsFunc(p.things, func(c record.Change) bool { return c.Thing == record.Agent && c.Op == record.Deactivate }) {
		out = append(out, Note{p.Who(), "agent", "the agent stays as it is, with its queues; on_clear = \"delete\" removes it"})
	}
	if p.deletes() && len(p.lost) > 0 {
		out = append(out, Note{p.Who(), "user", "no rollback brings back: " + strings.Join(p.lost, "; ")})
	}
	switch {
	case p.deletes() && p.unsearched:
		out = append(out, Note{p.Who(), "user", "what of others leads to the user is looked for once the guard removals is let through"})
	case p.deletes() && p.untold != "":
		out = append(out, Note{p.Who(), "user", "it cannot be read in XiVO whether these lead to the user: " + p.untold})
	}
	for _, c := range p.things {
		if d := c.Fields[string(record.CTI)]; c.Thing == record.CTI && d.After.Empty() && !d.Before.Empty() {
			out = append(out, Note{p.Who(), "cti", "the login is switched off; the user keeps the profile " + Quoted(d.Before.First()) + ", which XiVO cannot take away"})
		}
		if c.Thing == record.Voicemail && c.Op == record.Delete {
			out = append(out, Note{p.Who(), "voicemail", "no rollback brings back the messages in mailbox " + c.Fields[string(c.Thing)].Before.First()})
		}
	}
	for i, a := range p.answers {
		text := a.Note
		if a.Drift && a.Verdict != Conflict {
			text = a.Reason
		}
		if text != "" {
			out = append(out, Note{p.Who(), e.Settings.Fields[i].Field.Name, text})
		}
	}
	return out
}

// silences tells whether a change stops a phone.
func silences(c record.Change) bool { return c.Thing == record.Extension && c.Op == record.Deactivate }

// storeID tells one store from another without showing its key.
func (e *Engine) storeID() string { return hexOf(e.Store.Digest("store")) }
